package storetest

import (
	"math"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// BadBeats: each bad heartbeat is refused with its own code, does not affect the others, and changes no figure.
func BadBeats(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 60)
	h.teach(t, "m", 60)
	o := h.open(t, playback.OpenRequest{LessonID: "l"})
	other := h.open(t, playback.OpenRequest{LessonID: "m"})
	grant := h.open(t, playback.OpenRequest{LessonID: "l", Offline: true})
	h.pass(time.Hour)
	text, _, _ := strings.Cut(other.Token, ".")
	_, sig, _ := strings.Cut(o.Token, ".")
	num := func(x float64) *float64 { return &x }
	played := func(iv ...playback.Interval) []playback.Interval { return iv }
	cases := []struct {
		name, code string
		beat       playback.Heartbeat
	}{
		{"no token", playback.BadToken, playback.Heartbeat{}},
		{"another lesson's words under this signature", playback.BadToken, playback.Heartbeat{Token: text + "." + sig}},
		{"cut short", playback.BadToken, playback.Heartbeat{Token: o.Token[:len(o.Token)-2]}},
		{"huge", playback.BadToken, playback.Heartbeat{Token: strings.Repeat("a", 100_000)}},
		{"NaN", playback.BadInterval, playback.Heartbeat{Token: o.Token,
			Played: played(playback.Interval{math.NaN(), 1})}},
		{"infinite", playback.BadInterval,
			playback.Heartbeat{Token: o.Token, Played: played(playback.Interval{0, math.Inf(1)})}},
		{"negative", playback.BadInterval,
			playback.Heartbeat{Token: o.Token, Played: played(playback.Interval{-0.1, 1})}},
		{"inverted", playback.BadInterval, playback.Heartbeat{Token: o.Token, Played: played(playback.Interval{5, 4})}},
		{"beyond the end", playback.BeyondEnd,
			playback.Heartbeat{Token: o.Token, Played: played(playback.Interval{0, 61.1})}},
		{"negative seconds", playback.BadSeconds, playback.Heartbeat{Token: o.Token, Seconds: num(-1)}},
		{"NaN seconds", playback.BadSeconds, playback.Heartbeat{Token: o.Token, Seconds: num(math.NaN())}},
		{"huge seconds", playback.BadSeconds, playback.Heartbeat{Token: o.Token, Seconds: num(1e12)}},
		{"NaN position", playback.BadNumber, playback.Heartbeat{Token: o.Token, Position: math.NaN()}},
		{"too many intervals", playback.TooManyPieces,
			playback.Heartbeat{Token: o.Token, Played: make([]playback.Interval, 2001)}},
		{"heat below nothing", playback.BadNumber, playback.Heartbeat{Token: o.Token, Heat: []int{-1}}},
		{"a run without a grant", playback.BadRun, playback.Heartbeat{Token: o.Token, Run: "r"}},
		{"a grant without a run", playback.BadRun, playback.Heartbeat{Token: grant.Token, StartedAt: h.Now()}},
		{"a run's odd name", playback.BadRun, playback.Heartbeat{Token: grant.Token, Run: "r'1", StartedAt: h.Now()}},
		{"a run that began after 30 days", playback.Expired,
			playback.Heartbeat{Token: grant.Token, Run: "r", StartedAt: h.Now().Add(31 * 24 * time.Hour)}},
	}
	for _, c := range cases {
		if c.code == playback.Expired {
			h.pass(32 * 24 * time.Hour)
		}
		r, err := h.svc.Beat(bg, []playback.Heartbeat{c.beat})
		if !fault.Is(err, c.code) || fault.KindOf(err) != fault.Invalid || r.Accepted != 0 {
			t.Errorf("%s: %+v %v, want %s", c.name, r, err, c.code)
		}
	}
	if r, err := h.svc.Beat(bg, []playback.Heartbeat{{Token: o.Token}}); !fault.Is(err, playback.Expired) {
		t.Errorf("a month later: %+v %v", r, err)
	}
	fresh := h.open(t, playback.OpenRequest{LessonID: "l"})
	h.pass(time.Hour)
	good := playback.Heartbeat{Token: fresh.Token, Played: played(playback.Interval{0, 60.9})}
	inverted := playback.Heartbeat{Token: fresh.Token, Played: played(playback.Interval{5, 4})}
	r, err := h.svc.Beat(bg, []playback.Heartbeat{cases[0].beat, good, inverted})
	if err != nil || r.Accepted != 1 || r.Refused != 2 || r.Reasons[0] != playback.BadToken ||
		r.Reasons[1] != playback.BadInterval {
		t.Errorf("among bad ones: %+v %v", r, err)
	}
	if _, err := h.svc.Beat(bg, nil); !fault.Is(err, "heartbeat.empty") {
		t.Errorf("none: %v", err)
	}
	if _, err := h.svc.Beat(bg, make([]playback.Heartbeat, 101)); !fault.Is(err, "heartbeat.too_many") {
		t.Errorf("101: %v", err)
	}
	if w := h.ledger(t, "l").Web; w.Views != 1 || w.Completions != 1 || w.WatchSeconds != 60 {
		t.Errorf("%+v", w)
	}
	h.openRefusals(t)
}

func (h *harness) openRefusals(t *testing.T) {
	teacher := people.Person{ID: "teacher-d", Active: true,
		Grants: []people.Grant{{Role: people.Teacher, School: "school-1"}}}
	h.teach(t, "d", 60, func(l *lesson.Lesson) { l.Status = lesson.Draft })
	h.teach(t, "n", 60, func(l *lesson.Lesson) {
		l.TeacherID, l.Media.PackageID,
			l.Media.Playable = "teacher-d", "", false
	})
	for _, c := range []struct {
		lesson string
		by     people.Person
		code   string
	}{
		{"none", people.Person{}, "lesson.not_found"},
		{"d", people.Person{}, "lesson.not_found"},
		{"d", people.Person{ID: "x", Active: true}, "access.denied"},
		{"n", teacher, "lesson.not_playable"},
	} {
		if _, err := h.svc.Open(bg, playback.OpenRequest{LessonID: c.lesson, Person: c.by}); !fault.Is(err, c.code) {
			t.Errorf("%s: %v, want %s", c.lesson, err, c.code)
		}
	}
	own := h.open(t, playback.OpenRequest{LessonID: "d", Person: teacher})
	h.pass(time.Hour)
	h.beat(t, own.Token, 0, 60)
	if w := h.ledger(t, "d").Web; w.Views != 0 || w.Excluded[playback.OwnTeacher] != 1 {
		t.Errorf("own lesson: %+v", w)
	}
}

// TelevisionFigures: figures are appended, corrected by replacement, held until the as-run log confirms the airing, and
// never added across grades or units.
func TelevisionFigures(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c1", "l", -2*time.Hour)
	h.onAir(t, "a2", "c1", "l", -time.Hour)
	h.onAir(t, "a3", "c2", "l", -time.Hour)
	h.onAir(t, "a4", "c2", "l", +time.Hour)
	e := television.Figure{AiringID: "a1", Metric: television.Contacts, Value: 1600, Unit: television.Plays,
		Grade: television.GradeE, Source: "Phiếu của đài"}
	if _, err := h.svc.AddFigure(bg, people.Person{}, e); !fault.Is(err, "access.denied") {
		t.Fatal(err)
	}
	held, err := h.svc.AddFigure(bg, station, e)
	if err != nil || held.State != television.Held {
		t.Fatalf("%+v %v", held, err)
	}
	g := h.ledger(t, "l")
	if len(g.Headlines) != 0 || g.Airings[0].Figures[0].State != television.Held || len(g.Missing) != 2 {
		t.Fatalf("held figures do not count: %+v", g)
	}
	h.report(t, "a1", schedule.Aired)
	if g = h.ledger(t, "l"); len(g.Headlines) != 1 ||
		g.Headlines[0] != (television.Headline{Grade: "E", Unit: "plays", Value: 1600, Airings: 1}) {
		t.Fatalf("%+v", g.Headlines)
	}
	if _, err := h.svc.AddFigure(bg, station, e); !fault.Is(err, "figure.already_there") {
		t.Fatalf("twice: %v", err)
	}
	e.Value, e.Replaces = 1700, held.ID
	better, err := h.svc.AddFigure(bg, station, e)
	ok(t, err)
	if _, err := h.svc.AddFigure(bg, station, e); !fault.Is(err, "figure.already_replaced") {
		t.Fatalf("replaced twice: %v", err)
	}
	h.report(t, "a2", schedule.Partial)
	h.report(t, "a3", schedule.Dropped)
	e.Replaces = ""
	for id, want := range map[string]string{"a3": "airing.did_not_happen", "a4": "airing.not_started",
		"none": "airing.not_found"} {
		e.AiringID = id
		if _, err := h.svc.AddFigure(bg, station, e); !fault.Is(err, want) {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
	for _, d := range []television.Figure{
		{AiringID: "a2", Metric: television.Contacts, Value: 300, Unit: television.Households, Grade: television.GradeD,
			Source: "IPTV 1"},
		{AiringID: "a2", Metric: television.Contacts, Value: 200, Unit: television.Households, Grade: television.GradeD,
			Source: "IPTV 2"},
		{AiringID: "a2", Metric: television.Contacts, Value: 50, Unit: television.Persons, Grade: television.GradeD,
			Source: "IPTV 3"},
		{AiringID: "a2", Metric: television.AverageAudience, Value: 99.5, Unit: television.Households,
			Grade: television.GradeD, Source: "IPTV 1"},
	} {
		if _, err := h.svc.AddFigure(bg, station, d); err != nil {
			t.Fatal(err)
		}
	}
	g = h.ledger(t, "l")
	same(t, g.Headlines, []television.Headline{{Grade: "D", Unit: "households", Value: 500, Airings: 1},
		{Grade: "D", Unit: "persons", Value: 50, Airings: 1}})
	if a := g.Airings[0]; a.Airing.ID != "a1" || a.Figures[0].ID != better.ID ||
		a.Figures[1].State != television.Replaced || a.Figures[1].ReplacedBy != better.ID {
		t.Fatalf("%+v", a)
	}
	badFigures(t, h)
}

func badFigures(t *testing.T, h *harness) {
	good := television.Figure{AiringID: "a2", Metric: television.Contacts, Value: 1, Unit: television.Plays,
		Grade: television.GradeE, Source: "x"}
	for name, change := range map[string]func(*television.Figure){
		"metric": func(f *television.Figure) { f.Metric = "views" },
		"value":  func(f *television.Figure) { f.Value = -1 },
		"unit":   func(f *television.Figure) { f.Metric, f.Value = television.AverageAudience, 1.5 },
		"grade":  func(f *television.Figure) { f.Grade = "F" },
		"source": func(f *television.Figure) { f.Source = "  " },
		"method": func(f *television.Figure) { f.Grade = television.GradeC },
	} {
		f := good
		change(&f)
		_, err := h.svc.AddFigure(bg, station, f)
		if !fault.Is(err, "figure.invalid") || fault.As(err).Fields[0].Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), 1e9, 0.5} {
		f := good
		f.Value = v
		if _, err := h.svc.AddFigure(bg, station, f); !fault.Is(err, "figure.invalid") {
			t.Errorf("%v: %v", v, err)
		}
	}
}

// Tables: web and television figures side by side, for every grouping.
func Tables(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	h.teach(t, "m", 600, func(l *lesson.Lesson) { l.Grade, l.Subject = 5, "tieng-viet" })
	v := h.open(t, playback.OpenRequest{LessonID: "l"})
	o := h.open(t, playback.OpenRequest{LessonID: "m", Viewer: v.Viewer})
	h.pass(2 * time.Minute)
	h.beat(t, v.Token, 0, 60)
	h.beat(t, o.Token, 0, 60)
	h.onAir(t, "a1", "c1", "l", -time.Hour)
	h.onAir(t, "a2", "c1", "l", time.Hour)
	h.report(t, "a1", schedule.Aired)
	day := time.Date(2020, 4, 13, 0, 0, 0, 0, hanoi)
	period := func(by string) viewership.Query {
		return viewership.Query{From: day, To: day.AddDate(0, 0, 1), By: by}
	}
	table := func(q viewership.Query) []viewership.Row {
		rows, err := h.svc.Table(bg, department, q)
		ok(t, err)
		return rows
	}
	rows := table(period(viewership.ByLesson))
	if len(rows) != 2 || rows[0].Label != "Bài l" || rows[0].WebViews != 1 || rows[0].Airings != 1 ||
		rows[0].AiringsNoData != 1 ||
		rows[0].AiringsPlanned != 1 || rows[1].Airings != 0 || rows[0].WatchSeconds != 60 {
		t.Fatalf("%+v", rows)
	}
	_, err := h.svc.AddFigure(bg, station, television.Figure{AiringID: "a1", Metric: television.Contacts, Value: 5700,
		Unit: television.Plays, Grade: television.GradeE, Source: "đài"})
	ok(t, err)
	for by, want := range map[string]int{
		viewership.ByLesson: 2, viewership.ByDay: 1, viewership.BySubject: 2, viewership.ByGrade: 2,
		viewership.BySchool:  1,
		viewership.ByChannel: 1, viewership.ByAll: 1, "": 2,
	} {
		rows := table(period(by))
		var tv float64
		var views int64
		for _, r := range rows {
			tv += r.Television[television.GradeE]
			views += r.WebViews
		}
		if len(rows) != want || tv != 5700 || views != 2 && by != viewership.ByChannel {
			t.Errorf("by %q: %+v", by, rows)
		}
	}
	if r := table(period(viewership.ByAll))[0]; r.WebViewers != 1 || r.WebViews != 2 {
		t.Errorf("one viewer of two lessons: %+v", r)
	}
	if r := table(viewership.Query{Grade: 5}); len(r) != 1 || r[0].Key != "m" {
		t.Errorf("grade 5: %+v", r)
	}
	if r := table(viewership.Query{Channel: "c1"}); len(r) != 1 || r[0].Key != "l" {
		t.Errorf("channel: %+v", r)
	}
	if r := table(viewership.Query{From: day.AddDate(0, 0, 1)}); len(r) != 0 {
		t.Errorf("the next day: %+v", r)
	}
	for code, q := range map[string]viewership.Query{
		"viewership.unknown_group": {By: "moon"}, "viewership.bad_period": {From: day, To: day},
	} {
		if _, err := h.svc.Table(bg, department, q); !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := h.svc.Table(bg, station, viewership.Query{}); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
}

// Downloads: a device that saves a lesson counts once; what it plays offline is counted on delivery, for the day on
// which it was played.
func Downloads(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	// its clock is five hours ahead
	phone := h.open(t, playback.OpenRequest{LessonID: "l", Offline: true, SentAt: h.Now().Add(5 * time.Hour)})
	h.open(t, playback.OpenRequest{LessonID: "l", Offline: true, Viewer: phone.Viewer})
	h.open(t, playback.OpenRequest{LessonID: "l", Offline: true})
	h.open(t, playback.OpenRequest{LessonID: "l"})
	played := h.Now().Add(15 * time.Hour) // 23:00; the phone says 04:00 the next day
	h.pass(10 * 24 * time.Hour)
	run := playback.Heartbeat{Token: phone.Token, Run: "r1", StartedAt: played.Add(5 * time.Hour),
		Played: []playback.Interval{{0, 40}}}
	for range 2 {
		if _, err := h.svc.Beat(bg, []playback.Heartbeat{run}); err != nil {
			t.Fatal(err)
		}
	}
	g := h.ledger(t, "l")
	if g.Downloads != 2 || g.Web.Views != 1 || g.Web.OfflineViews != 1 {
		t.Fatalf("%+v", g)
	}
	rows, err := h.svc.Table(bg, department, viewership.Query{By: viewership.ByDay})
	ok(t, err)
	if len(rows) != 1 || rows[0].Key != "2020-04-13" || rows[0].OfflineViews != 1 {
		t.Fatalf("%+v", rows)
	}
}

// SharedDevice: after the person who saved a lesson has signed out, views of it count for the device; saving it was
// one download.
func SharedDevice(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	student := people.Person{ID: "hs1", Active: true, Grants: []people.Grant{{Role: people.Student}}}
	kept := h.open(t, playback.OpenRequest{LessonID: "l", Offline: true, Person: student})
	if kept.DeviceToken == "" || kept.DeviceToken == kept.Token || kept.PackageID == "" {
		t.Fatalf("%+v", kept)
	}
	if o := h.open(t, playback.OpenRequest{LessonID: "l", Offline: true}); o.DeviceToken != "" {
		t.Error("nobody signed in has a grant of a person's")
	}
	if o := h.open(t, playback.OpenRequest{LessonID: "l", Person: student}); o.DeviceToken != "" {
		t.Error("a visit online has a grant")
	}
	h.pass(time.Hour)
	run := func(token, name string) playback.Heartbeat {
		return playback.Heartbeat{Token: token, Run: name, StartedAt: h.Now(), Played: []playback.Interval{{0, 60}}}
	}
	mine, theirs := run(kept.Token, "r1"), run(kept.DeviceToken, "r2")
	h.pass(time.Hour)
	// Two tabs send the same heartbeats, one of them twice.
	for _, hs := range [][]playback.Heartbeat{{mine, theirs}, {theirs, mine}, {theirs}} {
		if r, err := h.svc.Beat(bg, hs); err != nil || r.Refused != 0 {
			t.Fatalf("%+v %v", r, err)
		}
	}
	g := h.ledger(t, "l")
	if g.Downloads != 2 || g.Web.Views != 2 || g.Web.Viewers != 2 || g.Web.OfflineViews != 2 {
		t.Fatalf("%+v", g)
	}
}
