package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestClockIsForDemosOnLoopback: whatever lets others reach the site or its data refuses a clock that is set.
func TestClockIsForDemosOnLoopback(t *testing.T) {
	now := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, change := range map[string]func(*serveCmd){
		"not a demo":        func(c *serveCmd) { c.Demo = false },
		"every address":     func(c *serveCmd) { c.Listen = "0.0.0.0:8080" },
		"no host":           func(c *serveCmd) { c.Listen = ":8080" },
		"another address":   func(c *serveCmd) { c.Listen = "192.0.2.1:8080" },
		"a public address":  func(c *serveCmd) { c.PublicURL = "https://example.vn" },
		"behind a proxy":    func(c *serveCmd) { c.TrustedProxies = []string{"127.0.0.1"} },
		"a shared database": func(c *serveCmd) { c.Database = "postgres://127.0.0.1/lenlop" },
		"shared objects":    func(c *serveCmd) { c.S3Endpoint = "http://127.0.0.1:9000" },
		"no time":           func(c *serveCmd) { c.clock = "yesterday" },
	} {
		c := serveCmd{Listen: "127.0.0.1:0", Demo: true, clock: "2024-02-29T12:00:00+07:00"}
		change(&c)
		if shift, err := c.clockShift(now); err == nil {
			t.Errorf("%s: the clock is set by %v", name, shift)
		}
		c.clock = ""
		if shift, err := c.clockShift(now); err != nil || shift != 0 {
			t.Errorf("%s, no clock asked for: %v, %v", name, shift, err)
		}
	}
	for _, listen := range []string{"127.0.0.1:0", "localhost:8080", "[::1]:0"} {
		c := serveCmd{Listen: listen, Demo: true, clock: "2024-02-29T12:00:00+07:00"}
		want := time.Date(2024, 2, 29, 5, 0, 0, 0, time.UTC)
		if shift, err := c.clockShift(now); err != nil || !now.Add(shift).Equal(want) {
			t.Errorf("on %s the clock is %v, %v", listen, now.Add(shift), err)
		}
	}
}

// TestClockIsRefusedByOtherCommands, from the environment as from the command line.
func TestClockIsRefusedByOtherCommands(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LENLOP_CLOCK", "2024-02-29T12:00:00+07:00")
	for _, args := range [][]string{{"work", "--data", dir}, {"version"},
		{"serve", "--data", dir, "--listen", "127.0.0.1:0"}} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code == 0 || !strings.Contains(errs.String(), "LENLOP_CLOCK") {
			t.Errorf("%v: %d %s", args, code, errs.String())
		}
	}
}
