package worksheet

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"regexp"
	"strconv"

	"lenlop/services/fault"
)

// The types that are taken. SVG is a page with scripts, not a picture, and is not.
const (
	TypePDF  = "application/pdf"
	TypePNG  = "image/png"
	TypeJPEG = "image/jpeg"
)

// Content is what a file turned out to be.
type Content struct {
	Type          string
	Width, Height int
}

// Check says what a file really is, by its content alone: the name and what
// the sender called it count for nothing. A PDF has its header, its trailer
// and a cross-reference where the trailer says; a picture is decoded whole,
// once its head has said that it is not too large. Faults: "worksheet.empty",
// "worksheet.too_large", "worksheet.unknown_type", "worksheet.damaged",
// "worksheet.too_many_pixels".
func Check(data []byte) (Content, error) {
	switch {
	case len(data) == 0:
		return Content{}, fault.New(fault.Invalid, "worksheet.empty")
	case len(data) > MaxBytes:
		return Content{}, tooLarge()
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return Content{Type: TypePDF}, checkPDF(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return picture(data, TypePNG, png.DecodeConfig, png.Decode)
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return picture(data, TypeJPEG, jpeg.DecodeConfig, jpeg.Decode)
	}
	return Content{}, fault.New(fault.Invalid, "worksheet.unknown_type")
}

func picture(data []byte, kind string, head func(io.Reader) (image.Config, error),
	decode func(io.Reader) (image.Image, error)) (Content, error) {
	c, err := head(bytes.NewReader(data))
	if err != nil {
		return Content{}, damaged(err)
	}
	if c.Width <= 0 || c.Height <= 0 || int64(c.Width)*int64(c.Height) > MaxPixels {
		return Content{}, fault.New(fault.Invalid, "worksheet.too_many_pixels", "width", c.Width, "height", c.Height,
			"max", MaxPixels/1_000_000)
	}
	if _, err := decode(bytes.NewReader(data)); err != nil {
		return Content{}, damaged(err)
	}
	return Content{Type: kind, Width: c.Width, Height: c.Height}, nil
}

var (
	pdfVersion = regexp.MustCompile(`^%PDF-[12]\.[0-9][\r\n ]`)
	pdfStart   = regexp.MustCompile(`startxref\s+(\d{1,10})\s+%%EOF\s*$`)
	pdfObject  = regexp.MustCompile(`^\s*(xref\b|\d+\s+\d+\s+obj\b)`)
)

// pdfTail is where a PDF's trailer must be: its last bytes.
const pdfTail = 1024

// checkPDF holds a file against the frame that ISO 32000 asks of every PDF
// (7.5.2, 7.5.5). What is inside, scripts too, is the viewer's business: the
// file is only ever handed out to be saved, never shown by this site.
func checkPDF(data []byte) error {
	if !pdfVersion.Match(data) {
		return damaged(nil)
	}
	tail := data[max(0, len(data)-pdfTail):]
	m := pdfStart.FindSubmatch(bytes.TrimRight(tail, "\x00\r\n\t "))
	if m == nil {
		return damaged(nil)
	}
	at, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil || at <= 0 || at >= int64(len(data)) || !pdfObject.Match(data[at:min(int64(len(data)), at+64)]) {
		return damaged(err)
	}
	return nil
}

func damaged(err error) error {
	if err == nil {
		return fault.New(fault.Invalid, "worksheet.damaged")
	}
	return fault.Wrap(err, fault.Invalid, "worksheet.damaged")
}
