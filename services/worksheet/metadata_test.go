package worksheet

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func picture8(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, uint64(w*h)))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	m.Set(0, 0, color.Black)
	return m
}

func segment(marker byte, body string) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// TestStrip: place, device and comments are removed, also after the picture's end; every pixel and the orientation
// stay.
func TestStrip(t *testing.T) {
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, picture8(37, 23), &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	exif := string(orientationSegment(6)[4:]) + "Điện thoại của cô Hà 21.386,103.023"
	b := append([]byte{0xff, 0xd8}, segment(0xe1, exif)...)
	b = append(b, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>cô Hà</x>")...)
	b = append(b, segment(0xe2, "MPF\x00cô Hà")...)
	b = append(b, segment(0xe2, "ICC_PROFILE\x00\x01\x01colours")...)
	b = append(b, segment(0xed, "Photoshop cô Hà")...)
	b = append(b, segment(0xfe, "cô Hà")...)
	b = append(b, plain.Bytes()[2:]...)
	b = append(b, "MotionPhoto cô Hà"...)
	out := Strip(b, TypeJPEG)
	if bytes.Contains(out, []byte("cô Hà")) {
		t.Error("it still tells who made it")
	}
	if !bytes.Contains(out, []byte("ICC_PROFILE")) {
		t.Error("the colours are gone")
	}
	if o := orientation(out[6:]); o != 6 {
		t.Errorf("turned %d", o)
	}
	same(t, jpeg.Decode, plain.Bytes(), out)
	if again := Strip(out, TypeJPEG); !bytes.Equal(again, out) {
		t.Error("doing it twice changes it")
	}
}

func same(t *testing.T, decode func(io.Reader) (image.Image, error), a, b []byte) {
	t.Helper()
	x, err := decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	y, err := decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Bounds().Dx() {
		for j := range x.Bounds().Dy() {
			if x.At(i, j) != y.At(i, j) {
				t.Fatalf("pixel %d,%d differs", i, j)
			}
		}
	}
}

func chunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func TestScansTellNothing(t *testing.T) {
	var plain bytes.Buffer
	if err := png.Encode(&plain, picture8(20, 11)); err != nil {
		t.Fatal(err)
	}
	const afterHead = 8 + 25
	b := append([]byte{}, plain.Bytes()[:afterHead]...)
	for _, kind := range []string{"tEXt", "iTXt", "eXIf", "tIME", "abCd"} {
		b = append(b, chunk(kind, "Author\x00cô Hà")...)
	}
	b = append(append(b, plain.Bytes()[afterHead:]...), "cô Hà"...)
	out := Strip(b, TypePNG)
	if !bytes.Equal(out, plain.Bytes()) {
		t.Error("not the bare picture")
	}
	same(t, png.Decode, plain.Bytes(), out)
}

// TestStripBearsAnything: whatever follows a picture's head does not break it.
func TestStripBearsAnything(t *testing.T) {
	for _, length := range []byte{0, 1, 2, 3} { // shorter than the two bytes of the length itself
		Strip([]byte{0xff, 0xd8, 0xff, markerAPP0, 0, length}, TypeJPEG)
	}
	rapid.Check(t, func(t *rapid.T) {
		tail := rapid.SliceOf(rapid.SampledFrom([]byte{0xff, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0, 1, 2, 4, 'E', 'x', 'i',
			'f', 'M'})).Draw(t, "tail")
		Strip(append([]byte{0xff, 0xd8}, tail...), TypeJPEG)
		Strip(append([]byte("\x89PNG\r\n\x1a\n"), tail...), TypePNG)
	})
}
