package schedule

import "time"

// CheckInAfter is how long after an airing its check-in codes are taken
// (viewership.md, "Television").
const CheckInAfter = 15 * time.Minute

// CopyClash finds an airing of the same broadcast copy whose time, with the
// minutes in which codes are taken after it, overlaps a's: nobody could say
// which of the two a code was read off. Touching times are no clash. What
// as-run said holds before what was planned.
func CopyClash(a Airing, others []Airing) (Airing, bool) {
	if a.CopyID == "" {
		return Airing{}, false
	}
	from, to := a.window()
	for _, o := range others {
		if o.ID == a.ID || o.CopyID != a.CopyID || o.Outcome == Dropped {
			continue
		}
		if f, t := o.window(); from.Before(t) && f.Before(to) {
			return o, true
		}
	}
	return Airing{}, false
}

// window is the time in which an airing's codes are taken.
func (a Airing) window() (from, to time.Time) {
	from, to = a.StartsAt, a.EndsAt
	if a.Outcome.Happened() {
		from, to = a.StartedAt, a.EndedAt
	}
	return from, to.Add(CheckInAfter)
}

// Weekly gives n times, each seven local days after the one before, the first a
// week after t. A clock that is put forward or back keeps the hour of the day.
func Weekly(t time.Time, n int, loc *time.Location) []time.Time {
	out := make([]time.Time, 0, max(n, 0))
	for i := 1; i <= n; i++ {
		out = append(out, t.In(loc).AddDate(0, 0, 7*i))
	}
	return out
}
