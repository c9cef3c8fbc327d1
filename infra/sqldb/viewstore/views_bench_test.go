package viewstore_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/lesson"
	"lenlop/services/viewership/playback"
)

// BenchmarkHeartbeats measures durable heartbeats a second: as they come from
// many players, gathered in batches, and one commit for each.
func BenchmarkHeartbeats(b *testing.B) {
	b.Run("batches", func(b *testing.B) { heartbeats(b, 2000, 0) })
	// A lonely player that is not kept waiting: every heartbeat is a commit.
	b.Run("one commit each", func(b *testing.B) { heartbeats(b, 1, time.Microsecond) })
}

func heartbeats(b *testing.B, players int, wait time.Duration) {
	ctx := context.Background()
	dsn := b.TempDir() + "/lenlop.db"
	db, err := sqldb.Open(ctx, dsn, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	const viewers, lessons = 5000, 20
	for i := range lessons {
		l := lesson.Lesson{ID: fmt.Sprint("l", i), Title: "Bài", Status: lesson.Published,
			Media: lesson.Media{PackageID: fmt.Sprint("p", i), Playable: true, Duration: 1800}}
		if err := db.Lessons().Save(ctx, l); err != nil {
			b.Fatal(err)
		}
	}
	ids := 0
	s, err := playback.New(playback.Config{
		Store: viewstore.NewViews(db), Lessons: db.Lessons(),
		Secret: []byte("a secret for the benchmark"), Location: time.UTC, Now: time.Now, Atomic: db,
		Audit: db.Audit(), Wait: wait,
		NewID: func() string { ids++; return fmt.Sprintf("%08d-0000-7000-8000-000000000000", ids) },
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	tokens := make([]string, viewers)
	for i := range tokens {
		o, err := s.Open(ctx, playback.OpenRequest{LessonID: fmt.Sprint("l", i%lessons)})
		if err != nil {
			b.Fatal(err)
		}
		tokens[i] = o.Token
	}
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var worst time.Duration
	for range players {
		wg.Go(func() {
			for i := range next {
				start := time.Now()
				to := float64(10 * (1 + i/viewers%100))
				_, err := s.Beat(ctx,
					[]playback.Heartbeat{{Token: tokens[i%viewers], Played: []playback.Interval{{0, to}}}})
				took := time.Since(start)
				mu.Lock()
				worst = max(worst, took)
				if err != nil {
					b.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	b.ResetTimer()
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "beats/s")
	s.Close()
	db.Close() // folds the log into the file
	if f, err := os.Stat(dsn); err == nil {
		b.ReportMetric(float64(f.Size())/float64(min(b.N, viewers)), "bytes/session")
	}
	b.ReportMetric(float64(worst.Milliseconds()), "worst-ms")
}
