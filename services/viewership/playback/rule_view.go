package playback

// ViewRule names the rule below.
const ViewRule = "web-view/1"

// A view needs 30 s; a recording shorter than 60 s needs half of itself.
const (
	viewAfter      = 30_000
	shortRecording = 60_000
)

// Viewed is web-view/1: whether a day's union, in milliseconds, makes a view of
// a recording of that length.
func Viewed(union, duration int64) bool {
	if duration < shortRecording {
		return duration > 0 && 2*union >= duration
	}
	return union >= viewAfter
}
