package signin

import (
	"path/filepath"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/limit"
)

// TestLimitsAreShared: guesses sent to two processes in turn are counted
// together, and a place known to one is known to the other.
func TestLimitsAreShared(t *testing.T) {
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "lenlop.db"), clock)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	process := func() *Limits {
		return NewLimits(&limit.Counter{Store: db.EventCounts(), Secret: []byte("khoá"), Clock: clock})
	}
	a, b := process(), process()
	const home, guesser = "198.51.100.7", "203.0.113.9"
	a.Succeeded(t.Context(), "co-ha", home)
	for n := range pairFree {
		[]*Limits{a, b}[n%2].Failed(t.Context(), "co-ha", guesser)
	}
	for name, l := range map[string]*Limits{"a": a, "b": b} {
		if l.Wait(t.Context(), "co-ha", guesser) == 0 {
			t.Errorf("process %s lets the guesser continue", name)
		}
		if l.KnownWait("co-ha", guesser) == 0 {
			t.Errorf("process %s has to ask the database again", name)
		}
	}
	for n := range accountFree {
		b.Failed(t.Context(), "co-ha", "192.0.2."+string(rune('0'+n%10)))
	}
	if d := b.Wait(t.Context(), "co-ha", "192.0.2.200"); d == 0 {
		t.Error("guesses from many addresses are not held up")
	}
	if d := b.Wait(t.Context(), "co-ha", home); d > 0 {
		t.Errorf("the teacher waits %v at the place where they signed in to the other process", d)
	}
	// A sign-in right after another writes nothing.
	a.Wait(t.Context(), "co-ha", home)
	var before, after float64
	read := func(n *float64) {
		if err := db.Reader(t.Context()).NewRaw("SELECT SUM(last_ms + n) FROM event_counts").Scan(t.Context(),
			n); err != nil {
			t.Fatal(err)
		}
	}
	read(&before)
	now = now.Add(time.Minute)
	a.Succeeded(t.Context(), "co-ha", home)
	if read(&after); after != before {
		t.Error("a repeated sign-in wrote to the database")
	}
}
