package catalog

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// snippetLength is the length of an excerpt in characters.
const snippetLength = 160

// Mark splits a text into runs and flags the words that match the query. The
// runs together are the text, byte for byte.
func (m ParsedQuery) Mark(text string) []Span {
	var out []Span
	at := 0
	for _, w := range split(text) {
		if !m.matches(w) {
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

// Snippet is Mark for an excerpt of a long text around the first matching word.
// It is cut between words, and "…" stands where text was left out.
func (m ParsedQuery) Snippet(text string) []Span {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= snippetLength {
		return m.Mark(text)
	}
	words := split(text)
	first := max(0, slices.IndexFunc(words, m.matches))
	start := 0
	if len(words) > 0 && utf8.RuneCountInString(text[:words[first].end]) > snippetLength {
		start = words[max(0, first-4)].start // a few words before it, for context
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

// matches reports whether the word matches any term.
func (m ParsedQuery) matches(w word) bool {
	for _, t := range m.Terms {
		for _, alternative := range t.Alternatives {
			for i, want := range alternative.Words {
				if w.folded == want || alternative.Prefix && i == len(alternative.Words)-1 &&
					strings.HasPrefix(w.folded, want) {
					return true
				}
			}
		}
	}
	return false
}
