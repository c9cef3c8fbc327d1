//go:build long

package transcoder_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"lenlop/test/testmedia"
	"lenlop/transcoder"
	"lenlop/transcoder/cmaf"
)

var likeness = regexp.MustCompile(`Y:([0-9.]+)`)

// TestAsIfNeverCut: real recordings in pieces look and sound like the same
// recordings encoded in one: every picture by SSIM, the sound around every
// seam by correlation.
func TestAsIfNeverCut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sintel_trailer-720p.mp4", "tears-of-steel-battle-clip-medium.webm"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := testmedia.Shared(t, name)
			if file == "" {
				file = filepath.Join(t.TempDir(), "made.mkv")
				testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "mandelbrot=s=640x360:r=24", "-f", "lavfi", "-i",
					// Two sweeps: no moment sounds like another, and AAC keeps them, which it does not of noise.
					"aevalsrc=0.3*sin(2*PI*(300*t+40*t*t))+0.2*sin(2*PI*(1200*t+15*t*t)):s=48000", "-t", "40", "-c:v",
					"libx264", "-preset", "ultrafast", "-c:a",
					"libvorbis", file)
			}
			tr := newTranscoder()
			f, err := tr.Inspect(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.Plan(t.Context(), file, f)
			if err != nil {
				t.Fatal(err)
			}
			whole := p
			whole.Pieces = []transcoder.Piece{{End: p.Pieces[len(p.Pieces)-1].End, Last: len(p.Cuts) - 1}}
			cut, uncut := inPieces(t, file, p, "240p"), inPieces(t, file, whole, "240p")
			comparePictures(t, cut["240p"], uncut["240p"], int(p.Frames()))
			compareSound(t, p, testmedia.Samples(t, cut["240p"]), testmedia.Samples(t, uncut["240p"]))
		})
	}
}

func comparePictures(t *testing.T, cut, uncut string, frames int) {
	t.Helper()
	stats := filepath.Join(t.TempDir(), "ssim")
	testmedia.Run(t, "-v", "error", "-i", cut, "-i", uncut, "-filter_complex", "[0:v][1:v]ssim=f="+stats, "-an",
		"-f", "null", "-")
	text, err := os.ReadFile(stats)
	if err != nil {
		t.Fatal(err)
	}
	all := likeness.FindAllSubmatch(text, -1)
	if len(all) != frames {
		t.Errorf("%d pictures compared, expected %d", len(all), frames)
	}
	sum := 0.0
	for n, m := range all {
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		sum += v
		// Neighbours in fast scenes are far less alike than 0.8: a picture
		// lost or doubled would show at every following one.
		if v < 0.80 {
			t.Errorf("picture %d: SSIM %.3f", n, v)
		}
	}
	if mean := sum / float64(len(all)); mean < 0.96 {
		t.Errorf("SSIM %.4f on the mean", mean)
	}
}

func compareSound(t *testing.T, p transcoder.Plan, a, b []float64) {
	t.Helper()
	if len(a) != len(b) {
		t.Errorf("%d samples against %d", len(a), len(b))
	}
	for _, pc := range p.Pieces[1:] {
		const around = 12000
		from := int(p.SoundFrame(p.Cuts[pc.First]))*1024 - around
		var xy, xx, yy float64
		for i := from; i < min(from+2*around, len(a), len(b)); i++ {
			xy, xx, yy = xy+a[i]*b[i], xx+a[i]*a[i], yy+b[i]*b[i]
		}
		if xx < 1e-3 || yy < 1e-3 {
			continue // silence
		}
		if c := xy / math.Sqrt(xx*yy); c < 0.97 {
			t.Errorf("around %.2f s: correlation %.4f", pc.Start, c)
		}
	}
}

// TestInitIsTheSame: what a piece's init section holds depends on the plan
// alone.
func TestInitIsTheSame(t *testing.T) {
	a := cmaf.Init([]cmaf.Stream{{Handler: "vide", Timescale: 15360, Width: 640, Height: 360,
		Config: []byte{1, 0x64, 0, 0x1e}, Delay: 1024}})
	b := cmaf.Init([]cmaf.Stream{{Handler: "vide", Timescale: 15360, Width: 640, Height: 360,
		Config: []byte{1, 0x64, 0, 0x1e}, Delay: 1024}})
	if string(a) != string(b) {
		t.Error("two init sections of one stream differ")
	}
	if codecs, err := cmaf.InitCodecs(a); err != nil || codecs != "avc1.64001e" {
		t.Errorf("codecs %q, %v", codecs, err)
	}
}
