package catalog

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Vocabulary is every folded word that the index holds, with the number of
// entries it stands in. It is made once for a state of the index and only read
// afterwards.
type Vocabulary struct {
	count  map[string]int
	sorted []string
	byLen  map[int][][]rune // words of letters only: numbers are never mended
}

// NewVocabulary takes the counts over; words that stand nowhere are left out.
func NewVocabulary(counts map[string]int) *Vocabulary {
	v := &Vocabulary{count: counts, sorted: make([]string, 0, len(counts)), byLen: map[int][][]rune{}}
	for w, n := range counts {
		if n > 0 && w != "" {
			v.sorted = append(v.sorted, w)
		}
	}
	slices.Sort(v.sorted)
	for _, w := range v.sorted {
		if !strings.ContainsAny(w, "0123456789") {
			r := []rune(w)
			v.byLen[len(r)] = append(v.byLen[len(r)], r)
		}
	}
	return v
}

// Has reports whether the folded word stands anywhere.
func (v *Vocabulary) Has(w string) bool { return v.count[w] > 0 }

// HasPrefix reports whether some word begins so.
func (v *Vocabulary) HasPrefix(p string) bool {
	i, _ := slices.BinarySearch(v.sorted, p)
	return i < len(v.sorted) && strings.HasPrefix(v.sorted[i], p)
}

// reach is how many slips of the finger are forgiven in a word: one from three
// letters on, two from eight (the usual rule of search engines, lower at the
// short end because Vietnamese syllables are short).
func reach(letters int) int {
	switch {
	case letters < 3:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// Near lists at most limit known words within reach of w, itself left out:
// nearest first, then those with the same first letter, then the commonest.
func (v *Vocabulary) Near(w string, limit int) []string {
	return v.near(w, reach(len([]rune(w))), limit)
}

// near is Near for words at most far slips away.
func (v *Vocabulary) near(w string, far, limit int) []string {
	typed := []rune(w)
	if far == 0 || len(typed) > 40 || strings.ContainsAny(w, "0123456789") {
		return nil
	}
	type found struct {
		word  string
		cost  int
		count int
	}
	var all []found
	for n := len(typed) - far; n <= len(typed)+far; n++ {
		for _, r := range v.byLen[n] {
			d := distance(typed, r, far)
			if d == 0 || d > far {
				continue
			}
			cost := 2 * d
			if r[0] != typed[0] {
				cost++ // people seldom miss a word's first letter
			}
			s := string(r)
			all = append(all, found{s, cost, v.count[s]})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		if a.cost != b.cost {
			return a.cost - b.cost
		}
		if a.count != b.count {
			return b.count - a.count
		}
		return strings.Compare(a.word, b.word)
	})
	out := make([]string, 0, limit)
	for _, f := range all[:min(limit, len(all))] {
		out = append(out, f.word)
	}
	return out
}

// initials are first sounds that are written for one another: alike in many
// northern mouths (ch, tr; d, gi, r), by the rules of spelling (c, k; ng, ngh;
// g, gh), or in young people's messages (f, j, z, w). Swaps of one letter for
// one are left to Near.
var initials = map[string][]string{
	"ch": {"tr"}, "tr": {"ch"}, "gi": {"d", "r", "j"}, "d": {"gi"}, "r": {"gi"}, "ngh": {"ng"}, "ng": {"ngh"},
	"gh": {"g"}, "g": {"gh"}, "f": {"ph"}, "ph": {"f"}, "j": {"gi"}, "z": {"d", "gi"}, "w": {"qu"}, "kh": {"k"}, "k": {"kh", "c"}, "qu": {"w", "k"},
}

// soundingLike lists known words that differ from w in how its first sound is
// written ("chuyen" for "truyen").
func (v *Vocabulary) soundingLike(w string) []string {
	var out []string
	for n := min(3, len(w)-1); n > 0; n-- {
		for _, other := range initials[w[:n]] {
			if s := other + w[n:]; v.Has(s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// pair cuts a word typed without its space into two known ones ("hamso"),
// preferring the commonest; "" when there are none.
func (v *Vocabulary) pair(w string) (string, string) {
	best, left, right := 0, "", ""
	for i := range w {
		if utf8.RuneCountInString(w[:i]) < 2 || utf8.RuneCountInString(w[i:]) < 2 {
			continue
		}
		if n := min(v.count[w[:i]], v.count[w[i:]]); n > best {
			best, left, right = n, w[:i], w[i:]
		}
	}
	return left, right
}

// distance is the Damerau-Levenshtein distance (optimal string alignment:
// insert, delete, replace, swap neighbours), or far+1 once it is sure to be
// more than far.
func distance(a, b []rune, far int) int {
	if d := len(a) - len(b); d > far || -d > far {
		return far + 1
	}
	var rows [3][48]int
	if len(b) >= len(rows[0]) {
		return far + 1
	}
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			now[j] = d
			least = min(least, d)
		}
		if least > far {
			return far + 1
		}
		before, last, now = last, now, before
	}
	return min(last[len(b)], far+1)
}
