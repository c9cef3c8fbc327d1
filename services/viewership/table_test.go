package viewership

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/television"
)

// busy is a province in which nobody's numbers are small.
func busy(t *testing.T) (*memory, *Service) {
	t.Helper()
	m, s := newService(t)
	m.watched("l1", 13, viewers("p:a", 6)...)
	m.watched("l2", 14, viewers("p:b", 7)...)
	m.watched("l3", 13, viewers("p:c", 8)...)
	m.watched("l3", 14, "p:c0") // who has a view on each day
	m.watched("l4", 14, viewers("d:", 3)...)
	m.aired("a1", "l1", 13, schedule.Aired)
	m.aired("a2", "l2", 14, schedule.Planned)
	m.aired("a3", "l3", 14, schedule.Aired).Figures = []television.Figure{
		figure(television.GradeE, television.Contacts, television.Persons, 100),
	}
	m.aired("a4", "l3", 15, schedule.Dropped)
	m.aired("a5", "l4", 15, schedule.Partial).Figures = []television.Figure{
		figure(television.GradeD, television.Contacts, television.Households, 20),
		figure(television.GradeE, television.Contacts, television.Persons, 50),
		figure(television.GradeE, television.Contacts, television.Households, 9),
	}
	return m, s
}

// line is a row in words: key, label, views, viewers and mark; airings, those
// without figures, planned ones, and television's columns.
func line(r Row) string {
	place := ""
	if r.Parent != "" || r.Depth > 0 {
		place = fmt.Sprint("<", r.Parent, r.Depth)
	}
	return fmt.Sprintf("%s %s%s %d %d%s; %d %d %d %v", r.Key, r.Label, place, r.WebViews, r.WebViewers,
		r.Mark, r.Airings,
		r.AiringsNoData, r.AiringsPlanned, r.Television)
}

func lines(rows []Row) string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = line(r)
	}
	return strings.Join(out, " | ")
}

// TestTableGroups: every grouping, in its order, with its labels; the total
// counts distinct viewers once.
func TestTableGroups(t *testing.T) {
	const total = "  25 24; 3 1 1 map[D:20]" // E has two units, which are not added
	for by, want := range map[string]string{
		"": "l3 Bài 3 9 8; 1 0 0 map[E:100] | l2 Bài 2 7 7; 0 0 1 map[] | l1 Bài 1 6 6; 1 1 0 map[] | " +
			"l4 Bài 4 3 3; 1 0 0 map[D:20]",
		ByDay: "2020-04-13 2020-04-13 14 14; 1 1 0 map[] | 2020-04-14 2020-04-14 11 11; 1 0 1 map[E:100] | " +
			"2020-04-15 2020-04-15 0 0; 1 0 0 map[D:20]",
		BySubject: "toan Môn toan 15 14; 2 1 0 map[E:100] | van Môn van 10 10; 1 0 1 map[D:20]",
		ByGrade:   "8 8 12 11; 2 0 0 map[D:20] | 9 9 13 13; 1 1 1 map[]",
		BySchool: "s3 Trường 3 9 8; 1 0 0 map[E:100] | s2 Trường 2 7 7; 0 0 1 map[] | " +
			"s1 Trường 1 6 6; 1 1 0 map[] | s4 Trường 4 3 3; 1 0 0 map[D:20]",
		ByArea: "P Tỉnh 22 21; 2 1 1 map[E:100] | A Xã A<P1 13 13; 1 1 1 map[] | B Xã B<P1 9 8; 1 0 0 map[E:100] | " +
			"  3 3; 1 0 0 map[D:20]",
		ByChannel: "tv1 Đài tỉnh 0 0; 3 1 1 map[D:20]",
		ByAll:     total,
	} {
		_, s := busy(t)
		rows, all, err := s.TableAndTotal(t.Context(), reviewer, Query{By: by})
		if err != nil || lines(rows) != want || line(all) != total {
			t.Errorf("by %s: %s\nwant %s\ntotal %s, %v", by, lines(rows), want, line(all), err)
		}
		again, err := s.Table(t.Context(), admin, Query{By: by})
		if err != nil || lines(again) != want {
			t.Errorf("by %s: %s, %v", by, lines(again), err)
		}
	}
}

// TestTableScopes: a query narrows the web and television alike.
func TestTableScopes(t *testing.T) {
	for _, x := range []struct {
		name string
		q    Query
		want string
	}{
		{"one day", Query{From: at(13), To: at(14)}, "14 14; 1 1 0"},
		{"a day in another zone", Query{From: at(13).UTC(), To: at(14).UTC()}, "14 14; 1 1 0"},
		{"within a day", Query{From: at(13).Add(9 * time.Hour), To: at(14).Add(9 * time.Hour)}, "14 14; 1 1 0"},
		{"from a day on", Query{From: at(14)}, "11 11; 2 0 1"},
		{"until a day", Query{To: at(14)}, "14 14; 1 1 0"},
		{"a subject", Query{Subject: "van"}, "10 10; 1 0 1"},
		{"a grade", Query{Grade: 9}, "13 13; 1 1 1"},
		{"a lesson", Query{Lesson: "l3"}, "9 8; 1 0 0"},
		{"a school", Query{School: "s2"}, "7 7; 0 0 1"},
		{"an area", Query{Area: "P"}, "22 21; 2 1 1"},
		{"a teacher", Query{Teacher: "t1"}, "6 6; 1 1 0"},
		{"a channel", Query{Channel: "tv1"}, "25 24; 3 1 1"},
	} {
		_, s := busy(t)
		x.q.By = ByAll
		rows, all, err := s.TableAndTotal(t.Context(), reviewer, x.q)
		if err != nil || !strings.HasPrefix(line(all), "  "+x.want) || !strings.HasPrefix(lines(rows), "  "+x.want) {
			t.Errorf("%s: %s, %s, %v", x.name, lines(rows), line(all), err)
		}
	}
	// Of a channel only what it showed, or plans.
	m, s := busy(t)
	m.watched("l1", 16, "d:x")
	rows, err := s.Table(t.Context(), reviewer, Query{By: ByDay, Channel: "tv1"})
	if err != nil || len(rows) != 3 {
		t.Errorf("%s, %v", lines(rows), err)
	}
	rows, all, err := s.TableAndTotal(t.Context(), reviewer, Query{By: ByDay, Channel: "tv9"})
	if err != nil || len(rows) != 0 || all.Airings != 0 || all.WebViews != 0 {
		t.Errorf("a channel without airings: %s, %s, %v", lines(rows), line(all), err)
	}
}

func TestTableFaults(t *testing.T) {
	_, s := busy(t)
	for _, x := range []struct {
		q    Query
		want string
	}{
		{Query{By: "teacher"}, "viewership.unknown_group"}, {Query{By: "LESSON"}, "viewership.unknown_group"},
		{Query{From: at(2), To: at(2)}, "viewership.bad_period"},
		{Query{From: at(3), To: at(2)}, "viewership.bad_period"},
		{Query{From: at(2), To: at(2).Add(1)}, ""},
	} {
		if _, err := s.Table(t.Context(), reviewer, x.q); code(err) != x.want {
			t.Errorf("%+v: %v", x.q, err)
		}
	}
	for name, by := range outsiders() {
		if _, err := s.Table(t.Context(), by, Query{}); code(err) != "access.denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for method, by := range map[string]string{
		"Grouped": ByDay, "Airings": ByDay, "Facts": ByDay, "AiringFigures": ByDay, "Channels": ByChannel,
		"Places": ByArea,
	} {
		m, s := busy(t)
		m.fail[method] = errStore
		if _, err := s.Table(t.Context(), reviewer, Query{By: by}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestOwnTable: a teacher's own lessons, a school's own numbers for its staff,
// without hiding; nobody else's.
func TestOwnTable(t *testing.T) {
	left := people.Person{ID: "t1", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s2"}}}
	for _, x := range []struct {
		name string
		by   people.Person
		q    Query
		want string
	}{
		{"a teacher's lessons", teacher, Query{Teacher: "t1"}, "2020-04-13 2020-04-13 2 2; 0 0 0 map[]"},
		{"a teacher who moved", left, Query{Teacher: "t1"}, "2020-04-13 2020-04-13 2 2; 0 0 0 map[]"},
		{"another's lessons", teacher, Query{Teacher: "t2"}, "access.denied"},
		{"a teacher's school", teacher, Query{School: "s1"}, "2020-04-13 2020-04-13 2 2; 0 0 0 map[]"},
		{"a head's school", head, Query{School: "s1"}, "2020-04-13 2020-04-13 2 2; 0 0 0 map[]"},
		{"another school", head, Query{School: "s2"}, "access.denied"},
		{"the school that was left", left, Query{School: "s1"}, "access.denied"},
		{"everything", head, Query{}, "access.denied"},
		{"a student's", person("em", people.Student, "s1"), Query{Teacher: "em"}, "access.denied"},
		{"a student's school", person("em", people.Student, "s1"), Query{School: "s1"}, "access.denied"},
		{"anonymous", people.Person{}, Query{Teacher: ""}, "access.denied"},
		{"the department, which has another page", reviewer, Query{School: "s1"}, "access.denied"},
		{"a wrong group", head, Query{School: "s1", By: "x"}, "viewership.unknown_group"},
	} {
		m, s := newService(t)
		m.watched("l1", 13, "p:a", "p:b")
		if x.q.By == "" {
			x.q.By = ByDay
		}
		rows, all, err := s.OwnTable(t.Context(), x.by, x.q)
		got := lines(rows)
		if err != nil {
			got = code(err)
		}
		if got != x.want || err == nil && (all.WebViews != 2 || all.Mark != disclosure.Shown) {
			t.Errorf("%s: %s, %v", x.name, got, err)
		}
	}
}

// TestTableHides: few persons of a place are hidden with all their figures, and
// so is what would reveal them. Devices alone are no persons.
func TestTableHides(t *testing.T) {
	type audience map[string][]string // by lesson
	for _, x := range []struct {
		name string
		seen audience
		q    Query
		want string // rows as "key views mark", then the total's
	}{
		{"four persons of a school", audience{"l1": viewers("p:a", 4), "l2": viewers("p:b", 7),
			"l3": viewers("p:c", 9)},
			Query{By: BySchool}, "s3 9 | s1 0 small | s2 0 withheld | all 20"},
		{"its areas are not few", audience{"l1": viewers("p:a", 4), "l2": viewers("p:b", 7), "l3": viewers("p:c", 9)},
			Query{By: ByArea}, "P 20 | A 11 | B 9 | all 20"},
		{"five persons", audience{"l1": viewers("p:a", 5), "l3": viewers("p:c", 9)}, Query{By: BySchool},
			"s3 9 | s1 5 | all 14"},
		{"four devices", audience{"l1": viewers("d:a", 4), "l3": viewers("p:c", 9)}, Query{By: BySchool},
			"s3 9 | s1 4 | all 13"},
		{"a person among devices", audience{"l1": {"d:a", "p:b"}, "l3": viewers("p:c", 9)}, Query{By: BySchool},
			"s1 0 small | s3 0 withheld | all 0 withheld"},
		{"all that there is", audience{"l1": viewers("p:a", 4)}, Query{By: BySchool}, "s1 0 small | all 0 small"},
		{"all areas", audience{"l1": viewers("p:a", 4)}, Query{By: ByArea}, "P 0 small | A 0 small | all 0 small"},
		{"a school of no area", audience{"l4": viewers("p:a", 4), "l3": viewers("p:c", 9)}, Query{By: ByArea},
			"P 0 withheld | B 0 withheld |  0 withheld | all 0 withheld"},
		{"a sum that gives one away", audience{"l1": {"p:a"}, "l2": viewers("p:b", 5), "l3": viewers("p:c", 6)},
			Query{By: ByLesson, Area: "P"}, "l3 6 | l1 0 small | l2 0 withheld | all 0 withheld"},
		{"in its schools", audience{"l1": {"p:a"}, "l2": viewers("p:b", 5), "l3": viewers("p:c", 6)},
			Query{By: BySchool}, "s1 0 small | s2 0 withheld | s3 0 withheld | all 0 withheld"},
		{"one school by day", audience{"l1": viewers("p:a", 4)}, Query{By: ByDay, School: "s1"},
			"2020-04-13 0 small | all 0 small"},
		{"one area by lesson", audience{"l1": viewers("p:a", 4), "l2": viewers("p:b", 9)},
			Query{By: ByLesson, Area: "A"},
			"l1 0 small | l2 0 withheld | all 0 withheld"},
		{"the whole province by lesson", audience{"l1": viewers("p:a", 4)}, Query{By: ByLesson}, "l1 4 | all 4"},
	} {
		m, s := newService(t)
		for l, v := range x.seen {
			m.watched(l, 13, v...)
		}
		rows, all, err := s.TableAndTotal(t.Context(), reviewer, x.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		all.Key = "all"
		for _, r := range append(slices.Clone(rows), all) {
			got = append(got, strings.TrimSpace(fmt.Sprint(r.Key, " ", r.WebViews, " ", r.Mark)))
			if r.Mark != disclosure.Shown &&
				(r.WebViews+r.WebViewers+r.Completions+r.OfflineViews != 0 || r.WatchSeconds != 0) {
				t.Errorf("%s: a hidden row keeps its figures: %+v", x.name, r)
			}
		}
		if strings.Join(got, " | ") != strings.ReplaceAll(x.want, "|  0", "| 0") {
			t.Errorf("%s: %s\nwant %s", x.name, strings.Join(got, " | "), x.want)
		}
	}
}

// TestTableHidesNames: the contacts of few persons known by name are hidden in
// the tables of schools and areas alike, with the sum when it would reveal them.
func TestTableHidesNames(t *testing.T) {
	for _, x := range []struct {
		name  string
		named []int64 // by lesson l1 to l4
		q     Query
		want  string
	}{
		{"three of a school", []int64{3, 9, 20, 0}, Query{By: BySchool}, "s1 0 small | s2 0 withheld | s3 20 | all 32"},
		{"their area", []int64{3, 9, 20, 0}, Query{By: ByArea}, "A 12 | B 20 | P 32 | all 32"},
		{"a sum that gives one away", []int64{1, 5, 6, 0}, Query{By: BySchool},
			"s1 0 small | s2 0 withheld | s3 0 withheld | all 0 withheld"},
		{"in its areas", []int64{1, 5, 6, 0}, Query{By: ByArea}, "A 0 withheld | B 0 withheld | P 12 | all 12"},
		{"all that there are", []int64{3, 0, 0, 0}, Query{By: BySchool}, "s1 0 small | all 0 small"},
		{"of no area", []int64{0, 0, 9, 3}, Query{By: ByArea},
			" 0 withheld | B 0 withheld | P 0 withheld | all 0 withheld"},
		{"of no area, and not few", []int64{0, 0, 9, 8}, Query{By: ByArea}, " 8 | B 9 | P 9 | all 17"},
		{"one school", []int64{3, 9, 9, 0}, Query{By: ByDay, School: "s1"}, "2020-04-13 0 small | all 0 small"},
		{"a sum of two lessons", []int64{1, 5, 0, 0}, Query{By: ByLesson, Area: "A"},
			"l1 0 small | l2 0 withheld | all 0 withheld"},
		{"the whole province", []int64{3, 9, 0, 0}, Query{By: ByLesson}, "l1 3 | l2 9 | all 12"},
		{"equal numbers", []int64{1, 8, 8, 8}, Query{By: BySchool}, ""},
	} {
		first := ""
		for range 20 {
			m, s := newService(t)
			for i, n := range x.named {
				if n > 0 {
					lesson := fmt.Sprint("l", i+1)
					m.aired("a"+lesson, lesson, 13, schedule.Aired).CheckIns.Persons = n
				}
			}
			rows, all, err := s.TableAndTotal(t.Context(), reviewer, x.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			all.Key = "all"
			for _, r := range append(slices.Clone(rows), all) {
				h := r.identified()
				if h == nil {
					continue
				}
				got = append(got, strings.TrimSuffix(fmt.Sprint(r.Key, " ", h.Value, " ", h.Mark), " "))
				if _, there := r.Television[television.GradeA]; there != (h.Mark == disclosure.Shown) {
					t.Errorf("%s: %s: %v beside %+v", x.name, r.Key, r.Television, h)
				}
			}
			slices.Sort(got[:len(got)-1])
			text := strings.Join(got, " | ")
			if first == "" {
				first = text
			}
			if text != first {
				t.Fatalf("%s: two answers differ: %s and %s", x.name, first, text)
			}
		}
		if x.want != "" && first != x.want {
			t.Errorf("%s: %s\nwant %s", x.name, first, x.want)
		}
	}
}
