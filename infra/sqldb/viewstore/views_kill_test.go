package viewstore_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/lesson"
	"lenlop/services/viewership/playback"
	"lenlop/test/pgtest"
)

// The environment of a server process that is to be killed: where its database
// is, and after which commit it dies.
const killedDSN, killedAfter = "LENLOP_TEST_KILLED_DSN", "LENLOP_TEST_KILLED_AFTER"

// mortal ends the process, as kill -9 does, right after one of its commits and
// before anybody hears of it.
type mortal struct {
	*sqldb.DB
	left atomic.Int64
}

func (m *mortal) Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	err := m.DB.Atomically(ctx, fn)
	if m.left.Add(-1) == 0 {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return err
}

func counter(t *testing.T, db *sqldb.DB, atomic interface {
	Atomically(ctx context.Context, fn func(ctx context.Context) error) error
}, wait time.Duration) *playback.Service {
	var ids sync.Mutex
	n := 0
	s, err := playback.New(playback.Config{
		Store: viewstore.NewViews(db), Lessons: db.Lessons(),
		Secret: []byte("the secret of both processes"), Location: time.UTC, Now: time.Now, Atomic: atomic,
		Audit: db.Audit(),
		Wait:  wait,
		NewID: func() string {
			ids.Lock()
			defer ids.Unlock()
			n++
			return fmt.Sprintf("session-%d", n)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestKilledServer is the process that dies; by itself it does nothing.
func TestKilledServer(t *testing.T) {
	dsn := os.Getenv(killedDSN)
	if dsn == "" {
		return
	}
	db, err := sqldb.Open(t.Context(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	m := &mortal{DB: db}
	var after int64
	if _, err := fmt.Sscan(os.Getenv(killedAfter), &after); err != nil {
		t.Fatal(err)
	}
	m.left.Store(after)
	s := counter(t, db, m, time.Millisecond)
	var beats []playback.Heartbeat
	if err := json.NewDecoder(os.Stdin).Decode(&beats); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				if _, err := s.Beat(t.Context(), beats[i:i+1]); err == nil {
					fmt.Fprintf(os.Stdout, "acknowledged %d\n", i)
				}
			}
		})
	}
	for i := range beats {
		next <- i
	}
	close(next)
	wg.Wait()
}

// TestKilledBetweenCommitAndAnswer: servers die right after commits; what
// players send again, because nobody answered, counts once.
func TestKilledBetweenCommitAndAnswer(t *testing.T) {
	dsn := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "lenlop.db") },
		"postgres": func(t *testing.T) string { return pgtest.Postgres(t) },
	}
	for name, where := range dsn {
		t.Run(name, func(t *testing.T) { killed(t, where(t)) })
	}
}

func killed(t *testing.T, dsn string) {
	db := openDSN(t, dsn)
	l := lesson.Lesson{ID: "l", Title: "Bài", Status: lesson.Published,
		Media: lesson.Media{PackageID: "p", Playable: true, Duration: 10}}
	if err := db.Lessons().Save(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	s := counter(t, db, db, time.Millisecond)
	const viewers = 300
	waiting := map[int]playback.Heartbeat{}
	var all []playback.Heartbeat
	for i := range viewers {
		o, err := s.Open(t.Context(), playback.OpenRequest{LessonID: "l"})
		if err != nil {
			t.Fatal(err)
		}
		h := playback.Heartbeat{Token: o.Token, Played: []playback.Interval{{0, 9}}}
		waiting[i], all = h, append(all, h)
	}
	committed := 0
	for after := 1; len(waiting) > 0; after++ {
		acked := killServer(t, dsn, after, waiting)
		for _, i := range acked {
			delete(waiting, i)
		}
		w := counted(t, db)
		if int(w.Views) < viewers-len(waiting) {
			t.Fatalf("%d acknowledged, %d counted", viewers-len(waiting), w.Views)
		}
		if int(w.Views) > viewers-len(waiting) {
			committed++ // counted but not acknowledged
		}
		if after > 60 {
			t.Fatalf("%d are not acknowledged", len(waiting))
		}
	}
	if committed == 0 {
		t.Error("no server died between commit and answer")
	}
	for i := 0; i < len(all); i += 100 {
		if _, err := s.Beat(t.Context(), all[i:i+100]); err != nil {
			t.Fatal(err)
		}
	}
	if w := counted(t, db); w.Views != viewers || w.Viewers != viewers || w.Watch != 9000*viewers ||
		w.Completions != viewers {
		t.Fatalf("%+v", w)
	}
}

// killServer runs a server that dies after so many commits and gives the
// heartbeats that it acknowledged.
func killServer(t *testing.T, dsn string, after int, waiting map[int]playback.Heartbeat) []int {
	t.Helper()
	var index []int
	var beats []playback.Heartbeat
	for i, h := range waiting {
		index, beats = append(index, i), append(beats, h)
	}
	in, err := json.Marshal(beats)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledServer$")
	cmd.Env = append(os.Environ(), killedDSN+"="+dsn, killedAfter+"="+fmt.Sprint(after))
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err != nil && !status.Signaled() {
		t.Fatalf("%v: %s", err, out)
	}
	var acked []int
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var i int
		if rest, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
			if _, err := fmt.Sscan(rest, &i); err == nil {
				acked = append(acked, index[i])
			}
		}
	}
	return acked
}

// counted reads the figures of the lesson.
func counted(t *testing.T, db *sqldb.DB) playback.Sums {
	t.Helper()
	_, whole, err := viewstore.NewViews(db).Grouped(t.Context(), "", playback.Scope{Lesson: "l"})
	if err != nil {
		t.Fatal(err)
	}
	return whole
}
