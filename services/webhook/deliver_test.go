package webhook

import (
	"context"
	"errors"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
)

type memory struct {
	hook   Hook
	d      Delivery
	status int
	err    error
	posts  []map[string]string
	jobs   []job.New
	now    time.Time
}

func (m *memory) Hook(context.Context, string) (Hook, error)       { return m.hook, nil }
func (m *memory) Hooks(context.Context) ([]Hook, error)            { return []Hook{m.hook}, nil }
func (m *memory) SaveHook(_ context.Context, h Hook) error         { m.hook = h; return nil }
func (m *memory) SaveDelivery(_ context.Context, d Delivery) error { m.d = d; return nil }
func (m *memory) Deliveries(context.Context, string, int) ([]Delivery, error) {
	return []Delivery{m.d}, nil
}
func (m *memory) Forget(context.Context, time.Time, int) (int, error) { return 0, nil }
func (m *memory) Delivery(_ context.Context, id string) (Delivery, error) {
	if id != m.d.ID {
		return Delivery{}, fault.New(fault.NotFound, "webhook.not_found")
	}
	return m.d, nil
}
func (m *memory) Check(string) error { return nil }
func (m *memory) Post(_ context.Context, _ string, h map[string]string, _ []byte) (int, error) {
	m.posts = append(m.posts, h)
	return m.status, m.err
}
func (m *memory) Add(_ context.Context, jobs ...job.New) error {
	m.jobs = append(m.jobs, jobs...)
	return nil
}

// TestAReceiverThatIsAwayIsToldAgain: under the same delivery id, later and
// later, and after the last time not any more.
func TestAReceiverThatIsAwayIsToldAgain(t *testing.T) {
	m := &memory{hook: Hook{ID: "h", Secret: "s", Active: true, Events: []string{"notice.published"}}, status: 500,
		now: time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC)}
	s := &Service{Store: m, Sender: m, Jobs: m, Now: func() time.Time { return m.now }, NewID: func() string { return "d" }}
	step := func(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }
	if err := s.Tell(t.Context(), "lesson.published", 1); err != nil || len(m.jobs) != 0 {
		t.Fatal("told of what was not asked for", err)
	}
	if err := s.Tell(t.Context(), "notice.published", map[string]string{"title": "x"}); err != nil || len(m.jobs) != 1 {
		t.Fatal(err)
	}
	for n := 0; m.d.State == Waiting; n++ {
		if n > 20 {
			t.Fatal("it never ends")
		}
		if n == 2 {
			m.status, m.err = 0, errors.New("connection refused")
		}
		if err := s.Deliver(t.Context(), "d", step); err != nil {
			t.Fatal(err)
		}
		if m.d.State == Waiting {
			next := m.jobs[len(m.jobs)-1].RunAt
			if !next.After(m.now) {
				t.Fatalf("attempt %d: again at %v", n, next)
			}
			m.now = next
		}
	}
	if m.d.State != Failed || len(m.posts) != len(pauses)+1 || len(m.jobs) != len(m.posts) {
		t.Errorf("%+v after %d posts, %d jobs", m.d, len(m.posts), len(m.jobs))
	}
	seen := map[string]bool{}
	for _, h := range m.posts {
		seen[h["Lenlop-Signature"]] = true
		if h["Lenlop-Delivery"] != "d" {
			t.Errorf("delivery %q", h["Lenlop-Delivery"])
		}
	}
	if len(seen) != len(m.posts) {
		t.Error("an old signature was used again")
	}
	if err := s.Deliver(t.Context(), "d", step); err != nil || len(m.posts) != len(pauses)+1 {
		t.Error("told after the end", err)
	}
}

func TestAnEndedHookIsNotTold(t *testing.T) {
	m := &memory{hook: Hook{ID: "h"}, d: Delivery{ID: "d", HookID: "h", State: Waiting}}
	s := &Service{Store: m, Sender: m, Jobs: m, Now: time.Now}
	err := s.Deliver(t.Context(), "d", func(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) })
	if err != nil || len(m.posts) != 0 || m.d.State != Failed {
		t.Errorf("%v, %d posts, %+v", err, len(m.posts), m.d)
	}
}
