package caption

import (
	"regexp"
	"slices"
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
// length (0: not known). A caption that cannot be shown never costs the
// others: what was put right or left out is given as remarks, in the order of
// the file, each with its "line". Faults: "caption.invalid" with a field
// "text" for each remark if no caption remains, or with one that names the
// format if it is another; "caption.too_large".
func Parse(data []byte, length time.Duration) ([]Cue, []fault.Field, error) {
	if len(data) > MaxBytes {
		return nil, nil, fault.New(fault.TooLarge, "caption.too_large", "max", MaxBytes)
	}
	text := newlines.ReplaceAllString(strings.ReplaceAll(decode(data), "\x00", ""), "\n")
	if format := otherFormat(text); format != "" {
		return nil, nil, fault.Form("caption.invalid", fault.Wrong("text", "caption.other_format", "format", format))
	}
	p := parser{length: length, lines: strings.Split(text, "\n")}
	p.parse()
	switch {
	case len(p.cues) > MaxCues:
		return nil, nil, fault.Form("caption.invalid",
			fault.Wrong("text", "caption.too_many", "max", MaxCues, "line", p.begins[MaxCues]+1))
	case len(p.cues) == 0 && len(p.remarks) == 0:
		return nil, nil, fault.Form("caption.invalid", fault.Wrong("text", "caption.empty"))
	case len(p.cues) == 0:
		return nil, nil, fault.Form("caption.invalid", p.listed()...)
	}
	p.inOrder()
	return p.cues, p.listed(), nil
}

// ParseFound reads a text track that a recording carries; nobody is there to
// read remarks.
func ParseFound(data []byte, length time.Duration) ([]Cue, error) {
	cues, _, err := Parse(data, length)
	return cues, err
}

// newlines are the ends of lines of every system, and the \r\r\n that a file
// gets when it is written as text twice.
var newlines = regexp.MustCompile(`\r+\n|\r`)

// parser reads blocks: an optional number or name, a line of times, lines of
// text. SubRip differs from WebVTT in a comma and in having no header.
type parser struct {
	length  time.Duration
	lines   []string
	vtt     bool
	cues    []Cue
	begins  []int // line of each caption's times, from 0
	remarks []fault.Field
	open    *block // caption whose text is being read
}

// block is one caption while it is read.
type block struct {
	line  int // of its times, from 0
	times string
	text  []string
	blank bool // an empty line stood inside its text
}

func (p *parser) parse() {
	first := strings.TrimSpace(p.lines[0])
	p.vtt = first == "WEBVTT" || strings.HasPrefix(first, "WEBVTT ") || strings.HasPrefix(first, "WEBVTT\t")
	at := 0
	if p.vtt {
		at = p.endOfBlock(1)
	}
	lost := false // the words before were told to have no times
	for ; at < len(p.lines); at++ {
		line := strings.TrimSpace(p.lines[at])
		start := at == 0 || strings.TrimSpace(p.lines[at-1]) == ""
		switch {
		case line == "":
		case p.isTimes(at):
			p.close()
			p.open, lost = &block{line: at, times: line}, false
		case start && isComment(line):
			at = p.endOfBlock(at) - 1
		case p.isName(at, start):
		case p.open != nil:
			p.open.blank = p.open.blank || start && len(p.open.text) > 0
			p.open.text = append(p.open.text, line)
		case !lost:
			p.remark(at, "caption.no_time")
			lost = true
		}
	}
	p.close()
}

// isTimes reports whether a caption begins at the line. "-->" alone is not
// enough: chemists write it too. A line that is plainly meant as times begins
// one even if they are wrong, for its words have no others.
func (p *parser) isTimes(at int) bool {
	if at >= len(p.lines) {
		return false
	}
	from, rest, ok := strings.Cut(p.lines[at], "-->")
	if !ok {
		return false
	}
	to, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	from = strings.TrimSpace(from)
	if exactClock.MatchString(from) && exactClock.MatchString(to) {
		return true
	}
	if at > 0 { // in the middle of a text, "10:30 --> 11:30" is a text
		before := strings.TrimSpace(p.lines[at-1])
		named := p.vtt && (at == 1 || p.blankAt(at-2)) && !strings.Contains(before, "-->")
		if before != "" && !number(before) && !named {
			return false
		}
	}
	return clockLike.MatchString(from) || clockLike.MatchString(to) ||
		at > 0 && number(strings.TrimSpace(p.lines[at-1])) && p.blankAt(at-2)
}

func (p *parser) blankAt(at int) bool { return at < 0 || strings.TrimSpace(p.lines[at]) == "" }

var (
	exactClock = regexp.MustCompile(`^(?:\d{1,3}:)?\d{1,3}:\d{2}[.,]\d{1,3}$`)
	clockLike  = regexp.MustCompile(`^-?\d+:[\d:.,]*$`)
)

// isName reports whether a line is a caption's number, or in WebVTT its name:
// its times follow.
func (p *parser) isName(at int, start bool) bool {
	if p.isTimes(at + 1) {
		return number(strings.TrimSpace(p.lines[at])) || p.vtt && start
	}
	if !start || !number(strings.TrimSpace(p.lines[at])) {
		return false
	}
	for at++; at < len(p.lines) && strings.TrimSpace(p.lines[at]) == ""; at++ {
	}
	return p.isTimes(at)
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

// endOfBlock is the next empty line or line of times.
func (p *parser) endOfBlock(at int) int {
	for at < len(p.lines) && strings.TrimSpace(p.lines[at]) != "" && !p.isTimes(at) {
		at++
	}
	return at
}

// close takes the caption whose text has been read, or remarks why not.
func (p *parser) close() {
	b := p.open
	p.open = nil
	if b == nil {
		return
	}
	wrong := func(code string, kv ...any) { p.remark(b.line, code, kv...) }
	c, ok := p.times(b.times, wrong)
	if !ok {
		return
	}
	c.Text = clean(strings.Join(b.text, "\n"), true)
	switch n := utf8.RuneCountInString(Plain(c.Text)); {
	case n == 0:
		wrong("caption.no_text")
		return
	case n > MaxCueText || strings.Count(c.Text, "\n") >= MaxLines:
		wrong("caption.cue_too_long", "max", MaxCueText, "lines", MaxLines)
		return
	case b.blank:
		wrong("caption.mended_blank")
	}
	p.cues, p.begins = append(p.cues, c), append(p.begins, b.line)
}

// times reads "00:01.000 --> 00:03.500"; what follows (WebVTT's positions) is
// left out.
func (p *parser) times(line string, wrong func(code string, kv ...any)) (Cue, bool) {
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
		wrong("caption.bad_time")
		return c, false
	}
	if c.To == c.From { // speech recognisers write such; inOrder gives it an end
		if end := endOf(p.length); c.From >= end {
			wrong("caption.after_end", "at", Clock(c.From), "end", Clock(end))
			return c, false
		}
		return c, true
	}
	before := c.To
	c, err := within(c, p.length, func(code string, kv ...any) error {
		wrong(code, kv...)
		return errLeftOut
	})
	if err == nil && c.To < before {
		wrong("caption.mended_end", "end", Clock(c.To))
	}
	return c, err == nil
}

var errLeftOut = fault.New(fault.Invalid, "caption.invalid")

// inOrder sorts the captions by time, and gives those of no length one.
func (p *parser) inOrder() {
	order := make([]int, len(p.cues))
	for i := range order {
		order[i] = i
		if i > 0 && p.cues[i].From < p.cues[i-1].From {
			p.remark(p.begins[i], "caption.mended_order", "at", Clock(p.cues[i].From),
				"before", Clock(p.cues[i-1].From))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(p.cues[a].From - p.cues[b].From) })
	sorted := make([]Cue, len(order))
	for i, k := range order {
		sorted[i] = p.cues[k]
	}
	for i, k := range order {
		c := &sorted[i]
		if c.To > c.From {
			continue
		}
		c.To = min(c.From+readingTime(c.Text), endOf(p.length))
		for _, next := range sorted[i+1:] {
			if next.From > c.From {
				c.To = min(c.To, next.From)
				break
			}
		}
		p.remark(p.begins[k], "caption.mended_length", "at", Clock(c.From), "end", Clock(c.To))
	}
	p.cues = sorted
}

// readingTime is how long a caption must stay to be read: 15 characters a
// second, as subtitlers reckon, and at least one second.
func readingTime(text string) time.Duration {
	return max(time.Second, time.Duration(utf8.RuneCountInString(Plain(text)))*time.Second/15).Round(time.Millisecond)
}

// endOf is a lesson's end, or that of the longest there may be.
func endOf(length time.Duration) time.Duration {
	if length <= 0 {
		return Longest
	}
	return length
}

// within checks a caption's times against each other and the lesson's length.
func within(c Cue, length time.Duration, wrong func(code string, kv ...any) error) (Cue, error) {
	if c.To <= c.From {
		return c, wrong("caption.ends_first", "at", Clock(c.From))
	}
	end := endOf(length)
	if c.From >= end || c.To > end+overhang {
		return c, wrong("caption.after_end", "at", Clock(max(c.From, c.To)), "end", Clock(end))
	}
	c.To = min(c.To, end)
	return c, nil
}

// maxRemarks is how many remarks are given; a teacher reads no more.
const maxRemarks = 100

func (p *parser) remark(line int, code string, kv ...any) {
	p.remarks = append(p.remarks, fault.Wrong("text", code, append(kv, "line", line+1)...))
}

// listed are the remarks in order of their lines, and how many more there are.
func (p *parser) listed() []fault.Field {
	slices.SortStableFunc(p.remarks, func(a, b fault.Field) int { return lineOf(a) - lineOf(b) })
	if n := len(p.remarks); n > maxRemarks {
		return append(p.remarks[:maxRemarks:maxRemarks], fault.Wrong("text", "caption.more_remarks", "n", n-maxRemarks))
	}
	return p.remarks
}

func lineOf(f fault.Field) int {
	line, _ := f.Args["line"].(int)
	return line
}

func number(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}
