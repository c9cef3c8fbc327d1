package feedback

import (
	"context"
	"time"

	"lenlop/services/limit"
)

// How often one viewer, and one address that a whole school may share, can
// report in a window.
const (
	window      = 10 * time.Minute
	perReporter = 12
	perNetwork  = 120
)

// admit counts one report, or returns how long its sender must wait.
func (s *Service) admit(ctx context.Context, reporter, network string) time.Duration {
	rule := limit.Rule{Window: window, Fixed: true}
	keys := []limit.Key{{Kind: "report", Name: reporter, Rule: rule}}
	limits := []float64{perReporter}
	if network != "" {
		keys = append(keys, limit.Key{Kind: "report network", Name: network, Rule: rule})
		limits = append(limits, perNetwork)
	}
	wait := func(counts []limit.Count) (longest time.Duration) {
		now := s.Now()
		for i, c := range counts {
			if c.N >= limits[i] {
				longest = max(longest, time.Second, c.First.Add(window).Sub(now))
			}
		}
		return longest
	}
	if d := wait(s.Limits.Known(keys...)); d > 0 {
		return d
	}
	if d := wait(s.Limits.Read(ctx, keys...)); d > 0 {
		return d
	}
	s.Limits.Add(ctx, keys...)
	return 0
}
