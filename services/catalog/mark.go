package catalog

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// snippetLength is how much of a description a hit shows, in characters.
const snippetLength = 160

// Mark cuts a text into runs, those words flagged that the meaning looks for.
// The runs together are the text, byte for byte.
func (m Meaning) Mark(text string) []Span {
	var out []Span
	at := 0
	for _, w := range split(text) {
		if !m.wants(w) {
			continue
		}
		if w.start > at {
			out = append(out, Span{Text: text[at:w.start]})
		}
		out = append(out, Span{Text: text[w.start:w.end], Match: true})
		at = w.end
	}
	if at < len(text) {
		out = append(out, Span{Text: text[at:]})
	}
	return out
}

// Snippet marks a piece of a long text around the first word that is looked
// for, cut between words, with "…" where something was left out.
func (m Meaning) Snippet(text string) []Span {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= snippetLength {
		return m.Mark(text)
	}
	words := split(text)
	first := max(0, slices.IndexFunc(words, m.wants))
	start := 0
	if len(words) > 0 && utf8.RuneCountInString(text[:words[first].end]) > snippetLength {
		start = words[max(0, first-4)].start // some words before, for the sense
	}
	cut := clip(text[start:], snippetLength)
	if start+len(cut) < len(text) {
		if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
			cut = cut[:i]
		}
		cut += "…"
	}
	if start > 0 {
		cut = "…" + cut
	}
	return m.Mark(cut)
}

// wants reports whether the word is one that some term looks for.
func (m Meaning) wants(w word) bool {
	for _, t := range m.Terms {
		for _, way := range t.Ways {
			for i, want := range way.Words {
				if w.folded == want || way.Prefix && i == len(way.Words)-1 && strings.HasPrefix(w.folded, want) {
					return true
				}
			}
		}
	}
	return false
}
