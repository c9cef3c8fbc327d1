package viewership

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/television"
)

// known is a province with 40 students of grade 9 in s1 (area A) and 10 of grade
// 8 in s3 (area B). On 13 April l1 was on air; e0 and e1 are known by it, e1, e2,
// a device and x0 of another province by the web. On the 14th f0 by lesson l3.
func known(t *testing.T, change ...func(*Config)) (*memory, *Service) {
	t.Helper()
	m, s := newService(t, change...)
	for _, id := range viewers("e", 40) {
		m.students = append(m.students, student{id, "c9", "s1", 9})
	}
	for _, id := range viewers("f", 10) {
		m.students = append(m.students, student{id, "c8", "s3", 8})
	}
	m.watched("l1", 13, "p:e1", "p:e2", "d:1", "p:x0")
	m.watched("l3", 14, "p:f0")
	m.aired("a1", "l1", 13, schedule.Aired).Figures = []television.Figure{
		figure(television.GradeE, television.Contacts, television.Persons, 20),
	}
	m.aired("a2", "l1", 14, schedule.Dropped)
	m.named = map[string][]string{"a1": {"e0", "e1"}, "a2": {"e3"}}
	m.classes["c9"] = school.Class{
		ID: "c9", SchoolID: "s1", Grade: 9,
		Teachers: []school.ClassTeacher{{PersonID: "t1"}, {PersonID: "t5", Subject: "van"}},
	}
	return m, s
}

// TestNetReach: television's persons and the web's viewers together bound what
// was reached, those known by name from below, the population from above.
func TestNetReach(t *testing.T) {
	const persons, homes, plays = television.Persons, television.Households, television.Plays
	aired := func(fs ...television.Figure) television.AiringFigures {
		return television.AiringFigures{Airing: schedule.Airing{Outcome: schedule.Aired}, Figures: fs}
	}
	planned := aired()
	planned.Airing.Outcome = schedule.Planned
	replaced := figure(television.GradeE, television.Contacts, persons, 900)
	replaced.State = television.Replaced
	contacts := func(unit string, v float64) television.Figure {
		return figure(television.GradeE, television.Contacts, unit, v)
	}
	three := Identified{TelevisionOnly: 1, WebOnly: 1, Both: 1}
	for _, x := range []struct {
		name    string
		web     int64
		airings []television.AiringFigures
		perHome Range
		want    string // low high, assumptions, unbounded
	}{
		{"the web alone", 10, nil, Range{}, "3 10 [one_viewer_a_device] false"},
		{"nothing but names", 0, nil, Range{}, "3 3 [one_viewer_a_device] false"},
		{"contacts", 10, []television.AiringFigures{aired(contacts(persons, 20))}, Range{},
			"3 30 [one_viewer_a_device] false"},
		{"plays", 10, []television.AiringFigures{aired(contacts(plays, 20))}, Range{},
			"3 30 [one_viewer_a_device] false"},
		{"viewers", 0, []television.AiringFigures{aired(figure(television.GradeE, television.Viewers, persons, 20))},
			Range{},
			"3 20 [one_viewer_a_device] false"},
		{"the larger statement of an airing", 0,
			[]television.AiringFigures{aired(contacts(persons, 20), contacts(plays, 30))}, Range{},
			"3 30 [one_viewer_a_device] false"},
		{"two airings", 0, []television.AiringFigures{aired(contacts(persons, 20)),
			aired(contacts(persons, 30))}, Range{},
			"3 50 [one_viewer_a_device] false"},
		{"more than there are", 90, []television.AiringFigures{aired(contacts(persons, 20))}, Range{},
			"3 100 [one_viewer_a_device] false"},
		{"an airing without figures", 0, []television.AiringFigures{aired()}, Range{},
			"3 100 [one_viewer_a_device] true"},
		{"a replaced figure", 0, []television.AiringFigures{aired(replaced)}, Range{},
			"3 100 [one_viewer_a_device] true"},
		{"an average", 0,
			[]television.AiringFigures{aired(figure(television.GradeD, television.AverageAudience, persons, 9))},
			Range{},
			"3 100 [one_viewer_a_device] true"},
		{"a planned airing", 5, []television.AiringFigures{planned}, Range{}, "3 5 [one_viewer_a_device] false"},
		{"households", 0, []television.AiringFigures{aired(contacts(homes, 10)), aired(contacts(homes, 4))},
			Range{2, 3.5},
			"3 49 [one_viewer_a_device viewers_a_home] false"},
		{"households, viewers not stated", 0, []television.AiringFigures{aired(contacts(homes, 10))}, Range{},
			"3 100 [one_viewer_a_device] true"},
	} {
		r := NetReach(100, three, x.web, x.airings, x.perHome)
		if got := fmt.Sprint(r.Low, " ", r.High, " ", r.Assumed, " ", r.Unbounded); got != x.want ||
			r.Population != 100 {
			t.Errorf("%s: %s", x.name, got)
		}
	}
	if r := NetReach(2, three, 9, nil, Range{}); r.Low != 2 || r.High != 2 {
		t.Errorf("more names than students: %+v", r)
	}
}

func TestOverlap(t *testing.T) {
	of := func(ids ...string) map[string]bool {
		m := map[string]bool{}
		for _, id := range ids {
			m[id] = true
		}
		return m
	}
	got := Overlap(of("a", "b", "c"), of("c", "d"))
	if got != (Identified{TelevisionOnly: 2, WebOnly: 1, Both: 1}) || got.Either() != 4 {
		t.Errorf("%+v", got)
	}
	if got := Unreached([]string{"d", "x", "a", "y"}, of("a", "d")); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("%v", got)
	}
	if got := intersect([]string{"a", "z"}, of("a", "b")); len(got) != 1 || !got["a"] {
		t.Errorf("%v", got)
	}
}

// TestReachConceal: numbers of few persons of an area are hidden, and the lower
// bound with them when it would give them away.
func TestReachConceal(t *testing.T) {
	for _, x := range []struct {
		in   Identified
		want string
	}{
		{Identified{TelevisionOnly: 10, WebOnly: 20, Both: 30}, "{10 20 30} 60 [   ]"},
		{Identified{TelevisionOnly: 3, WebOnly: 20, Both: 30}, "{0 0 30} 53 [small withheld  ]"},
		{Identified{TelevisionOnly: 3}, "{0 0 0} 0 [small   small]"},
		{Identified{TelevisionOnly: 1, WebOnly: 5, Both: 6}, "{0 0 6} 0 [small withheld  withheld]"},
		{Identified{}, "{0 0 0} 0 [   ]"},
	} {
		r := Reach{Identified: x.in, Low: x.in.Either(), High: 100, Population: 100}
		r.Conceal()
		if got := fmt.Sprint(r.Identified, " ", r.Low, " ", r.Marks); got != x.want || r.High != 100 {
			t.Errorf("%+v: %s", x.in, got)
		}
	}
}

func TestReachOf(t *testing.T) {
	_, s := known(t)
	r, err := s.ReachOf(t.Context(), teacher, "l1", []string{"e0", "e1", "e2", "e3", "e4"}, Range{})
	// e3 is named for an airing that was dropped since.
	if err != nil || r.Population != 5 || r.Identified != (Identified{1, 1, 1}) || r.Low != 3 || r.High != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, method := range []string{"Airings", "AiringFigures", "Grouped", "Audience", "NamedPersons"} {
		m, s := known(t)
		m.fail[method] = errStore
		if _, err := s.ReachOf(t.Context(), teacher, "l1", nil, Range{}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestReachIn: the reach of a period's lessons among the students of a grade and
// area, as the rosters stood at its end.
func TestReachIn(t *testing.T) {
	for _, x := range []struct {
		name   string
		q      ReachQuery
		want   string // population, identified, low, high
		roster string
	}{
		{"everything", ReachQuery{}, "50 {1 2 1} 4 25", "2020-04-20"},
		{"a grade", ReachQuery{Grade: 9}, "40 {1 1 1} 3 24", "2020-04-20"},
		{"a day", ReachQuery{From: at(14), To: at(15)}, "50 {0 1 0} 1 1", "2020-04-14"},
		{"a period that is not over", ReachQuery{From: at(14), To: at(30)}, "50 {0 1 0} 1 1", "2020-04-20"},
	} {
		m, s := known(t)
		r, err := s.ReachIn(t.Context(), reviewer, x.q)
		if got := fmt.Sprint(r.Population, " ", r.Identified, " ", r.Low, " ", r.High); err != nil || got != x.want {
			t.Errorf("%s: %s, %v", x.name, got, err)
		}
		if m.rosterDays[0] != x.roster {
			t.Errorf("%s: rosters of %v", x.name, m.rosterDays)
		}
	}
	_, s := known(t)
	r, err := s.ReachIn(t.Context(), admin, ReachQuery{Area: "A"})
	if err != nil || r.Population != 40 || r.Low != 0 || r.Identified.Either() != 0 || r.Marks[3] == disclosure.Shown {
		t.Errorf("few persons of an area: %+v, %v", r, err)
	}
	if _, err = s.ReachIn(t.Context(), reviewer, ReachQuery{Grade: 5}); code(err) != "reach.no_rosters" {
		t.Errorf("a grade without students: %v", err)
	}
	for name, by := range outsiders() {
		if _, err = s.ReachIn(t.Context(), by, ReachQuery{}); code(err) != "access.denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, method := range []string{
		"Airings", "Facts", "AiringFigures", "Audience", "NamedPersons", "Population", "OnRosters",
	} {
		m, s := known(t)
		m.fail[method] = errStore
		if _, err := s.ReachIn(t.Context(), reviewer, ReachQuery{}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	_, s = known(t, func(c *Config) { c.Classes = nil })
	if _, err = s.ReachIn(t.Context(), reviewer, ReachQuery{}); code(err) != "reach.no_rosters" {
		t.Errorf("without classes: %v", err)
	}
}

// TestUnreached: names are for the class's own teachers and its school's head.
func TestUnreached(t *testing.T) {
	m, s := known(t)
	c, err := s.Unreached(t.Context(), teacher, "c9", at(13), at(14))
	if err != nil || c.Students != 40 || len(c.Unreached) != 37 || c.Unreached[0].PersonID != "e3" ||
		c.Class.ID != "c9" {
		t.Errorf("%+v, %v", c, err)
	}
	if m.rosterDays[0] != "2020-04-13" || len(m.scopes[0].Among) != 40 || m.scopes[0].Grade != 9 {
		t.Errorf("rosters of %v, %+v", m.rosterDays, m.scopes)
	}
	// A lesson of another grade reached nobody of this class.
	m.watched("l3", 13, "p:e9")
	m.aired("a3", "l3", 13, schedule.Aired)
	m.named["a3"] = []string{"e10"}
	if c, err = s.Unreached(t.Context(), teacher, "c9", at(13), at(14)); err != nil || len(c.Unreached) != 37 {
		t.Errorf("%d, %v", len(c.Unreached), err)
	}
	if c, err = s.Unreached(t.Context(), teacher, "c9", at(14), time.Time{}); err != nil || len(c.Unreached) != 40 ||
		m.rosterDays[2] != "2020-04-20" {
		t.Errorf("from the 14th: %d of %v, %v", len(c.Unreached), m.rosterDays, err)
	}
	reached, err := s.Reached(t.Context(), 9, at(13), at(14))
	if err != nil || fmt.Sprint(reached) != "map[e0:true e1:true e2:true x0:true]" {
		t.Errorf("%v, %v", reached, err)
	}
	for name, x := range map[string]struct {
		by   people.Person
		want string
	}{
		"a teacher of one subject": {person("t5", people.Teacher, "s1"), ""}, "the head": {head, ""},
		"anonymous":             {people.Person{}, "access.denied"},
		"a student":             {person("e0", people.Student, "s1"), "access.denied"},
		"another teacher":       {person("t2", people.Teacher, "s1"), "access.denied"},
		"another school's head": {person("hai", people.Head, "s2"), "access.denied"},
		"a teacher who left":    {person("t1", people.Teacher, "s2"), "access.denied"},
		"the department":        {reviewer, "access.denied"}, "an administrator": {admin, "access.denied"},
	} {
		if _, err := s.Unreached(t.Context(), x.by, "c9", at(13), at(14)); code(err) != x.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err = s.Unreached(t.Context(), teacher, "c1", at(13), at(14)); code(err) != "class.not_found" {
		t.Errorf("%v", err)
	}
	if _, err = s.Unreached(t.Context(), teacher, "c9", at(13), at(13)); code(err) != "viewership.bad_period" {
		t.Errorf("%v", err)
	}
	for _, method := range []string{"Roster", "Airings", "Facts", "Audience", "NamedPersons"} {
		m.fail = map[string]error{method: errStore}
		if _, err = s.Unreached(t.Context(), teacher, "c9", at(13), at(14)); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	_, s = known(t, func(c *Config) { c.Classes = nil })
	if _, err = s.Unreached(t.Context(), teacher, "c9", at(13), at(14)); code(err) != "class.not_found" {
		t.Errorf("without classes: %v", err)
	}
}
