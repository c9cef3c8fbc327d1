package delivery

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/viewership/playback"
)

// TestReconcile: the gap is what was served less what was watched, also when one
// of them is missing; neither is hidden.
func TestReconcile(t *testing.T) {
	m, s := newService(t)
	m.rows = []Served{{"b", "2020-04-13", OwnCounter, 61_500, 7}, {"c", "2020-04-14", OwnCounter, 1000, 2}}
	sums := func(key string, watch int64) playback.Sums {
		return playback.Sums{Key: key, Total: playback.Total{Watch: watch}}
	}
	m.watched = []playback.Sums{sums("b", 60_000), sums("a", 2_500)}
	got, err := s.Reconcile(t.Context(), reviewer, Query{})
	want := []Gap{{"a", 0, 0, 2.5, -2.5}, {"b", 61.5, 7, 60, 1.5}, {"c", 1, 2, 0, 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("by lesson: %+v, %v", got, err)
	}
	m.watched = []playback.Sums{sums("2020-04-13", 1_500)}
	got, err = s.Reconcile(t.Context(), reviewer, Query{By: ByDay})
	want = []Gap{{"2020-04-13", 61.5, 7, 1.5, 60}, {"2020-04-14", 1, 2, 0, 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("by day: %+v, %v", got, err)
	}
}

// TestReconcileScope: a period is of local days.
func TestReconcileScope(t *testing.T) {
	m, s := newService(t)
	q := Query{Lesson: "l", From: time.Date(2020, 4, 12, 17, 0, 0, 0, time.UTC)}
	q.To = q.From.Add(47*time.Hour + 59*time.Minute)
	if _, err := s.Reconcile(t.Context(), reviewer, q); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reconcile(t.Context(), reviewer, Query{}); err != nil {
		t.Fatal(err)
	}
	a, all := m.scopes[0], m.scopes[1]
	if a.From != "2020-04-13" || a.To != "2020-04-14" || a.Lesson != "l" || all.From != "" || all.To != "" {
		t.Errorf("%+v", m.scopes)
	}
}

func TestReconcileFaults(t *testing.T) {
	for name, by := range outsiders() {
		_, s := newService(t)
		if _, err := s.Reconcile(t.Context(), by, Query{}); !fault.Is(err, "access.denied") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, method := range []string{"ServedBy", "Grouped"} {
		m, s := newService(t)
		m.fail[method] = errStore
		if _, err := s.Reconcile(t.Context(), reviewer, Query{}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

func TestNewRequires(t *testing.T) {
	for name, drop := range map[string]func(*Config){
		"Store":    func(c *Config) { c.Store = nil },
		"Watched":  func(c *Config) { c.Watched = nil },
		"Lengths":  func(c *Config) { c.Lengths = nil },
		"Location": func(c *Config) { c.Location = nil },
		"Now":      func(c *Config) { c.Now = nil },
		"NewID":    func(c *Config) { c.NewID = nil },
		"Atomic":   func(c *Config) { c.Atomic = nil },
		"Audit":    func(c *Config) { c.Audit = nil },
	} {
		c := newMemory().config()
		drop(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
