package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// enrol creates a class of grade 9 with students and a homeroom teacher.
func (h *harness) enrol(t *testing.T, id, schoolID string, students int) (people.Person, []string) {
	t.Helper()
	ok(t, h.st.Schools.SaveSchool(bg, school.School{ID: schoolID, Code: schoolID, Name: "Trường " + schoolID}))
	teacher := people.Person{ID: "homeroom-" + id, Username: "homeroom-" + id, Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: schoolID}}}
	ok(t, h.st.People.SavePerson(bg, teacher))
	ok(t, h.st.Classes.SaveClass(bg, school.Class{ID: id, Code: id, SchoolID: schoolID, Year: "2019-2020", Grade: 9,
		Name: id, JoinCode: id, Teachers: []school.ClassTeacher{{PersonID: teacher.ID}}}))
	var list []string
	for i := range students {
		p := fmt.Sprintf("%s-student-%02d", id, i)
		ok(t, h.st.Classes.SaveStudent(bg, school.Student{PersonID: p, Name: fmt.Sprintf("Em %02d", i), Key: p},
			schoolID, h.Now()))
		ok(t, h.st.Classes.SaveEnrolment(bg, school.Enrolment{ClassID: id, PersonID: p, From: "2019-09-05"}))
		list = append(list, p)
	}
	return teacher, list
}

// RollCalls: the latest roll call of a class counts, names are grade A and are counted once together with check-ins,
// and an estimate needs at least ten drawn classes.
func RollCalls(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -time.Hour)
	h.onAir(t, "later", "c", "l", time.Hour)
	teacher, class := h.enrol(t, "9A", "s1", 30)
	call := func(r television.RollCall) (television.RollCall, error) {
		if r.AiringID == "" {
			r.AiringID = "a1"
		}
		r.ClassID = "9A"
		return h.svc.TakeRollCall(bg, teacher, r)
	}
	for code, r := range map[string]television.RollCall{
		"rollcall.nobody_asked":    {},
		"rollcall.more_than_asked": {Asked: 10, Watched: 11},
		"rollcall.more_than_class": {Asked: 31, Watched: 1},
		"rollcall.not_in_class":    {Named: true, Names: []string{"somebody"}},
	} {
		if _, err := call(r); fault.As(err) == nil || len(fault.As(err).Fields) != 1 ||
			fault.As(err).Fields[0].Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	_, err := call(television.RollCall{AiringID: "later", Asked: 30})
	wantFault(t, err, fault.Conflict, "airing.not_started")
	_, err = h.svc.TakeRollCall(bg, department, television.RollCall{AiringID: "a1", ClassID: "9A", Asked: 30})
	wantFault(t, err, fault.Forbidden, "access.denied")
	first, err := call(television.RollCall{Asked: 20, Watched: 12})
	ok(t, err)
	second, err := call(television.RollCall{Named: true, Names: []string{class[0], class[1], class[0]}})
	ok(t, err)
	if second.Replaces != first.ID || second.Asked != 30 || second.Watched != 2 {
		t.Fatalf("%+v", second)
	}
	g := h.ledger(t, "l")
	if x := g.Airings[0].Survey; x.Classes != 1 || x.Watched != 2 || x.Named != 2 || x.Draw != nil {
		t.Fatalf("%+v", x)
	}
	if len(g.Headlines) != 0 || g.Reach == nil || g.Reach.Low != 0 || g.Reach.Population != 30 {
		t.Fatalf("as-run has not said anything yet: %+v", g.Reach)
	}
	h.asRun(t, "a1", schedule.AsRun{Outcome: schedule.Aired})
	if g = h.ledger(t, "l"); g.Reach.Low != 2 || g.Reach.Identified != (viewership.Identified{TelevisionOnly: 2}) ||
		g.Identified.TelevisionOnly != 2 {
		t.Fatalf("%+v %+v", g.Reach, g.Identified)
	}
	day := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
	rows, err := h.svc.Table(bg, department, viewership.Query{From: day, To: day.AddDate(0, 0, 1)})
	ok(t, err)
	if len(rows) != 1 || rows[0].Television[television.GradeA] != 2 {
		t.Fatalf("%+v", rows)
	}
	draws(t, h)
}

func draws(t *testing.T, h *harness) {
	_, err := h.svc.DrawFor(bg, department, "a1", 10)
	if fault.As(err) == nil || fault.As(err).Fields[0].Code != "draw.small_frame" {
		t.Fatalf("a draw from one class: %v", err)
	}
	teachers := map[string]people.Person{}
	for i := range 14 {
		id := fmt.Sprintf("9B%02d", i)
		teachers[id], _ = h.enrol(t, id, fmt.Sprint("s", i%3), 10)
	}
	if _, err := h.svc.DrawFor(bg, department, "a1", 9); fault.As(err) == nil ||
		fault.As(err).Fields[0].Code != "draw.too_few" {
		t.Fatal(err)
	}
	_, err = h.svc.DrawFor(bg, station, "a1", 12)
	wantFault(t, err, fault.Forbidden, "access.denied")
	d, err := h.svc.DrawFor(bg, department, "a1", 12)
	ok(t, err)
	if len(d.Classes) != 12 || d.Frame != 15 || d.Population != 170 {
		t.Fatalf("%+v", d)
	}
	frame := []string{"9A"}
	for id := range teachers {
		frame = append(frame, id)
	}
	same(t, television.DrawClasses(d.Seed, frame, 12), d.Classes)
	same(t, television.FrameHash(frame), d.FrameHash)
	_, err = h.svc.DrawFor(bg, department, "a1", 12)
	wantFault(t, err, fault.Conflict, "draw.already_drawn")
	answered := 0
	if slices.Contains(d.Classes, "9A") {
		answered = 1 // 9A answered before the draw
	}
	survey := func() television.ClassSurvey { return h.ledger(t, "l").Airings[0].Survey }
	for _, id := range d.Classes {
		teacher, others := teachers[id]
		if !others {
			continue
		}
		if answered == 9 {
			if a := survey(); a.Estimate != nil || a.Answered != 9 {
				t.Fatalf("after nine answers: %+v", a)
			}
		}
		_, err := h.svc.TakeRollCall(bg, teacher,
			television.RollCall{AiringID: "a1", ClassID: id, Asked: 10, Watched: 5})
		ok(t, err)
		answered++
	}
	a := survey()
	if a.Estimate == nil || a.Answered != 12 || a.Estimate.Low > a.Estimate.Share || a.Estimate.Up < a.Estimate.Share ||
		a.Estimate.PopulationTaken != 170 {
		t.Fatalf("%+v", a)
	}
	if !slices.Contains(d.Classes, "9A") && (a.Estimate.Share != 0.5 || a.Estimate.Persons != 85) {
		t.Fatalf("half of the students watched, estimated as %+v", a.Estimate)
	}
}

// Unreached: the students whom neither television nor the web reached, listed for the class's own staff only.
func Unreached(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	teacher, class := h.enrol(t, "9A", "s1", 6)
	h.enrol(t, "9B", "s1", 6)
	unreached := func(by people.Person) (viewership.ClassReach, error) {
		day := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
		return h.svc.Unreached(bg, by, "9A", day, day.AddDate(0, 0, 7))
	}
	left := func() (out []string) {
		r, err := unreached(teacher)
		ok(t, err)
		if r.Students != 6 || r.Class.ID != "9A" {
			t.Fatalf("%+v", r)
		}
		for _, x := range r.Unreached {
			out = append(out, x.PersonID)
		}
		return out
	}
	same(t, left(), class)
	for _, p := range []people.Person{{ID: class[0], Active: true}, {ID: "9B-student-00", Active: true}} {
		o := h.open(t, playback.OpenRequest{LessonID: "l", Person: p})
		h.pass(time.Minute)
		h.beat(t, o.Token, 0, 30)
	}
	same(t, left(), class[1:])
	h.onAir(t, "a1", "c", "l", -time.Minute)
	_, err := h.svc.TakeRollCall(bg, teacher,
		television.RollCall{AiringID: "a1", ClassID: "9A", Named: true, Names: []string{class[1], class[2]}})
	ok(t, err)
	same(t, left(), class[1:])
	h.asRun(t, "a1", schedule.AsRun{Outcome: schedule.Aired})
	same(t, left(), class[3:])
	day := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
	q := viewership.ReachQuery{From: day, To: day.AddDate(0, 0, 7), Grade: 9}
	r, err := h.svc.ReachIn(bg, department, q)
	ok(t, err)
	if r.Population != 12 || r.Low != 4 || r.High != 12 || !r.Unbounded ||
		r.Identified != (viewership.Identified{TelevisionOnly: 2, WebOnly: 2}) {
		t.Fatalf("%+v", r)
	}
	q.Grade = 8
	_, err = h.svc.ReachIn(bg, department, q)
	wantFault(t, err, fault.NotFound, "reach.no_rosters")
	other, _ := h.enrol(t, "9C", "s2", 1)
	head := func(at string) people.Person {
		return people.Person{ID: "head", Active: true, Grants: []people.Grant{{Role: people.Head, School: at}}}
	}
	for who, p := range map[string]people.Person{"reviewer": department, "station": station, "other school": other,
		"head elsewhere": head("s2"), "nobody": {}} {
		if _, err := unreached(p); !fault.Is(err, "access.denied") {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := unreached(head("s1")); err != nil {
		t.Error(err)
	}
	// Names are deleted six months after the term; the counts stay.
	h.pass(600 * 24 * time.Hour)
	for {
		n, err := h.svc.PurgeNames(bg)
		ok(t, err)
		if n == 0 {
			break
		}
	}
	names, err := h.st.RollCalls.Names(bg, []string{"a1"})
	ok(t, err)
	if a := h.ledger(t, "l").Airings[0].Survey; len(names) != 0 || a.Classes != 1 || a.Watched != 2 {
		t.Fatalf("%v %+v", names, a)
	}
}

// place saves four schools and their areas, a province with two communes.
func (h *harness) place(t *testing.T) {
	t.Helper()
	for _, a := range []school.Area{{ID: "tinh", Name: "Tỉnh"}, {ID: "x1", Parent: "tinh", Name: "Xã Một"},
		{ID: "x2", Parent: "tinh", Name: "Xã Hai"}} {
		ok(t, h.st.Schools.SaveArea(bg, a))
	}
	for id, area := range map[string]string{"s1": "x1", "s2": "x1", "s3": "x2", "s4": ""} {
		ok(t, h.st.Schools.SaveSchool(bg, school.School{ID: id, Code: id, Name: "Trường " + id, AreaID: area}))
		h.teach(t, "l-"+id, 600, atSchool(id))
	}
}
