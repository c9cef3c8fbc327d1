package signin

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// Limits slow down guessing. Failures are counted per account and address
// together, per account, and per address. The last allows for a whole school
// behind one address: it leaks, so that a day's forgotten passwords never add
// up, and its wait is short. Neither it nor the account's count holds up
// somebody who has signed in to the account from there before, so that a
// guesser can lock nobody out of their usual place.
type Limits struct {
	Now   func() time.Time
	mu    sync.Mutex
	seen  map[string]*tries
	known map[string]time.Time // account and network of the last successes
}

type tries struct {
	n    float64
	last time.Time
}

// After so many failures within the window the next attempt must wait.
const (
	pairFree    = 5
	accountFree = 50
	addressFree = 1000
	window      = 15 * time.Minute
	maxWait     = time.Minute
	addressLeak = 0.5 // failures forgotten a second: 1800 guesses an hour is what remains
	addressWait = 2 * time.Second
	knownFor    = 30 * 24 * time.Hour
	maxKept     = 100_000
)

// NewLimits makes empty limits.
func NewLimits(now func() time.Time) *Limits {
	return &Limits{Now: now, seen: map[string]*tries{}, known: map[string]time.Time{}}
}

// keys of the three counts. Names are typed by strangers: a long one is kept
// by its hash.
func keys(account, addr string) (pair, whole, place string) {
	if len(account) > 64 {
		h := sha256.Sum256([]byte(account))
		account = string(h[:])
	}
	net := network(addr)
	return "p" + account + "\x00" + net, "a" + account, "i" + net
}

// Wait is how long the next attempt must wait; 0: it may go on.
func (l *Limits) Wait(account, addr string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	pair, whole, place := keys(account, addr)
	d := l.wait(pair, pairFree, now)
	if at, ok := l.known[pair]; ok && now.Sub(at) < knownFor {
		return d
	}
	d = max(d, l.wait(whole, accountFree, now))
	if t := l.seen[place]; t != nil && t.leaked(now) >= addressFree {
		d = max(d, addressWait-now.Sub(t.last))
	}
	return d
}

func (l *Limits) wait(key string, free float64, now time.Time) time.Duration {
	t := l.seen[key]
	if t == nil || now.Sub(t.last) > window || t.n < free {
		return 0
	}
	// Doubles from one second with every failure beyond the free ones.
	d := min(time.Second<<int(min(t.n-free, 10)), maxWait)
	return max(0, d-now.Sub(t.last))
}

// leaked is how many failures of an address count now.
func (t *tries) leaked(now time.Time) float64 {
	return max(0, t.n-now.Sub(t.last).Seconds()*addressLeak)
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
	pair, whole, place := keys(account, addr)
	for _, k := range []string{pair, whole, place} {
		t := l.seen[k]
		if t == nil || now.Sub(t.last) > window {
			t = &tries{last: now}
			l.seen[k] = t
		}
		if k == place {
			t.n = t.leaked(now)
		}
		t.n, t.last = t.n+1, now
	}
}

// Succeeded forgets what the account failed from there, and remembers the
// place as one it is used from.
func (l *Limits) Succeeded(account, addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	if len(l.known) > maxKept {
		for k, at := range l.known {
			if now.Sub(at) > knownFor/2 {
				delete(l.known, k)
			}
		}
		if len(l.known) > maxKept {
			clear(l.known)
		}
	}
	pair, _, _ := keys(account, addr)
	delete(l.seen, pair)
	l.known[pair] = now
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
