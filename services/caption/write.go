package caption

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
)

// Type is the content type of what Write and WriteChapters give.
const Type = "text/vtt; charset=utf-8"

// Write gives captions as WebVTT.
func Write(cues []Cue) string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for _, c := range cues {
		fmt.Fprintf(&b, "\n%s --> %s\n%s\n", stamp(c.From), stamp(c.To), c.Text)
	}
	return b.String()
}

// stamp writes a time as WebVTT does.
func stamp(d time.Duration) string {
	d = d.Round(time.Millisecond)
	return fmt.Sprintf("%02d:%02d:%02d.%03d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60,
		d.Milliseconds()%1000)
}

// Read gives back the captions that Write wrote.
func Read(body string) ([]Cue, error) {
	var list []Cue
	for _, block := range strings.Split(strings.TrimSuffix(body, "\n"), "\n\n")[1:] {
		times, text, _ := strings.Cut(block, "\n")
		from, to, ok := strings.Cut(times, " --> ")
		c := Cue{Text: text}
		var ok1, ok2 bool
		c.From, ok1 = ParseClock(from)
		c.To, ok2 = ParseClock(to)
		if !ok || !ok1 || !ok2 {
			return nil, fmt.Errorf("stored captions: %q is no time", times)
		}
		list = append(list, c)
	}
	return list, nil
}

// Row is one caption as it was typed into the editor.
type Row struct{ From, To, Text string }

// Compose makes captions of the editor's rows, in any order; rows without text
// are dropped. Faults: "caption.invalid" with a field "row-N" (from 0) for
// every row that is wrong.
func Compose(rows []Row, length time.Duration) ([]Cue, error) {
	var list []Cue
	var bad []fault.Field
	if len(rows) > MaxCues {
		return nil, fault.Form("caption.invalid",
			fault.Wrong("text", "caption.too_many", "max", MaxCues, "line", MaxCues))
	}
	for i, r := range rows {
		text := clean(r.Text, false)
		if text == "" {
			continue
		}
		wrong := func(code string, kv ...any) error {
			f := fault.Wrong(fmt.Sprintf("row-%d", i), code, append(kv, "line", i+1)...)
			bad = append(bad, f)
			return fault.Form("caption.invalid", f)
		}
		c := Cue{Text: text}
		var ok1, ok2 bool
		c.From, ok1 = ParseClock(r.From)
		c.To, ok2 = ParseClock(r.To)
		if !ok1 || !ok2 {
			_ = wrong("caption.row_time")
			continue
		}
		if len([]rune(Plain(text))) > MaxCueText || strings.Count(text, "\n") >= MaxLines {
			_ = wrong("caption.cue_too_long", "max", MaxCueText, "lines", MaxLines)
			continue
		}
		if c, err := within(c, length, wrong); err == nil {
			list = append(list, c)
		}
	}
	if len(bad) > 0 {
		return nil, fault.Form("caption.invalid", bad...)
	}
	if len(list) == 0 {
		return nil, fault.Form("caption.invalid", fault.Wrong("text", "caption.empty"))
	}
	sortCues(list)
	return list, nil
}

func sortCues(list []Cue) {
	slices.SortStableFunc(list, func(a, b Cue) int { return int(a.From - b.From) })
}
