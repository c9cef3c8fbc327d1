package delivery

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"github.com/skip2/go-qrcode"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The shape of a code's picture, pixels: at a third of a screen of 1080 lines
// it is shown dot for dot.
const (
	codeWidth  = 300
	codeHeight = 360
	codeQR     = 290
	codeSize   = 54 // of the letters
)

// CodePicture draws a check-in code, large enough to be read from across a living space,
// below the QR of content (an address, or the code alone), as a PNG.
func CodePicture(code, content string) ([]byte, error) {
	qr, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("code %s: qr: %w", code, err)
	}
	ttf, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("code %s: font: %w", code, err)
	}
	face, err := opentype.NewFace(ttf, &opentype.FaceOptions{Size: codeSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("code %s: font: %w", code, err)
	}
	defer func() { _ = face.Close() }()
	img := image.NewRGBA(image.Rect(0, 0, codeWidth, codeHeight))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	square := qr.Image(codeQR)
	at := image.Pt((codeWidth-square.Bounds().Dx())/2, 0)
	draw.Draw(img, square.Bounds().Add(at), square, square.Bounds().Min, draw.Src)
	text := spaced(code)
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face}
	wide := d.MeasureString(text)
	d.Dot = fixed.Point26_6{X: (fixed.I(codeWidth) - wide) / 2, Y: fixed.I(codeHeight - 16)}
	d.DrawString(text)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("code %s: %w", code, err)
	}
	return out.Bytes(), nil
}

// spaced parts a code in two, which is read without losing one's place.
func spaced(code string) string {
	if len(code) < 6 {
		return code
	}
	return code[:len(code)/2] + " " + code[len(code)/2:]
}
