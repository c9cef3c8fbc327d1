package catalog

import (
	"context"
	"slices"
	"strings"
)

// Bounds of the proposals when nothing is found: each costs a query.
const (
	maxNearby = 3
	maxTries  = 6
)

// nearby proposes queries that are similar to one without results and that find
// something: unknown words are replaced by a known one, with one more edit than
// a search tolerates, or left out; then come single words of the query.
func nearby(ctx context.Context, e Engine, v *Vocabulary, m ParsedQuery) ([]string, error) {
	var known, proposals []string
	choices := [][]string{}
	for _, t := range m.Terms {
		near := []string{t.Typed}
		switch {
		case t.Unknown && len(choices) >= maxNearby: // comparing with all words takes time
			continue
		case t.Unknown:
			near = v.near(t.Typed, allowedEdits(len([]rune(t.Typed)))+1, maxNearby)
		case t.Corrected:
			near = []string{strings.Join(t.Alternatives[0].Words, " ")}
			known = append(known, near[0])
		default:
			known = append(known, t.Typed)
		}
		if len(near) > 0 {
			choices = append(choices, near)
		}
	}
	for pick := range maxNearby {
		var words []string
		for _, c := range choices {
			words = append(words, c[min(pick, len(c)-1)])
		}
		proposals = append(proposals, strings.Join(words, " "))
	}
	proposals = append(append(proposals, strings.Join(known, " ")), known...)
	var out, tried []string
	typed := Fold(m.typed())
	for _, text := range proposals {
		if text == "" || text == typed || slices.Contains(tried, text) || len(tried) == maxTries ||
			len(out) == maxNearby {
			continue
		}
		tried = append(tried, text)
		found, err := e.Candidates(ctx, ParseQuery(text, v, false), Query{}, 1)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			out = append(out, text)
		}
	}
	return out, nil
}

// typed joins the terms as they were typed.
func (m ParsedQuery) typed() string {
	var words []string
	for _, t := range m.Terms {
		words = append(words, t.Typed)
	}
	return strings.Join(words, " ")
}
