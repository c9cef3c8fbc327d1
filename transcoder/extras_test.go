package transcoder_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/test/testmedia"
)

// TestSingleFiles: data-saver and sound only are fast-start files with every
// picture and sample of the rung.
func TestSingleFiles(t *testing.T) {
	t.Parallel()
	shape := testmedia.Shape{Name: "a.mp4", FPS: "10", Frames: 150, Rate: 48000, Seconds: 15,
		Args: append([]string{"-c:a", "aac"}, x264...)}
	tr := newTranscoder()
	m := makePackage(t, tr, testmedia.Counted(t, t.TempDir(), shape))
	dir := t.TempDir()
	for _, rung := range []string{"240p", "audio"} {
		o, err := tr.SingleFile(t.Context(), m.plan, rung, m.segments, m.open, dir)
		if err != nil {
			t.Fatalf("%s: %v", rung, err)
		}
		data, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		if moov, mdat := bytes.Index(data, []byte("moov")), bytes.Index(data, []byte("mdat")); moov < 0 || moov > mdat {
			t.Errorf("%s: moov at %d, mdat at %d: not fast-start", rung, moov, mdat)
		}
		samples := testmedia.Samples(t, o.Path)
		if shift, alike := testmedia.Offset(samples, 7*48000, 4096, 100); shift < -2 || shift > 2 || alike < 0.9 {
			t.Errorf("%s: sound %d samples off, likeness %.3f", rung, shift, alike)
		}
	}
	for n, got := range testmedia.Numbers(t, filepath.Join(dir, "240p.mp4"), 320, 180) {
		if n != got {
			t.Fatalf("picture %d shows %d", n, got)
		}
	}
	if _, err := tr.SingleFile(t.Context(), m.plan, "240p", m.segments[2:], m.open, dir); err == nil {
		t.Error("a file was made of an incomplete rung")
	}
}

func TestStoryboard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := testmedia.Counted(t, dir,
		testmedia.Shape{Name: "a.mp4", FPS: "10", Frames: 600, Args: append([]string{"-g", "20"}, x264...)})
	tr := newTranscoder()
	f, err := tr.Inspect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tr.Plan(t.Context(), file, f)
	if err != nil {
		t.Fatal(err)
	}
	picture, index, err := tr.Storyboard(t.Context(), file, p, dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	img, err := jpeg.Decode(w)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 1600 || b.Dy() != 2*90 {
		t.Errorf("a picture of %v", b)
	}
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nstoryboard.jpg#xywh=0,0,160,90\n") ||
		strings.Count(string(text), "-->") != 12 {
		t.Errorf("index:\n%s", text)
	}
	// The picture at 25 s (sixth, first row) is a key frame shown then: 240 or 250.
	gray := make([]byte, 160*90)
	for y := range 90 {
		for x := range 160 {
			r, g, b, _ := img.At(5*160+x, y).RGBA()
			gray[y*160+x] = byte((r + g + b) / 3 >> 8)
		}
	}
	if n := testmedia.Number(gray, 160, 90); n < 230 || n > 250 {
		t.Errorf("the picture at 25 s is number %d", n)
	}
}

func TestCaptionsInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srt, file := filepath.Join(dir, "a.srt"), filepath.Join(dir, "a.mkv")
	if err := os.WriteFile(srt, []byte("1\n00:00:01,000 --> 00:00:02,000\nPhương trình bậc hai\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=3:r=10", "-i", srt, "-c:v", "libx264",
		"-c:s", "srt", "-metadata:s:s:0", "language=vie", file)
	tr := newTranscoder()
	f, err := tr.Inspect(t.Context(), file)
	if err != nil || len(f.Captions) != 1 || f.Captions[0].Language != "vie" {
		t.Fatalf("%v, captions %+v", err, f.Captions)
	}
	text, err := tr.Captions(t.Context(), file, f.Captions[0].Stream)
	if err != nil || !strings.HasPrefix(string(text), "WEBVTT") ||
		!strings.Contains(string(text), "Phương trình bậc hai") {
		t.Errorf("%v: %s", err, text)
	}
}
