package sandbox

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/transcoder"
)

// TestCancelledEncodingLeavesNothing: a real encoding that is cancelled in its
// middle ends within two seconds, with every process it began, and its folder
// is as empty as before.
func TestCancelledEncodingLeavesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recording.mkv")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i",
		"testsrc2=s=640x360:r=25:d=24", "-f", "lavfi", "-i", "sine=d=24",
		"-c:v", "mpeg4", "-q:v", "8", "-c:a", "pcm_s16le", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, s := range both(t) {
		t.Run(name, func(t *testing.T) {
			tr := &transcoder.Transcoder{Sandbox: s, Threads: 1}
			f, err := tr.Inspect(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.Plan(t.Context(), file, f)
			if err != nil {
				t.Fatal(err)
			}
			tasks := p.Tasks()
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var cancelled time.Time
			_, err = tr.Encode(ctx, file, p, tasks[len(tasks)-1], dir, func(fraction float64) {
				// A busy machine reports progress late: without a process the test would prove nothing.
				if fraction > 0 && fraction < 0.95 && cancelled.IsZero() && len(running(t, dir)) > 0 {
					cancelled = time.Now()
					cancel()
				}
			})
			took := time.Since(cancelled)
			if !errors.Is(err, context.Canceled) || cancelled.IsZero() {
				t.Fatalf("error %v, cancelled %v", err, cancelled)
			}
			if took > 10*time.Second { // at once, on a machine that does nothing else
				t.Errorf("took %v to end", took)
			}
			if left := running(t, dir); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
			if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
				t.Errorf("left over: %v, %v", list, err)
			}
		})
	}
}

// running lists the processes with a folder among their arguments.
func running(t *testing.T, dir string) (found []string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		data, err := os.ReadFile(line)
		if err == nil && strings.Contains(string(data), dir) {
			found = append(found, line)
		}
	}
	return found
}
