package limit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// table is a Store in memory that counts its calls.
type table struct {
	rows          map[string]Count
	reads, writes int
	away          bool
}

var errAway = errors.New("away")

func (t *table) Counts(_ context.Context, keys []string) (map[string]Count, error) {
	if t.away {
		return nil, errAway
	}
	t.reads++
	got := map[string]Count{}
	for _, k := range keys {
		if c, ok := t.rows[k]; ok {
			got[k] = c
		}
	}
	return got, nil
}

func (t *table) Add(_ context.Context, now time.Time, events []Event) (map[string]Count, error) {
	if t.away {
		return nil, errAway
	}
	t.writes++
	got := map[string]Count{}
	for _, e := range events {
		t.rows[e.Key] = e.Rule.Add(t.rows[e.Key], now)
		got[e.Key] = t.rows[e.Key]
	}
	return got, nil
}

func (t *table) Forget(_ context.Context, keys []string) error {
	if t.away {
		return errAway
	}
	t.writes++
	maps.DeleteFunc(t.rows, func(k string, _ Count) bool { return strings.Contains(strings.Join(keys, " "), k) })
	return nil
}

var start = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

func TestRule(t *testing.T) {
	events := func(r Rule, seconds ...int) Count {
		var c Count
		for _, s := range seconds {
			c = r.Add(c, start.Add(time.Duration(s)*time.Second))
		}
		return c
	}
	for name, c := range map[string]struct {
		rule   Rule
		events []int
		at     int
		want   float64
	}{
		"counts":                 {Rule{Window: time.Minute}, []int{0, 10, 20}, 30, 3},
		"forgets after the last": {Rule{Window: time.Minute}, []int{0, 10, 20}, 80, 0},
		"the last counts":        {Rule{Window: time.Minute}, []int{0, 50, 100}, 159, 3},
		"fixed: from the first":  {Rule{Window: time.Minute, Fixed: true}, []int{0, 10, 20}, 60, 0},
		"fixed: starts again":    {Rule{Window: time.Minute, Fixed: true}, []int{0, 50, 70}, 80, 1},
		"leaks":                  {Rule{Window: time.Minute, Leak: 0.1}, []int{0, 0, 0}, 20, 1},
		"leaks between events":   {Rule{Window: time.Minute, Leak: 0.1}, []int{0, 0, 10}, 10, 2},
		"never below zero":       {Rule{Window: time.Minute, Leak: 1}, []int{0}, 30, 0},
	} {
		now := start.Add(time.Duration(c.at) * time.Second)
		if got := c.rule.Now(events(c.rule, c.events...), now).N; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestTwoProcesses share what they count; neither name nor address is stored.
func TestTwoProcesses(t *testing.T) {
	now, store := start, &table{rows: map[string]Count{}}
	clock := func() time.Time { return now }
	a := &Counter{Store: store, Secret: []byte("khoá"), Clock: clock}
	b := &Counter{Store: store, Secret: []byte("khoá"), Clock: clock}
	key := Key{Kind: "sign-in", Name: "co-ha 203.0.113.9", Rule: Rule{Window: time.Minute}}
	other := Key{Kind: "code", Name: key.Name, Rule: key.Rule}
	a.Add(t.Context(), key)
	b.Add(t.Context(), key)
	a.Add(t.Context(), key)
	if n := b.Read(t.Context(), key, other); n[0].N != 3 || n[1].N != 0 {
		t.Errorf("%+v, want 3 and 0", n)
	}
	for stored := range store.rows {
		if strings.Contains(stored, "co-ha") || strings.Contains(stored, "203") {
			t.Errorf("stored as %q", stored)
		}
	}
	reads := store.reads
	if n := b.Known(key); n[0].N != 3 || store.reads != reads {
		t.Errorf("%+v after %d more queries", n, store.reads-reads)
	}
	a.Forget(t.Context(), key)
	if n := b.Read(t.Context(), key); n[0].N != 0 {
		t.Errorf("%+v after it was forgotten", n)
	}
}

// TestStoreAway: each process counts for itself meanwhile.
func TestStoreAway(t *testing.T) {
	now, store := start, &table{rows: map[string]Count{}}
	c := &Counter{Store: store, Clock: func() time.Time { return now }}
	key := Key{Kind: "k", Name: "n", Rule: Rule{Window: time.Minute}}
	c.Add(t.Context(), key)
	store.away = true
	c.Add(t.Context(), key)
	if n := c.Read(t.Context(), key); n[0].N != 2 {
		t.Errorf("%+v, want 2", n)
	}
	now = now.Add(time.Minute)
	if n := c.Read(t.Context(), key); n[0].N != 0 {
		t.Errorf("%+v after the window", n)
	}
}

// TestMemoryIsBounded whatever senders do.
func TestMemoryIsBounded(t *testing.T) {
	c := &Counter{Clock: func() time.Time { return start }}
	for n := range maxKnown + 1000 {
		c.remember(fmt.Sprint(n), known{Count{N: 1, First: start, Last: start}, Rule{Window: time.Minute}})
	}
	if len(c.known) > maxKnown {
		t.Errorf("%d counts in memory", len(c.known))
	}
}
