package transcoder_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"lenlop/test/longtest"
	"lenlop/test/testmedia"
	"lenlop/transcoder"
)

// TestColours: red stays red, whatever the recording says, or does not say, of
// its colours.
func TestColours(t *testing.T) {
	t.Parallel()
	for name, args := range longtest.Subset(map[string][]string{
		"says nothing, small": {"-s", "320x180", "-pix_fmt", "yuv420p"},
		"says nothing, large": {"-vf", "scale=1280:720:out_color_matrix=bt709,format=yuv420p"},
		"says BT.709": {"-vf", "scale=320:180:out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709",
			"-color_primaries", "bt709", "-color_trc", "bt709"},
		"full range": {"-vf", "scale=320:180:out_range=pc,format=yuvj420p", "-color_range", "pc"},
	}, "says nothing, large", "full range") {
		for colour, want := range longtest.Subset(map[string][3]float64{"0xd02020": {0xd0, 0x20, 0x20},
			"0x20b040": {0x20, 0xb0, 0x40}}, "0xd02020") {
			file := filepath.Join(t.TempDir(), "colour.mp4")
			testmedia.Run(t,
				append(append([]string{"-v", "error", "-f", "lavfi", "-i", "color=" + colour +
					":s=1280x720:r=10:d=1,format=rgb24"}, args...), "-c:v", "libx264", "-preset", "ultrafast", file)...)
			tr := newTranscoder()
			f, err := tr.Inspect(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.Plan(t.Context(), file, f)
			if err != nil {
				t.Fatal(err)
			}
			low := p.Rungs[len(p.Rungs)-1].Name
			out := inPieces(t, file, p, low)[low]
			// The rung says BT.709; so is it read.
			rgb := testmedia.Run(t, "-v", "error", "-i", out, "-frames:v", "1", "-vf",
				"scale=in_color_matrix=bt709,format=rgb24", "-f", "rawvideo", "pipe:1")
			at := len(rgb) / 6 * 3
			for c := range 3 {
				if got := float64(rgb[at+c]); math.Abs(got-want[c]) > 6 {
					t.Errorf("%s: %s became %v", name, colour, rgb[at:at+3])
					break
				}
			}
		}
	}
}

// inPieces makes the low rungs of a recording by its plan and joins them.
func inPieces(t *testing.T, file string, p transcoder.Plan, rungs ...string) map[string]string {
	t.Helper()
	dir, joined := t.TempDir(), map[string]string{}
	for i := range p.Pieces {
		d := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		outs, err := newTranscoder().Encode(t.Context(), file,
			p, transcoder.Task{Piece: i, Group: "test", Rungs: rungs}, d, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outs {
			if o.Index < 0 && i > 0 {
				continue
			}
			joined[o.Rung] = filepath.Join(dir, o.Rung+".mp4")
			data, err := os.ReadFile(o.Path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(joined[o.Rung], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return joined
}
