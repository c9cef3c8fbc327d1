package plaintext

import (
	"testing"
	"unicode"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"Nguyễn Văn An":               "Nguyễn Văn An",
		"a\u0301":                     "a\u0301", // marks stand on letters
		"Nguy\u200bễn\ufeff":          "Nguyễn",
		"\u3164":                      "",
		"\u115f\u1160\uffa0\u034f":    "",
		"\u2800":                      " ",
		"a\u00a0b\u2003c\u3000d":      "a b c d",
		"\u202eexe.4pm\u2066x\u2069":  "exe.4pmx",
		"m\u00adềm\u2060":             "mềm",
		"a\u2028b\u2029c":             "a\nb\nc",
		"a\r\nb\tc\x00\x07\x1b\x7f":   "a\r\nb\tc",
		"\xff\xfehỏng\xc0\xbc":        "hỏng",
		"a\U000e0041\U000e0100\ufe0f": "a",
		"12\ufe0f3":                   "123",
		"1\ufe0f\u20e3":               "1\ufe0f\u20e3",
		"👩‍🏫 ❤️ 🏳️‍🌈 👍🏽":         "👩‍🏫 ❤️ 🏳️‍🌈 👍🏽",
		"a\u200db\u200d👍\u200d":  "ab👍",
		"\ufe0f":                 "",
		"x < y <b>":              "x < y <b>",
		"\ufffc\U0001d159\ufffe": "",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
		if again := Clean(want); again != want {
			t.Errorf("%+q: cleaned again: %+q", in, again)
		}
	}
	if got := Line(" Lê\u200b \r\n\u3164  An\u00a0 "); got != "Lê An" {
		t.Errorf("%q", got)
	}
}

// TestEveryInvisibleCharacterIsLeftOut tries every character there is, alone
// and between letters.
func TestEveryInvisibleCharacterIsLeftOut(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if r >= 0xd800 && r < 0xe000 || r == '\n' || r == '\r' || r == '\t' {
			continue
		}
		hidden := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
			unicode.Variation_Selector)
		if got := Clean("a" + string(r) + "b"); hidden && got != "ab" {
			t.Errorf("%U: %+q", r, got)
		}
		if shown := unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !hidden; shown &&
			r != '\ufffc' && r != '\u2800' && r != '\U0001d159' && Clean(string(r)) != string(r) {
			t.Errorf("%U is left out", r)
		}
	}
}
