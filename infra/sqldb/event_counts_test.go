package sqldb_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/limit"
)

// TestEventCounts: the database counts as the rules do, two processes lose no
// event, and rows go when they have expired.
func TestEventCounts(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx, start := t.Context(), time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
		s := db.EventCounts()
		rules := map[string]limit.Rule{
			"sliding": {Window: time.Minute}, "fixed": {Window: time.Minute, Fixed: true},
			"leaking": {Window: time.Minute, Leak: 0.05},
		}
		want := map[string]limit.Count{}
		for _, second := range []int{0, 5, 50, 70, 71, 140, 260} {
			now := start.Add(time.Duration(second) * time.Second)
			var events []limit.Event
			for key, r := range rules {
				events = append(events, limit.Event{Key: key, Rule: r})
				want[key] = r.Add(want[key], now)
			}
			got, err := s.Add(ctx, now, events)
			if err != nil {
				t.Fatal(err)
			}
			read, err := s.Counts(ctx, []string{"sliding", "fixed", "leaking", "unknown"})
			if err != nil || len(read) != len(rules) {
				t.Fatalf("%d counts: %v", len(read), err)
			}
			for key, w := range want {
				for _, g := range []limit.Count{got[key], read[key]} {
					if math.Abs(g.N-w.N) > 1e-6 || !g.First.Equal(w.First) || !g.Last.Equal(w.Last) {
						t.Errorf("%s after %d s: %+v, want %+v", key, second, g, w)
					}
				}
			}
		}
		if err := s.Forget(ctx, []string{"fixed", "leaking"}); err != nil {
			t.Fatal(err)
		}
		if left, err := s.Counts(ctx, []string{"sliding", "fixed", "leaking"}); err != nil || len(left) != 1 {
			t.Errorf("%v %v", left, err)
		}
		later := start.Add(time.Hour)
		var group sync.WaitGroup
		for n := range 20 {
			store := []*sqldb.EventCounts{s, db.EventCounts()}[n%2]
			group.Go(func() {
				events := []limit.Event{{Key: "a", Rule: rules["sliding"]}, {Key: "b", Rule: rules["sliding"]}}
				if n%4 < 2 {
					events[0], events[1] = events[1], events[0]
				}
				if _, err := store.Add(ctx, later, events); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		all, err := s.Counts(ctx, []string{"a", "b", "sliding"})
		if err != nil || all["a"].N != 20 || all["b"].N != 20 {
			t.Errorf("%+v %v, want 20 each", all, err)
		}
		if _, expired := all["sliding"]; expired {
			t.Error("an expired row remains")
		}
	})
}

// TestLimitsOfTwoProcesses: what one process counted limits at the other.
func TestLimitsOfTwoProcesses(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		now := func() time.Time { return time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC) }
		key := limit.Key{Kind: "code", Name: "thiết bị", Rule: limit.Rule{Window: time.Hour, Fixed: true}}
		var processes []*limit.Counter
		for range 2 {
			processes = append(processes, &limit.Counter{Store: db.EventCounts(), Secret: []byte("khoá"), Clock: now})
		}
		for n := range 20 {
			if got := processes[n%2].Add(t.Context(), key)[0].N; got != float64(n+1) {
				t.Fatalf("event %d counts as %v", n+1, got)
			}
		}
		for n, p := range processes {
			if got := p.Read(t.Context(), key)[0].N; got != 20 {
				t.Errorf("process %d reads %v", n, got)
			}
		}
		var stored []string
		if err := db.Reader(t.Context()).NewRaw("SELECT key FROM event_counts").Scan(t.Context(),
			&stored); err != nil || len(stored) != 1 {
			t.Fatal(fmt.Sprint(stored), err)
		}
	})
}
