//go:build long

package sandbox

import (
	"os/exec"
	"path/filepath"
	"testing"

	"lenlop/transcoder"
)

// TestMemoryOfSteps: the steps of ordinary recordings, and of one whose sound and
// picture have a hole of an hour, stay within the memory of a step.
func TestMemoryOfSteps(t *testing.T) {
	shift := "if(gt(T,4),3600/TB,0)"
	for name, c := range map[string]struct {
		args  []string
		limit int64
		tasks func(n int) []int // of n tasks: an hour is not encoded whole
	}{
		"1080p": {[]string{"-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=30:d=14", "-f", "lavfi", "-i", "sine=d=14",
			"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"}, 700 << 20,
			func(n int) []int { return []int{0, n - 1} }},
		"a hole of an hour": {[]string{"-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=8", "-f", "lavfi", "-i",
			"sine=d=8:r=48000", "-vf", "setpts='PTS+" + shift + "'", "-af", "asetpts='PTS+" + shift + "'", "-fps_mode",
			"passthrough", "-c:v", "mpeg4", "-c:a", "aac", "-async", "0"}, 700 << 20,
			func(n int) []int { return []int{0, 1, n / 2, n - 2, n - 1} }},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "recording.mkv")
			args := append(append([]string{"-v", "error"}, c.args...), file)
			if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			s, err := New(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			tr := &transcoder.Transcoder{Sandbox: s, Threads: 1, Scratch: t.TempDir()}
			f, err := tr.Inspect(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.Plan(t.Context(), file, f)
			if err != nil {
				t.Fatal(err)
			}
			tasks := p.Tasks()
			for _, i := range c.tasks(len(tasks)) {
				if i < 0 || i >= len(tasks) {
					continue
				}
				if _, err := tr.Encode(t.Context(), file, p, tasks[i], t.TempDir(), nil); err != nil {
					t.Errorf("task %d of %d (%s): %v", i, len(tasks), tasks[i].Group, err)
				}
			}
			t.Logf("%d MB at most, %.0f s", s.most.Load()>>20, p.Duration)
			if most := s.most.Load(); most == 0 || most > c.limit {
				t.Errorf("%d bytes in memory, at most %d", most, c.limit)
			}
		})
	}
}
