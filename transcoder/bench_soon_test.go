//go:build bench

package transcoder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/test/testmedia"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
)

// TestBenchmarkPlayable measures how long after an upload's end the first
// piece of every low rung is there and checked, for lessons of the lengths in
// LENLOP_BENCH_PLAYABLE (seconds, "120 1200 5400").
func TestBenchmarkPlayable(t *testing.T) {
	lengths := os.Getenv("LENLOP_BENCH_PLAYABLE")
	if lengths == "" {
		lengths = "120 1200 5400"
	}
	dir := t.TempDir()
	minute := slides(t, dir, 60)
	for length := range strings.FieldsSeq(lengths) {
		file := filepath.Join(dir, length+".mp4")
		testmedia.Run(t, "-v", "error", "-stream_loop", "-1", "-i", minute, "-t", length, "-c", "copy", file)
		tr := &transcoder.Transcoder{Sandbox: testmedia.Bare{}}
		began, cpu := time.Now(), childCPU()
		f, err := tr.Inspect(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		inspected := time.Since(began)
		p, err := tr.Plan(t.Context(), file, f)
		if err != nil {
			t.Fatal(err)
		}
		planned := time.Since(began)
		runTasks(t, tr, file, p, p.Tasks()[:1], 1)
		info, _ := os.Stat(file)
		t.Logf(
			"%s s, %d MB: inspected after %.1f s, planned after %.1f s, playable after %.1f s (at most 15), %.1f CPU s",
			length, info.Size()>>20,
			inspected.Seconds(), planned.Seconds(), time.Since(began).Seconds(), childCPU()-cpu)
		_ = os.Remove(file)
	}
}

// TestBenchmarkRepackaged measures what repackaging saves: the same recording
// with its own pictures as the top rung, and encoded.
func TestBenchmarkRepackaged(t *testing.T) {
	length := seconds("LENLOP_BENCH_COPY", 120)
	dir := t.TempDir()
	file := filepath.Join(dir, "fit.mp4")
	testmedia.Run(t, "-v", "error", "-i", slides(t, dir, length), "-c:v", "libx264", "-preset", "veryfast", "-crf",
		"27", "-maxrate", "1500k", "-bufsize", "3M", "-g", "60",
		"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-c:a", "aac", file)
	tr := newTranscoder()
	f, err := tr.Inspect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, copied := range []bool{true, false} {
		g := f
		if !copied {
			g.Groups = nil
		}
		p, err := tr.Plan(t.Context(), file, g)
		if err != nil || p.Rungs[0].Copy != copied {
			t.Fatalf("%v, repackaged %v", err, p.Rungs[0].Copy)
		}
		var same, rest []transcoder.Task
		for _, task := range p.Tasks() {
			if task.Group == ladder.Same {
				same = append(same, task)
			} else {
				rest = append(rest, task)
			}
		}
		wall, cpu, _ := runTasks(t, tr, file, p, same, 1)
		_, others, rungs := runTasks(t, tr, file, p, rest, 1)
		t.Logf(
			"repackaged %v, %.0f s of %d kbit/s: the top rung alone %.1f s, %.1f CPU s; all tasks %.1f CPU s; %d rungs",
			copied, p.Duration, f.Bitrate/1000, wall, cpu, cpu+others, len(rungs))
	}
}
