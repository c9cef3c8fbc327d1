package viewership

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
