package catalog

import (
	"slices"
	"strconv"
	"strings"

	"lenlop/services/school"
)

// Limits of a parsed query.
const (
	MaxText  = 200 // characters; the rest is ignored
	maxTerms = 10
	maxNear  = 6 // known words that may replace a mistyped one
)

// Alternative is one way to match a term: these folded words, next to each
// other. With Prefix the last one may be the beginning of a longer word.
type Alternative struct {
	Words  []string
	Prefix bool
}

// Term is a word or a pair of words of a query. Any of its alternatives matches it.
type Term struct {
	Typed        string // folded, with Telex decoded
	Alternatives []Alternative
	Tones        string // in the form of Tones; "" when uncertain
	// Corrected: the vocabulary lacks the word as typed; the alternatives are
	// similar words. Unknown: it has no similar word either.
	Corrected, Unknown bool
}

// ParsedQuery is the text of a query: an entry matches when it matches every
// term of at least one of the choices.
type ParsedQuery struct {
	Terms   []Term
	Choices [][]Term
	Toned   bool // typed with tones: entries with exactly these rank first
}

// Empty reports whether there are no terms.
func (m ParsedQuery) Empty() bool { return len(m.Terms) == 0 }

// token is a word of a query before it becomes a term.
type token struct {
	folded, tones string
	telex         bool
}

// ParseQuery parses the text of a query. It recognizes words without marks,
// grades and weeks ("lớp 9", "tuần 5"), undecoded Telex and VNI, and typing
// errors. With typing, the last word may be unfinished.
func ParseQuery(text string, v *Vocabulary, typing bool) ParsedQuery {
	var m ParsedQuery
	words := tokens(clip(text, MaxText), v, typing)
	for i := 0; i < len(words) && len(m.Terms) < maxTerms; i++ {
		w := words[i]
		last := i == len(words)-1
		m.Toned = m.Toned || w.tones != w.folded
		var t Term
		switch {
		case !last && isGradeOrWeek(v.unitWord(w.folded), words[i+1].folded):
			t = gradeOrWeekTerm(v, v.unitWord(w.folded), words[i+1].folded)
			t.Corrected = v.unitWord(w.folded) != w.folded
			i++
		case !last && w.folded == "mon": // "môn toán"
			continue
		case !last && w.folded == "bai" && words[i+1].folded == "giang" && len(words) > 2:
			i++ // every entry is a "bài giảng" (lesson)
			continue
		default:
			t = v.term(w, last && typing)
		}
		if !slices.ContainsFunc(m.Terms, func(o Term) bool { return o.Typed == t.Typed }) {
			m.Terms = append(m.Terms, t)
		}
	}
	m.Choices = [][]Term{m.Terms}
	return m
}

// tokens splits a query into words. A word that is not in the vocabulary is
// decoded as Telex, then as VNI ("toan1" is VNI only beside a word that
// certainly is, else it is grade 1), then split from a number written directly
// after it ("toan9").
func tokens(text string, v *Vocabulary, typing bool) []token {
	var out []token
	words := split(text)
	vni := slices.ContainsFunc(words, func(w word) bool {
		f, _, sure, ok := decodeVNI(w.folded)
		return ok && sure && v.Has(f) && !v.Has(w.folded)
	})
	for i, w := range words {
		open := typing && i == len(words)-1
		known := func(f string) bool { return v.Has(f) || open && v.HasPrefix(f) }
		fields := strings.Fields(w.folded)
		if len(fields) > 1 { // signs such as ½
			for _, f := range fields {
				out = append(out, token{folded: f, tones: f})
			}
			continue
		}
		t := token{folded: w.folded, tones: w.tones}
		if !known(t.folded) {
			if f, tones, ok := decodeTelex(t.folded); ok && known(f) {
				t = token{folded: f, tones: tones, telex: true}
			} else if f, tones, sure, ok := decodeVNI(t.folded); ok && (sure || vni) && known(f) {
				t = token{folded: f, tones: tones, telex: true}
			} else if letters, digits := splitLettersDigits(t.folded); letters != "" && v.Has(letters) {
				out = append(out, token{folded: letters, tones: letters})
				t = token{folded: digits, tones: digits}
			}
		}
		out = append(out, t)
	}
	return out
}

// splitLettersDigits splits "toan9" into "toan" and "9"; both are empty when the
// word has another form.
func splitLettersDigits(w string) (letters, digits string) {
	i := strings.IndexAny(w, "0123456789")
	if i <= 0 || strings.Trim(w[i:], "0123456789") != "" {
		return "", ""
	}
	return w[:i], w[i:]
}

// isGradeOrWeek reports whether two words name a grade ("lớp 9", "khối 9") or a
// school week ("tuần 5").
func isGradeOrWeek(word, number string) bool {
	n, err := strconv.Atoi(number)
	if err != nil || number != strconv.Itoa(n) {
		return false
	}
	switch word {
	case "lop", "khoi", "grade":
		return n >= school.MinGrade && n <= school.MaxGrade
	case "tuan", "week":
		return n >= school.MinWeek && n <= school.MaxWeek
	}
	return false
}

// unitWord corrects the word before a number: an unknown word one edit away from
// "lớp" or "tuần" becomes that.
func (v *Vocabulary) unitWord(w string) string {
	if v.Has(w) {
		return w
	}
	for _, word := range []string{"tuan", "lop"} {
		if distance([]rune(w), []rune(word), 1) == 1 {
			return word
		}
	}
	return w
}

// gradeOrWeekTerm matches the tag of a grade or week, or the two words in the
// text ("Ôn thi vào lớp 10" is a lesson of grade 9).
func gradeOrWeekTerm(v *Vocabulary, word, number string) Term {
	tag := gradeTag + number
	if word == "tuan" || word == "week" {
		tag = weekTag + number
	}
	return Term{
		Typed:        word + " " + number,
		Alternatives: []Alternative{{Words: []string{tag}}, {Words: []string{word, number}}},
		Unknown:      !v.Has(tag) && (!v.Has(word) || !v.Has(number)),
	}
}

// term returns the term of one word; with open, the word may be unfinished.
func (v *Vocabulary) term(w token, open bool) Term {
	t := Term{Typed: w.folded, Corrected: w.telex}
	if v.Has(w.folded) {
		t.Tones = w.tones
		t.Alternatives = []Alternative{{Words: []string{w.folded}}}
	}
	if open && v.HasPrefix(w.folded) {
		t.Alternatives = append(t.Alternatives, Alternative{Words: []string{w.folded}, Prefix: true})
	}
	if len(t.Alternatives) == 0 {
		t.Alternatives = v.corrections(w.folded)
		t.Corrected = len(t.Alternatives) > 0
	}
	if len(t.Alternatives) == 0 {
		t.Alternatives, t.Unknown = []Alternative{{Words: []string{w.folded}}}, true
	}
	return t
}

// corrections lists what a mistyped word may have been.
func (v *Vocabulary) corrections(w string) []Alternative {
	var alternatives []Alternative
	if f, _, ok := decodeTelex(w); ok && v.Has(f) {
		alternatives = append(alternatives, Alternative{Words: []string{f}})
	}
	if a, b := v.splitInTwo(w); a != "" {
		alternatives = append(alternatives, Alternative{Words: []string{a, b}})
	}
	for _, n := range append(v.soundingLike(w), v.Near(w, maxNear)...) {
		if !slices.ContainsFunc(alternatives,
			func(o Alternative) bool { return len(o.Words) == 1 && o.Words[0] == n }) {
			alternatives = append(alternatives, Alternative{Words: []string{n}})
		}
	}
	return alternatives
}

// correct assumes that one of the words, although known, was mistyped ("phuong
// trinh bat hai"); ok is false when there is no similar word for any.
func (m ParsedQuery) correct(v *Vocabulary) (ParsedQuery, bool) {
	out := ParsedQuery{Terms: slices.Clone(m.Terms), Toned: m.Toned}
	for i, t := range m.Terms {
		if t.Corrected || t.Unknown || strings.Contains(t.Typed, " ") {
			continue
		}
		t.Alternatives = v.corrections(t.Typed)
		if len(t.Alternatives) == 0 {
			continue
		}
		t.Corrected, t.Tones = true, ""
		choice := slices.Clone(m.Terms)
		choice[i] = t
		out.Choices = append(out.Choices, choice)
		both := t
		both.Alternatives = slices.Concat(m.Terms[i].Alternatives, t.Alternatives)
		out.Terms[i] = both
	}
	return out, len(out.Choices) > 0
}

// relax leaves out the unknown words and, in every possible choice, drop of the
// known ones; ok is false when fewer than half of the typed words would then
// certainly match (a corrected word is not certain).
func (m ParsedQuery) relax(drop int) (ParsedQuery, bool) {
	var known []Term
	certain := 0
	for _, t := range m.Terms {
		if t.Unknown {
			continue
		}
		known = append(known, t)
		if !t.Corrected || t.Tones != "" {
			certain++
		}
	}
	certain -= drop
	if certain < 1 || 2*certain < len(m.Terms) || drop > 1 && len(known) > 6 {
		return ParsedQuery{}, false
	}
	out := ParsedQuery{Terms: known, Toned: m.Toned}
	addChoices(known, len(known)-drop, nil, &out.Choices)
	return out, true
}

// addChoices appends every choice of n terms, in order.
func addChoices(from []Term, n int, chosen []Term, out *[][]Term) {
	if n == 0 {
		*out = append(*out, slices.Clone(chosen))
		return
	}
	for i := 0; i+n <= len(from); i++ {
		addChoices(from[i+1:], n-1, append(chosen, from[i]), out)
	}
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
