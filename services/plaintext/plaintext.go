// Package plaintext is the one rule of which characters may stand in text that
// people type: those that can be seen. Forms and the API pass everything typed
// through it, so that no name looks empty and no two look the same.
package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean leaves out characters that show nothing: control characters except
// tab and line breaks, zero-width characters, marks that turn the direction of
// writing, fillers such as U+3164, variation selectors and broken bytes. Every
// other space becomes a plain one; U+2028 and U+2029 become line breaks. What
// holds an emoji together stays.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	before := rune(0) // the last rune that was written
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		next, _ := utf8.DecodeRuneInString(s[i+size:])
		switch {
		case r == utf8.RuneError && size == 1:
			continue
		case r == '\u2028' || r == '\u2029':
			r = '\n'
		case unicode.Is(unicode.Zs, r) || r == blankBraille:
			r = ' '
		case r == joiner:
			if !emoji(before) || !emoji(next) {
				continue
			}
		case r == asText || r == asEmoji:
			keycap := before >= '0' && before <= '9' || before == '#' || before == '*'
			if !emoji(before) && !(keycap && next == '\u20e3') {
				continue
			}
		case Invisible(r):
			continue
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// Line is Clean for a text of one line: runs of spaces and line breaks become
// one space, and none stands at an end.
func Line(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

const (
	joiner       = '\u200d'
	asText       = '\ufe0e'
	asEmoji      = '\ufe0f'
	blankBraille = '\u2800'
)

// Invisible reports whether a character shows nothing by itself and is no
// space or line break. This is Unicode's Default_Ignorable_Code_Point, with
// the control characters and those of other use without a shape.
func Invisible(r rune) bool {
	switch r {
	case '\n', '\r', '\t':
		return false
	case '\ufffc', '\U0001d159': // object replacement, musical null notehead
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}

// emoji reports whether a rune may be part of an emoji that is put together.
func emoji(r rune) bool {
	return r == asEmoji || r != utf8.RuneError && unicode.In(r, unicode.So, unicode.Sk, unicode.Sm) && r > 0xff ||
		r == '\u203c' || r == '\u2049'
}

// plain reports whether a text is printable ASCII and line breaks only.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
