package viewership

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

var (
	hanoi    = time.FixedZone("ICT", 7*3600)
	errStore = errors.New("store fails")
)

// at is the beginning of a day of April 2020.
func at(day int) time.Time { return time.Date(2020, 4, day, 0, 0, 0, 0, hanoi) }

// view is one viewer's credit of a lesson on a day.
type view struct {
	lesson, day, viewer           string
	watch                         int64
	offline, embedded, incomplete bool
}

// memory is a province: area "P" with "A" (schools s1, s2) and "B" (school s3)
// in it, and school s4 in no area. Lesson lN is of school sN and teacher tN; l1
// and l2 are of grade 9, l3 and l4 of grade 8; l1 and l3 teach toan, the others
// van. It is 20 April, noon. fail holds an error for the method of that name.
type memory struct {
	*onAir
	places     Places
	lessons    map[string]lesson.Lesson
	views      []view
	exclusions []playback.ExclusionTotal
	coverage   map[string][]playback.Credit
	downloads  int64
	students   []student
	classes    map[string]school.Class
	reports    []Report
	audit      []audit.Entry
	scopes     []playback.Scope // that were read
	rosterDays []string
	fail       map[string]error
	ids        int
	now        time.Time
}

// student is on the roster of a class.
type student struct {
	id, class, school string
	grade             int
}

func newMemory() *memory {
	m := &memory{
		lessons: map[string]lesson.Lesson{}, coverage: map[string][]playback.Credit{}, fail: map[string]error{},
		classes: map[string]school.Class{}, now: at(20).Add(12 * time.Hour),
	}
	m.onAir = &onAir{m: m}
	m.places.Areas = []school.Area{
		{ID: "P", Name: "Tỉnh"}, {ID: "A", Parent: "P", Name: "Xã A"}, {ID: "B", Parent: "P", Name: "Xã B"},
	}
	for i, area := range []string{"A", "A", "B", ""} {
		n := strconv.Itoa(i + 1)
		m.places.Schools = append(m.places.Schools, school.School{
			ID: "s" + n, Name: "Trường " + n, AreaID: area, Level: school.LowerSecondary,
		})
		m.lessons["l"+n] = lesson.Lesson{
			ID: "l" + n, Title: "Bài " + n, TeacherID: "t" + n, SchoolID: "s" + n, Grade: 9 - i/2,
			Subject: []string{"toan", "van"}[i%2], Status: lesson.Published,
			Media: lesson.Media{Playable: true, PackageID: "pkg" + n, Duration: 4},
		}
	}
	return m
}

// watched adds a view of a lesson on a day of April for each viewer, of 60 s each.
func (m *memory) watched(lessonID string, day int, viewers ...string) {
	for _, v := range viewers {
		m.views = append(m.views, view{lesson: lessonID, day: at(day).Format(time.DateOnly), viewer: v, watch: 60_000})
	}
}

// viewers are n persons, or with "d:" devices.
func viewers(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

func (m *memory) school(id string) school.School {
	i := slices.IndexFunc(m.places.Schools, func(s school.School) bool { return s.ID == id })
	return m.places.Schools[i]
}

// within reports whether a lesson is in a scope.
func (m *memory) within(l lesson.Lesson, s playback.Scope) bool {
	line := m.places.ancestors()[m.school(l.SchoolID).AreaID]
	return (s.Lesson == "" || s.Lesson == l.ID) && (s.Subject == "" || s.Subject == l.Subject) &&
		(s.Grade == 0 || s.Grade == l.Grade) && (s.School == "" || s.School == l.SchoolID) &&
		(s.Teacher == "" || s.Teacher == l.TeacherID) && (s.Area == "" || slices.Contains(line, s.Area))
}

// in gives the views of a scope.
func (m *memory) in(s playback.Scope) (out []view) {
	m.scopes = append(m.scopes, s)
	for _, v := range m.views {
		if v.day >= s.From && (s.To == "" || v.day < s.To) && m.within(m.lessons[v.lesson], s) &&
			(s.Among == nil || slices.Contains(s.Among, strings.TrimPrefix(v.viewer, playback.PersonPrefix))) {
			out = append(out, v)
		}
	}
	return out
}

func sum(key string, list []view, mark bool) playback.Sums {
	x := playback.Sums{Key: key}
	set := map[string]bool{}
	persons := false
	for _, v := range list {
		x.Views++
		x.Watch += v.watch
		set[v.viewer] = true
		persons = persons || strings.HasPrefix(v.viewer, playback.PersonPrefix)
		for n, is := range map[*int64]bool{
			&x.OfflineViews: v.offline, &x.UnmatchedViews: v.embedded, &x.Completions: !v.incomplete,
		} {
			if is {
				*n++
			}
		}
	}
	x.Viewers = int64(len(set))
	x.HasPersons = mark && persons && x.Viewers < 5
	return x
}

func sums(groups map[string][]view, mark bool) (out []playback.Sums) {
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, sum(k, groups[k], mark))
	}
	return out
}

func (m *memory) Grouped(_ context.Context, by string, s playback.Scope) ([]playback.Sums, playback.Sums, error) {
	list := m.in(s)
	groups, schools := map[string][]view{}, map[string]map[string][]view{}
	for _, v := range list {
		l := m.lessons[v.lesson]
		area := m.school(l.SchoolID).AreaID
		keys := []string{""}
		switch by {
		case ByLesson:
			keys = []string{l.ID}
		case ByDay:
			keys = []string{v.day}
		case BySubject:
			keys = []string{l.Subject}
		case ByGrade:
			keys = []string{strconv.Itoa(l.Grade)}
		case ByArea:
			if line := m.places.ancestors()[area]; len(line) > 0 {
				keys = line
			}
			if schools[area] == nil {
				schools[area] = map[string][]view{}
			}
			schools[area][l.SchoolID] = append(schools[area][l.SchoolID], v)
		case ungrouped:
		default:
			return nil, playback.Sums{}, fmt.Errorf("grouped by %q", by)
		}
		for _, k := range keys {
			groups[k] = append(groups[k], v)
		}
	}
	out := sums(groups, s.MarkPersons)
	for i := range out {
		out[i].Schools = sums(schools[out[i].Key], s.MarkPersons)
	}
	return out, sum("", list, s.MarkPersons), m.fail["Grouped"]
}

func (m *memory) Exclusions(_ context.Context, s playback.Scope) (out []playback.ExclusionTotal, _ error) {
	m.scopes = append(m.scopes, s)
	for _, x := range m.exclusions {
		if l, ok := m.lessons[x.LessonID]; !ok || m.within(l, s) {
			out = append(out, x)
		}
	}
	return out, m.fail["Exclusions"]
}

func (m *memory) Coverage(_ context.Context, packageID string, fn func(playback.Credit) error) error {
	for _, c := range m.coverage[packageID] {
		if err := fn(c); err != nil {
			return err
		}
	}
	return m.fail["Coverage"]
}

func (m *memory) Facts(_ context.Context, ids []string, s playback.Scope) (map[string]playback.LessonFacts, error) {
	out := map[string]playback.LessonFacts{}
	for id, l := range m.lessons {
		if ids != nil && !slices.Contains(ids, id) || !m.within(l, s) {
			continue
		}
		sc := m.school(l.SchoolID)
		out[id] = playback.LessonFacts{
			ID: id, Title: l.Title, Subject: l.Subject, SubjectName: "Môn " + l.Subject, School: sc.ID,
			SchoolName: sc.Name,
			Area:       sc.AreaID, Grade: l.Grade,
		}
	}
	return out, m.fail["Facts"]
}

func (m *memory) Audience(_ context.Context, s playback.Scope) (Audience, error) {
	a, all := Audience{Persons: map[string]bool{}}, map[string]bool{}
	for _, v := range m.in(s) {
		all[v.viewer] = true
		if id, ok := strings.CutPrefix(v.viewer, playback.PersonPrefix); ok {
			a.Persons[id] = true
		}
	}
	if s.Lesson == "" && s.Among == nil {
		a.Viewers = int64(len(all))
	}
	return a, m.fail["Audience"]
}

// roster gives the students of a scope.
func (m *memory) roster(o school.Scope) (out []string) {
	m.rosterDays = append(m.rosterDays, o.Day)
	for _, s := range m.students {
		line := m.places.ancestors()[m.school(s.school).AreaID]
		if (o.Grade == 0 || o.Grade == s.grade) && (o.Area == "" || slices.Contains(line, o.Area)) {
			out = append(out, s.id)
		}
	}
	return out
}

func (m *memory) OnRosters(_ context.Context, o school.Scope, television, web map[string]bool) (Identified, error) {
	roster := m.roster(o)
	return Overlap(intersect(roster, television), intersect(roster, web)), m.fail["OnRosters"]
}

func (m *memory) Places(context.Context) (Places, error) { return m.places, m.fail["Places"] }

func (m *memory) CountDownloads(context.Context, playback.Scope) (int64, error) {
	return m.downloads, m.fail["CountDownloads"]
}

func (m *memory) SchoolViews(_ context.Context, s playback.Scope) (map[string]SchoolViews, error) {
	out, seen := map[string]SchoolViews{}, map[string]bool{}
	for _, v := range m.in(s) {
		id := m.lessons[v.lesson].SchoolID
		x := out[id]
		x.Views++
		if !seen[v.lesson] {
			seen[v.lesson], x.Lessons = true, x.Lessons+1
		}
		out[id] = x
	}
	return out, m.fail["SchoolViews"]
}

func (m *memory) SchoolStudents(
	_ context.Context, day string, grade int, reached map[string]bool,
) (map[string]SchoolStudents, error) {
	m.rosterDays = append(m.rosterDays, day)
	out := map[string]SchoolStudents{}
	for _, s := range m.students {
		if grade != 0 && grade != s.grade {
			continue
		}
		x := out[s.school]
		if x.Students++; reached[s.id] {
			x.Reached++
		}
		out[s.school] = x
	}
	return out, m.fail["SchoolStudents"]
}

func (m *memory) config() Config {
	return Config{
		Reader: m, Downloads: m, Television: m, Classes: rosters{nil, m}, Participation: m, Reports: m,
		ReportKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Lessons: m, Schedule: m.onAir,
		Location: hanoi, Now: func() time.Time { return m.now }, Atomic: m, Audit: m,
		NewID: func() string { m.ids++; return fmt.Sprintf("id%d", m.ids) },
	}
}

func newService(t *testing.T, change ...func(*Config)) (*memory, *Service) {
	t.Helper()
	m := newMemory()
	c := m.config()
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func person(id string, r people.Role, school string) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: r, School: school}}}
}

var (
	reviewer = person("so", people.Reviewer, "")
	admin    = person("quan", people.Admin, "")
	station  = person("dai", people.Station, "")
	head     = person("hieu", people.Head, "s1")
	teacher  = person("t1", people.Teacher, "s1")
)

// outsiders may not read the province's figures.
func outsiders() map[string]people.Person {
	return map[string]people.Person{
		"anonymous": {}, "student": person("em", people.Student, "s1"), "teacher": teacher, "head": head,
		"station":           station,
		"inactive reviewer": {ID: "cu", Grants: []people.Grant{{Role: people.Reviewer}}},
	}
}

// code is the fault's code, or "".
func code(err error) string {
	if e := fault.As(err); e != nil {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
