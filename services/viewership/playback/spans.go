package playback

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Span is a stretch of time in whole milliseconds, From < To: media time when
// it says what was played, Unix time when it says when. Whole milliseconds make
// sums exact and the same on every database.
type Span struct{ From, To int64 }

// Spans are sorted stretches that neither overlap nor touch.
type Spans []Span

// Union merges stretches in any order, overlapping or not.
func Union(lists ...[]Span) Spans {
	n := 0
	for _, l := range lists {
		n += len(l)
	}
	all := make([]Span, 0, n)
	for _, l := range lists {
		all = append(all, l...)
	}
	slices.SortFunc(all, func(a, b Span) int {
		if a.From != b.From {
			if a.From < b.From {
				return -1
			}
			return 1
		}
		return 0
	})
	out := all[:0]
	for _, s := range all {
		if s.To <= s.From {
			continue
		}
		if k := len(out) - 1; k >= 0 && s.From <= out[k].To {
			out[k].To = max(out[k].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return Spans(out)
}

// Length is the time covered, in milliseconds.
func (s Spans) Length() int64 {
	var n int64
	for _, x := range s {
		n += x.To - x.From
	}
	return n
}

// Covers reports whether one stretch holds all of [from, to).
func (s Spans) Covers(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(s, from, func(x Span, t int64) int {
		if x.To <= t {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].From <= from && to <= s[i].To
}

// String writes stretches as "0-1500,2000-3000", the form they are stored in.
func (s Spans) String() string {
	b := make([]byte, 0, len(s)*14)
	for i, x := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, x.From, 10)
		b = append(b, '-')
		b = strconv.AppendInt(b, x.To, 10)
	}
	return string(b)
}

// ParseSpans reads what String wrote.
func ParseSpans(text string) (Spans, error) {
	if text == "" {
		return nil, nil
	}
	out := make(Spans, 0, strings.Count(text, ",")+1)
	for part := range strings.SplitSeq(text, ",") {
		from, to, ok := strings.Cut(part, "-")
		a, err1 := strconv.ParseInt(from, 10, 64)
		b, err2 := strconv.ParseInt(to, 10, 64)
		if !ok || err1 != nil || err2 != nil {
			return nil, fmt.Errorf("played stretches %.40q: not from-to", part)
		}
		out = append(out, Span{a, b})
	}
	return out, nil
}
