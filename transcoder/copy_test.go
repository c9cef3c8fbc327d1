package transcoder_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/test/longtest"
	"lenlop/test/testmedia"
	"lenlop/transcoder"
)

// fit is how a recording is made that can be repackaged.
func fit(more ...string) []string {
	return append([]string{"-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-colorspace",
		"bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
		"-c:a", "aac", "-b:a", "160k"}, more...)
}

// TestRepackaged: a recording that is fit for it becomes the top rung as it
// is, cut at its own key frames like all other rungs; every picture and every
// sample is at its place, nothing but pictures is taken over, and the whole
// passes the same verification.
func TestRepackaged(t *testing.T) {
	t.Parallel()
	for name, shape := range longtest.Subset(map[string]testmedia.Shape{
		"B-frames, odd groups": {Name: "a.mp4", FPS: "25", Frames: 25 * 10, Rate: 44100, Seconds: 10,
			Args: fit("-vf", "scale=720:406", "-g", "47", "-bf", "3", "-b_strategy", "0")},
		"milliseconds": {Name: "b.mkv", FPS: "30000/1001", Frames: 300, Rate: 48000, Seconds: 10,
			Args: fit("-g", "60", "-bf", "2", "-profile:v", "main")},
		"far from 0": {Name: "c.ts", FPS: "25", Frames: 25 * 10, Rate: 48000, Seconds: 10,
			Args: fit("-g", "50", "-output_ts_offset", "3000", "-muxdelay", "0")},
		"no sound, no B": {Name: "d.mov", FPS: "24", Frames: 24 * 10, Args: fit("-g", "72", "-bf", "0")},
	}, "B-frames, odd groups") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := testmedia.Counted(t, t.TempDir(), shape)
			m := makePackage(t, newTranscoder(), file)
			top := m.plan.Rungs[0]
			if !top.Copy {
				t.Fatalf("it is encoded: %q, %d bit/s", m.facts.Groups.Reason, m.facts.Bitrate)
			}
			for _, r := range m.plan.Rungs {
				if r.Kind == "video" {
					checkNumbers(t, m, r, shape)
				}
				if shape.Rate > 0 {
					checkSound(t, m, r)
				}
			}
			report, err := newTranscoder().VerifyPackage(t.Context(), m.plan, m.segments, m.open)
			if err != nil {
				t.Fatalf("verify: %v", err)
			}
			if report.Rungs[0].Codecs != top.Codecs || top.Bandwidth < report.Rungs[0].Bandwidth {
				t.Errorf("measured %+v, planned %s and %d", report.Rungs[0], top.Codecs, top.Bandwidth)
			}
			data, err := os.ReadFile(m.files[top.Name])
			if err != nil {
				t.Fatal(err)
			}
			// The encoder's words stand in the recording and not in the rung.
			if bytes.Contains(data, []byte("x264 - core")) {
				t.Error("the recording's own words were taken over")
			}
			if raw, _ := os.ReadFile(file); shape.Name != "c.ts" && !bytes.Contains(raw, []byte("x264 - core")) {
				t.Error("the recording has no words of its own: this proves nothing")
			}
		})
	}
}

// TestNotRepackaged: whatever is doubtful is encoded.
func TestNotRepackaged(t *testing.T) {
	t.Parallel()
	const source = "-v error -f lavfi -i testsrc2=s=320x180:r=25:d=9 -f lavfi -i sine=d=9 "
	for name, c := range longtest.Subset(map[string]struct{ args, reason string }{
		"long groups.mp4":       {"-g 400 -sc_threshold 0", ""},
		"open groups.mp4":       {"-g 50 -bf 2 -x264-params open-gop=1:scenecut=0", ""},
		"full chroma.mp4":       {"-g 50 -pix_fmt yuv444p", "H.264"},
		"too many bits.mp4":     {"-g 50 -b:v 4M -crf 1", ""},
		"interlaced.mp4":        {"-g 50 -flags +ildct+ilme -x264opts tff=1", "progressive"},
		"colours of old.mp4":    {"-g 50 -colorspace smpte170m", "colours"},
		"hidden beginning.mp4":  {"-ss 0.5 -g 50", ""},
		"sound comes first.mkv": {"-g 50 -vf setpts=PTS+0.3/TB", ""},
		"uneven.mkv":            {"-g 50 -vf select='gt(mod(n\\,7)\\,0)' -vsync vfr", ""},
	}, "open groups.mp4", "hidden beginning.mp4") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := filepath.Join(t.TempDir(), name)
			args := strings.Fields(source)
			args = append(args, fit()...)
			testmedia.Run(t, append(append(args, strings.Fields(c.args)...), whole)...)
			if strings.HasPrefix(name, "hidden") {
				// Copied from between two key frames: an edit list hides what
				// stands before the cut.
				cut := filepath.Join(t.TempDir(), name)
				testmedia.Run(t, "-v", "error", "-ss", "3.1", "-i", whole, "-c", "copy", cut)
				whole = cut
			}
			tr := newTranscoder()
			f, err := tr.Inspect(t.Context(), whole)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.Plan(t.Context(), whole, f)
			if err != nil {
				t.Fatal(err)
			}
			if p.Rungs[0].Copy || c.reason != "" && !strings.Contains(f.Groups.Reason, c.reason) {
				t.Errorf("repackaged: %v, reason %q", p.Rungs[0].Copy, f.Groups.Reason)
			}
		})
	}
}

// TestNotFitAfterAll: what planning could not see is found when the pictures
// are taken, and says so in a way that leads to encoding.
func TestNotFitAfterAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := testmedia.Counted(t, dir,
		testmedia.Shape{Name: "a.mp4", FPS: "25", Frames: 25 * 20, Rate: 48000, Seconds: 20, Args: fit("-g", "50")})
	tr := newTranscoder()
	f, err := tr.Inspect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tr.Plan(t.Context(), file, f)
	if err != nil || !p.Rungs[0].Copy {
		t.Fatalf("%v, plan %+v", err, p.Rungs[0])
	}
	// Bits of a picture in the second piece are not what they were.
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := len(data) / 2
	for i := range 4000 {
		data[at+i] ^= byte(i * 37)
	}
	broken := filepath.Join(dir, "broken.mp4")
	if err := os.WriteFile(broken, data, 0o600); err != nil {
		t.Fatal(err)
	}
	found := false
	for i := range p.Pieces {
		_, err := tr.Encode(t.Context(), broken,
			p, transcoder.Task{Piece: i, Group: "test", Rungs: []string{p.Rungs[0].Name}}, t.TempDir(), nil)
		if err != nil && !errors.Is(err, transcoder.ErrCopy) {
			t.Errorf("piece %d: %v", i, err)
		}
		found = found || err != nil
	}
	if !found {
		t.Error("broken pictures were taken over")
	}
}
