package page

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/skip2/go-qrcode"
)

// QRDrawing is a QR code drawn as SVG, sharp at every size and under 3 kB for
// an address; label is what it says to those who do not see it. Its colours are
// its own: a code that is light on dark is not read by every phone.
func QRDrawing(text, label string) (templ.Component, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	dots := code.Bitmap()
	var d strings.Builder
	for y, row := range dots {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if n := strconv.Itoa(x - from); x > from {
				d.WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(y) + "h" + n + "v1h-" + n)
			}
		}
	}
	n := strconv.Itoa(len(dots))
	return templ.Raw(`<svg class="qr" role="img" aria-label="` + html.EscapeString(label) + `" viewBox="0 0 ` + n +
		` ` + n + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + n + `v` + n +
		`H0"/><path fill="#000" d="` + d.String() + `"/></svg>`), nil
}
