//go:build bench

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/services/lesson"
	"lenlop/services/viewership"
)

// TestBenchmarkHeartbeats sends heartbeats over HTTP to the embedded default
// as players do, one every ten seconds each, and then counts what is stored.
// Latency is counted from the moment a heartbeat was due, so that a server
// that makes its senders wait cannot hide it. LENLOP_BENCH_RATE is heartbeats
// a second, LENLOP_BENCH_SECONDS how long.
func TestBenchmarkHeartbeats(t *testing.T) {
	rate, seconds := setting("LENLOP_BENCH_RATE", 5500), setting("LENLOP_BENCH_SECONDS", 60)
	const every = 10 // seconds
	h := startHouse(t, nil)
	ctx := context.Background()
	const lessons = 40
	for i := range lessons {
		id := fmt.Sprint("bai-", i)
		l := lesson.Lesson{ID: id, Title: "Bài " + id, Subject: "toan", Grade: 1 + i%12, SchoolID: "s1", TeacherID: "p-giao-vien", Status: lesson.Published,
			Media: lesson.Media{State: lesson.Ready, PackageID: id + "-p", Playable: true, Duration: 2700}, CreatedAt: time.Now(), PublishedAt: time.Now()}
		if err := h.house.db.Lessons().Save(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	players := make([]*benchPlayer, rate*every)
	for i := range players {
		o, err := h.house.viewership.Open(ctx, viewership.OpenRequest{LessonID: fmt.Sprint("bai-", i%lessons), UserAgent: "Mozilla/5.0"})
		if err != nil {
			t.Fatal(err)
		}
		players[i] = &benchPlayer{token: o.Token}
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
	took, failed := drive(t, strings.TrimPrefix(h.url, "http://"), players, rate, seconds)
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(time.Millisecond) }
	per := float64(len(took)) / float64(seconds)
	t.Logf("%d processors, %d players: %.0f heartbeats a second for %d s, %d failed, p50 %v, p99 %v, most %v",
		runtime.GOMAXPROCS(0), len(players), per, seconds, failed, at(.5), at(.99), at(1))

	var want, got int64
	for _, p := range players {
		want += p.acked.Load()
	}
	rows, _, err := h.house.db.Views().Grouped(ctx, viewership.ByLesson, viewership.Scope{})
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

type benchPlayer struct {
	token string
	sent  int64
	acked atomic.Int64 // seconds of the last acknowledged state
}

// drive sends each player's heartbeats at their times.
func drive(t *testing.T, address string, players []*benchPlayer, rate, seconds int) (took []time.Duration, failed int64) {
	t.Helper()
	type due struct {
		p  *benchPlayer
		at time.Time
	}
	work := make(chan due, rate*seconds)
	var bad atomic.Int64
	var mu sync.Mutex
	var senders sync.WaitGroup
	for range 800 {
		senders.Go(func() {
			c := &benchConn{address: address}
			defer c.close()
			var mine []time.Duration
			for d := range work {
				// A player's heartbeats are due ten seconds apart: no other is under way.
				d.p.sent += 10
				if err := c.beat(d.p.token, d.p.sent, d.at); err != nil {
					if bad.Add(1) < 4 {
						t.Log(err)
					}
					continue
				}
				mine = append(mine, time.Since(d.at))
				d.p.acked.Store(d.p.sent)
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	start := time.Now()
	for n := range rate * seconds {
		at := start.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if wait := time.Until(at); wait > time.Millisecond {
			time.Sleep(wait)
		}
		work <- due{players[n%len(players)], at}
	}
	close(work)
	senders.Wait()
	return took, bad.Load()
}

// benchConn is a kept connection of a sender that costs next to nothing, so
// that the server has the processors.
type benchConn struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
}

func (c *benchConn) beat(token string, to int64, at time.Time) error {
	if c.conn == nil {
		var err error
		if c.conn, err = net.Dial("tcp", c.address); err != nil {
			return err
		}
		c.in = bufio.NewReaderSize(c.conn, 4096)
	}
	body := fmt.Sprintf(`{"token":%q,"sequence":%d,"played":[[0,%d]],"seconds":%d,"position":%d,"rate":1,"sentAt":%q}`,
		token, to/10, to, to, to, at.UTC().Format(time.RFC3339Nano))
	c.out = fmt.Appendf(c.out[:0], "POST /api/v1/heartbeats HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		c.address, len(body), body)
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.conn.Write(c.out); err != nil {
		c.close()
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.close()
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusAccepted || !strings.Contains(string(raw), `"accepted":1`) {
		return fmt.Errorf("%s %s %v", res.Status, raw, err)
	}
	return nil
}

func (c *benchConn) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func setting(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return or
}
