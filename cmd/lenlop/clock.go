package main

import (
	"errors"
	"fmt"
	"net"
	"time"
)

var errClock = errors.New("LENLOP_CLOCK is for tests: only serve --demo takes it, on loopback, " +
	"without a proxy in front, on the database and the objects of its own data folder")

// clockShift is how far the program's clock is from the machine's: 0, or what LENLOP_CLOCK asks for.
//
// It is for tests alone, because a site with a wrong clock counts viewing on wrong days, and lets sessions live too
// long. So it is refused for data that is not a demo's, where others than this machine could reach the site, and
// where other processes could share the database: their clocks would differ from this one.
//
// The shift (app.DataSettings.ClockShift) is constant, so time passes as it does on the machine, and the database's
// clock is moved by the same (sqldb.Pool.ClockShift). Storage, logs and the time limits of
// connections keep the machine's time.
func (c serveCmd) clockShift(now time.Time) (time.Duration, error) {
	if c.clock == "" {
		return 0, nil
	}
	start, err := time.Parse(time.RFC3339, c.clock)
	if err != nil {
		return 0, fmt.Errorf("LENLOP_CLOCK=%s: want a time like 2026-11-30T00:05:00+07:00", c.clock)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || !loopback(host) || !c.Demo || c.PublicURL != "" || len(c.TrustedProxies) > 0 ||
		c.Database != "" || !c.Embedded() {
		return 0, errClock
	}
	return start.Sub(now), nil
}
