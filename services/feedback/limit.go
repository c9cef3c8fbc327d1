package feedback

import (
	"sync"
	"time"
)

// One viewer, and one address that a whole school may sit behind, can report
// so often in window.
const (
	window      = 10 * time.Minute
	perReporter = 12
	perNetwork  = 120
	maxCounted  = 50_000 // names remembered at once
)

// limits counts reports by who sent them.
type limits struct {
	mu    sync.Mutex
	began time.Time
	seen  map[string]int
}

// take counts one report, or says how long to wait.
func (l *limits) take(now time.Time, reporter, network string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.began) >= window || len(l.seen) > maxCounted {
		l.began, l.seen = now, map[string]int{}
	}
	r, n := "r"+reporter, "n"+network
	if l.seen[r] >= perReporter || network != "" && l.seen[n] >= perNetwork {
		return max(time.Second, l.began.Add(window).Sub(now))
	}
	l.seen[r]++
	l.seen[n]++
	return 0
}
