package catalog

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Vocabulary holds every folded word of the index with the number of entries
// that contain it. It is immutable.
type Vocabulary struct {
	count  map[string]int
	sorted []string
	byLen  map[int][][]rune // words of letters only: numbers are never corrected
}

// NewVocabulary takes ownership of the counts; words with none are left out.
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

// Has reports whether any entry contains the folded word.
func (v *Vocabulary) Has(w string) bool { return v.count[w] > 0 }

// HasPrefix reports whether any word begins with p.
func (v *Vocabulary) HasPrefix(p string) bool {
	i, _ := slices.BinarySearch(v.sorted, p)
	return i < len(v.sorted) && strings.HasPrefix(v.sorted[i], p)
}

// allowedEdits is how many typing errors a word of so many letters may have: one
// from three letters on, two from eight (the usual rule of search engines, with
// a lower first limit because Vietnamese syllables are short).
func allowedEdits(letters int) int {
	switch {
	case letters < 3:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// Near lists at most limit known words within the allowed edits of w, without w:
// nearest first, then those with the same first letter, then the commonest.
func (v *Vocabulary) Near(w string, limit int) []string {
	return v.near(w, allowedEdits(len([]rune(w))), limit)
}

// near is Near for words at most maxEdits away.
func (v *Vocabulary) near(w string, maxEdits, limit int) []string {
	typed := []rune(w)
	if maxEdits == 0 || len(typed) > 40 || strings.ContainsAny(w, "0123456789") {
		return nil
	}
	type found struct {
		word  string
		cost  int
		count int
	}
	var all []found
	for n := len(typed) - maxEdits; n <= len(typed)+maxEdits; n++ {
		for _, r := range v.byLen[n] {
			d := distance(typed, r, maxEdits)
			if d == 0 || d > maxEdits {
				continue
			}
			cost := 2 * d
			if r[0] != typed[0] {
				cost++ // the first letter is seldom mistyped
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

// initials are initial consonants that are often confused: pronounced alike in
// the north (ch, tr; d, gi, r), similar by the rules of spelling (c, k; ng, ngh;
// g, gh), or replaced in text messages (f, j, z, w). Near finds the ones that
// differ in one letter.
var initials = map[string][]string{
	"ch": {"tr"}, "tr": {"ch"}, "gi": {"d", "r", "j"}, "d": {"gi"}, "r": {"gi"}, "ngh": {"ng"}, "ng": {"ngh"},
	"gh": {"g"}, "g": {"gh"}, "f": {"ph"}, "ph": {"f"}, "j": {"gi"}, "z": {"d",
		"gi"}, "w": {"qu"}, "kh": {"k"}, "k": {"kh", "c"}, "qu": {"w", "k"},
}

// soundingLike lists known words that differ from w in the spelling of the
// initial consonant ("chuyen" for "truyen").
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

// splitInTwo splits two known words typed without a space ("hamso"), preferring
// the commonest pair; "" when there is none.
func (v *Vocabulary) splitInTwo(w string) (string, string) {
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
// insert, delete, replace, swap neighbours), or maxEdits+1 once it is sure to be
// more than maxEdits.
func distance(a, b []rune, maxEdits int) int {
	if d := len(a) - len(b); d > maxEdits || -d > maxEdits {
		return maxEdits + 1
	}
	var rows [3][48]int
	if len(b) >= len(rows[0]) {
		return maxEdits + 1
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
		if least > maxEdits {
			return maxEdits + 1
		}
		before, last, now = last, now, before
	}
	return min(last[len(b)], maxEdits+1)
}
