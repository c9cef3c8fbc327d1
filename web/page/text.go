package page

import "net/http"

// TextSize is how large a visitor wants the letters.
type TextSize string

// The sizes, smallest first; the plain one follows the browser's own setting.
const (
	PlainText  TextSize = ""
	LargeText  TextSize = "large"
	LargerText TextSize = "larger"
)

// TextSizes lists them in the order they are offered.
var TextSizes = []TextSize{PlainText, LargeText, LargerText}

// TextCookie keeps the choice on the device.
const TextCookie = "text"

// ParseTextSize reads a size; anything unknown is the plain one.
func ParseTextSize(s string) TextSize {
	switch t := TextSize(s); t {
	case LargeText, LargerText:
		return t
	}
	return PlainText
}

// TextSizeOf is the size kept on the sender's device.
func TextSizeOf(r *http.Request) TextSize {
	if k, err := r.Cookie(TextCookie); err == nil {
		return ParseTextSize(k.Value)
	}
	return PlainText
}
