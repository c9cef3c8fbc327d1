package catalog

import (
	"slices"
	"strconv"
	"strings"

	"lenlop/services/school"
)

// Limits of what is understood of a query.
const (
	MaxText  = 200 // characters that are read
	maxTerms = 10  // words that are looked for
	maxNear  = 6   // known words that stand in for a mistyped one
)

// Way is one way to satisfy a term: these folded words, next to each other.
// Prefix: the last may go on.
type Way struct {
	Words  []string
	Prefix bool
}

// Term is one thing that is looked for, in any of its ways.
type Term struct {
	Typed string // folded; after Telex was undone
	Ways  []Way
	Tones string // in the form of Tones; "" when unsure
	// Mended: the word stands nowhere as it was typed, the ways are what it may
	// have been. Unknown: nothing like it stands anywhere either.
	Mended, Unknown bool
}

// Meaning is what a query asks for: every term of at least one of the choices.
type Meaning struct {
	Terms   []Term
	Choices [][]Term
	Toned   bool // typed with tones: entries with exactly these come first
}

// Empty reports whether nothing is asked for.
func (m Meaning) Empty() bool { return len(m.Terms) == 0 }

// token is a word of a query on its way to a term.
type token struct {
	folded, tones string
	telex         bool
}

// Read understands a query: words without marks, numbers that may be grades,
// "lớp 9" and "tuần 5", Telex left-overs, slips of the finger. typing: the last
// word may be unfinished.
func Read(text string, v *Vocabulary, typing bool) Meaning {
	var m Meaning
	words := tokens(clip(text, MaxText), v, typing)
	for i := 0; i < len(words) && len(m.Terms) < maxTerms; i++ {
		w := words[i]
		last := i == len(words)-1
		m.Toned = m.Toned || w.tones != w.folded
		var t Term
		switch {
		case !last && numbered(v.counted(w.folded), words[i+1].folded):
			t = pairTerm(v, v.counted(w.folded), words[i+1].folded)
			t.Mended = v.counted(w.folded) != w.folded
			i++
		case !last && w.folded == "mon": // "môn toán"
			continue
		case !last && w.folded == "bai" && words[i+1].folded == "giang" && len(words) > 2:
			i++ // every entry is a "bài giảng"
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

// tokens cuts a query into words, undoes Telex and VNI in those that stand
// nowhere ("toan1" is VNI only beside a word that surely is; else grade 1), and parts letters from a number written on to them ("toan9").
func tokens(text string, v *Vocabulary, typing bool) []token {
	var out []token
	words := split(text)
	vni := slices.ContainsFunc(words, func(w word) bool {
		f, _, sure, ok := unvni(w.folded)
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
			if f, tones, ok := untelex(t.folded); ok && known(f) {
				t = token{folded: f, tones: tones, telex: true}
			} else if f, tones, sure, ok := unvni(t.folded); ok && (sure || vni) && known(f) {
				t = token{folded: f, tones: tones, telex: true}
			} else if letters, digits := lettersDigits(t.folded); letters != "" && v.Has(letters) {
				out = append(out, token{folded: letters, tones: letters})
				t = token{folded: digits, tones: digits}
			}
		}
		out = append(out, t)
	}
	return out
}

// lettersDigits parts "toan9" into "toan" and "9"; empty when it is not so made.
func lettersDigits(w string) (letters, digits string) {
	i := strings.IndexAny(w, "0123456789")
	if i <= 0 || strings.Trim(w[i:], "0123456789") != "" {
		return "", ""
	}
	return w[:i], w[i:]
}

// numbered reports whether two words name a grade ("lớp 9", "khối 9") or a
// school week ("tuần 5").
func numbered(word, number string) bool {
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

// counted is the word before a number; an unknown one that is a slip away from
// "lớp" or "tuần" is that.
func (v *Vocabulary) counted(w string) string {
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

// pairTerm asks for a grade or a week by its tag, or for the two words as they
// stand ("Ôn thi vào lớp 10" is a lesson of grade 9).
func pairTerm(v *Vocabulary, word, number string) Term {
	tag := gradeTag + number
	if word == "tuan" || word == "week" {
		tag = weekTag + number
	}
	return Term{
		Typed:   word + " " + number,
		Ways:    []Way{{Words: []string{tag}}, {Words: []string{word, number}}},
		Unknown: !v.Has(tag) && (!v.Has(word) || !v.Has(number)),
	}
}

// term finds the ways of one word; open: it may be unfinished.
func (v *Vocabulary) term(w token, open bool) Term {
	t := Term{Typed: w.folded, Mended: w.telex}
	if v.Has(w.folded) {
		t.Tones = w.tones
		t.Ways = []Way{{Words: []string{w.folded}}}
	}
	if open && v.HasPrefix(w.folded) {
		t.Ways = append(t.Ways, Way{Words: []string{w.folded}, Prefix: true})
	}
	if len(t.Ways) == 0 {
		t.Ways = v.likely(w.folded)
		t.Mended = len(t.Ways) > 0
	}
	if len(t.Ways) == 0 {
		t.Ways, t.Unknown = []Way{{Words: []string{w.folded}}}, true
	}
	return t
}

// likely lists what a word may have been before a slip of the finger.
func (v *Vocabulary) likely(w string) []Way {
	var ways []Way
	if f, _, ok := untelex(w); ok && v.Has(f) {
		ways = append(ways, Way{Words: []string{f}})
	}
	if a, b := v.pair(w); a != "" {
		ways = append(ways, Way{Words: []string{a, b}})
	}
	for _, n := range append(v.soundingLike(w), v.Near(w, maxNear)...) {
		if !slices.ContainsFunc(ways, func(o Way) bool { return len(o.Words) == 1 && o.Words[0] == n }) {
			ways = append(ways, Way{Words: []string{n}})
		}
	}
	return ways
}

// mend gives the meaning that one of the words, though known, was mistyped
// ("phuong trinh bat hai"); ok is false when no word can have been.
func (m Meaning) mend(v *Vocabulary) (Meaning, bool) {
	out := Meaning{Terms: slices.Clone(m.Terms), Toned: m.Toned}
	for i, t := range m.Terms {
		if t.Mended || t.Unknown || strings.Contains(t.Typed, " ") {
			continue
		}
		t.Ways = v.likely(t.Typed)
		if len(t.Ways) == 0 {
			continue
		}
		t.Mended, t.Tones = true, ""
		choice := slices.Clone(m.Terms)
		choice[i] = t
		out.Choices = append(out.Choices, choice)
		both := t
		both.Ways = slices.Concat(m.Terms[i].Ways, t.Ways)
		out.Terms[i] = both
	}
	return out, len(out.Choices) > 0
}

// loosen gives the meaning that the known words without any drop of them will
// do; ok is false when fewer than half of those asked for would then surely be
// found (a guess at a mistyped word is not sure).
func (m Meaning) loosen(drop int) (Meaning, bool) {
	var known []Term
	sure := 0
	for _, t := range m.Terms {
		if t.Unknown {
			continue
		}
		known = append(known, t)
		if !t.Mended || t.Tones != "" {
			sure++
		}
	}
	sure -= drop
	if sure < 1 || 2*sure < len(m.Terms) || drop > 1 && len(known) > 6 {
		return Meaning{}, false
	}
	out := Meaning{Terms: known, Toned: m.Toned}
	choose(known, len(known)-drop, nil, &out.Choices)
	return out, true
}

// choose appends every choice of n terms, in order.
func choose(from []Term, n int, chosen []Term, out *[][]Term) {
	if n == 0 {
		*out = append(*out, slices.Clone(chosen))
		return
	}
	for i := 0; i+n <= len(from); i++ {
		choose(from[i+1:], n-1, append(chosen, from[i]), out)
	}
}

// clip cuts a text to n characters.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
