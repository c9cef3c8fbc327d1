package signin

import (
	"context"
	"net/netip"
	"time"

	"lenlop/services/limit"
)

// Limits slow down guessing. Failures are counted per account and address
// together, per account, and per address, for all processes together. The
// address's count allows for a whole school behind one address: it leaks, so
// that a day's forgotten passwords never add up, and its wait is short. Neither
// it nor the account's count delays somebody who has signed in to the account
// from there before, so that a guesser can lock nobody out of their usual place.
type Limits struct {
	counter *limit.Counter
}

// After so many failures within the window the next attempt must wait.
const (
	pairFree    = 5
	accountFree = 50
	addressFree = 1000
	window      = 15 * time.Minute
	maxWait     = time.Minute
	addressLeak = 0.5 // failures forgotten a second: 1800 guesses an hour remain possible
	addressWait = 2 * time.Second
	knownFor    = 30 * 24 * time.Hour
	knownRenew  = 24 * time.Hour // how often a sign-in renews a known place: a write a day
)

// NewLimits makes limits that count with a counter.
func NewLimits(c *limit.Counter) *Limits { return &Limits{counter: c} }

// attempt is what is counted of one attempt to sign in.
type attempt struct {
	pair, account, address, known limit.Key
}

func attemptOf(account, addr string) attempt {
	failures, net := limit.Rule{Window: window}, network(addr)
	pair := account + "\x00" + net
	return attempt{
		pair:    limit.Key{Kind: "sign-in pair", Name: pair, Rule: failures},
		account: limit.Key{Kind: "sign-in account", Name: account, Rule: failures},
		address: limit.Key{Kind: "sign-in address", Name: net, Rule: limit.Rule{Window: window, Leak: addressLeak}},
		known:   limit.Key{Kind: "sign-in known", Name: pair, Rule: limit.Rule{Window: knownFor}},
	}
}

func (a attempt) keys() []limit.Key { return []limit.Key{a.pair, a.account, a.address, a.known} }

// KnownWait is Wait as far as this process knows, without a query.
func (l *Limits) KnownWait(account, addr string) time.Duration {
	return l.wait(l.counter.Known(attemptOf(account, addr).keys()...))
}

// Wait is how long the next attempt must wait; 0: not at all.
func (l *Limits) Wait(ctx context.Context, account, addr string) time.Duration {
	return l.wait(l.counter.Read(ctx, attemptOf(account, addr).keys()...))
}

func (l *Limits) wait(counts []limit.Count) time.Duration {
	pair, account, address, known := counts[0], counts[1], counts[2], counts[3]
	now := l.counter.Clock()
	d := backoff(pair, pairFree, now)
	if known.N > 0 {
		return d
	}
	d = max(d, backoff(account, accountFree, now))
	if address.N >= addressFree {
		d = max(d, addressWait-now.Sub(address.Last))
	}
	return d
}

// backoff doubles from one second with every failure beyond the free ones.
func backoff(c limit.Count, free float64, now time.Time) time.Duration {
	if c.N < free {
		return 0
	}
	d := min(time.Second<<int(min(c.N-free, 10)), maxWait)
	return max(0, d-now.Sub(c.Last))
}

// Failed counts a wrong password.
func (l *Limits) Failed(ctx context.Context, account, addr string) {
	a := attemptOf(account, addr)
	l.counter.Add(ctx, a.pair, a.account, a.address)
}

// Succeeded forgets the account's failures from there, and remembers the place
// as one where the account is used. Usually it writes nothing: Wait has read
// what is known.
func (l *Limits) Succeeded(ctx context.Context, account, addr string) {
	a := attemptOf(account, addr)
	counts := l.counter.Known(a.pair, a.known)
	if counts[0].N > 0 {
		l.counter.Forget(ctx, a.pair)
	}
	if counts[1].N == 0 || l.counter.Clock().Sub(counts[1].Last) > knownRenew {
		l.counter.Add(ctx, a.known)
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
