package delivery

import (
	"bytes"
	"image/png"
	"testing"
)

func TestCodePicture(t *testing.T) {
	data, err := CodePicture("W7XKM4", "https://lenlop.example/tv/code?code=W7XKM4")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Dx() != codeWidth || img.Bounds().Dy() != codeHeight {
		t.Fatalf("%v %v", err, img.Bounds())
	}
	dark := func(x, y int) bool { r, _, _, _ := img.At(x, y).RGBA(); return r < 0x8000 }
	// Letters stand below the QR, inside the picture with a margin.
	left, right, ink := codeWidth, 0, 0
	for y := codeQR; y < codeHeight; y++ {
		for x := range codeWidth {
			if dark(x, y) {
				left, right, ink = min(left, x), max(right, x), ink+1
			}
		}
	}
	if left < 8 || right > codeWidth-8 || right-left < codeWidth/2 || ink < 2000 {
		t.Errorf("letters from %d to %d, %d dots", left, right, ink)
	}
	other, err := CodePicture("W7XKM3", "https://lenlop.example/tv/code?code=W7XKM3")
	if err != nil || bytes.Equal(data, other) {
		t.Errorf("another code looks the same: %v", err)
	}
	if _, err := CodePicture("A", string(make([]byte, 5000))); err == nil {
		t.Error("5,000 bytes went into a QR")
	}
}
