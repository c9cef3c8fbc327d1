package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/lesson"
)

// progressSource counts the queries of a Progress and when they came.
type progressSource struct {
	mu       sync.Mutex
	queries  []time.Time
	fraction float64
	moving   bool // every reading finds more
	ended    string
	gone     string
	fail     bool
}

func (s *progressSource) count() {
	s.queries = append(s.queries, time.Now())
}

func (s *progressSource) lessons(_ context.Context, ids []string) (list []lesson.Lesson, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	if s.fail {
		return nil, errors.New("away")
	}
	if s.moving {
		s.fraction += 0.001
	}
	for _, id := range ids {
		if id != s.gone {
			list = append(list, lesson.Lesson{ID: id, Media: lesson.Media{Fraction: s.fraction}})
		}
	}
	return list, nil
}

func (s *progressSource) sessions(_ context.Context, ids []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == s.ended }), nil
}

func (s *progressSource) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// since counts the queries after a moment.
func (s *progressSource) since(from time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.queries {
		if at.After(from) {
			n++
		}
	}
	return n
}

func newTestProgress() (*Progress, *progressSource) {
	s := &progressSource{}
	return NewProgress(ProgressConfig{Lessons: s.lessons, Sessions: s.sessions, Log: slog.New(slog.DiscardHandler)}), s
}

// TestProgressQueries: 500 teachers follow 50 lessons; there is one query each
// 500 ms at most, fewer while nothing changes, and none when nobody follows.
func TestProgressQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newTestProgress()
		s.moving = true
		var states []<-chan lesson.Lesson
		var stops []func()
		for n := range 500 {
			c, stop := p.follow(fmt.Sprint("l", n%50), fmt.Sprint("s", n))
			states, stops = append(states, c), append(stops, stop)
		}
		began := time.Now()
		time.Sleep(time.Minute)
		if n := s.since(began); n < 100 || n > 120 {
			t.Errorf("%d queries in a minute of progress, want one in 500 ms", n)
		}
		for i := 1; i < len(s.queries); i++ {
			if apart := s.queries[i].Sub(s.queries[i-1]); apart < minPollPause {
				t.Fatalf("two queries within %v", apart)
			}
		}
		for n, c := range states {
			if l := <-c; l.ID != fmt.Sprint("l", n%50) || l.Media.Fraction < s.fraction-0.002 {
				t.Fatalf("follower %d got %s at %.3f of %.3f", n, l.ID, l.Media.Fraction, s.fraction)
			}
		}
		s.set(func() { s.moving = false })
		time.Sleep(time.Minute)
		quiet := time.Now()
		time.Sleep(time.Minute)
		if n := s.since(quiet); n > 30 {
			t.Errorf("%d queries in a quiet minute", n)
		}
		for _, stop := range stops {
			stop()
		}
		time.Sleep(maxPollPause)
		unwatched := time.Now()
		time.Sleep(time.Minute)
		if n := s.since(unwatched); n != 0 {
			t.Errorf("%d queries while nobody follows", n)
		}
	})
}

// TestProgressEnds: a stream ends with its session and with its lesson, and no
// other does.
func TestProgressEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newTestProgress()
		signedOut, stopA := p.follow("l1", "s1")
		deleted, stopB := p.follow("l2", "s2")
		stays, stopC := p.follow("l1", "s3")
		token, stopD := p.follow("l1", "")
		time.Sleep(time.Minute)
		s.set(func() { s.ended, s.gone = "s1", "l2" })
		time.Sleep(5 * time.Second)
		for name, c := range map[string]<-chan lesson.Lesson{"signed out": signedOut, "deleted": deleted} {
			<-c // the last state
			if _, ok := <-c; ok {
				t.Errorf("%s: the stream continues", name)
			}
		}
		for name, c := range map[string]<-chan lesson.Lesson{"other session": stays, "token": token} {
			if _, ok := <-c; !ok {
				t.Errorf("%s: the stream ended", name)
			}
		}
		for _, stop := range []func(){stopA, stopB, stopC, stopD} {
			stop()
		}
		time.Sleep(2 * maxPollPause) // polling ends
	})
}

// TestProgressBacksOff while the database fails, and streams continue after.
func TestProgressBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newTestProgress()
		s.fail = true
		states, stop := p.follow("l1", "")
		time.Sleep(5 * time.Minute)
		n := 0
		s.set(func() { n = len(s.queries) })
		if n > 20 {
			t.Errorf("%d queries in five minutes without a database", n)
		}
		s.set(func() { s.fail = false })
		time.Sleep(failedPollPause)
		if l, ok := <-states; !ok || l.ID != "l1" {
			t.Errorf("%+v %v", l, ok)
		}
		stop()
		time.Sleep(2 * failedPollPause) // polling ends
	})
}
