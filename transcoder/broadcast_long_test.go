//go:build long

package transcoder_test

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"lenlop/test/testmedia"
	"lenlop/transcoder/delivery"
)

// TestBroadcastCopies: from a phone's 30 pictures a second, every format
// passes its own QC.
func TestBroadcastCopies(t *testing.T) {
	dir := t.TempDir()
	phone := filepath.Join(dir, "phone.mp4")
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=7", "-f", "lavfi", "-i",
		"anoisesrc=d=7:c=pink:a=0.9", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", phone)
	code := filepath.Join(dir, "code.png")
	img := image.NewRGBA(image.Rect(0, 0, 200, 200))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	img.Set(100, 100, color.Black)
	w, err := os.Create(code)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(w, img); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tr := newTranscoder()
	facts, err := tr.Inspect(t.Context(), phone)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := tr.Plan(t.Context(), phone, facts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range delivery.Formats() {
		file, sheet, err := tr.Broadcast(context.Background(), phone, plan, f,
			[]delivery.Overlay{{PNG: code, Moments: []float64{2}, Length: 1},
				{PNG: code, Moments: []float64{6}, Length: 1}}, t.TempDir(), nil)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		for _, c := range sheet.Checks {
			if !c.Pass {
				t.Errorf("%s: %s: demanded %q, measured %q", f.Name, c.Code, c.Demanded, c.Measured)
			}
		}
		if !sheet.Pass || len(sheet.Checks) < 15 {
			t.Errorf("%s: sheet %+v", f.Name, sheet)
		}
		// The code stands in its corner at its moments and not between.
		for at, want := range map[string]bool{"2.5": true, "4": false, "6.5": true} {
			gray := testmedia.Run(t, "-v", "error", "-ss", at, "-i", file, "-frames:v", "1", "-vf",
				"crop=200:200:iw*0.95-250:ih*0.95-250", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
			bright := 0
			for _, v := range gray {
				if v > 225 {
					bright++
				}
			}
			if got := bright > len(gray)*9/10; got != want {
				t.Errorf("%s: code at %s s: %v (%d of %d bright)", f.Name, at, got, bright, len(gray))
			}
		}
		// Judged as another format, the copy fails.
		other := f
		other.Width, other.Loudness = 1440, -16
		if wrong, err := tr.Judge(t.Context(), file, plan, other); err != nil || wrong.Pass {
			t.Errorf("%s passes as another format: %v", f.Name, err)
		}
	}
}
