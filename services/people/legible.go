package people

import (
	"unicode/utf8"
)

// Legible reports whether a text reads as it is stored: valid UTF-8 without
// control characters (but line breaks and tabs) and without the marks that
// turn the reading direction, by which "gpm.exe" could pass for another name.
func Legible(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		switch {
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r >= 0x7f && r <= 0x9f,
			r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return false
		}
	}
	return true
}
