package caption

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
)

// Longest is the longest recording that is accepted: the bound of captions'
// times while a lesson's own length is not known.
const Longest = 4 * time.Hour

// overhang is how far the last caption may reach beyond the lesson's end; it
// is then cut there. What lies further out was made for another recording.
const overhang = 10 * time.Second

// Parse reads a file of captions, WebVTT or SubRip, for a lesson of the
// length (0: not known). Faults: "caption.invalid" with a field "text" that
// names the line and what is wrong there.
func Parse(data []byte, length time.Duration) ([]Cue, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "caption.too_large", "max", MaxBytes)
	}
	p := parser{length: length, strict: true}
	return p.parse(decode(data))
}

// ParseFound reads a text track that a recording carries. Nobody is there to
// mend it: captions that cannot be shown are left out, others put in order.
func ParseFound(data []byte, length time.Duration) ([]Cue, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "caption.too_large", "max", MaxBytes)
	}
	p := parser{length: length}
	return p.parse(decode(data))
}

// parser reads blocks: an optional name, a line of times, lines of text up to
// an empty one. SubRip differs from WebVTT in a comma and in having no header.
type parser struct {
	length time.Duration
	strict bool // a person can mend it
	lines  []string
	at     int // line being read, from 0
	cues   []Cue
}

func (p *parser) parse(text string) ([]Cue, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(text)
	p.lines = strings.Split(text, "\n")
	if first := strings.TrimSpace(p.lines[0]); first == "WEBVTT" || strings.HasPrefix(first, "WEBVTT ") ||
		strings.HasPrefix(first, "WEBVTT\t") {
		p.skipBlock()
	}
	for p.at < len(p.lines) {
		line := strings.TrimSpace(p.lines[p.at])
		switch {
		case line == "":
			p.at++
		case strings.Contains(line, "-->"):
			if err := p.cue(line); err != nil {
				return nil, err
			}
		case isComment(line):
			p.skipBlock()
		case p.at+1 < len(p.lines) && strings.Contains(p.lines[p.at+1], "-->"):
			p.at++ // the caption's number or name
		case p.strict:
			return nil, p.wrong(p.at, "caption.no_time")
		default:
			p.at++
		}
	}
	if len(p.cues) == 0 {
		return nil, fault.Form("caption.invalid", fault.Wrong("text", "caption.empty"))
	}
	if !p.strict {
		sortCues(p.cues)
	}
	return p.cues, nil
}

// isComment reports whether a line begins a block that is not shown. Styles
// and regions are the page's business, not a file's.
func isComment(line string) bool {
	for _, word := range []string{"NOTE", "STYLE", "REGION"} {
		if line == word || strings.HasPrefix(line, word+" ") || strings.HasPrefix(line, word+"\t") {
			return true
		}
	}
	return false
}

func (p *parser) skipBlock() {
	for p.at < len(p.lines) && strings.TrimSpace(p.lines[p.at]) != "" &&
		!(p.at > 0 && strings.Contains(p.lines[p.at], "-->")) {
		p.at++
	}
}

// cue reads one caption; p.at stands on its times.
func (p *parser) cue(line string) error {
	began := p.at
	c, err := p.times(line)
	if err != nil && p.strict {
		return err
	}
	var text []string
	for p.at++; p.at < len(p.lines); p.at++ {
		l := strings.TrimSpace(p.lines[p.at])
		if l == "" || strings.Contains(l, "-->") {
			break
		}
		text = append(text, l)
	}
	if n := len(text); p.at < len(p.lines) && strings.Contains(p.lines[p.at], "-->") && n > 0 && number(text[n-1]) {
		text = text[:n-1] // no empty line before the next one's number
	}
	if err != nil {
		return nil //nolint:nilerr // a file that is not strict loses only this caption
	}
	c.Text = clean(strings.Join(text, "\n"), true)
	return p.add(c, began)
}

func (p *parser) add(c Cue, line int) error {
	switch n := utf8.RuneCountInString(Plain(c.Text)); {
	case n == 0:
		return nil
	case n > MaxCueText || strings.Count(c.Text, "\n") >= MaxLines:
		if p.strict {
			return p.wrong(line, "caption.cue_too_long", "max", MaxCueText, "lines", MaxLines)
		}
		return nil
	case len(p.cues) >= MaxCues:
		return p.wrong(line, "caption.too_many", "max", MaxCues)
	}
	if k := len(p.cues); p.strict && k > 0 && c.From < p.cues[k-1].From {
		return p.wrong(line, "caption.out_of_order", "at", Clock(c.From), "before", Clock(p.cues[k-1].From))
	}
	p.cues = append(p.cues, c)
	return nil
}

// times reads "00:01.000 --> 00:03.500"; what follows (WebVTT's positions) is
// left out.
func (p *parser) times(line string) (Cue, error) {
	from, rest, _ := strings.Cut(line, "-->")
	to := ""
	if words := strings.Fields(rest); len(words) > 0 {
		to = words[0]
	}
	var c Cue
	var ok, ok2 bool
	c.From, ok = ParseClock(from)
	c.To, ok2 = ParseClock(to)
	if !ok || !ok2 || !strings.ContainsRune(from, ':') || !strings.ContainsRune(to, ':') {
		return c, p.wrong(p.at, "caption.bad_time")
	}
	return within(c, p.length, func(code string, kv ...any) error { return p.wrong(p.at, code, kv...) })
}

// within checks a caption's times against each other and the lesson's length.
func within(c Cue, length time.Duration, wrong func(code string, kv ...any) error) (Cue, error) {
	if c.To <= c.From {
		return c, wrong("caption.ends_first", "at", Clock(c.From))
	}
	end := length
	if length <= 0 {
		end = Longest
	}
	if c.From >= end || c.To > end+overhang {
		return c, wrong("caption.after_end", "at", Clock(max(c.From, c.To)), "end", Clock(end))
	}
	c.To = min(c.To, end)
	return c, nil
}

func (p *parser) wrong(line int, code string, kv ...any) error {
	return fault.Form("caption.invalid", fault.Wrong("text", code, append(kv, "line", line+1)...))
}

func number(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

var clockShape = regexp.MustCompile(`^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$`)

// ParseClock reads a time as people and files write it: 75, 1:15, 1:15.250,
// 00:01:15,250.
func ParseClock(s string) (time.Duration, bool) {
	m := clockShape.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	n := func(s string) time.Duration {
		v, _ := strconv.Atoi(s) // digits only, or ""
		return time.Duration(v)
	}
	if m[1] != "" && n(m[2]) > 59 || m[2] != "" && n(m[3]) > 59 {
		return 0, false
	}
	ms := n((m[4] + "000")[:3])
	return n(m[1])*time.Hour + n(m[2])*time.Minute + n(m[3])*time.Second + ms*time.Millisecond, true
}

// Clock writes a time as the editor shows it: 1:15, 1:15.250, 1:02:15.
func Clock(d time.Duration) string {
	d = d.Round(time.Millisecond)
	h, m, s, ms := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60, d.Milliseconds()%1000
	out := fmt.Sprintf("%d:%02d", m, s)
	if h > 0 {
		out = fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	if ms > 0 {
		out += fmt.Sprintf(".%03d", ms)
	}
	return out
}
