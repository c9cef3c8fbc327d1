package page

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Plain is text as people type it in a hurry: small letters without marks.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(strings.ToLower(strings.TrimSpace(s))))
}
