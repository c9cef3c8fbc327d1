package signin

import (
	"net/netip"
	"sync"
	"time"
)

// Limits slow down guessing. Failures are counted per account and address
// together, per account, and per address; the last allows for a whole school
// behind one address, so that no class is locked out by one forgetful child.
type Limits struct {
	Now  func() time.Time
	mu   sync.Mutex
	seen map[string]*tries
}

type tries struct {
	n    int
	last time.Time
}

// After so many failures within the window the next attempt must wait.
const (
	pairFree    = 5
	accountFree = 50
	addressFree = 500
	window      = 15 * time.Minute
	maxWait     = time.Minute
	maxKept     = 100_000
)

// NewLimits makes empty limits.
func NewLimits(now func() time.Time) *Limits {
	return &Limits{Now: now, seen: map[string]*tries{}}
}

// Wait is how long the next attempt must wait; 0: it may go on.
func (l *Limits) Wait(account, addr string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	return max(l.wait("p"+account+"\x00"+addr, pairFree, now), l.wait("a"+account, accountFree, now), l.wait("i"+network(addr), addressFree, now))
}

func (l *Limits) wait(key string, free int, now time.Time) time.Duration {
	t := l.seen[key]
	if t == nil || now.Sub(t.last) > window || t.n < free {
		return 0
	}
	// Doubles from one second with every failure beyond the free ones.
	d := min(time.Second<<min(t.n-free, 10), maxWait)
	return max(0, d-now.Sub(t.last))
}

// Failed counts a wrong password.
func (l *Limits) Failed(account, addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	if len(l.seen) > maxKept {
		for k, t := range l.seen {
			if now.Sub(t.last) > window {
				delete(l.seen, k)
			}
		}
	}
	for _, k := range []string{"p" + account + "\x00" + addr, "a" + account, "i" + network(addr)} {
		t := l.seen[k]
		if t == nil || now.Sub(t.last) > window {
			t = &tries{}
			l.seen[k] = t
		}
		t.n, t.last = t.n+1, now
	}
}

// network is the part of an address that one household or school holds: an
// IPv6 customer gets a /64.
func network(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
