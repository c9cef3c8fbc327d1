package viewership

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/services/schedule"
	"lenlop/services/school"
)

// takingPart: s1 has 20 students of whom 6 are known to be reached, s2 20 with 10
// (one by its own lesson), s3 has none here and 3 views, s4 neither.
func takingPart(t *testing.T) (*memory, *Service) {
	t.Helper()
	m, s := newService(t)
	for school, prefix := range map[string]string{"s1": "a", "s2": "b"} {
		for _, id := range viewers(prefix, 20) {
			m.students = append(m.students, student{id, "c" + school, school, 9})
		}
	}
	m.watched("l3", 13, viewers("p:a", 6)...)
	m.watched("l2", 14, "p:b0")
	m.aired("x1", "l2", 14, schedule.Aired)
	m.aired("x2", "l2", 14, schedule.Partial) // the same lesson once more
	m.aired("x3", "l4", 14, schedule.Dropped)
	m.named = map[string][]string{"x1": viewers("b", 10), "x3": viewers("b", 20)}
	return m, s
}

func schools(p Participation) string {
	var out []string
	for _, x := range p.Schools {
		share, known := x.Share()
		out = append(out, fmt.Sprint(x.School.ID, " ", x.Lessons, " ", x.Views, " ", x.Reached, "/",
			x.Students, x.Mark, " ",
			share, " ", known, " ", x.TakesPart))
	}
	return strings.Join(out, " | ")
}

func shares(list []ParticipationShare) string {
	var out []string
	for _, x := range list {
		out = append(out, strings.TrimSpace(
			fmt.Sprint(x.Key, " ", x.Label, " ", x.Depth, " ", x.TakePart, "/", x.Schools)))
	}
	return strings.Join(out, " | ")
}

// TestParticipation: schools with rosters by the share of their students, then
// the others by views; levels and areas count those that take part.
func TestParticipation(t *testing.T) {
	m, s := takingPart(t)
	m.places.Schools[3].Level = school.Primary
	p, err := s.Participation(t.Context(), reviewer, Query{School: "s1", Lesson: "l1", By: ByDay})
	if err != nil {
		t.Fatal(err)
	}
	want := "s2 1 1 10/20 0.5 true true | s1 0 0 6/20 0.3 true true | s3 1 6 0/0 0 false true | s4 0 0 0/0 0 false false"
	if got := schools(p); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := shares(p.Levels); got != "primary  0 0/1 | lower_secondary  0 3/3" {
		t.Errorf("%s", got)
	}
	if got := shares(p.Areas); got != "P Tỉnh 0 3/3 | A Xã A 1 2/2 | B Xã B 1 1/1 | 0 0/1" {
		t.Errorf("%s", got)
	}
	if p.All.Schools != 4 || p.All.TakePart != 3 {
		t.Errorf("%+v", p.All)
	}
	p, err = s.Participation(t.Context(), admin, Query{Area: "A", From: at(14), To: at(15)})
	want = "s2 1 1 10/20 0.5 true true | s1 0 0 0/20 0 true false"
	if got := schools(p); err != nil || got != want || shares(p.Areas) != "P Tỉnh 0 1/2 | A Xã A 1 1/2" {
		t.Errorf("an area's day: %s, %s, %v", got, shares(p.Areas), err)
	}
	if day := m.rosterDays[len(m.rosterDays)-1]; day != "2020-04-14" || m.rosterDays[0] != "2020-04-20" {
		t.Errorf("rosters of %v", m.rosterDays)
	}
	// A period that ends within a day ends before that day.
	if _, err = s.Participation(t.Context(), admin, Query{To: at(15).Add(10 * time.Hour)}); err != nil ||
		m.rosterDays[len(m.rosterDays)-1] != "2020-04-14" {
		t.Errorf("rosters of %v, %v", m.rosterDays, err)
	}
	p, err = s.Participation(t.Context(), admin, Query{Grade: 8})
	if err != nil || p.Schools[0].Students != 0 || p.All.TakePart != 1 {
		t.Errorf("grade 8: %s, %v", schools(p), err)
	}
}

// TestParticipationHides: few reached students of a school are hidden, with what
// would reveal them, and the order does not tell how many they are.
func TestParticipationHides(t *testing.T) {
	for n := 1; n <= 4; n++ {
		m, s := newService(t)
		for school, prefix := range map[string]string{"s1": "a", "s2": "b", "s3": "c"} {
			for _, id := range viewers(prefix, 30) {
				m.students = append(m.students, student{id, "c" + school, school, 9})
			}
		}
		m.watched("l3", 13, append(viewers("p:a", n), viewers("p:b", 20)...)...)
		m.watched("l3", 14, viewers("p:c", 5)...)
		p, err := s.Participation(t.Context(), reviewer, Query{})
		want := fmt.Sprint("s3 1 ", n+25, " 5/30 0.16666666666666666 true true | s1 0 0 0/30small 0 false true | ",
			"s2 0 0 0/30withheld 0 false true | s4 0 0 0/0 0 false false")
		if got := schools(p); err != nil || got != want {
			t.Errorf("%d reached: %s\nwant %s, %v", n, got, want, err)
		}
	}
}

func TestParticipationFaults(t *testing.T) {
	_, s := takingPart(t)
	for name, by := range outsiders() {
		if _, err := s.Participation(t.Context(), by, Query{}); code(err) != "access.denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.Participation(t.Context(), reviewer, Query{From: at(2), To: at(2)})
	if code(err) != "viewership.bad_period" {
		t.Errorf("%v", err)
	}
	for _, method := range []string{
		"SchoolViews", "Facts", "Airings", "Audience", "NamedPersons", "SchoolStudents", "Places",
	} {
		m, s := takingPart(t)
		m.fail[method] = errStore
		if _, err := s.Participation(t.Context(), reviewer, Query{}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestPlaces: an area below itself, in a loop, or of an unknown parent, does no harm.
func TestPlaces(t *testing.T) {
	p := Places{
		Areas: []school.Area{
			{ID: "P", Name: "p"}, {ID: "self", Parent: "self", Name: "q"}, {ID: "lost", Parent: "gone", Name: "r"},
			{ID: "b", Parent: "P", Name: "b"}, {ID: "a", Parent: "P", Name: "a"}, {ID: "c", Parent: "a", Name: "c"},
		},
		Schools: []school.School{
			{ID: "s", AreaID: "c"}, {ID: "t", AreaID: "gone"}, {ID: "u", AreaID: "self"}, {ID: "v", AreaID: "b"},
		},
	}
	got := fmt.Sprint(p.ancestors())
	if want := "map[P:[P] a:[a P] b:[b P] c:[c a P] lost:[lost] self:[self]]"; got != want {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint(p.areaOf()); got != "map[s:c u:self v:b]" {
		t.Errorf("%s", got)
	}
	r := p.rank(map[string]SchoolParticipation{"s": {Views: 1}, "t": {Reached: 9}}, "")
	if got := shares(r.Areas); got != "P p 0 1/2 | a a 1 1/1 | c c 2 1/1 | b b 1 0/1 | self q 0 0/1 | 0 1/1" {
		t.Errorf("%s", got)
	}
	loop := Places{Areas: []school.Area{{ID: "x", Parent: "y"}, {ID: "y", Parent: "x"}}}
	if got := fmt.Sprint(loop.ancestors()); got != "map[x:[x y] y:[y x]]" {
		t.Errorf("%s", got)
	}
}
