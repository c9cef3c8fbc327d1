//go:build bench

package system

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/lesson"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/test/system/harness"
)

// TestBenchmarkHeartbeats sends heartbeats over HTTP to the embedded default
// as players do, one every ten seconds each, and then counts what is stored.
// Latency is counted from the moment a heartbeat was due, so that a server
// that makes its senders wait cannot hide it. LENLOP_BENCH_RATE is heartbeats
// a second, LENLOP_BENCH_SECONDS how long.
func TestBenchmarkHeartbeats(t *testing.T) {
	rate, seconds := harness.EnvInt("LENLOP_BENCH_RATE", 5500), harness.EnvInt("LENLOP_BENCH_SECONDS", 60)
	const every = 10 // seconds
	h := start(t, nil)
	ctx := context.Background()
	const lessons = 40
	for i := range lessons {
		id := fmt.Sprint("bai-", i)
		l := lesson.Lesson{ID: id, Title: "Bài " + id, Subject: "toan", Grade: 1 + i%12, SchoolID: "s1",
			TeacherID: "p-giao-vien", Status: lesson.Published,
			Media:     lesson.Media{State: lesson.Ready, PackageID: id + "-p", Playable: true, Duration: 2700},
			CreatedAt: time.Now(), PublishedAt: time.Now()}
		if err := h.App.DB.Lessons().Save(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	players := make([]*harness.Player, rate*every)
	for i := range players {
		o, err := h.App.Playback.Open(ctx,
			playback.OpenRequest{LessonID: fmt.Sprint("bai-", i%lessons), UserAgent: "Mozilla/5.0"})
		if err != nil {
			t.Fatal(err)
		}
		players[i] = &harness.Player{Token: o.Token}
	}
	if p := os.Getenv("LENLOP_BENCH_PROFILE"); p != "" {
		f, err := os.Create(p)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			t.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	took, failed := harness.DriveHeartbeats(t, strings.TrimPrefix(h.URL, "http://"), players, rate, seconds)
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(time.Millisecond) }
	per := float64(len(took)) / float64(seconds)
	t.Logf("%d processors, %d players: %.0f heartbeats a second for %d s, %d failed, p50 %v, p99 %v, most %v",
		runtime.GOMAXPROCS(0), len(players), per, seconds, failed, at(.5), at(.99), at(1))

	var want, got int64
	for _, p := range players {
		want += p.Acked.Load()
	}
	rows, _, err := viewstore.NewViews(h.App.DB).Grouped(ctx, viewership.ByLesson, playback.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		got += r.Watch / 1000
	}
	if got != want {
		t.Errorf("%d seconds counted, %d acknowledged", got, want)
	}
}
