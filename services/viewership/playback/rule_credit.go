package playback

// CreditRule names the rule below.
const CreditRule = "web-credit/1"

// Fastest playing rate offered, and the slack for clocks and buffers in
// milliseconds, of web-credit/1 and watch-time/1.
const (
	fastest = 2
	slack   = 15_000
)

// Plausible is web-credit/1: nobody plays faster than twice the time that
// passed. Both the union and the total must fit; nothing is trimmed.
func Plausible(s Session) bool {
	limit := fastest*(s.Last-s.Issued) + slack
	return s.Played.Length() <= limit && s.Total() <= limit
}
