package caption

import (
	"regexp"
	"strings"
)

// otherFormats are formats of captions that are not read, by what their first
// line looks like. They are named, for "line 1 has no times" helps nobody.
var otherFormats = []struct {
	first *regexp.Regexp
	name  string
}{
	{regexp.MustCompile(`(?i)^\[(script info|v4\+? styles\+?|events)\]`), "ASS (.ass, .ssa)"},
	{regexp.MustCompile(`^(?:Dialogue|Comment): *\d+,\d+:\d`), "ASS (.ass, .ssa)"},
	{regexp.MustCompile(`^\d+:\d{1,2}:\d{2}[.,]\d+,\d+:\d{1,2}:\d{2}[.,]\d+$`), "SBV (.sbv)"},
	{regexp.MustCompile(`^\{\d+\}\{\d+\}`), "MicroDVD (.sub)"},
	{regexp.MustCompile(`^\[(?:\d{1,3}:\d{2}|ar:|ti:|al:|by:|offset:|length:)`), "LRC (.lrc)"},
	{regexp.MustCompile(`(?i)^<sami\b`), "SAMI (.smi)"},
	{regexp.MustCompile(`(?i)^(?:<\?xml\b|<tt\b)`), "TTML (.ttml, .dfxp, .xml)"},
	{regexp.MustCompile(`^Scenarist_SCC`), "SCC (.scc)"},
	{regexp.MustCompile(`^(?:PK\x03\x04|%PDF-)`), "Word / PDF"},
}

// otherFormat names the format of a file that is neither WebVTT nor SubRip,
// where it is known; "" otherwise.
func otherFormat(text string) string {
	text = strings.TrimLeft(text, " \t\n\ufeff")
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimSpace(first)
	for _, f := range otherFormats {
		if f.first.MatchString(first) {
			return f.name
		}
	}
	return ""
}
