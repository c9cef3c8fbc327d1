package page

import (
	"encoding/base64"
	"fmt"

	"github.com/skip2/go-qrcode"
)

// qrSize is the width of a QR code's picture, in pixels: sharp on paper too.
const qrSize = 320

// QR is the picture of a QR code as a data: address. It stands in the page
// itself, because what it holds may be a secret that has no address.
func QR(text string) (string, error) {
	png, err := qrcode.Encode(text, qrcode.Medium, qrSize)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(png), nil
}
