package schedule

import (
	"testing"
	"time"
)

// TestCopiesKeepTheirDistance: two airings of one copy are at least the check-in
// minutes apart, or a code could be of either.
func TestCopiesKeepTheirDistance(t *testing.T) {
	at := time.Date(2020, 4, 13, 8, 0, 0, 0, time.UTC)
	first := Airing{ID: "a", ChannelID: "c", CopyID: "k", StartsAt: at, EndsAt: at.Add(30 * time.Minute),
		Outcome: Planned}
	moved := first
	moved.Outcome, moved.StartedAt, moved.EndedAt = Moved, at.Add(-2*time.Hour), at.Add(-90*time.Minute)
	dropped := first
	dropped.Outcome = Dropped
	for name, x := range map[string]struct {
		other Airing
		copy  string
		after time.Duration // from the first one's start
		clash bool
	}{
		"at once":           {first, "k", 30 * time.Minute, true},
		"a second too near": {first, "k", 45*time.Minute - time.Second, true},
		"15 minutes after":  {first, "k", 45 * time.Minute, false},
		"too near before":   {first, "k", -45*time.Minute + time.Second, true},
		"15 minutes before": {first, "k", -45 * time.Minute, false},
		"another copy":      {first, "k2", 30 * time.Minute, false},
		"no copy":           {first, "", 30 * time.Minute, false},
		"it was dropped":    {dropped, "k", 30 * time.Minute, false},
		"it moved away":     {moved, "k", 30 * time.Minute, false},
		"where it moved to": {moved, "k", -80 * time.Minute, true},
	} {
		a := Airing{ID: "b", ChannelID: "c", CopyID: x.copy, StartsAt: at.Add(x.after),
			EndsAt: at.Add(x.after + 30*time.Minute), Outcome: Planned}
		if _, clash := CopyClash(a, []Airing{x.other}); clash != x.clash {
			t.Errorf("%s: %v", name, clash)
		}
	}
	if _, clash := CopyClash(first, []Airing{first}); clash {
		t.Error("an airing is in its own way")
	}
}

// TestWeeklyKeepsTheHour, also over a change of clocks.
func TestWeeklyKeepsTheHour(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(2020, 3, 24, 8, 30, 0, 0, loc) // clocks go forward on the 29th
	got := Weekly(first, 2, loc)
	if len(got) != 2 || got[0].Format("2006-01-02 15:04 -0700") != "2020-03-31 08:30 +0200" ||
		got[1].Format("2006-01-02 15:04") != "2020-04-07 08:30" {
		t.Errorf("%v", got)
	}
}
