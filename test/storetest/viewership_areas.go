package storetest

import (
	"fmt"
	"testing"
	"time"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

func atSchool(id string) func(*lesson.Lesson) {
	return func(l *lesson.Lesson) { l.SchoolID = id }
}

// view lets n persons (named) or n devices watch a lesson.
func (h *harness) view(t *testing.T, lessonID string, n int, named bool) {
	t.Helper()
	for i := range n {
		r := playback.OpenRequest{LessonID: lessonID}
		if named {
			r.Person = people.Person{ID: fmt.Sprint(lessonID, "-", i), Active: true}
		}
		o := h.open(t, r)
		h.pass(time.Minute)
		h.beat(t, o.Token, 0, 30)
	}
}

func (h *harness) rowsBy(t *testing.T, q viewership.Query) (map[string]viewership.Row, viewership.Row) {
	t.Helper()
	rows, total, err := h.svc.TableAndTotal(bg, department, q)
	ok(t, err)
	m := map[string]viewership.Row{}
	for _, r := range rows {
		m[r.Key] = r
	}
	return m, total
}

// Areas: the row of an area includes the areas below it and counts each viewer once; a school without an area has its
// own row.
func Areas(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.place(t)
	for id, n := range map[string]int{"s1": 6, "s2": 7, "s3": 8, "s4": 9} {
		h.view(t, "l-"+id, n, false)
	}
	both := people.Person{ID: "both", Active: true}
	for _, l := range []string{"l-s1", "l-s3"} {
		o := h.open(t, playback.OpenRequest{LessonID: l, Person: both})
		h.pass(time.Minute)
		h.beat(t, o.Token, 0, 30)
	}
	h.onAir(t, "a1", "c", "l-s2", -time.Hour)
	h.report(t, "a1", schedule.Aired)
	_, err := h.svc.AddFigure(bg, station, television.Figure{AiringID: "a1", Metric: television.Contacts, Value: 5700,
		Unit: television.Persons, Grade: television.GradeE, Source: "Phiếu"})
	ok(t, err)
	rows, total := h.rowsBy(t, viewership.Query{By: viewership.ByArea})
	for key, want := range map[string][3]int64{"tinh": {23, 22, 1}, "x1": {14, 14, 1}, "x2": {9, 9, 0}, "": {9, 9, 0}} {
		r := rows[key]
		if got := [3]int64{r.WebViews, r.WebViewers, r.Airings}; got != want || r.Mark != disclosure.Shown {
			t.Errorf("area %q: %v, want %v (%+v)", key, got, want, r)
		}
	}
	if len(rows) != 4 || total.WebViews != 32 || rows["x1"].Parent != "tinh" || rows["x1"].Depth != 1 ||
		rows["x1"].Television[television.GradeE] != 5700 {
		t.Fatalf("%+v", rows)
	}
	list, err := h.svc.Table(bg, department, viewership.Query{By: viewership.ByArea})
	ok(t, err)
	if list[0].Key != "tinh" || list[1].Key != "x1" || list[2].Key != "x2" || list[3].Key != "" {
		t.Fatalf("not in the order of the tree: %+v", list)
	}
	rows, total = h.rowsBy(t, viewership.Query{By: viewership.BySchool, Area: "x1"})
	if len(rows) != 2 || rows["s1"].WebViews != 7 || rows["s2"].WebViews != 7 || total.WebViews != 14 {
		t.Fatalf("%+v", rows)
	}
	if rows, _ = h.rowsBy(t, viewership.Query{By: viewership.BySchool, Area: "tinh"}); len(rows) != 3 {
		t.Fatalf("%+v", rows)
	}
}

// SmallNumbers: small numbers of persons of a school or area are hidden in every table; those of devices are not.
func SmallNumbers(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.place(t)
	h.view(t, "l-s1", 3, true)
	h.view(t, "l-s2", 8, true)
	h.view(t, "l-s3", 2, false)
	h.view(t, "l-s4", 20, false)
	const small, withheld = disclosure.Small, disclosure.Withheld
	marks := func(q viewership.Query, want map[string]disclosure.Mark) viewership.Row {
		t.Helper()
		rows, total := h.rowsBy(t, q)
		for k, r := range rows {
			if r.Mark != want[k] || r.Mark != disclosure.Shown &&
				(r.WebViews != 0 || r.WebViewers != 0 || r.WatchSeconds != 0 || r.Completions != 0) {
				t.Errorf("by %s, %q: %+v, want %q", q.By, k, r, want[k])
			}
		}
		return total
	}
	total := marks(viewership.Query{By: viewership.BySchool}, map[string]disclosure.Mark{"s1": small, "s2": withheld})
	if total.WebViews != 33 || total.Mark != disclosure.Shown {
		t.Errorf("%+v", total)
	}
	marks(viewership.Query{By: viewership.ByArea}, nil)
	if total := marks(viewership.Query{By: viewership.ByLesson, School: "s1"},
		map[string]disclosure.Mark{"l-s1": small}); total.Mark != small {
		t.Errorf("%+v", total)
	}
	marks(viewership.Query{By: viewership.ByLesson}, nil) // the table is not about one school
	if total := marks(viewership.Query{By: viewership.BySchool, School: "s3"}, nil); total.WebViewers != 2 {
		t.Errorf("devices: %+v", total)
	}
	made, err := h.svc.MakeReport(bg, department, viewership.Query{By: viewership.BySchool}, "")
	ok(t, err)
	for _, r := range made.Frozen.Rows {
		if r.Key == "s1" && (r.Hidden != small || r.Views != 0) {
			t.Errorf("report: %+v", r)
		}
	}
}

// Participation: a school takes part through its lessons or its students; where rosters exist, schools are sorted by
// students.
func Participation(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	_, large := h.enrol(t, "9A", "s1", 20)
	_, small := h.enrol(t, "9B", "s2", 10)
	h.enrol(t, "9C", "s5", 10)
	h.place(t)
	for i, p := range append(large[:6:6], small[:5]...) {
		o := h.open(t, playback.OpenRequest{LessonID: "l-s4", Person: people.Person{ID: p, Active: true}})
		h.pass(time.Minute)
		h.beat(t, o.Token, 0, 30)
		if i == 0 {
			h.view(t, "l-s3", 9, false)
		}
	}
	day := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
	q := viewership.Query{From: day, To: day.AddDate(0, 0, 7)}
	p, err := h.svc.Participation(bg, department, q)
	ok(t, err)
	var order []string
	for _, x := range p.Schools {
		order = append(order, fmt.Sprint(x.School.ID, " ", x.TakesPart, " ", x.Reached, "/", x.Students, " ", x.Views))
	}
	same(t, order, []string{"s2 true 5/10 0", "s1 true 6/20 0", "s5 false 0/10 0", "s4 true 0/0 11", "s3 true 0/0 9"})
	if p.All.Schools != 5 || p.All.TakePart != 4 || len(p.Areas) != 4 || p.Areas[0].Key != "tinh" ||
		p.Areas[0].TakePart != 3 || p.Areas[3] != (viewership.ParticipationShare{Schools: 2, TakePart: 1}) {
		t.Errorf("%+v", p)
	}
	q.Area = "x2"
	if p, err = h.svc.Participation(bg, department, q); err != nil || len(p.Schools) != 1 ||
		p.Schools[0].School.ID != "s3" {
		t.Errorf("%+v %v", p, err)
	}
	q = viewership.Query{From: day.AddDate(0, 0, 7), To: day.AddDate(0, 0, 14)}
	if p, err = h.svc.Participation(bg, department, q); err != nil || p.All.TakePart != 0 || len(p.Schools) != 5 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := h.svc.Participation(bg, station, q); err == nil {
		t.Error("the station reads it")
	}
}
