package viewership

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// TestLedger: a lesson's web figures, its airings and what is not known, side by side.
func TestLedger(t *testing.T) {
	m, s := newService(t)
	m.watched("l1", 13, "p:an", "d:1")
	m.watched("l1", 14, "p:an")
	m.watched("l2", 14, "p:an", "d:2")
	m.views[0].offline, m.views[1].embedded, m.views[2].incomplete = true, true, true
	m.exclusions = []playback.ExclusionTotal{
		{LessonID: "l1", Reason: playback.Robot, Sessions: 3}, {LessonID: "l1", Reason: playback.Robot, Sessions: 1},
		{LessonID: "l1", Reason: playback.OwnTeacher, Sessions: 2},
		{LessonID: "l2", Reason: playback.Robot, Sessions: 9},
	}
	m.downloads = 4
	a := m.aired("a1", "l1", 15, schedule.Aired)
	a.Figures = []television.Figure{figure(television.GradeE, television.Contacts, television.Persons, 1600)}
	m.aired("a2", "l2", 15, schedule.Aired)
	g, err := s.Ledger(t.Context(), reviewer, "l1", Range{})
	if err != nil {
		t.Fatal(err)
	}
	w := g.Web
	if w.Views != 3 || w.Viewers != 2 || w.Completions != 2 || w.OfflineViews != 1 || w.UnmatchedViews != 1 ||
		w.WatchSeconds != 180 || !slices.Equal(w.Rules, playback.Rules()) {
		t.Errorf("%+v", w)
	}
	if !maps.Equal(w.Excluded, map[string]int64{playback.Robot: 4, playback.OwnTeacher: 2}) {
		t.Errorf("excluded %v", w.Excluded)
	}
	if g.LessonID != "l1" || g.Downloads != 4 || len(g.Airings) != 1 || g.Airings[0].Airing.ID != "a1" ||
		g.Missing != nil || len(g.Headlines) != 1 || g.Headlines[0].Value != 1600 || g.Reach != nil {
		t.Errorf("%+v", g)
	}
	if g.Identified != (Identified{WebOnly: 1}) {
		t.Errorf("%+v", g.Identified)
	}
}

// TestLedgerMissing: no data is not zero; each gap is named once.
func TestLedgerMissing(t *testing.T) {
	_, s := newService(t)
	over, later := s.cfg.Now().Add(-1), s.cfg.Now()
	counted := []television.Figure{{State: television.Counted}}
	of := func(o schedule.Outcome, ends time.Time, f ...television.Figure) television.AiringFigures {
		return television.AiringFigures{Airing: schedule.Airing{Outcome: o, EndsAt: ends}, Figures: f}
	}
	for _, x := range []struct {
		name string
		in   []television.AiringFigures
		want string
	}{
		{"nothing", nil, "[]"},
		{"aired with figures", []television.AiringFigures{of(schedule.Aired, over, counted...)}, "[]"},
		{"aired twice without", []television.AiringFigures{of(schedule.Aired, over), of(schedule.Partial, over)},
			"[airing_without_figures]"},
		{"only a replaced figure",
			[]television.AiringFigures{of(schedule.Moved, over, television.Figure{State: television.Replaced})},
			"[airing_without_figures]"},
		{"over without as-run", []television.AiringFigures{of(schedule.Planned, over)}, "[airing_without_as_run]"},
		{"not over", []television.AiringFigures{of(schedule.Planned, later)}, "[]"},
		{"dropped", []television.AiringFigures{of(schedule.Dropped, over)}, "[]"},
		{"a figure waits",
			[]television.AiringFigures{of(schedule.Planned, over, television.Figure{State: television.Held})},
			"[airing_without_as_run figures_held]"},
	} {
		if got := fmt.Sprint(s.missing(x.in)); got != x.want {
			t.Errorf("%s: %s", x.name, got)
		}
	}
}

// TestLedgerReach: among the students of the lesson's grade, on the day of the
// last airing that happened.
func TestLedgerReach(t *testing.T) {
	m, s := newService(t)
	for _, id := range []string{"an", "binh", "chi", "dung", "giang"} {
		m.students = append(m.students, student{id, "c9", "s1", 9})
	}
	m.students = append(m.students, student{"khac", "c8", "s1", 8})
	m.watched("l1", 13, "p:an", "p:khac", "p:la", "d:1")
	a := m.aired("a1", "l1", 15, schedule.Aired)
	a.Figures = []television.Figure{figure(television.GradeE, television.Contacts, television.Households, 1)}
	m.aired("a2", "l1", 16, schedule.Dropped)
	m.named = map[string][]string{"a1": {"an", "binh"}, "a2": {"chi"}}
	g, err := s.Ledger(t.Context(), reviewer, "l1", Range{2, 3})
	if err != nil || g.Reach == nil {
		t.Fatalf("%+v, %v", g, err)
	}
	r := g.Reach
	if r.Population != 5 || r.Identified != (Identified{TelevisionOnly: 1, Both: 1}) || r.Low != 2 || r.High != 5 ||
		r.Unbounded || g.Identified != (Identified{TelevisionOnly: 1, WebOnly: 2, Both: 1}) {
		t.Errorf("%+v, %+v", r, g.Identified)
	}
	if fmt.Sprint(m.rosterDays) != "[2020-04-15 2020-04-15]" {
		t.Errorf("rosters of %v", m.rosterDays)
	}
	m.airings, m.rosterDays = nil, nil
	if _, err = s.Ledger(t.Context(), reviewer, "l1", Range{}); err != nil || m.rosterDays[0] != "2020-04-20" {
		t.Errorf("never on air: rosters of %v, %v", m.rosterDays, err)
	}
	m, s = newService(t, func(c *Config) { c.Classes, c.Downloads = nil, nil })
	m.watched("l1", 13, "p:an")
	m.downloads = 4
	g, err = s.Ledger(t.Context(), reviewer, "l1", Range{})
	if err != nil || g.Reach != nil || g.Identified != (Identified{WebOnly: 1}) || g.Downloads != 0 {
		t.Errorf("without classes: %+v, %v", g, err)
	}
}

func TestLedgerRefused(t *testing.T) {
	for name, x := range map[string]struct {
		by     people.Person
		lesson string
		want   string
	}{
		"anonymous":   {people.Person{}, "l1", "access.denied"},
		"student":     {person("em", people.Student, "s1"), "l1", "access.denied"},
		"its teacher": {teacher, "l1", ""}, "another teacher": {teacher, "l2", "access.denied"},
		"its head": {head, "l1", ""}, "another head": {head, "l2", "access.denied"}, "station": {station, "l1", ""},
		"reviewer": {reviewer, "l1", ""}, "administrator": {admin, "l1", ""},
		"no lesson": {reviewer, "l9", "lesson.not_found"},
	} {
		_, s := newService(t)
		if _, err := s.Ledger(t.Context(), x.by, x.lesson, Range{}); code(err) != x.want {
			t.Errorf("%s, ledger: %v", name, err)
		}
		if _, err := s.Retention(t.Context(), x.by, x.lesson); code(err) != x.want {
			t.Errorf("%s, retention: %v", name, err)
		}
		if _, err := s.ReachOf(t.Context(), x.by, x.lesson, nil, Range{}); code(err) != x.want {
			t.Errorf("%s, reach: %v", name, err)
		}
	}
	for _, method := range []string{
		"Grouped", "Exclusions", "CountDownloads", "Airings", "AiringFigures", "Audience", "NamedPersons", "Population",
		"OnRosters",
	} {
		m, s := newService(t)
		m.students = []student{{"an", "c9", "s1", 9}}
		m.fail[method] = errStore
		if _, err := s.Ledger(t.Context(), reviewer, "l1", Range{}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestRetention: the share of viewers whose union over all days covers a bin, and
// the plays of all.
func TestRetention(t *testing.T) {
	m, s := newService(t)
	m.coverage["pkg1"] = []playback.Credit{
		{Viewer: "a", Coverage: playback.Spans{{From: 0, To: 500}}, Heat: []int32{1}},
		{Viewer: "a", Coverage: playback.Spans{{From: 500, To: 2000}}, Heat: []int32{1, 2, 0, 0, 9}}, // a day later
		{Viewer: "b", Coverage: playback.Spans{{From: 0, To: 1000}}, Heat: []int32{3}},
		{Viewer: "c"}, // of whom nothing is left
		{Viewer: "d", Coverage: playback.Spans{{From: 3000, To: 4000}}},
		{Viewer: "e", Coverage: playback.Spans{{From: 0, To: 600}}},
	}
	got, err := s.Retention(t.Context(), teacher, "l1")
	want := []Bin{{0, 1, 2, 5, 0.5}, {1, 2, 1, 2, 0.25}, {2, 3, 0, 0, 0}, {3, 4, 1, 0, 0.25}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = s.Retention(t.Context(), reviewer, "l2")
	if err != nil || len(got) != 4 || got[0] != (Bin{From: 0, To: 1}) {
		t.Errorf("nobody watched: %+v, %v", got, err)
	}
	l := m.lessons["l1"]
	l.Media.Duration = 1.5
	m.lessons["l1"] = l
	if got, err = s.Retention(t.Context(), teacher, "l1"); err != nil || len(got) != 2 || got[1].To != 1.5 {
		t.Errorf("a short last bin: %+v, %v", got, err)
	}
	m.fail["Coverage"] = errStore
	if _, err = s.Retention(t.Context(), teacher, "l1"); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
	for _, change := range []func(){func() { l.Media.PackageID = "" }, func() { l.Media.Duration = 0 }} {
		l = m.lessons["l3"]
		change()
		m.lessons["l1"] = l
		if got, err = s.Retention(t.Context(), reviewer, "l1"); err != nil || got != nil {
			t.Errorf("nothing to play: %+v, %v", got, err)
		}
	}
}

// TestExclusionReport: by lesson, most first, and by reason in total; never of
// one school, area or teacher.
func TestExclusionReport(t *testing.T) {
	m, s := newService(t)
	m.exclusions = []playback.ExclusionTotal{
		{LessonID: "l1", Reason: playback.Robot, Sessions: 1}, {LessonID: "l2", Reason: playback.Robot, Sessions: 2},
		{LessonID: "l2", Reason: playback.Unpublished, Sessions: 3},
		{LessonID: "gone", Reason: playback.Robot, Sessions: 1},
		{LessonID: "l3", Reason: playback.Robot, Sessions: 1}, {LessonID: "l4", Reason: playback.FlaggedViewer},
	}
	q := Query{From: at(1), To: at(30), School: "s1", Area: "A", Lesson: "l1", Teacher: "t1",
		Channel: "tv1", By: BySchool}
	x, err := s.ExclusionReport(t.Context(), reviewer, q)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range x.Lessons {
		got = append(got, fmt.Sprint(l.ID, " ", l.Title, " ", l.Sessions, " ", l.Reasons))
	}
	want := "l2 Bài 2 5 map[robot:2 unpublished:3], l1 Bài 1 1 map[robot:1], l3 Bài 3 1 map[robot:1], " +
		"gone gone 1 map[robot:1], l4 Bài 4 0 map[flagged:0]"
	if strings.Join(got, ", ") != want || x.Sessions != 8 ||
		!maps.Equal(x.Reasons, map[string]int64{playback.Robot: 5, playback.Unpublished: 3}) {
		t.Errorf("%+v", x)
	}
	period := playback.Scope{From: "2020-04-01", To: "2020-04-30"}
	if got := m.scopes[0]; !reflect.DeepEqual(got, period) {
		t.Errorf("%+v", got)
	}
	q = Query{Subject: "toan", Grade: 9}
	if x, err = s.ExclusionReport(t.Context(), admin, q); err != nil || x.Sessions != 2 {
		t.Errorf("%+v, %v", x, err)
	}
	_, err = s.ExclusionReport(t.Context(), admin, Query{From: at(2), To: at(2)})
	if code(err) != "viewership.bad_period" {
		t.Errorf("%v", err)
	}
	for name, by := range outsiders() {
		if _, err = s.ExclusionReport(t.Context(), by, Query{}); code(err) != "access.denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, method := range []string{"Exclusions", "Facts"} {
		m.fail = map[string]error{method: errStore}
		if _, err = s.ExclusionReport(t.Context(), admin, Query{}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

func TestNewRequires(t *testing.T) {
	for name, drop := range map[string]func(*Config){
		"Reader":     func(c *Config) { c.Reader = nil },
		"Television": func(c *Config) { c.Television = nil },
		"Reports":    func(c *Config) { c.Reports = nil },
		"Lessons":    func(c *Config) { c.Lessons = nil },
		"Schedule":   func(c *Config) { c.Schedule = nil },
		"Location":   func(c *Config) { c.Location = nil },
		"Now":        func(c *Config) { c.Now = nil },
		"NewID":      func(c *Config) { c.NewID = nil },
		"Atomic":     func(c *Config) { c.Atomic = nil },
		"Audit":      func(c *Config) { c.Audit = nil },
		"ReportKey":  func(c *Config) { c.ReportKey = make(ed25519.PrivateKey, ed25519.PrivateKeySize-1) },
	} {
		c := newMemory().config()
		drop(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
