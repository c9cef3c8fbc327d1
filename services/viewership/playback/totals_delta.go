package playback

import (
	"slices"
	"strings"
)

// totalsDelta collects the differences that a batch makes to the totals.
type totalsDelta struct {
	totals     map[lessonDay]*Total
	exclusions map[ExclusionTotal]int64 // keyed with Sessions 0
	seen       map[SetChange]int64      // keyed with In false; views gained less views lost
}

type lessonDay struct{ lesson, day string }

func newTotalsDelta() *totalsDelta {
	return &totalsDelta{totals: map[lessonDay]*Total{}, exclusions: map[ExclusionTotal]int64{},
		seen: map[SetChange]int64{}}
}

func (m *totalsDelta) total(lesson, day string) *Total {
	k := lessonDay{lesson, day}
	t := m.totals[k]
	if t == nil {
		t = &Total{LessonID: lesson, Day: day}
		m.totals[k] = t
	}
	return t
}

// day adds what a viewer's day counts for, sign times.
func (m *totalsDelta) day(day string, c DayCount, sign int64) {
	for _, x := range c.Credits {
		t := m.total(x.LessonID, day)
		t.Watch += sign * x.Watch
		if !x.Viewed {
			continue
		}
		t.Views += sign
		m.seen[SetChange{LessonID: x.LessonID, Day: day, Viewer: x.Viewer}] += sign
		if x.Offline {
			t.OfflineViews += sign
		}
		if x.Unmatched {
			t.UnmatchedViews += sign
		}
	}
	for l, n := range c.Exclusions {
		m.exclusions[ExclusionTotal{LessonID: l.LessonID, Day: day, Reason: l.Reason}] += sign * n
	}
}

// completed adds a viewer's completion of a package, sign times, given the
// package's credits by day.
func (m *totalsDelta) completed(days map[string]Credit, sign int64) {
	if len(days) == 0 {
		return
	}
	list := make([]DayCoverage, 0, len(days))
	var last Credit
	for d, c := range days {
		list, last = append(list, DayCoverage{d, c.Coverage}), c
	}
	slices.SortFunc(list, func(a, b DayCoverage) int { return strings.Compare(a.Day, b.Day) })
	if d := Completed(list, last.Duration); d != "" {
		m.total(last.LessonID, d).Completions += sign
	}
}

// changes are the differences that are not zero, sorted. A day whose viewers
// changed is included even when its numbers did not: a second batch waits for
// its row before it changes the viewers too.
func (m *totalsDelta) changes() ([]Total, []ExclusionTotal) {
	moved := map[lessonDay]bool{}
	for _, c := range m.sets() {
		moved[lessonDay{c.LessonID, c.Day}] = true
	}
	var ts []Total
	for k, t := range m.totals {
		if *t != (Total{LessonID: k.lesson, Day: k.day}) || moved[k] {
			ts = append(ts, *t)
		}
	}
	slices.SortFunc(ts, func(a, b Total) int { return strings.Compare(a.LessonID+a.Day, b.LessonID+b.Day) })
	var ls []ExclusionTotal
	for l, n := range m.exclusions {
		if n != 0 {
			l.Sessions = n
			ls = append(ls, l)
		}
	}
	slices.SortFunc(ls, func(a, b ExclusionTotal) int {
		return strings.Compare(a.LessonID+a.Day+a.Reason, b.LessonID+b.Day+b.Reason)
	})
	return ts, ls
}

// sets are the viewers added to a lesson's day or removed from it.
func (m *totalsDelta) sets() []SetChange {
	var out []SetChange
	for c, n := range m.seen {
		if n != 0 {
			c.In = n > 0
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b SetChange) int {
		return strings.Compare(a.LessonID+a.Day+a.Viewer, b.LessonID+b.Day+b.Viewer)
	})
	return out
}

func sortCredits(cs []Credit) {
	slices.SortFunc(cs, func(a, b Credit) int {
		return strings.Compare(a.Viewer+a.Day+a.LessonID+a.PackageID, b.Viewer+b.Day+b.LessonID+b.PackageID)
	})
}
