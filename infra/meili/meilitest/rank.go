package meilitest

import (
	"slices"
	"strings"
)

// maxWords of a query are read; the rest is ignored.
const maxWords = 10

// term is a word of a query, or words in double quotes; with not, documents that
// have it are left out.
type term struct {
	words  []string
	phrase bool
	not    bool
	last   bool // may be the beginning of a word
}

// parseTerms reads a query: -word and "a phrase" are operators.
func parseTerms(q string) []term {
	var out []term
	words := 0
	for q = strings.TrimSpace(q); q != ""; q = strings.TrimSpace(q) {
		var t term
		q, t.not = strings.CutPrefix(q, "-")
		var text string
		if rest, ok := strings.CutPrefix(q, `"`); ok {
			text, q, _ = strings.Cut(rest, `"`)
			t.phrase = true
		} else {
			text, q, _ = strings.Cut(q, " ")
		}
		t.words = strings.Fields(text)
		if len(t.words) == 0 {
			continue
		}
		if !t.not {
			if words += len(t.words); words > maxWords {
				break
			}
		}
		out = append(out, t)
	}
	if n := len(out); n > 0 && strings.TrimSpace(q) == "" {
		out[n-1].last = !out[n-1].phrase && !out[n-1].not
	}
	return out
}

// rank returns a document's score for the terms, 0 to 1: each term counts by the
// best attribute that contains it, more when whole than as a prefix, with a typing
// error, split in two or joined with its neighbour, and more in short attributes.
// It is simpler than Meilisearch's rules but uses the same criteria. ok is false
// when a term is missing.
func (x *index) rank(d *doc, terms []term) (score float64, ok bool) {
	attributes := x.settings.SearchableAttributes
	if slices.Equal(attributes, []string{"*"}) {
		attributes = nil
		for name := range d.words {
			attributes = append(attributes, name)
		}
		slices.Sort(attributes)
	}
	counted := 0
	for i := 0; i < len(terms); i++ {
		t := terms[i]
		best := x.best(d, attributes, t)
		if t.not {
			if best > 0 {
				return 0, false
			}
			continue
		}
		if best <= 0 && i+1 < len(terms) && !t.phrase && !terms[i+1].phrase && !terms[i+1].not {
			joined := term{words: []string{t.words[0] + terms[i+1].words[0]}}
			if best = x.best(d, attributes, joined) / 2; best > 0 {
				i++ // both are found
			}
		}
		if best <= 0 {
			return 0, false
		}
		score += best
		counted++
	}
	if counted == 0 {
		return 0, true
	}
	return score / float64(counted*max(len(attributes), 1)), true
}

// best is the score of a term in the attribute that suits it best; 0: in none.
func (x *index) best(d *doc, attributes []string, t term) float64 {
	best := 0.0
	for place, a := range attributes {
		indexed := d.words[a]
		weight := float64(len(attributes)-place) - float64(min(len(indexed), 50))/100
		if t.phrase || t.not {
			if contains(indexed, t.words) {
				best = max(best, weight)
			}
			continue
		}
		for i, h := range indexed {
			best = max(best, x.similarity(t.words[0], h, t.last)*weight)
			if i+1 < len(indexed) && h+indexed[i+1] == t.words[0] {
				best = max(best, weight/2)
			}
		}
	}
	return best
}

// contains reports whether the words stand next to each other.
func contains(indexed, words []string) bool {
	for i := range len(indexed) - len(words) + 1 {
		if slices.Equal(indexed[i:i+len(words)], words) {
			return true
		}
	}
	return false
}

// similarity is 1 for the word itself, less for a prefix, and least with typing
// errors.
func (x *index) similarity(typed, indexed string, last bool) float64 {
	t := x.settings.TypoTolerance
	switch {
	case typed == indexed:
		return 1
	case last && strings.HasPrefix(indexed, typed):
		return 0.8
	case !t.Enabled || t.DisableOnNumbers && strings.Trim(typed, "0123456789") == "":
		return 0
	}
	allowed := 0
	if len(typed) >= t.MinWordSizeForTypos.OneTypo {
		allowed = 1
	}
	if len(typed) >= t.MinWordSizeForTypos.TwoTypos {
		allowed = 2
	}
	if allowed > 0 && distance(typed, indexed, allowed) <= allowed {
		return 0.5
	}
	return 0
}

// distance counts letters that are added, left out, changed or swapped with their
// neighbour; it returns limit+1 for any larger number.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(next[j-1]+1, row[j]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
