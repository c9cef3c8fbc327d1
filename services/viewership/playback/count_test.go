package playback

import (
	"slices"
	"testing"
)

// TestCountDayShortest: when a recording was replaced during the day, the shorter
// recording's threshold holds, whichever came first.
func TestCountDayShortest(t *testing.T) {
	of := func(pkg string, duration int64) Session {
		return Session{
			ID: pkg, LessonID: "l", PackageID: pkg, Duration: duration, Last: 60_000,
			Played: Spans{{0, 10_000}}, ReportedMs: 10_000,
		}
	}
	for _, x := range []struct {
		first, second int64
		want          bool
	}{{600_000, 20_000, true}, {20_000, 600_000, true}, {600_000, 20_001, false}, {600_000, 600_000, false}} {
		c := CountDay("v", "d", []Session{of("p1", x.first), of("p2", x.second)}, false)
		if len(c.Credits) != 2 || c.Credits[0].Viewed != x.want || c.Credits[1].Viewed {
			t.Errorf("%d and %d: %+v", x.first, x.second, c.Credits)
		}
	}
}

// TestCountDayHeat: a bin counts what the session reported, and at least one
// when its union covers it; sessions add up.
func TestCountDayHeat(t *testing.T) {
	s := Session{
		ID: "1", LessonID: "l", PackageID: "p", Duration: 4_000, Last: 60_000, Played: Spans{{0, 2_000}},
		ReportedMs: 8_000,
		Heat:       []int32{0, 3, 2},
	}
	two := s
	two.ID, two.Heat = "2", nil
	c := CountDay("v", "d", []Session{s, two}, false)
	if want := []int32{2, 4, 2, 0}; !slices.Equal(c.Credits[0].Heat, want) {
		t.Errorf("%v, want %v", c.Credits[0].Heat, want)
	}
	if got := maxHeat([]int32{1, 5}, []int32{2, 3, 4}); !slices.Equal(got, []int32{2, 5, 4}) {
		t.Errorf("%v", got)
	}
	if got := maxHeat([]int32{1, 5, 6}, []int32{2}); !slices.Equal(got, []int32{2, 5, 6}) {
		t.Errorf("%v", got)
	}
}

// TestTotalsDelta: a day whose set of viewers changes is written also when its
// numbers do not, because its row orders the changes of the set.
func TestTotalsDelta(t *testing.T) {
	seen := func(viewer string) DayCount {
		return DayCount{Credits: []Credit{{Viewer: viewer, LessonID: "l", Viewed: true, Watch: 5}}}
	}
	m := newTotalsDelta()
	m.day("d", seen("a"), -1)
	m.day("d", seen("b"), +1)
	m.day("other", seen("a"), -1)
	m.day("other", seen("a"), +1)
	totals, _ := m.changes()
	if !slices.Equal(totals, []Total{{LessonID: "l", Day: "d"}}) {
		t.Errorf("%+v", totals)
	}
	if got := m.sets(); !slices.Equal(got, []SetChange{{"l", "d", "a", false}, {"l", "d", "b", true}}) {
		t.Errorf("%+v", got)
	}
}
