package app

import "testing"

// TestSlots: one job for each core while memory lasts.
func TestSlots(t *testing.T) {
	for _, c := range []struct {
		cores int
		mem   int64
		want  int
	}{{2, 4 << 30, 2}, {16, 4 << 30, 4}, {64, 0, 64}, {0, 0, 1}, {8, 100 << 20, 1}, {4, 64 << 30, 4}} {
		if got := slotsFor(c.cores, c.mem); got != c.want {
			t.Errorf("%d cores, %d MiB: %d slots, want %d", c.cores, c.mem>>20, got, c.want)
		}
	}
	if got := memTotal("MemTotal:        4028412 kB\nMemFree: 1 kB\n"); got != 4028412<<10 {
		t.Errorf("memory %d", got)
	}
}
