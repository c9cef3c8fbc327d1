package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// RulesVersion is the version of the text rules. It changes whenever Fold, Tones
// or Document return another result for some text; an index filled under another
// version must be emptied and rebuilt.
const RulesVersion = "catalog-text/2"

// word is a run of letters and digits with their marks, and the two forms of it
// that the search compares.
type word struct {
	start, end int    // byte offsets in the text
	folded     string // see Fold; may hold spaces for signs such as ½
	tones      string // see Tones
}

// Fold returns the form of a text that the search compares: lower case, without
// marks, đ as d, words separated by single spaces, everything that is neither
// letter nor digit left out. "Hàm số y = ax²" becomes "ham so y ax2".
func Fold(s string) string {
	if ascii(s) {
		return foldASCII(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	// Compatibility forms too, so that full-width letters, ligatures and ² are found.
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case unicode.Is(unicode.M, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(foldRune(r))
		default:
			gap = true
		}
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func foldASCII(s string) string {
	b := make([]byte, 0, len(s))
	gap := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			gap = true
			continue
		}
		if gap && len(b) > 0 {
			b = append(b, ' ')
		}
		gap = false
		b = append(b, c)
	}
	return string(b)
}

func foldRune(r rune) rune {
	switch r = unicode.ToLower(r); r {
	case 'đ', 'ð':
		return 'd'
	}
	return r
}

// Tones returns a word with its tone and vowel marks, written as in Telex with
// the tone at the end, in lower case: "Số" and "SỐ" become
// "soos", "hoà" and "hòa" (two conventions of spelling) both "hoaf". A
// word without Vietnamese marks is returned in its folded form.
func Tones(w string) string {
	var b strings.Builder
	var tone byte
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(w, "")) {
		switch r {
		case 0x0300:
			tone = 'f'
		case 0x0301:
			tone = 's'
		case 0x0303:
			tone = 'x'
		case 0x0309:
			tone = 'r'
		case 0x0323:
			tone = 'j'
		case 0x0302: // circumflex: the letter before, doubled
			if b.Len() > 0 {
				b.WriteByte(b.String()[b.Len()-1])
			}
		case 0x0306, 0x031b: // breve, horn
			b.WriteByte('w')
		case 'đ', 'Đ':
			b.WriteString("dd")
		default:
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				b.WriteRune(foldRune(r))
			}
		}
	}
	if tone != 0 {
		b.WriteByte(tone)
	}
	return b.String()
}

// split finds the words of a text.
func split(s string) []word {
	var out []word
	start := -1
	end := func(at int) {
		if start >= 0 {
			w := s[start:at]
			if f := Fold(w); f != "" {
				out = append(out, word{start, at, f, Tones(w)})
			}
		}
		start = -1
	}
	for i, r := range s {
		if wordRune(r) {
			if start < 0 {
				start = i
			}
		} else {
			end(i)
		}
	}
	end(len(s))
	return out
}

func wordRune(r rune) bool {
	// Number signs such as ² and ½ belong to the word they follow.
	return unicode.IsLetter(r) || unicode.Is(unicode.M, r) || unicode.IsNumber(r)
}
