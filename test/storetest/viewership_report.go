package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// NetReach: students known by name are the lower bound; the sum of television and web is the upper bound, at most the
// roster.
func NetReach(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	var roster []string
	student := func(i int) people.Person {
		return people.Person{ID: fmt.Sprintf("student-%02d", i), Active: true,
			Grants: []people.Grant{{Role: people.Student, School: "school-1"}}}
	}
	for i := range 40 {
		roster = append(roster, student(i).ID)
	}
	for _, p := range []people.Person{student(0), student(1), student(2), {ID: "somebody-else", Active: true}, {}} {
		o := h.open(t, playback.OpenRequest{LessonID: "l", Person: p})
		h.pass(time.Minute)
		h.beat(t, o.Token, 0, 30)
	}
	h.onAir(t, "a1", "c", "l", 0)
	a, err := h.st.Schedule.Airing(bg, "a1")
	ok(t, err)
	a.CopyID = "copy"
	ok(t, h.st.Schedule.SaveAiring(bg, a))
	code, _, err := h.svc.Codes(bg, "copy", "l", "c", 30*time.Minute)
	ok(t, err)
	h.pass(5 * time.Minute)
	for _, i := range []int{2, 3} {
		_, err := h.svc.CheckIn(bg, television.CheckInRequest{Person: student(i), Code: code.Code})
		ok(t, err)
	}
	reach := func(perHome float64) viewership.Reach {
		r, err := h.svc.ReachOf(bg, department, "l", roster, viewership.Range{Low: perHome, High: perHome})
		ok(t, err)
		return r
	}
	web := viewership.Identified{WebOnly: 3}
	if r := reach(0); r.Low != 3 || r.High != 5 || r.Identified != web || r.Population != 40 {
		t.Fatalf("nothing on air yet: %+v", r)
	}
	h.asRun(t, "a1", schedule.AsRun{Outcome: schedule.Aired})
	both := viewership.Identified{TelevisionOnly: 1, WebOnly: 2, Both: 1}
	if r := reach(0); r.Low != 4 || r.High != 40 || !r.Unbounded || r.Identified != both {
		t.Fatalf("television unknown: %+v", r)
	}
	_, err = h.svc.AddFigure(bg, station, television.Figure{
		AiringID: "a1", Metric: television.Contacts, Value: 10, Unit: television.Households, Grade: television.GradeD,
		Source: "IPTV",
	})
	ok(t, err)
	if r := reach(0); r.High != 40 || !r.Unbounded {
		t.Fatalf("nobody said how many watch in a home: %+v", r)
	}
	if r := reach(1.5); r.High != 20 || r.Unbounded || len(r.Assumed) != 2 {
		t.Fatalf("ten homes of 1.5 and five viewers: %+v", r)
	}
	reached, err := h.svc.Reached(bg, 9, time.Time{}, time.Time{})
	ok(t, err)
	if left := viewership.Unreached(roster, reached); len(left) != 36 || slices.Contains(left, "student-03") ||
		left[0] != "student-04" {
		t.Fatalf("%v", left)
	}
	if reached, err = h.svc.Reached(bg, 8, time.Time{}, time.Time{}); err != nil || len(reached) != 0 {
		t.Fatalf("another grade: %v %v", reached, err)
	}
}

// FrozenReports: a report keeps its figures whatever happens later, and detects that it was changed.
func FrozenReports(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	o := h.open(t, playback.OpenRequest{LessonID: "l"})
	h.pass(time.Minute)
	h.beat(t, o.Token, 0, 30)
	h.onAir(t, "a1", "c", "l", -time.Hour)
	h.report(t, "a1", schedule.Aired)
	day := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
	q := viewership.Query{From: day, To: day.AddDate(0, 0, 1), By: viewership.ByLesson}
	made, err := h.svc.MakeReport(bg, department, q, "")
	ok(t, err)
	f := made.Frozen
	if !f.Provisional || f.From != "2020-04-13" || f.To != "2020-04-14" || f.Total.Views != 1 || len(f.Rows) != 1 ||
		f.Rows[0].AiringsNoData != 1 ||
		len(f.Rules) < 6 || !slices.Contains(f.Missing, viewership.AiringWithoutFigures) {
		t.Fatalf("%+v", f)
	}
	again := h.open(t, playback.OpenRequest{LessonID: "l"})
	h.pass(time.Minute)
	h.beat(t, again.Token, 0, 30)
	read, err := h.svc.ReportByID(bg, department, made.ID)
	ok(t, err)
	if !bytes.Equal(read.Content, made.Content) || !read.Intact() || read.Frozen.Total.Views != 1 {
		t.Fatalf("it changed: %+v", read.Frozen)
	}
	h.pass(31 * 24 * time.Hour)
	better, err := h.svc.MakeReport(bg, department, q, made.ID)
	ok(t, err)
	if better.Frozen.Provisional || better.Frozen.Total.Views != 2 || better.Frozen.Corrects != made.ID ||
		better.Hash == made.Hash {
		t.Fatalf("%+v", better.Frozen)
	}
	list, err := h.svc.ReportList(bg, department)
	ok(t, err)
	if len(list) != 2 || list[0].ID != better.ID || list[0].Corrects != made.ID || list[0].Content != nil {
		t.Fatalf("%+v", list)
	}
	forged := made
	forged.ID, forged.Content = "forged", bytes.Replace(made.Content, []byte(`"views":1`), []byte(`"views":9`), 1)
	ok(t, h.st.Reports.AddReport(bg, forged))
	if _, err := h.svc.ReportByID(bg, department, "forged"); !fault.Is(err, "report.tampered") {
		t.Fatalf("%v", err)
	}
	if _, err := h.svc.MakeReport(bg, department, q, "none"); !fault.Is(err, "report.not_found") {
		t.Fatal(err)
	}
	if _, err := h.svc.MakeReport(bg, station, q, ""); !fault.Is(err, "access.denied") {
		t.Fatal(err)
	}
	if _, err := h.svc.ReportByID(bg, station, made.ID); !fault.Is(err, "access.denied") {
		t.Fatal(err)
	}
}
