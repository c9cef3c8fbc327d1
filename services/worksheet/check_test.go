package worksheet

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"strconv"
	"strings"
	"testing"

	"lenlop/services/fault"
)

const paper = "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 2\ntrailer\n<</Root 1 0 R>>\nstartxref\n42\n%%EOF\n"

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a PNG that says it is w by h pixels and is a few hundred bytes.
func bomb(w, h uint32) []byte {
	chunk := func(b *bytes.Buffer, kind string, data []byte) {
		_ = binary.Write(b, binary.BigEndian, uint32(len(data)))
		b.WriteString(kind)
		b.Write(data)
		sum := crc32.ChecksumIEEE(append([]byte(kind), data...))
		_ = binary.Write(b, binary.BigEndian, sum)
	}
	var b, head, z bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	_ = binary.Write(&head, binary.BigEndian, []uint32{w, h})
	head.Write([]byte{8, 2, 0, 0, 0})
	chunk(&b, "IHDR", head.Bytes())
	zw := zlib.NewWriter(&z)
	_, _ = zw.Write(make([]byte, 1<<16))
	_ = zw.Close()
	chunk(&b, "IDAT", z.Bytes())
	chunk(&b, "IEND", nil)
	return b.Bytes()
}

func TestCheck(t *testing.T) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 30, 20)), nil); err != nil {
		t.Fatal(err)
	}
	script := strings.Replace(paper, "/Catalog", "/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>", 1)
	script = strings.Replace(script, "startxref\n42", "startxref\n"+strconv.Itoa(strings.Index(script, "xref\n0")), 1)
	for _, c := range []struct {
		name, data string
		kind, code string
	}{
		{"a PDF", paper, TypePDF, ""},
		{"a PDF with zero bytes behind", paper + "\x00\x00\n", TypePDF, ""},
		{"a PDF with a script, which is only handed out to be saved", script, TypePDF, ""},
		{"a PNG", string(pngOf(t, 30, 20)), TypePNG, ""},
		{"a JPEG", photo.String(), TypeJPEG, ""},
		{"nothing", "", "", "worksheet.empty"},
		{"a page", "<!doctype html><script>alert(1)</script>", "", "worksheet.unknown_type"},
		{"an SVG", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "", "worksheet.unknown_type"},
		{"a page behind a PDF's name", "%PDF-1.4\n<script>alert(1)</script>", "", "worksheet.damaged"},
		{"a page before a PDF", "<script>alert(1)</script>" + paper, "", "worksheet.unknown_type"},
		{"a page behind a PDF", paper + "<script>alert(1)</script>", "", "worksheet.damaged"},
		{"a PDF whose trailer points nowhere", strings.Replace(paper, "startxref\n42", "startxref\n9999", 1),
			"", "worksheet.damaged"},
		{"a PDF whose trailer points elsewhere", strings.Replace(paper, "startxref\n42", "startxref\n12", 1),
			"", "worksheet.damaged"},
		{"a PDF cut short", paper[:60], "", "worksheet.damaged"},
		{"a PDF of no version", "%PDF-x" + paper[8:], "", "worksheet.damaged"},
		{"a page behind a PNG's first bytes", "\x89PNG\r\n\x1a\n<script>", "", "worksheet.damaged"},
		{"a PNG cut short", string(pngOf(t, 300, 200)[:100]), "", "worksheet.damaged"},
		{"a JPEG cut short", photo.String()[:photo.Len()/2], "", "worksheet.damaged"},
		{"a bomb of pixels", string(bomb(100_000, 100_000)), "", "worksheet.too_many_pixels"},
		{"a thin bomb", string(bomb(1<<31-1, 1)), "", "worksheet.too_many_pixels"},
		{"a picture that holds less than it says", string(bomb(3000, 3000)), "", "worksheet.damaged"},
		{"a GIF", "GIF89a\x01\x00\x01\x00", "", "worksheet.unknown_type"},
		{"a program", "MZ\x90\x00", "", "worksheet.unknown_type"},
		{"too much", paper + strings.Repeat(" ", MaxBytes), "", "worksheet.too_large"},
	} {
		got, err := Check([]byte(c.data))
		if c.code != "" {
			if !fault.Is(err, c.code) {
				t.Errorf("%s: %+v %v, want %s", c.name, got, err, c.code)
			}
			continue
		}
		if err != nil || got.Type != c.kind {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
	}
}

func TestCleanName(t *testing.T) {
	for _, c := range []struct{ name, kind, want string }{
		{"Phiếu số 1.pdf", TypePDF, "Phiếu số 1.pdf"},
		{"../../etc/passwd", TypePDF, "passwd.pdf"},
		{"../../x.pdf", TypePDF, "x.pdf"},
		{`C:\bai\phieu.PDF`, TypePDF, "phieu.PDF"},
		{"trang.html", TypePDF, "trang.html.pdf"},
		{"a\u202efdp.exe", TypePDF, "afdp.exe.pdf"},
		{"<script>alert(1)</script>.png", TypePNG, "script.png"},
		{"a\r\nSet-Cookie: x.jpg", TypeJPEG, "aSet-Cookie x.jpg"},
		{"anh.jpeg", TypeJPEG, "anh.jpeg"},
		{"", TypePNG, "phieu-bai-tap.png"},
		{"...", TypePNG, "phieu-bai-tap.png"},
		{".pdf", TypePDF, "phieu-bai-tap.pdf"},
		{"\xff\xfe.pdf", TypePDF, "phieu-bai-tap.pdf"},
	} {
		if got := CleanName(c.name, c.kind); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
	if got := CleanName(strings.Repeat("ấ", 500)+".pdf", TypePDF); len([]rune(got)) > MaxName ||
		!strings.HasSuffix(got, ".pdf") {
		t.Errorf("%d characters: %s", len([]rune(got)), got)
	}
}
