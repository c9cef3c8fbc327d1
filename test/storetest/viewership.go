package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/spreadsheet"
	"lenlop/services/viewership"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// ViewingStores are one process's stores on the database of the viewing figures.
type ViewingStores struct {
	Stores
	Views interface {
		playback.Store
		playback.Retention
		viewership.Downloads
		viewership.Reader
		playback.OfflineDownloads
		viewership.ParticipationReader
	}
	Figures   television.FigureStore
	CheckIns  television.CheckInStore
	Imports   television.ImportStore
	Staged    television.StagedFigures
	Reports   viewership.ReportStore
	Logs      schedule.LogStore
	Served    delivery.Store
	RollCalls television.RollCallStore
	// Sheets reads CSV and XLSX files.
	Sheets func(ctx context.Context, filename string, data []byte) ([]spreadsheet.Sheet, error)
}

// OpenViewing returns the stores of two processes on one new database.
type OpenViewing func(t *testing.T) (first, second ViewingStores)

// Viewership runs the tests of counting views and reporting them.
func Viewership(t *testing.T, open OpenViewing) {
	for _, x := range []struct {
		name string
		test func(*testing.T, OpenViewing)
	}{
		{"Histories", Histories}, {"Village", Village}, {"Replay", Replay}, {"Robot", RobotFlagged},
		{"Folding", Folding}, {"BadBeats", BadBeats}, {"Figures", TelevisionFigures}, {"Tables", Tables},
		{"CheckIns", CheckIns}, {"Imports", FigureImports},
		{"Reach", NetReach}, {"Reports", FrozenReports}, {"AsRunLogs", AsRunLogs}, {"Downloads", Downloads},
		{"SharedDevice", SharedDevice}, {"Minutes", Minutes}, {"MinuteFiles", MinuteFiles},
		{"HeldAirings", HeldAirings}, {"Reconciliation", Reconciliation},
		{"RollCalls", RollCalls}, {"Unreached", Unreached}, {"Areas", Areas}, {"SmallNumbers", SmallNumbers},
		{"Participation", Participation},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, open) })
	}
}

var hanoi = time.FixedZone("ICT", 7*3600)

// harness is the services of viewing figures on a database, with a clock that the test sets.
type harness struct {
	st  ViewingStores
	svc viewingServices
	mu  sync.Mutex
	now time.Time
	ids int
}

func (h *harness) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *harness) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *harness) id() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids++
	return fmt.Sprintf("%08d-0000-7000-8000-%012d", h.ids, h.ids)
}

// server returns the services of one process. Those of a harness share its clock, ids and secret.
func (h *harness) server(t testing.TB, st ViewingStores) viewingServices {
	return newViewingServices(t, st, h.Now, h.id)
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func newHarness(t *testing.T, open OpenViewing) *harness {
	st, _ := open(t)
	h := &harness{st: st, now: time.Date(2020, 4, 13, 8, 0, 0, 0, hanoi)}
	h.svc = h.server(t, st)
	return h
}

// teach saves a published lesson of the given length in seconds.
func (h *harness) teach(t failer, id string, seconds float64, change ...func(*lesson.Lesson)) {
	t.Helper()
	l := lesson.Lesson{
		ID: id, Title: "Bài " + id, Subject: "toan", Grade: 9, Language: "vi", TeacherID: "teacher-" + id,
		SchoolID: "school-1",
		Status:   lesson.Published, Media: lesson.Media{State: lesson.Ready, PackageID: "package-" + id, Playable: true,
			Duration: seconds},
	}
	for _, f := range change {
		f(&l)
	}
	if err := h.st.Lessons.Save(bg, l); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) open(t testing.TB, r playback.OpenRequest) playback.Opened {
	t.Helper()
	o, err := h.svc.Open(bg, r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// beat sends one heartbeat, which must be accepted.
func (h *harness) beat(t testing.TB, token string, from, to float64) {
	t.Helper()
	if _, err := h.svc.Beat(bg,
		[]playback.Heartbeat{{Token: token, Played: []playback.Interval{{from, to}}}}); err != nil {
		t.Fatal(err)
	}
}

var (
	department = people.Person{ID: "department", Active: true, Grants: []people.Grant{{Role: people.Reviewer}}}
	station    = people.Person{ID: "station", Active: true, Grants: []people.Grant{{Role: people.Station}}}
)

func (h *harness) ledger(t testing.TB, id string) viewership.Ledger {
	t.Helper()
	g, err := h.svc.Ledger(bg, department, id, viewership.Range{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Village: 500 students behind one IP address count as 500 viewers, and those who share a device count as one.
func Village(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	var wg sync.WaitGroup
	tokens := make([]string, 500)
	for i := range tokens {
		tokens[i] = h.open(t, playback.OpenRequest{LessonID: "l"}).Token
	}
	h.pass(time.Minute)
	for _, token := range tokens {
		wg.Go(func() { h.beat(t, token, 0, 30) })
	}
	wg.Wait()
	if w := h.ledger(t, "l").Web; w.Views != 500 || w.Viewers != 500 || w.WatchSeconds != 500*30 || w.Completions != 0 {
		t.Fatalf("%+v", w)
	}
}

// Replay: a device that repeats its heartbeats, opens the lesson many times and reports too many seconds counts as one
// view.
func Replay(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	first := h.open(t, playback.OpenRequest{LessonID: "l"})
	h.pass(time.Minute)
	for range 50 {
		h.beat(t, first.Token, 0, 40)
	}
	for range 5 {
		again := h.open(t, playback.OpenRequest{LessonID: "l", Viewer: first.Viewer})
		h.pass(time.Minute)
		h.beat(t, again.Token, 0, 40)
	}
	if w := h.ledger(t, "l").Web; w.Views != 1 || w.Viewers != 1 || w.WatchSeconds != 6*40 {
		t.Fatalf("%+v", w)
	}
	h.pass(24 * time.Hour)
	next := h.open(t, playback.OpenRequest{LessonID: "l", Viewer: first.Viewer})
	h.pass(time.Minute)
	h.beat(t, next.Token, 0, 40)
	if w := h.ledger(t, "l").Web; w.Views != 2 || w.Viewers != 1 {
		t.Fatalf("the next day: %+v", w)
	}
}

// RobotFlagged: 500 sessions in an hour are excluded with a reason; a person can include them and exclude them again.
func RobotFlagged(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 600)
	o := h.open(t, playback.OpenRequest{LessonID: "l"})
	for i := range 500 {
		if i > 0 {
			o = h.open(t, playback.OpenRequest{LessonID: "l", Viewer: o.Viewer})
		}
		h.pass(5 * time.Second)
		h.beat(t, o.Token, float64(i), float64(i+1))
	}
	w := h.ledger(t, "l").Web
	if w.Views != 0 || w.Viewers != 0 || w.WatchSeconds != 0 || w.Excluded[playback.FlaggedViewer] != 500 {
		t.Fatalf("%+v", w)
	}
	flags, err := h.svc.Flags(bg, department, time.Time{}, time.Time{})
	ok(t, err)
	if len(flags) != 1 || flags[0].Reason != playback.FlagSessions || flags[0].RestoredBy != "" {
		t.Fatalf("%+v", flags)
	}
	ok(t, h.svc.Restore(bg, department, flags[0].Viewer, flags[0].Day, true))
	if w = h.ledger(t, "l").Web; w.Views != 1 || w.Viewers != 1 || w.WatchSeconds != 500 || len(w.Excluded) != 0 {
		t.Fatalf("restored: %+v", w)
	}
	h.beat(t, o.Token, 500, 502)
	if w = h.ledger(t, "l").Web; w.Views != 1 || w.WatchSeconds != 502 {
		t.Fatalf("restored, and watching on: %+v", w)
	}
	ok(t, h.svc.Restore(bg, department, flags[0].Viewer, flags[0].Day, false))
	if w = h.ledger(t, "l").Web; w.Views != 0 || w.Viewers != 0 || w.Excluded[playback.FlaggedViewer] != 500 {
		t.Fatalf("put away again: %+v", w)
	}
	if err := h.svc.Restore(bg, station, flags[0].Viewer, flags[0].Day, true); !fault.Is(err, "access.denied") {
		t.Fatalf("the station may not: %v", err)
	}
	if err := h.svc.Restore(bg, department, "d:nobody", flags[0].Day, true); !fault.Is(err, "flag.not_found") {
		t.Fatalf("nobody's flag: %v", err)
	}
}

// Folding: folding session rows into totals changes no figure.
func Folding(t *testing.T, open OpenViewing) {
	h := newHarness(t, open)
	h.teach(t, "l", 120)
	for i := range 20 {
		o := h.open(t, playback.OpenRequest{LessonID: "l"})
		h.pass(time.Hour)
		h.beat(t, o.Token, 0, float64(10+i*5))
	}
	liar := h.open(t, playback.OpenRequest{LessonID: "l"})
	h.beat(t, liar.Token, 0, 100)
	before := h.ledger(t, "l")
	bins, err := h.svc.Retention(bg, department, "l")
	ok(t, err)
	if n, err := h.svc.Fold(bg); n != 0 || err != nil {
		t.Fatalf("nothing is old yet: %d %v", n, err)
	}
	h.pass(62 * 24 * time.Hour)
	n, err := h.svc.Fold(bg)
	if n != 21 || err != nil {
		t.Fatalf("folded %d: %v", n, err)
	}
	same(t, h.ledger(t, "l"), before)
	after, err := h.svc.Retention(bg, department, "l")
	ok(t, err)
	same(t, after, bins)
	h.pass(400 * 24 * time.Hour)
	if n, err := h.svc.Purge(bg); n != 20 || err != nil {
		t.Fatalf("purged %d: %v", n, err)
	}
	for _, want := range []int{2, 0} { // the flag and the day's set of viewers are folded in the first step
		if n, err := h.svc.Purge(bg); n != want || err != nil {
			t.Fatalf("purged %d more, want %d: %v", n, want, err)
		}
	}
	if w := h.ledger(t, "l").Web; w.Views != before.Web.Views || w.WatchSeconds != before.Web.WatchSeconds ||
		w.Viewers != 0 {
		t.Fatalf("counts stay, viewers go: %+v", w)
	}
	if before.Web.Views != 16 || before.Web.Excluded[playback.FasterThanTime] != 1 || before.Web.Completions != 0 {
		t.Fatalf("%+v", before.Web)
	}
	if bins[0].Viewers != 20 || bins[0].Share != 1 || bins[99].Viewers != 0 || bins[50].Viewers == 0 {
		t.Fatalf("%+v", bins)
	}
}

// onAir plans an airing that starts at the harness's time plus in.
func (h *harness) onAir(t testing.TB, id, channel, lessonID string, in time.Duration) {
	t.Helper()
	at := h.Now().Add(in)
	ok2 := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ok2(h.st.Schedule.SaveChannel(bg,
		schedule.Channel{ID: channel, Name: "Kênh " + channel, Own: true, Timezone: "Asia/Ho_Chi_Minh"}))
	ok2(h.st.Schedule.SaveAiring(bg, schedule.Airing{
		ID: id, ChannelID: channel, LessonID: lessonID, StartsAt: at, EndsAt: at.Add(30 * time.Minute),
		Outcome: schedule.Planned,
	}))
}

func (h *harness) report(t testing.TB, id string, o schedule.Outcome) {
	t.Helper()
	a, err := h.st.Schedule.Airing(bg, id)
	if err == nil {
		a.Outcome, a.StartedAt, a.EndedAt = o, a.StartsAt, a.EndsAt
		err = h.st.Schedule.SaveAiring(bg, a)
	}
	if err != nil {
		t.Fatal(err)
	}
}
