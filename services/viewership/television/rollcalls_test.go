package television

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// TestRollCall: what a class may report, at its boundaries.
func TestRollCall(t *testing.T) {
	for _, x := range []struct {
		name   string
		r      RollCall
		change func(*memory)
		want   string // fault, and its fields
	}{
		{"two of four by number", RollCall{Asked: 4, Watched: 2}, nil, ""},
		{"nobody of one", RollCall{Asked: 1}, nil, ""},
		{"all", RollCall{Asked: 4, Watched: 4}, nil, ""},
		{"nobody was asked", RollCall{}, nil, "rollcall.invalid: asked rollcall.nobody_asked"},
		{"more than the class", RollCall{Asked: 5, Watched: 2}, nil,
			"rollcall.invalid: asked rollcall.more_than_class"},
		{"more than were asked", RollCall{Asked: 3, Watched: 4}, nil,
			"rollcall.invalid: watched rollcall.more_than_asked"},
		{"fewer than nobody", RollCall{Asked: 3, Watched: -1}, nil,
			"rollcall.invalid: watched rollcall.more_than_asked"},
		{"100 of a class without a roster", RollCall{Asked: 100}, func(m *memory) { clear(m.rosters) }, ""},
		{"101 of it", RollCall{Asked: 101}, func(m *memory) { clear(m.rosters) },
			"rollcall.invalid: asked rollcall.more_than_class"},
		{"by name", RollCall{Named: true, Names: []string{"chi", "an", "chi"}}, nil, ""},
		{"nobody by name", RollCall{Named: true}, nil, ""},
		{"somebody of another class", RollCall{Named: true, Names: []string{"an", "em"}}, nil,
			"rollcall.invalid: names rollcall.not_in_class"},
		{"another grade", RollCall{Asked: 4}, func(m *memory) { m.airings[0].LessonID = "m" },
			"rollcall.invalid: classId rollcall.other_grade"},
		{"another grade by name", RollCall{Named: true}, func(m *memory) { m.airings[0].LessonID = "m" },
			"rollcall.invalid: classId rollcall.other_grade"},
		{"a lesson that is gone", RollCall{Asked: 4}, func(m *memory) { clear(m.lessons) }, "lesson.not_found: "},
		{"dropped", RollCall{AiringID: "a10", Asked: 4}, nil, "airing.did_not_happen: "},
		{"not reported", RollCall{AiringID: "a11", Asked: 4}, nil, ""},
		{"at the start", RollCall{Asked: 4}, func(m *memory) { m.now = m.airings[0].StartsAt }, ""},
		{"before it", RollCall{Asked: 4}, func(m *memory) { m.now = m.airings[0].StartsAt.Add(-1) },
			"airing.not_started: "},
		{"no airing", RollCall{AiringID: "a12", Asked: 4}, nil, "airing.not_found: "},
		{"no class", RollCall{ClassID: "c1", Asked: 4}, nil, "class.not_found: "},
	} {
		m, s := newService(t)
		if x.change != nil {
			x.change(m)
		}
		if x.r.AiringID == "" {
			x.r.AiringID = "a8"
		}
		if x.r.ClassID == "" {
			x.r.ClassID = "c9"
		}
		x.r.Names = slices.Clone(x.r.Names)
		got, err := s.TakeRollCall(t.Context(), teacher, x.r)
		if err != nil {
			if code(err)+": "+fields(err) != x.want || len(m.calls)+len(m.audit) != 0 {
				t.Errorf("%s: %v", x.name, err)
			}
			continue
		}
		if x.want != "" || len(m.calls) != 1 || got.ID != "id1" || got.By != "lan" || got.At != m.now {
			t.Errorf("%s: %+v", x.name, got)
		}
		if x.name == "by name" && (fmt.Sprint(got.Names) != "[an chi]" || got.Asked != 4 || got.Watched != 2) {
			t.Errorf("%s: %+v", x.name, got)
		}
		if !x.r.Named && got.Names != nil {
			t.Errorf("%s keeps names: %+v", x.name, got)
		}
		want := fmt.Sprintf("class c9: %d of %d, by name: %t", got.Watched, got.Asked, got.Named)
		if len(m.audit) != 1 || m.audit[0].Detail != want || m.audit[0].Subject != "airing:"+got.AiringID {
			t.Errorf("%s: %+v", x.name, m.audit)
		}
	}
}

// classOutsiders may not read or report the names of class "c9".
func classOutsiders() map[string]people.Person {
	elsewhere := people.Person{ID: "hai", Active: true, Grants: []people.Grant{{Role: people.Head, School: "s2"}}}
	left := people.Person{ID: "lan", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s2"}}}
	return map[string]people.Person{
		"anonymous": {}, "student": person("an", people.Student), "another teacher": person("minh", people.Teacher),
		"another school's head": elsewhere, "a teacher who left": left, "reviewer": reviewer, "station": station,
		"administrator": person("quan", people.Admin),
	}
}

func TestRollCallRefused(t *testing.T) {
	for name, by := range classOutsiders() {
		m, s := newService(t)
		_, err := s.TakeRollCall(t.Context(), by, RollCall{AiringID: "a8", ClassID: "c9", Asked: 4})
		if code(err) != "access.denied" || len(m.calls) != 0 {
			t.Errorf("%s calls the roll: %v", name, err)
		}
		if _, err := s.RollSheetOf(t.Context(), by, "a8", "c9"); code(err) != "access.denied" {
			t.Errorf("%s reads the sheet: %v", name, err)
		}
		if list, err := s.RollCallsOf(t.Context(), by, day13); err != nil || list != nil {
			t.Errorf("%s reads %v, %v", name, list, err)
		}
	}
	_, s := newService(t)
	head := person("hieu", people.Head)
	if _, err := s.TakeRollCall(t.Context(), head, RollCall{AiringID: "a8", ClassID: "c9", Asked: 4}); err != nil {
		t.Errorf("the head: %v", err)
	}
	for _, method := range []string{"Roster", "RollCalls", "AddRollCall", "Append"} {
		m, s := newService(t)
		m.fail[method] = errStore
		_, err := s.TakeRollCall(t.Context(), teacher, RollCall{AiringID: "a8", ClassID: "c9", Asked: 4})
		if !errors.Is(err, errStore) || len(m.calls) != 0 {
			t.Errorf("%s fails: %v, %v", method, err, m.calls)
		}
	}
}

// TestRollCallCorrects: a later roll call of a class replaces its older one of
// the same airing, and no other.
func TestRollCallCorrects(t *testing.T) {
	m, s := newService(t)
	second := m.classes[0]
	second.ID = "c9b"
	m.classes = append(m.classes, second)
	take := func(airing, class string, watched int64) RollCall {
		t.Helper()
		r, err := s.TakeRollCall(t.Context(), teacher,
			RollCall{AiringID: airing, ClassID: class, Asked: 4, Watched: watched})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := take("a8", "c9", 1)
	take("a9", "c9", 1)
	take("a8", "c9b", 1)
	corrected := take("a8", "c9", 2)
	again := take("a8", "c9", 3)
	if first.Replaces != "" || corrected.Replaces != first.ID || again.Replaces != corrected.ID {
		t.Errorf("%+v", m.calls)
	}
	var got []string
	for _, r := range CurrentRollCalls(m.calls) {
		got = append(got, fmt.Sprint(r.AiringID, " ", r.ClassID, " ", r.Watched))
	}
	if strings.Join(got, ", ") != "a9 c9 1, a8 c9b 1, a8 c9 3" || len(m.calls) != 5 {
		t.Errorf("%v", got)
	}
}

// TestPurgeNames: names are removed six months after their term, by local days.
func TestPurgeNames(t *testing.T) {
	m, s := newService(t)
	m.now = time.Date(2020, 7, 15, 17, 0, 0, 0, time.UTC)
	if n, err := s.PurgeNames(t.Context()); n != 7 || err != nil || fmt.Sprint(m.purged) != "[2020-01-16 500]" {
		t.Errorf("%d, %v, %v", n, err, m.purged)
	}
	m.fail["PurgeNames"] = errStore
	if _, err := s.PurgeNames(t.Context()); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
	m, s = newService(t, func(c *Config) { c.RollCalls = nil })
	if n, err := s.PurgeNames(t.Context()); n != 0 || err != nil || m.purged != nil {
		t.Errorf("without roll calls: %d, %v", n, err)
	}
}

// TestRollCallsOf: the airings of each of a teacher's classes of this year, of
// the class's grade, latest first, without those that did not happen.
func TestRollCallsOf(t *testing.T) {
	m, s := newService(t)
	old, other := m.classes[0], m.classes[0]
	old.ID, old.Year = "c9old", "2018-2019"
	other.ID, other.Grade = "c8", 8
	m.classes = append(m.classes, other, old)
	m.airings[1].LessonID = "m" // grade 8
	m.airings = append(m.airings, schedule.Airing{ID: "gone", LessonID: "x", StartsAt: day13.Add(12 * time.Hour)})
	m.draws = []Draw{{AiringID: "a8", Classes: []string{"c9"}}, {AiringID: "a11", Classes: []string{"c8"}}}
	for _, n := range []int64{1, 2} {
		r := RollCall{AiringID: "a11", ClassID: "c9", Asked: 4, Watched: n}
		if _, err := s.TakeRollCall(t.Context(), teacher, r); err != nil {
			t.Fatal(err)
		}
	}
	lists, err := s.RollCallsOf(t.Context(), teacher, day13.Add(8*time.Hour))
	var got []string
	for _, l := range lists {
		for _, a := range l.Airings {
			watched := int64(-1)
			if a.Call != nil {
				watched = a.Call.Watched
			}
			got = append(got, fmt.Sprint(l.Class.ID, " ", a.Airing.ID, " ", a.Lesson.ID, " ", a.Drawn, " ", watched))
		}
	}
	if want := "c9 a11 l false 2, c9 a8 l true -1, c8 a9 m false -1"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("%q, %v", got, err)
	}
	lists, err = s.RollCallsOf(t.Context(), teacher, day13.Add(8*time.Hour+1))
	if err != nil || len(lists[0].Airings) != 1 {
		t.Errorf("since after the first: %+v, %v", lists, err)
	}
	m.now = m.airings[3].StartsAt
	if lists, err = s.RollCallsOf(t.Context(), teacher, day13); err != nil || len(lists[0].Airings) != 1 {
		t.Errorf("the last has not begun: %+v, %v", lists, err)
	}
	for _, method := range []string{"ClassesOfTeacher", "Airings", "Facts", "RollCalls", "Draws"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.RollCallsOf(t.Context(), teacher, day13); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestRollSheet: the roster on the airing's day, with those ticked who were named
// last time or checked in themselves.
func TestRollSheet(t *testing.T) {
	m, s := newService(t)
	for _, names := range [][]string{{"chi", "dung"}, {"binh", "dung"}} {
		r := RollCall{AiringID: "a8", ClassID: "c9", Named: true, Names: names}
		if _, err := s.TakeRollCall(t.Context(), teacher, r); err != nil {
			t.Fatal(err)
		}
	}
	m.calls = append(m.calls, RollCall{ID: "x", AiringID: "a8", ClassID: "other"})
	m.checkIns[[2]string{"a8", "p:an"}] = CheckIn{AiringID: "a8", Viewer: "p:an", State: CheckInCounted}
	x, err := s.RollSheetOf(t.Context(), teacher, "a8", "c9")
	if err != nil || len(x.Roster) != 4 || x.Class.ID != "c9" || x.Lesson.ID != "l" || x.Airing.ID != "a8" ||
		x.Call == nil || x.Call.ID != m.calls[1].ID {
		t.Errorf("%+v, %v", x, err)
	}
	if fmt.Sprint(x.Ticked) != "map[an:true binh:true dung:true]" {
		t.Errorf("%v", x.Ticked)
	}
	for name, ids := range map[string][2]string{"class.not_found": {"a8", "c1"}, "airing.not_found": {"a12", "c9"}} {
		_, err := s.RollSheetOf(t.Context(), teacher, ids[0], ids[1])
		if code(err) != name || fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, method := range []string{"Facts", "Roster", "RollCalls", "Names", "Persons"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.RollSheetOf(t.Context(), teacher, "a8", "c9"); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}
