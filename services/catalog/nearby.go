package catalog

import (
	"context"
	"slices"
	"strings"
)

// Bounds of the help when nothing is found: each proposal costs a query.
const (
	maxNearby = 3
	maxTries  = 6
)

// nearby proposes queries much like one that found nothing, each of which finds
// something: words that stand nowhere written as one that does, two slips away
// rather than one, or left out; then single words of the query.
func nearby(ctx context.Context, e Engine, v *Vocabulary, m Meaning) ([]string, error) {
	var known, written []string
	choices := [][]string{}
	for _, t := range m.Terms {
		near := []string{t.Typed}
		switch {
		case t.Unknown && len(choices) >= maxNearby: // looking for words alike takes time
			continue
		case t.Unknown:
			near = v.near(t.Typed, reach(len([]rune(t.Typed)))+1, maxNearby)
		case t.Mended:
			near = []string{strings.Join(t.Ways[0].Words, " ")}
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
		written = append(written, strings.Join(words, " "))
	}
	written = append(append(written, strings.Join(known, " ")), known...)
	var out, tried []string
	asked := Fold(m.typed())
	for _, text := range written {
		if text == "" || text == asked || slices.Contains(tried, text) || len(tried) == maxTries || len(out) == maxNearby {
			continue
		}
		tried = append(tried, text)
		found, err := e.Candidates(ctx, Read(text, v, false), Query{}, 1)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			out = append(out, text)
		}
	}
	return out, nil
}

// typed writes the terms as they were typed.
func (m Meaning) typed() string {
	var words []string
	for _, t := range m.Terms {
		words = append(words, t.Typed)
	}
	return strings.Join(words, " ")
}
