// Package testclock is the clock of tests that run the whole product: the
// machine's, or one that starts at LENLOP_TEST_CLOCK (RFC 3339) and goes on from
// there. `make test-clock` runs such tests when days, weeks, terms and years end.
package testclock

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// Shift is how far the clock is from the machine's; 0 without LENLOP_TEST_CLOCK.
// The product is started with it (its program and its database).
var Shift = sync.OnceValue(func() time.Duration {
	s := os.Getenv("LENLOP_TEST_CLOCK")
	if s == "" {
		return 0
	}
	start, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(fmt.Sprintf("LENLOP_TEST_CLOCK=%s: want a time like 2026-11-30T00:05:00+07:00", s))
	}
	return time.Until(start)
})

// Now is the time by that clock.
func Now() time.Time { return time.Now().Add(Shift()) }
