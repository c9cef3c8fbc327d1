package playback

import (
	"time"
)

// OfflineRule names the rule below.
const OfflineRule = "offline/1"

// GrantDays is how long a grant is valid and how late a run may arrive: a
// period is provisional until that many days after its end.
const GrantDays = 30

// RunStart is offline/1: when an offline visit began, from the device's clock,
// corrected by the offset (device minus server) seen when the grant was issued,
// and clamped to [issue, arrival].
func RunStart(startedAt time.Time, offset time.Duration, issue, arrival time.Time) time.Time {
	t := startedAt.Add(-offset)
	if t.After(arrival) {
		t = arrival
	}
	if t.Before(issue) {
		t = issue
	}
	return t
}

// RunInTime reports whether a run began while its grant was valid and arrived
// while its period was provisional.
func RunInTime(start, issue, arrival time.Time) bool {
	const valid = GrantDays * 24 * time.Hour
	return start.Sub(issue) <= valid && arrival.Sub(start) <= valid
}
