package transcoder_test

import (
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"lenlop/test/testmedia"
)

// TestPosterIsNotBlank: a recording that is black for its first half, or shows
// an empty slide there, has a poster of what comes after.
func TestPosterIsNotBlank(t *testing.T) {
	t.Parallel()
	for name, ground := range map[string]string{"black": "black", "empty slide": "white"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "a.mp4")
			testmedia.Run(t, "-v", "error", "-f", "lavfi", "-i",
				"color="+ground+":s=320x180:r=10:d=10,drawbox=60:60:180:40:gray:fill:enable='gt(t,4)'",
				"-c:v", "libx264", "-preset", "ultrafast", "-g", "20", file)
			tr := newTranscoder()
			f, err := tr.Inspect(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.Plan(t.Context(), file, f)
			if err != nil {
				t.Fatal(err)
			}
			poster, err := tr.Poster(t.Context(), file, p, dir)
			if err != nil {
				t.Fatal(err)
			}
			r, err := os.Open(poster)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			img, err := jpeg.Decode(r)
			if err != nil {
				t.Fatal(err)
			}
			b := img.Bounds()
			middle, _, _, _ := img.At(b.Dx()/2, b.Dy()*4/9).RGBA()
			if middle>>8 < 0x60 || middle>>8 > 0xa0 {
				t.Errorf("the middle of the poster is %#x: it is blank", middle>>8)
			}
		})
	}
}
