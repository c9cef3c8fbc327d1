package playback

import (
	"fmt"
	"time"
)

// Term names the school term of a local day: the first from August, the second
// from the middle of January, with the summer after it. A device's identifier
// is renewed with it.
func Term(local time.Time) string {
	y, m, d := local.Date()
	switch {
	case m >= time.August:
		return fmt.Sprintf("%d-1", y)
	case m == time.January && d <= 15:
		return fmt.Sprintf("%d-1", y-1)
	}
	return fmt.Sprintf("%d-2", y-1)
}

// keptAfterTerm is how long viewers' rows are kept after their term, in months.
const keptAfterTerm = 6

// KeptFrom is the first local day whose viewers' rows are still kept: a term's
// rows are removed six months after its end, and then only counts remain.
func KeptFrom(local time.Time) time.Time {
	return TermFrom(local.AddDate(0, -keptAfterTerm, 0))
}

// TermFrom is the first local day of the term that a local day is in.
func TermFrom(local time.Time) time.Time {
	y, m, d := local.Date()
	switch {
	case m >= time.August:
		return time.Date(y, time.August, 1, 0, 0, 0, 0, local.Location())
	case m == time.January && d <= 15:
		return time.Date(y-1, time.August, 1, 0, 0, 0, 0, local.Location())
	}
	return time.Date(y, time.January, 16, 0, 0, 0, 0, local.Location())
}
