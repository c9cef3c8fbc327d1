package caption

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
)

// The bounds of chapters.
const (
	MaxChapters     = 100
	MaxChapterTitle = 120 // characters
)

// Chapter is a part of a lesson that can be gone to.
type Chapter struct {
	At    time.Duration
	Title string
}

// CheckChapters brings a lesson's chapters into order and cleans their titles.
// Faults: "chapter.invalid" with a field "chapter-N" (from 0) for each that is
// wrong.
func CheckChapters(list []Chapter, length time.Duration) ([]Chapter, error) {
	if len(list) > MaxChapters {
		return nil, fault.Form("chapter.invalid", fault.Wrong("chapters", "chapter.too_many", "max", MaxChapters))
	}
	var bad []fault.Field
	seen := map[time.Duration]bool{}
	out := make([]Chapter, 0, len(list))
	for i, c := range list {
		c.Title = strings.Join(strings.Fields(plainRunes(strings.ToValidUTF8(c.Title, ""))), " ")
		c.At = c.At.Round(time.Millisecond)
		wrong := func(code string, kv ...any) {
			bad = append(bad, fault.Wrong(fmt.Sprintf("chapter-%d", i), code, append(kv, "line", i+1)...))
		}
		switch {
		case c.Title == "":
			wrong("chapter.no_title")
		case utf8.RuneCountInString(c.Title) > MaxChapterTitle:
			wrong("chapter.title_too_long", "max", MaxChapterTitle)
		case c.At < 0 || length > 0 && c.At >= length || c.At >= Longest:
			wrong("chapter.outside", "at", Clock(max(c.At, 0)))
		case seen[c.At]:
			wrong("chapter.twice", "at", Clock(c.At))
		}
		seen[c.At] = true
		out = append(out, c)
	}
	if err := fault.Form("chapter.invalid", bad...); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Chapter) int { return int(a.At - b.At) })
	return out, nil
}

// WriteChapters gives chapters as WebVTT; each lasts until the next begins.
func WriteChapters(list []Chapter, length time.Duration) string {
	cues := make([]Cue, len(list))
	for i, c := range list {
		to := max(length, c.At+time.Second)
		if i+1 < len(list) {
			to = list[i+1].At
		}
		cues[i] = Cue{From: c.At, To: to, Text: escape(c.Title)}
	}
	return Write(cues)
}
