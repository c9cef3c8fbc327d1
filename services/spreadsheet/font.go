package spreadsheet

import (
	"regexp"
	"strings"
)

// Names of the encodings that Font knows.
const (
	TCVN3 = "TCVN3 (ABC)"
	VNI   = "VNI-Win"
)

var (
	// Signs that TCVN3 uses for letters: between letters, or before one where
	// words begin with them. Texts in Unicode have none of them there.
	tcvn3Sign = regexp.MustCompile(`[A-Za-z]\x{ad}[À-ÿ]|[A-Za-z][¡¢£¤¥¦¨©ª«¬®µ¸¶·¹»¾¼½×÷ÞßÐðÆ]+[A-Za-z]|` +
		`[A-Za-z][¨©ª¬®µ¸¶·¹¾¼½×÷ÞßÐðÆþ](?:[^A-Za-z"'“”»]|$)|(?:^|[^A-Za-z])[§®¢£¤¥¦][A-Za-zµ¸¶·¹ªÞ«¬¨]`)
	// Capitals of Latin-1 within a word of small letters: NguyÔn, TrÇn, HuÖ.
	tcvn3Case = regexp.MustCompile(`[a-z][À-ÖØ-Ý][a-z]|[a-z][ÄÅÇËÎÏÑÖØÛÜ](?:[^A-Za-zÀ-ÿ]|$)`)
	// Marks of Windows-1258 that stand on no vowel: bytes that were no text in it.
	loneMark = regexp.MustCompile(`[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ][\x{300}\x{301}\x{303}\x{309}\x{323}]|` +
		`[\x{1e00}-\x{1e99}ŃńǸǹ]`)
	// VNI-Win writes a letter and its marks as two: Nguyeãn Vaên, Ñöùc, Traàn.
	vniPair = regexp.MustCompile(`[aAeE][ùøûõïâåäêéèúüëáàãÙØÛÕÏÂÅÄÊÉÈÚÜËÁÀÃăơ]|[oO][ùøûõïâåäúüëÙØÛÕÏÂÅÄÚÜË]|` +
		`[uU][ùøûõïåäüëÙØÛÕÏÅÄÜË]|[ôöÔÖ][ùøûõïÙØÛÕÏ]|[yY][øûõØÛÕ]|(?:^|[^A-Za-zÀ-ÿ])[Ññ](?:[aeiouyöôò]|$)`)
)

// Font names the encoding in which a text was typed for an old font, TCVN3 or
// VNI; "" for a text in Unicode. Words without any mark are the same in all.
func Font(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		return ""
	}
	switch {
	case tcvn3Sign.MatchString(s), tcvn3Case.MatchString(s):
		return TCVN3
	case vniPair.MatchString(s):
		return VNI
	case loneMark.MatchString(s):
		return TCVN3
	}
	return ""
}
