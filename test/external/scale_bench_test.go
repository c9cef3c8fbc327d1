//go:build bench

package external

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/viewership/playback"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
)

// synced is PostgreSQL as it runs in earnest: what is acknowledged is on disk.
var synced = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on"}

func benchAt(took []time.Duration, q float64) time.Duration {
	return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond)
}

type benchJob struct{ N int }

func (benchJob) Kind() string { return "bench" }

// TestBenchmarkScaleQueue claims and finishes jobs out of 10,000 that wait.
func TestBenchmarkScaleQueue(t *testing.T) {
	pg := pgtest.NewCluster(t, synced...)
	pg.Exec("postgres", "CREATE DATABASE queue")
	db, err := app.OpenDatabase(t.Context(), app.DataSettings{Database: pg.DSN(pg.Address(), "queue")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	refill := func() {
		var waiting int
		if err := db.Reader(t.Context()).NewRaw("SELECT COUNT(*) FROM jobs WHERE state = 'waiting'").Scan(t.Context(),
			&waiting); err != nil {
			t.Fatal(err)
		}
		for ; waiting < 10_000; waiting += 500 {
			var list []job.New
			for range 500 {
				n++
				list = append(list, job.New{Args: benchJob{n}, Priority: 10 + n%80})
			}
			if err := db.Jobs().Add(t.Context(), list...); err != nil {
				t.Fatal(err)
			}
		}
		pg.Exec("queue", "ANALYZE jobs")
	}
	const lasting = 5 * time.Second
	for _, claimers := range []int{1, 2, 8} {
		refill()
		var mu sync.Mutex
		var claims, both []time.Duration
		start, all := time.Now(), sync.WaitGroup{}
		for c := range claimers {
			all.Go(func() {
				for time.Since(start) < lasting {
					at := time.Now()
					j, err := db.Jobs().Claim(t.Context(), fmt.Sprint("w", c), []string{"bench"}, time.Minute)
					if err != nil || j == nil {
						t.Errorf("claim: %v %v", j, err)
						return
					}
					claimed := time.Since(at)
					if err := db.Jobs().Finish(t.Context(), j.ID, j.Token, job.Done, "", time.Time{}); err != nil {
						t.Error(err)
					}
					mu.Lock()
					claims, both = append(claims, claimed), append(both, time.Since(at))
					mu.Unlock()
				}
			})
		}
		all.Wait()
		slices.Sort(claims)
		t.Logf("%d claimers, 10,000 waiting: %.0f jobs claimed and finished a second, claim p50 %v, p95 %v, p99 %v",
			claimers,
			float64(len(claims))/lasting.Seconds(), benchAt(claims, .5), benchAt(claims, .95), benchAt(claims, .99))
	}
}

// benchLessons are lessons that exist for counting only.
func benchLessons(t *testing.T, db *sqldb.DB, n int) {
	for i := range n {
		id := fmt.Sprint("bai-", i)
		l := lesson.Lesson{ID: id, Title: "Bài " + id, Subject: "toan", Grade: 1 + i%12, SchoolID: "s1",
			TeacherID: "p-giao-vien", Status: lesson.Published,
			Media:     lesson.Media{State: lesson.Ready, PackageID: id + "-p", Playable: true, Duration: 2700},
			CreatedAt: time.Now(), PublishedAt: time.Now()}
		if err := db.Lessons().Save(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBenchmarkScaleHeartbeats sends heartbeats to two web processes on one
// PostgreSQL that syncs. LENLOP_BENCH_RATE is heartbeats a second of both
// together, LENLOP_BENCH_SECONDS how long.
func TestBenchmarkScaleHeartbeats(t *testing.T) {
	rate, seconds := harness.EnvInt("LENLOP_BENCH_RATE", 3000), harness.EnvInt("LENLOP_BENCH_SECONDS", 20)
	p := startProvince(t, provinceOptions{webs: 2, settings: synced, direct: true, common: []string{"--log", "warn"}})
	benchLessons(t, p.db, 40)
	secret, err := p.db.Setting(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	service := tokensOf(t, p.db, secret)
	players := make([]*harness.Player, rate*10)
	for i := range players {
		o, err := service.Open(t.Context(),
			playback.OpenRequest{LessonID: fmt.Sprint("bai-", i%40), UserAgent: "Mozilla/5.0"})
		if err != nil {
			t.Fatal(err)
		}
		players[i] = &harness.Player{Token: o.Token}
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var failed int64
	for i, url := range p.urls {
		all.Go(func() {
			half := players[i*len(players)/2 : (i+1)*len(players)/2]
			mine, bad := harness.DriveHeartbeats(t, strings.TrimPrefix(url, "http://"), half, rate/2, seconds)
			mu.Lock()
			took, failed = append(took, mine...), failed+bad
			mu.Unlock()
		})
	}
	all.Wait()
	slices.Sort(took)
	t.Logf(
		"two web processes, PostgreSQL synced, %d players: %.0f heartbeats a second for %d s, %d failed, p50 %v, p95 %v, p99 %v, most %v", len(players),
		float64(len(took))/float64(seconds), seconds, failed, benchAt(took, .5), benchAt(took, .95), benchAt(took, .99),
		benchAt(took, 1))
	var want int64
	for _, x := range players {
		want += x.Acked.Load() * 1000
	}
	if got := p.one("SELECT COALESCE(SUM(watch_ms), 0) FROM view_totals"); got != want {
		t.Errorf("%d ms counted, %d acknowledged", got, want)
	}
}

// tokensOf opens sessions as the province's web processes do.
func tokensOf(t *testing.T, db *sqldb.DB, secret string) *playback.Service {
	t.Helper()
	raw, err := hex.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	views := viewstore.NewViews(db)
	s, err := playback.New(playback.Config{Store: views, Downloads: views, Lessons: db.Lessons(), Secret: raw,
		Location: time.UTC, Now: time.Now, NewID: app.NewID, Atomic: db, Audit: db.Audit()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestBenchmarkScaleWorkers makes the same lessons with one worker of one
// thread and with two, each on a core of its own.
func TestBenchmarkScaleWorkers(t *testing.T) {
	walls := map[int]time.Duration{}
	file := harness.Recording(t, 90)
	for _, n := range []int{1, 2} {
		p := startProvince(t, provinceOptions{webs: 1, workers: n, direct: true, work: []string{"--workers", "1"}})
		for i, w := range p.workers {
			if err := pin(w.PID(), i); err != nil {
				t.Fatal(err)
			}
		}
		teacher := p.system(0).As("giao-vien")
		l := teacher.Draft("Bài để đo")
		start := time.Now()
		teacher.Upload(l.ID, file)
		l = teacher.Until(l.ID, 10*time.Minute, harness.Settled)
		walls[n] = time.Since(start)
		t.Logf("%d workers of one thread: %s after %v", n, l.Media.State, walls[n].Round(10*time.Millisecond))
		p.drain()
	}
	t.Logf("speed-up of two workers: %.2f", walls[1].Seconds()/walls[2].Seconds())
}

// TestBenchmarkScalePlayers lets players start within one minute, its time
// compressed: each asks for the page's data, opens a session, fetches the playlists
// and the first segments and sends its first heartbeat. LENLOP_BENCH_PLAYERS says how many.
func TestBenchmarkScalePlayers(t *testing.T) {
	players := harness.EnvInt("LENLOP_BENCH_PLAYERS", 20_000)
	lasting := time.Duration(harness.EnvInt("LENLOP_BENCH_SECONDS", 60)) * time.Second
	p := startProvince(t, provinceOptions{webs: 2, workers: 1, settings: synced, direct: true,
		common: []string{"--log", "warn"}})
	l := p.published("Bài lúc 8 giờ", 12)
	for _, w := range p.workers {
		w.Kill()
	}
	files := p.firstFiles(l)
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	failed := map[string]int{}
	work := make(chan int, players)
	var all sync.WaitGroup
	client := &http.Client{Timeout: 30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 300, MaxConnsPerHost: 300}}
	load := &load{t: t, p: p, client: client, watched: l}
	for range 300 {
		all.Go(func() {
			for i := range work {
				for step, d := range load.start(t.Context(), p.urls[i%2], files, failed, &mu) {
					mu.Lock()
					took[step] = append(took[step], d)
					mu.Unlock()
				}
			}
		})
	}
	start := time.Now()
	for i := range players {
		at := start.Add(time.Duration(i) * lasting / time.Duration(players))
		if wait := time.Until(at); wait > time.Millisecond {
			time.Sleep(wait)
		}
		work <- i
	}
	close(work)
	all.Wait()
	t.Logf("%d players within %v (the last was served after %v), %d files each", players, lasting,
		time.Since(start).Round(100*time.Millisecond), len(files))
	for step, list := range took {
		slices.Sort(list)
		t.Logf("%-10s %6d, %d failed, p50 %v, p95 %v, p99 %v, most %v", step, len(list), failed[step],
			benchAt(list, .5), benchAt(list, .95), benchAt(list, .99), benchAt(list, 1))
	}
}

// firstFiles are the addresses of a lesson's playlists and the first segment of one rung.
func (p *province) firstFiles(l harness.Lesson) []string {
	c := p.system(0).As("")
	var full harness.Lesson
	c.OK("GET", "/lessons/"+l.ID, nil, 200, &full)
	base, _, _ := strings.Cut(full.Playback.HLS, "?")
	folder := func(s string) string { return s[:strings.LastIndex(s, "/")+1] }
	_, _, master := c.Get(base)
	rungs := harness.SegmentLine.FindAllString(string(master), -1)
	rung := folder(base) + rungs[len(rungs)-1]
	_, _, list := c.Get(rung)
	segments := harness.SegmentLine.FindAllString(string(list), -1)
	out := []string{base, rung, folder(rung) + segments[0]}
	for i, s := range out {
		if at := strings.Index(s, "/watch/"); at >= 0 {
			out[i] = s[at:]
		}
	}
	return out
}

// start is one player's start at a web process; the times of its steps.
func (l *load) start(ctx context.Context, url string, files []string, failed map[string]int,
	mu *sync.Mutex) map[string]time.Duration {
	took := map[string]time.Duration{}
	step := func(name, method, path string, in, out any, want int) bool {
		at := time.Now()
		status, _ := l.at(ctx, url, method, path, in, out)
		took[name] = time.Since(at)
		if status != want {
			mu.Lock()
			failed[name]++
			mu.Unlock()
		}
		return status == want
	}
	var o struct{ Token string }
	step("lesson", "GET", "/api/v1/lessons/"+l.watched.ID, nil, nil, 200)
	if !step("session", "POST", "/api/v1/lessons/"+l.watched.ID+"/playback-sessions", map[string]any{}, &o, 201) {
		return took
	}
	for i, f := range files {
		step([]string{"master", "playlist", "segment"}[min(i, 2)], "GET", f, nil, nil, 200)
	}
	step("heartbeat", "POST", "/api/v1/heartbeats", map[string]any{"token": o.Token, "sequence": 1,
		"played": [][2]int{{0, 2}}, "seconds": 2, "position": 2, "rate": 1}, nil, 202)
	return took
}

// at sends one request to one web process.
func (l *load) at(ctx context.Context, url, method, path string, in, out any) (int, string) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			l.t.Error(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url+path, body)
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	return l.do(req, out)
}

// pin keeps a process and its children on one core.
func pin(pid, core int) error {
	out, err := exec.Command("taskset", "-a", "-c", "-p", strconv.Itoa(core), strconv.Itoa(pid)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}
