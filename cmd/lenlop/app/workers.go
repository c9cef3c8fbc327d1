package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Work does jobs of these kinds, all when there are none, until ctx ends, and
// calls ready with its name once it begins.
func (a *App) Work(ctx context.Context, kinds []string, ready func(worker string)) error {
	known := a.Runner.Kinds()
	for _, k := range kinds {
		if !slices.Contains(known, k) {
			return fmt.Errorf("--kinds: there is no work of kind %q; the kinds are %s", k, strings.Join(known, ", "))
		}
	}
	stopMonitor, err := a.serveMetrics(ctx)
	if err != nil {
		return err
	}
	defer stopMonitor()
	a.Runner.Only = kinds
	ready(a.Runner.Worker)
	a.Log.Info("working", "worker", a.Runner.Worker, "kinds", kinds, "version", a.version)
	err = a.Runner.Run(ctx)
	a.Log.Info("stopped", "worker", a.Runner.Worker)
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
