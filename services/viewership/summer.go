package viewership

import (
	"slices"
	"strings"
)

// summer gathers the differences that a batch makes to the totals.
type summer struct {
	totals map[lessonDay]*Total
	left   map[LeftTotal]int64 // keyed with Sessions 0
}

type lessonDay struct{ lesson, day string }

func newSummer() *summer {
	return &summer{totals: map[lessonDay]*Total{}, left: map[LeftTotal]int64{}}
}

func (m *summer) total(lesson, day string) *Total {
	k := lessonDay{lesson, day}
	t := m.totals[k]
	if t == nil {
		t = &Total{LessonID: lesson, Day: day}
		m.totals[k] = t
	}
	return t
}

// day adds what a viewer's day counts for, sign times.
func (m *summer) day(day string, c DayCount, sign int64) {
	for _, x := range c.Credits {
		t := m.total(x.LessonID, day)
		t.Watch += sign * x.Watch
		if !x.Viewed {
			continue
		}
		t.Views += sign
		if x.Offline {
			t.OfflineViews += sign
		}
		if x.Unmatched {
			t.UnmatchedViews += sign
		}
	}
	for l, n := range c.Left {
		m.left[LeftTotal{LessonID: l.LessonID, Day: day, Reason: l.Reason}] += sign * n
	}
}

// completed adds a viewer's completion of a package, sign times, given the
// package's credits by day.
func (m *summer) completed(days map[string]Credit, sign int64) {
	if len(days) == 0 {
		return
	}
	list := make([]DayCoverage, 0, len(days))
	var any Credit
	for d, c := range days {
		list, any = append(list, DayCoverage{d, c.Coverage}), c
	}
	slices.SortFunc(list, func(a, b DayCoverage) int { return strings.Compare(a.Day, b.Day) })
	if d := Completed(list, any.Duration); d != "" {
		m.total(any.LessonID, d).Completions += sign
	}
}

// changes are the differences that are not nothing, sorted.
func (m *summer) changes() ([]Total, []LeftTotal) {
	var ts []Total
	for k, t := range m.totals {
		if *t != (Total{LessonID: k.lesson, Day: k.day}) {
			ts = append(ts, *t)
		}
	}
	slices.SortFunc(ts, func(a, b Total) int { return strings.Compare(a.LessonID+a.Day, b.LessonID+b.Day) })
	var ls []LeftTotal
	for l, n := range m.left {
		if n != 0 {
			l.Sessions = n
			ls = append(ls, l)
		}
	}
	slices.SortFunc(ls, func(a, b LeftTotal) int {
		return strings.Compare(a.LessonID+a.Day+a.Reason, b.LessonID+b.Day+b.Reason)
	})
	return ts, ls
}

func sortCredits(cs []Credit) {
	slices.SortFunc(cs, func(a, b Credit) int {
		return strings.Compare(a.Viewer+a.Day+a.LessonID+a.PackageID, b.Viewer+b.Day+b.LessonID+b.PackageID)
	})
}
