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

// ContrastCookie keeps on the device that a visitor wants stronger contrast.
// Without it the system's own setting (prefers-contrast) is followed.
const ContrastCookie = "contrast"

// strongContrast is the one value that cookie and form may have beside "".
const strongContrast = "strong"

// ParseContrast reads a choice of contrast: "strong", or "" for anything else.
func ParseContrast(s string) string {
	if s == strongContrast {
		return s
	}
	return ""
}

// StrongContrastOf says whether the sender's device keeps that choice.
func StrongContrastOf(r *http.Request) bool {
	k, err := r.Cookie(ContrastCookie)
	return err == nil && k.Value == strongContrast
}
