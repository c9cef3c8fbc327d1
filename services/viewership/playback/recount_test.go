package playback

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRecountFinds: every stored number that is changed is found, with what it
// is and what it should be, and without saying whose it is.
func TestRecountFinds(t *testing.T) {
	const day = "2020-04-13"
	credit := [4]string{"p:em", day, "l", "pkg-l"}
	total := lessonDay{"l", day}
	ofCredit := func(f func(*Credit)) func(counted) {
		return func(c counted) {
			x := c.credits[credit]
			f(&x)
			c.credits[credit] = x
		}
	}
	ofTotal := func(f func(*Total)) func(counted) {
		return func(c counted) {
			x := c.totals[total]
			f(&x)
			c.totals[total] = x
		}
	}
	const ofViewer, ofLesson = "a viewer of lesson l on 2020-04-13: ", "lesson l on 2020-04-13: "
	for _, x := range []struct {
		name   string
		change func(counted)
		want   string
	}{
		{"nothing", func(counted) {}, ""},
		{"watch time of a credit", ofCredit(func(c *Credit) { c.Watch++ }),
			ofViewer + "the milliseconds watched 40001 40000, " + ofLesson +
				"the sum of milliseconds watched 40000 40001"},
		{"coverage", ofCredit(func(c *Credit) { c.Coverage = Spans{{0, 50}} }),
			ofViewer + "the milliseconds covered 50 40000"},
		{"heat", ofCredit(func(c *Credit) { c.Heat = []int32{7} }), ofViewer + "the number of bins played 7 40"},
		{"kind", ofCredit(func(c *Credit) { c.Unmatched = true }),
			ofViewer + "what kind of view it is 5 1, " + ofLesson + "the number of embedded views 0 1"},
		{"a credit is missing", func(c counted) { delete(c.credits, credit) },
			ofViewer + "the milliseconds watched 0 40000, " + ofLesson + "the number of views 1 0, " +
				ofLesson + "the sum of milliseconds watched 40000 0"},
		{"a credit without sessions", func(c counted) {
			x := c.credits[credit]
			x.PackageID, x.Viewed = "other", false
			c.credits[[4]string{"p:em", day, "l", "other"}] = x
		}, ofViewer + "the milliseconds watched 40000 0, " + ofLesson + "the sum of milliseconds watched 40000 80000"},
		{"an empty credit that remained", func(c counted) {
			c.credits[[4]string{"p:em", day, "l", "other"}] = Credit{Viewer: "p:em", Day: day, LessonID: "l",
				PackageID: "other"}
		}, ""},
		{"views", ofTotal(func(t *Total) { t.Views = 9 }), ofLesson + "the number of views 9 1"},
		{"offline views", ofTotal(func(t *Total) { t.OfflineViews = 9 }), ofLesson + "the number of offline views 9 0"},
		{"embedded views", ofTotal(func(t *Total) { t.UnmatchedViews = 9 }),
			ofLesson + "the number of embedded views 9 0"},
		{"completions", ofTotal(func(t *Total) { t.Completions = 9 }), ofLesson + "the number of completions 9 0"},
		{"watch time", ofTotal(func(t *Total) { t.Watch = 9 }), ofLesson + "the sum of milliseconds watched 9 40000"},
		{"a total without credits", func(c counted) {
			c.totals[lessonDay{"x", day}] = Total{LessonID: "x", Day: day, Views: 2}
		}, "lesson x on 2020-04-13: the number of views 2 0"},
		{"a total is missing", func(c counted) { delete(c.totals, total) },
			ofLesson + "the number of views 0 1, " + ofLesson + "the sum of milliseconds watched 0 40000"},
		{"exclusions", func(c counted) { c.exclusions[ExclusionTotal{"l", day, OwnTeacher, 0}] = 5 },
			ofLesson + "the number of sessions left out (own_teacher) 5 1"},
		{"exclusions are missing", func(c counted) { clear(c.exclusions) },
			ofLesson + "the number of sessions left out (own_teacher) 0 1"},
		{"an exclusion without sessions", func(c counted) { c.exclusions[ExclusionTotal{"l", day, Robot, 0}] = 1 },
			ofLesson + "the number of sessions left out (robot) 1 0"},
	} {
		c := newCounted(t)
		c.watch(t, student, "l", 0, 40)
		c.watch(t, teacher, "l", 0, 40)
		x.change(c)
		var got []string
		for _, w := range c.recount(t) {
			got = append(got, fmt.Sprintf("%s: %s %d %d", w.Subject, w.What, w.Stored, w.Want))
		}
		if strings.Join(got, ", ") != x.want {
			t.Errorf("%s: %s\nwant %s", x.name, strings.Join(got, ", "), x.want)
		}
	}
}

// TestRecountSkips: sessions that may be folded and totals whose viewers were
// purged are not compared with rows that are no longer there.
func TestRecountSkips(t *testing.T) {
	c := newCounted(t)
	c.watch(t, student, "l", 0, 40)
	c.watch(t, teacher, "l", 0, 40)
	began := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
	credit := c.credits[[4]string{"p:em", "2020-04-13", "l", "pkg-l"}]
	kept := credit
	credit.Coverage = nil
	c.credits[[4]string{"p:em", "2020-04-13", "l", "pkg-l"}] = credit
	for days, want := range map[int]int{60: 1, 61: 0} {
		c.now = began.AddDate(0, 0, days)
		if wrong := c.recount(t); len(wrong) != want {
			t.Errorf("%d days after: %v", days, wrong)
		}
	}
	c.credits[[4]string{"p:em", "2020-04-13", "l", "pkg-l"}] = kept
	c.now = began.Add(FoldAfter)
	clear(c.sessions) // a day too early
	if wrong := c.recount(t); len(wrong) != 1 || wrong[0].Stored != 1 || wrong[0].Want != 0 {
		t.Errorf("60 days after: %v", wrong)
	}
	c.now = began.Add(FoldAfter + 24*time.Hour)
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("folded: %v", wrong)
	}
	clear(c.credits)
	if wrong := c.recount(t); len(wrong) != 2 {
		t.Errorf("credits are missing within the term: %v", wrong)
	}
	c.now = time.Date(2021, 2, 1, 0, 0, 0, 0, hanoi) // the first day after the term's end and six months
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("purged: %v", wrong)
	}
}

// TestRecountReadsAll: viewers are read in pages, and each once.
func TestRecountReadsAll(t *testing.T) {
	c := newCounted(t)
	for n := range 2*recountAtOnce + 1 {
		v := fmt.Sprintf("p:%04d", n)
		k := [4]string{v, "2020-04-13", "l", "pkg-l"}
		c.credits[k] = Credit{Viewer: v, Day: k[1], LessonID: k[2], PackageID: k[3], Viewed: true, Watch: 2}
	}
	c.totals[lessonDay{"l", "2020-04-13"}] = Total{LessonID: "l", Day: "2020-04-13", Views: 1001, Watch: 2002}
	if wrong := c.recount(t); wrong != nil {
		t.Errorf("%v", wrong)
	}
	for _, method := range []string{"Viewers", "AllOf", "Totals"} {
		c.fail = map[string]error{method: errStore}
		r := Recounter{Rows: c.memory, Location: hanoi, Now: func() time.Time { return c.now }}
		if err := r.Recount(t.Context(), func(Miscount) {}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}
