package television

import (
	"context"
	"time"

	"lenlop/services/limit"
	"lenlop/services/viewership/playback"
)

// Wrong codes allowed in an hour: by one device, for typing errors, and by one
// address range, because a whole village may share an address.
const (
	wrongPerDevice = 20
	wrongPerRange  = 600
	wrongWindow    = time.Hour
)

// codeAttempts counts wrong codes for all processes together, so that guessing
// is hopeless: with ten of the 64 million codes on air at a time, a whole
// address range guesses one in a year, a device in forty years.
type codeAttempts struct {
	counter *limit.Counter
}

// keys gives the counters that a request falls under, with their limits.
func (codeAttempts) keys(r CheckInRequest) (keys []limit.Key, limits []float64) {
	rule := limit.Rule{Window: wrongWindow, Fixed: true}
	keys = []limit.Key{{Kind: "code device", Name: playback.ViewerKey(r.Person, r.Viewer), Rule: rule}}
	limits = []float64{wrongPerDevice}
	// An IPv4 range is a /24, an IPv6 range a /48; all unknown addresses are one range, or guessing would be free
	// there.
	bits := 24
	addr := r.From.Unmap()
	if addr.Is6() {
		bits = 48
	}
	if p, err := addr.Prefix(bits); err == nil {
		keys = append(keys, limit.Key{Kind: "code range", Name: p.String(), Rule: rule})
		limits = append(limits, wrongPerRange)
	}
	return keys, limits
}

// wait is how long the sender must wait before another code is checked: until
// the first of too many wrong ones is an hour old.
func (a codeAttempts) wait(ctx context.Context, r CheckInRequest, now time.Time) time.Duration {
	keys, limits := a.keys(r)
	longest := func(counts []limit.Count) (d time.Duration) {
		for i, c := range counts {
			if c.N >= limits[i] {
				d = max(d, c.First.Add(wrongWindow).Sub(now))
			}
		}
		return d
	}
	if d := longest(a.counter.Known(keys...)); d > 0 {
		return d
	}
	return longest(a.counter.Read(ctx, keys...))
}

// fail counts a wrong code.
func (a codeAttempts) fail(ctx context.Context, r CheckInRequest) {
	keys, _ := a.keys(r)
	a.counter.Add(ctx, keys...)
}
