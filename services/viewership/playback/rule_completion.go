package playback

// CompletionRule names the rule below.
const CompletionRule = "completion/1"

// DayCoverage is what a viewer had seen of a package on one day.
type DayCoverage struct {
	Day      string
	Coverage Spans
}

// Completed is completion/1: the first day, of days in order, by which the
// union of all days so far reaches 90 % of the recording; "" when none does.
func Completed(days []DayCoverage, duration int64) string {
	if duration <= 0 {
		return ""
	}
	var sofar Spans
	for _, d := range days {
		sofar = Union(sofar, d.Coverage)
		if 10*sofar.Length() >= 9*duration {
			return d.Day
		}
	}
	return ""
}
