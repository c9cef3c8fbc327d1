package transcoder_test

import (
	"math"
	"path/filepath"
	"testing"

	"lenlop/test/testmedia"
)

// TestColours: red stays red, whatever the recording says, or does not say, of
// its colours.
func TestColours(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"says nothing, small": {"-s", "320x180", "-pix_fmt", "yuv420p"},
		"says nothing, large": {"-vf", "scale=1280:720:out_color_matrix=bt709,format=yuv420p"},
		"says BT.709": {"-vf", "scale=320:180:out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709",
			"-color_primaries", "bt709", "-color_trc", "bt709"},
		"full range": {"-vf", "scale=320:180:out_range=pc,format=yuvj420p", "-color_range", "pc"},
	} {
		for colour, want := range map[string][3]float64{"0xd02020": {0xd0, 0x20, 0x20},
			"0x20b040": {0x20, 0xb0, 0x40}} {
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
