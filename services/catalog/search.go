package catalog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// Bounds of the work for one query. A broad prefix matches most of the
// catalogue; nobody reads that many hits, so only the newest are ranked and counted.
const (
	maxCandidates = 3000
	maxWindow     = 2000 // the largest offset into ranked hits
)

// Candidate is an entry that matches a query's text, with the facts that
// filters and facets need.
type Candidate struct {
	Key      int64 // the engine's own
	Score    float64
	Subject  string
	Grade    int
	Week     int
	Language string
	School   string
	Newest   int64 // greater is newer

	// Set by Spoken only: the lesson, for engines with keys of their own, and the
	// number of the first matching passage.
	LessonID string
	Passage  int64
}

// Count is how many entries share these facts.
type Count struct {
	Subject     string
	Grade, Week int
	Language    string
	N           int
}

// Counts of the entries of one school, or of all, by their facts; and by school
// of those that pass all filters except the school's.
type Counts struct {
	Facts   []Count
	Schools map[string]int
}

// Engine is what a technology for searching supplies: queries, and no rules of
// its own. Find and Complete make an Index of it.
type Engine interface {
	// Vocabulary of the index as ctx sees it.
	Vocabulary(ctx context.Context) (*Vocabulary, error)
	// Candidates lists at most limit entries, newest first, that match m and the
	// filters of f, with Score by the weights of Document (greater is better).
	Candidates(ctx context.Context, m ParsedQuery, f Query, limit int) ([]Candidate, error)
	// Exact lists the keys of at most limit entries, newest first, that match f
	// and contain all the words, which have the form of Tones.
	Exact(ctx context.Context, tones []string, f Query, limit int) ([]int64, error)
	// Page lists entries that match f by grade, subject and week, newest first.
	Page(ctx context.Context, f Query) ([]Entry, error)
	// Counts of the entries for a list under f. Callers must not change the result.
	Counts(ctx context.Context, f Query) (Counts, error)
	// Keyed returns the entries with the keys, in that order; missing ones are left out.
	Keyed(ctx context.Context, keys []int64) ([]Entry, error)
	// Spoken lists entries that match f and have a passage with every term of m
	// (words of an alternative need not be adjacent), each with its first such
	// passage, and with their number as Score. At most limit passages are read.
	Spoken(ctx context.Context, m ParsedQuery, f Query, limit int) ([]Candidate, error)
	// Passages returns the passages with the numbers; missing ones are left out.
	Passages(ctx context.Context, numbers []int64) (map[int64]Passage, error)
}

// Find answers a query on an engine; it implements Index.Search.
func Find(ctx context.Context, e Engine, q Query) (Result, error) {
	q = q.Bounded()
	v, err := e.Vocabulary(ctx)
	if err != nil {
		return Result{}, err
	}
	m := ParseQuery(q.Text, v, true)
	if m.Empty() {
		return list(ctx, e, q)
	}
	m, all, corrected, err := match(ctx, e, v, m, Query{}, true)
	if err != nil {
		return Result{}, err
	}
	within := all
	if len(all) == maxCandidates && q.filtered() {
		// More entries match than are counted: read again those that pass the filters.
		if within, err = e.Candidates(ctx, m, q, maxCandidates); err != nil {
			return Result{}, err
		}
		if within, err = addSpokenMatches(ctx, e, m, q, within); err != nil {
			return Result{}, err
		}
	}
	within = slices.DeleteFunc(slices.Clone(within), func(c Candidate) bool { return !q.matches(c) })
	if within, err = rank(ctx, e, m, q, within); err != nil {
		return Result{}, err
	}
	r := Result{Facets: facetsOf(all, q), EstimatedTotal: len(within)}
	from := min(q.Offset, len(within))
	page := within[from:min(from+q.Limit, len(within))]
	keys := make([]int64, len(page))
	var numbers []int64
	passage := map[string]int64{}
	for i, c := range page {
		keys[i] = c.Key
		if c.Passage != 0 {
			numbers = append(numbers, c.Passage)
			passage[c.LessonID] = c.Passage
		}
	}
	entries, err := e.Keyed(ctx, keys)
	if err != nil {
		return Result{}, err
	}
	var passages map[int64]Passage
	if len(numbers) > 0 {
		if passages, err = e.Passages(ctx, numbers); err != nil {
			return Result{}, err
		}
	}
	for _, en := range entries {
		en.Spoken = nil // an hour of speech is too much for a hit
		h := Hit{Entry: en, Title: m.Mark(en.Title), Description: m.Snippet(en.Description)}
		if n := passage[en.LessonID]; n != 0 {
			h.Moment = m.momentIn(passages[n])
		}
		r.Hits = append(r.Hits, h)
	}
	if corrected && len(entries) > 0 {
		r.Corrected = m.correctedText(entries[0].Document())
	}
	if len(all) == 0 {
		r.Nearby, err = nearby(ctx, e, v, m)
	}
	return r, err
}

// match finds the candidates of a query and returns the query that matched.
// When nothing matches, it becomes more tolerant step by step: first one word
// may be a typing error that happens to be another known word, then words are
// left out. Captions (withSpoken) are searched for the query as typed only,
// before the tolerant steps: an hour of speech contains some words of any query.
func match(
	ctx context.Context, e Engine, v *Vocabulary, m ParsedQuery, f Query, withSpoken bool,
) (_ ParsedQuery, found []Candidate, corrected bool, err error) {
	corrected = slices.ContainsFunc(m.Terms, func(t Term) bool { return t.Corrected })
	if found, err = e.Candidates(ctx, m, f, maxCandidates); err == nil && withSpoken {
		found, err = addSpokenMatches(ctx, e, m, f, found)
	}
	if err != nil || len(found) > 0 {
		return m, found, corrected, err
	}
	if other, ok := m.correct(v); ok {
		if found, err = e.Candidates(ctx, other, f, maxCandidates); err != nil || len(found) > 0 {
			return other, found, true, err
		}
	}
	for drop := 0; ; drop++ {
		other, ok := m.relax(drop)
		if !ok {
			return m, nil, false, nil
		}
		if drop == 0 && len(other.Terms) == len(m.Terms) {
			continue // the same as the first attempt
		}
		if found, err = e.Candidates(ctx, other, f, maxCandidates); err != nil || len(found) > 0 {
			return other, found, corrected || drop == 0, err // unknown words were left out
		}
	}
}

// rank sorts candidates: entries that match by more than their captions first,
// then those with exactly the typed tones, then by score, then newer first.
func rank(ctx context.Context, e Engine, m ParsedQuery, f Query, found []Candidate) ([]Candidate, error) {
	var tones []string
	for _, t := range m.Terms {
		if t.Tones != "" {
			tones = append(tones, t.Tones)
		}
	}
	exact := map[int64]bool{}
	if m.Toned && len(tones) > 0 && len(found) > 0 {
		keys, err := e.Exact(ctx, tones, f, maxCandidates)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			exact[k] = true
		}
		if len(found) >= maxCandidates && len(tones) == len(m.Terms) {
			found = withKeys(found, keys)
		}
	}
	slices.SortFunc(found, func(a, b Candidate) int {
		if x, y := a.Passage != 0, b.Passage != 0; x != y {
			if y {
				return -1
			}
			return 1
		}
		if x, y := exact[a.Key], exact[b.Key]; x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Newest, a.Newest), cmp.Compare(a.Key, b.Key))
	})
	return found, nil
}

// withKeys adds entries that match with tones but are too old to be among the
// newest that match without.
func withKeys(found []Candidate, keys []int64) []Candidate {
	have := make(map[int64]bool, len(found))
	for _, c := range found {
		have[c.Key] = true
	}
	for _, k := range keys {
		if !have[k] {
			found = append(found, Candidate{Key: k})
		}
	}
	return found
}

// list answers a query that has no text.
func list(ctx context.Context, e Engine, q Query) (Result, error) {
	entries, err := e.Page(ctx, q)
	if err != nil {
		return Result{}, err
	}
	counts, err := e.Counts(ctx, q)
	if err != nil {
		return Result{}, err
	}
	r := Result{Facets: newFacets()}
	for _, en := range entries {
		r.Hits = append(r.Hits, Hit{Entry: en, Title: ParsedQuery{}.Mark(en.Title),
			Description: ParsedQuery{}.Snippet(en.Description)})
	}
	r.Facets.School = maps.Clone(counts.Schools)
	for _, c := range counts.Facts {
		at := Candidate{Subject: c.Subject, Grade: c.Grade, Week: c.Week, Language: c.Language}
		r.Facets.add(at, Query{Subject: q.Subject, Grade: q.Grade, Week: q.Week, Language: q.Language}, c.N)
		at.School = q.School
		if q.matches(at) {
			r.EstimatedTotal += c.N
		}
	}
	return r, nil
}

// Complete suggests titles for a text being typed; it implements Index.Suggest.
func Complete(ctx context.Context, e Engine, text string, grade, limit int) ([]Suggestion, error) {
	v, err := e.Vocabulary(ctx)
	if err != nil {
		return nil, err
	}
	m := ParseQuery(text, v, true)
	if m.Empty() || limit <= 0 {
		return nil, nil
	}
	f := Query{Grade: grade}
	m, found, _, err := match(ctx, e, v, m, f, false)
	if err != nil {
		return nil, err
	}
	if found, err = rank(ctx, e, m, f, found); err != nil {
		return nil, err
	}
	// Several schools have lessons of the same title: read more, suggest each title once.
	keys := make([]int64, 0, 4*limit)
	for _, c := range found[:min(len(found), cap(keys))] {
		keys = append(keys, c.Key)
	}
	entries, err := e.Keyed(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []Suggestion
	for _, en := range entries {
		same := func(s Suggestion) bool { return s.Text == en.Title && s.Grade == en.Grade }
		if len(out) < limit && !slices.ContainsFunc(out, same) {
			out = append(out, Suggestion{Text: en.Title, LessonID: en.LessonID, Subject: en.Subject,
				Grade: en.Grade, Teacher: en.Teacher, School: en.School})
		}
	}
	return out, nil
}

// correctedText is the query as it was searched: for a corrected word, the
// alternative that the best hit contains, preferably in its title.
func (m ParsedQuery) correctedText(best Document) string {
	parts := []string{best.Title, best.Tags, best.Subject, best.Teacher, best.School, best.Description}
	var out []string
	for _, t := range m.Terms {
		word := t.Typed
		if t.Corrected {
			word = t.matchedIn(parts)
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

// matchedIn returns the alternative found in the earliest of the parts.
func (t Term) matchedIn(parts []string) string {
	for _, part := range parts {
		for _, alternative := range t.Alternatives {
			if words := strings.Join(alternative.Words, " "); strings.Contains(" "+part+" ", " "+words+" ") {
				return words
			}
		}
	}
	return t.Typed
}
