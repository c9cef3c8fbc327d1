package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

type workCmd struct {
	serveFlags
	Kinds []string `help:"Kinds of work to do, such as transcode,broadcast; empty: all. See the queue page for their names." placeholder:"KIND,..."`
}

// Run works until SIGTERM or interrupt, then drains: nothing more is claimed,
// what runs may go on for --drain, and what is then unfinished is given back
// for others to take at once.
func (c workCmd) Run(ctx context.Context, out io.Writer) error {
	shared, err := c.shared()
	if err != nil {
		return err
	}
	if !shared {
		return fmt.Errorf("lenlop work needs a database and storage that processes can share: give LENLOP_DATABASE and LENLOP_S3_ENDPOINT; without them lenlop serve does the work itself")
	}
	// The folder is not held: several of these may work beside one another, each
	// in a folder of its own below scratch.
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	h, err := build(ctx, c.serveFlags, c.Data, c.logger())
	if err != nil {
		return err
	}
	defer h.close()
	return h.work(ctx, c.Kinds, out)
}

// work runs the kinds until ctx ends.
func (h *house) work(ctx context.Context, kinds []string, out io.Writer) error {
	known := h.runner.Kinds()
	for _, k := range kinds {
		if !slices.Contains(known, k) {
			return fmt.Errorf("--kinds: there is no work of kind %q; the kinds are %s", k, strings.Join(known, ", "))
		}
	}
	monitor, err := h.monitor()
	if err != nil {
		return err
	}
	defer monitor()
	h.runner.Only = kinds
	fmt.Fprintf(out, "working %s\n", h.runner.Worker)
	h.log.Info("working", "worker", h.runner.Worker, "kinds", kinds, "version", version)
	err = h.runner.Run(ctx)
	h.log.Info("stopped", "worker", h.runner.Worker)
	return err
}

// memoryPerSlot is what one transcode job at most takes with one thread per
// encoder, bytes: decoding 1080p and five x264 outputs.
const memoryPerSlot = 700 << 20

// slotsFor is how many transcode jobs fit a machine: one for each core, as
// long as memory lasts; a quarter of it is left to the rest. mem 0: unknown.
func slotsFor(cores int, mem int64) int {
	slots := max(cores, 1)
	if mem > 0 {
		slots = min(slots, int(mem/4*3/memoryPerSlot))
	}
	return max(slots, 1)
}

// memory is what this process may use, bytes: the container's limit, else the
// machine's; 0 when neither says. The cores need no such look: Go counts those
// of the container.
func memory() int64 {
	raw, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil {
			return n
		}
	}
	raw, err = os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	return memTotal(string(raw))
}

// memTotal reads "MemTotal: 4028412 kB".
func memTotal(meminfo string) int64 {
	for line := range strings.Lines(meminfo) {
		f := strings.Fields(line)
		if len(f) >= 2 && f[0] == "MemTotal:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}
