package catalog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// Bounds of the work for one query. A broad prefix matches most of the
// catalogue; nobody reads so far, so only the newest are ranked and counted.
const (
	maxCandidates = 3000
	maxWindow     = 2000 // how deep paging into ranked hits goes
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

	// Of those that Spoken found: the lesson, for engines with keys of their own,
	// and the first passage that says it; 0 for all others.
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

// Counts are what there is to browse: the entries of one school, or of all, by
// their facts; and by school those that pass all filters but the school's.
type Counts struct {
	Facts   []Count
	Schools map[string]int
}

// Engine is what an index with its own query language supplies: SQL and no
// rules. Find makes an Index of it.
type Engine interface {
	// Vocabulary of the index as ctx sees it.
	Vocabulary(ctx context.Context) (*Vocabulary, error)
	// Candidates that match m and the filters of f, the newest cap of them, with
	// Score by the weights of Document (greater is better).
	Candidates(ctx context.Context, m Meaning, f Query, cap int) ([]Candidate, error)
	// Exact lists keys of entries under f that hold all the words, in the form of
	// Tones, the newest cap of them.
	Exact(ctx context.Context, tones []string, f Query, cap int) ([]int64, error)
	// Page lists entries under f by grade, subject, week and newest first.
	Page(ctx context.Context, f Query) ([]Entry, error)
	// Counts of the entries for a list under f. Nobody changes what it gives.
	Counts(ctx context.Context, f Query) (Counts, error)
	// Keyed gives the entries with the keys, in that order; missing ones are left out.
	Keyed(ctx context.Context, keys []int64) ([]Entry, error)
	// Spoken lists entries under f with a passage that holds every term of the
	// first choice of m (words of a way need not stand next to each other), each
	// with its first such passage and as Score how many there are; cap bounds the
	// passages that are looked at.
	Spoken(ctx context.Context, m Meaning, f Query, cap int) ([]Candidate, error)
	// Passages gives the passages with the numbers; missing ones are left out.
	Passages(ctx context.Context, numbers []int64) (map[int64]Passage, error)
}

// Find answers a query on an engine; it is the Search of an Index.
func Find(ctx context.Context, e Engine, q Query) (Result, error) {
	q = q.Bounded()
	v, err := e.Vocabulary(ctx)
	if err != nil {
		return Result{}, err
	}
	m := Read(q.Text, v, true)
	if m.Empty() {
		return list(ctx, e, q)
	}
	m, all, mended, err := match(ctx, e, v, m, Query{}, true)
	if err != nil {
		return Result{}, err
	}
	within := all
	if len(all) == maxCandidates && q.filtered() {
		// More match than are counted: ask again for those under the filters.
		if within, err = e.Candidates(ctx, m, q, maxCandidates); err != nil {
			return Result{}, err
		}
		if within, err = hear(ctx, e, m, q, within); err != nil {
			return Result{}, err
		}
	}
	within = slices.DeleteFunc(slices.Clone(within), func(c Candidate) bool { return !q.takes(c) })
	if within, err = rank(ctx, e, m, q, within); err != nil {
		return Result{}, err
	}
	r := Result{Facets: facetsOf(all, q), EstimatedTotal: len(within)}
	from := min(q.Offset, len(within))
	page := within[from:min(from+q.Limit, len(within))]
	keys := make([]int64, len(page))
	var said []int64
	passage := map[string]int64{}
	for i, c := range page {
		keys[i] = c.Key
		if c.Passage != 0 {
			said = append(said, c.Passage)
			passage[c.LessonID] = c.Passage
		}
	}
	entries, err := e.Keyed(ctx, keys)
	if err != nil {
		return Result{}, err
	}
	var passages map[int64]Passage
	if len(said) > 0 {
		if passages, err = e.Passages(ctx, said); err != nil {
			return Result{}, err
		}
	}
	for _, en := range entries {
		en.Spoken = nil // an hour's talk is nothing to carry along
		h := Hit{Entry: en, Title: m.Mark(en.Title), Description: m.Snippet(en.Description)}
		if n := passage[en.LessonID]; n != 0 {
			h.Moment = m.moment(passages[n])
		}
		r.Hits = append(r.Hits, h)
	}
	if mended && len(entries) > 0 {
		r.Corrected = m.asFound(entries[0].Document())
	}
	if len(all) == 0 {
		r.Nearby, err = nearby(ctx, e, v, m)
	}
	return r, err
}

// match finds the candidates of a meaning. When nothing matches it forgives
// more, step by step: a word mistyped into another known one, then words left
// out. It gives the meaning that matched. What is said in lessons (heard) is
// asked for as it was typed and before more is forgiven, never by fewer words:
// of an hour's talk some words fit anything.
func match(ctx context.Context, e Engine, v *Vocabulary, m Meaning, f Query, heard bool) (_ Meaning, found []Candidate, mended bool, err error) {
	mended = slices.ContainsFunc(m.Terms, func(t Term) bool { return t.Mended })
	if found, err = e.Candidates(ctx, m, f, maxCandidates); err == nil && heard {
		found, err = hear(ctx, e, m, f, found)
	}
	if err != nil || len(found) > 0 {
		return m, found, mended, err
	}
	if other, ok := m.mend(v); ok {
		if found, err = e.Candidates(ctx, other, f, maxCandidates); err != nil || len(found) > 0 {
			return other, found, true, err
		}
	}
	for drop := 0; ; drop++ {
		other, ok := m.loosen(drop)
		if !ok {
			return m, nil, false, nil
		}
		if drop == 0 && len(other.Terms) == len(m.Terms) {
			continue // that was the first try
		}
		if found, err = e.Candidates(ctx, other, f, maxCandidates); err != nil || len(found) > 0 {
			return other, found, mended || drop == 0, err // words that stand nowhere were left out
		}
	}
}

// rank puts candidates in order: those that are found by more than what is said
// in them, then those with exactly the tones typed, then the
// better score, then the newer.
func rank(ctx context.Context, e Engine, m Meaning, f Query, found []Candidate) ([]Candidate, error) {
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

// withKeys adds entries that match to the letter but were too old to be among
// the newest that match without tones.
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

// list answers a query without text.
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
		r.Hits = append(r.Hits, Hit{Entry: en, Title: Meaning{}.Mark(en.Title), Description: Meaning{}.Snippet(en.Description)})
	}
	r.Facets.School = maps.Clone(counts.Schools)
	for _, c := range counts.Facts {
		at := Candidate{Subject: c.Subject, Grade: c.Grade, Week: c.Week, Language: c.Language}
		r.Facets.add(at, Query{Subject: q.Subject, Grade: q.Grade, Week: q.Week, Language: q.Language}, c.N)
		at.School = q.School
		if q.takes(at) {
			r.EstimatedTotal += c.N
		}
	}
	return r, nil
}

// Propose completes what is being typed; it is the Suggest of an Index.
func Propose(ctx context.Context, e Engine, text string, grade, limit int) ([]Suggestion, error) {
	v, err := e.Vocabulary(ctx)
	if err != nil {
		return nil, err
	}
	m := Read(text, v, true)
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
	// Several schools teach the same: read more than asked for, show each title once.
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
			out = append(out, Suggestion{Text: en.Title, LessonID: en.LessonID, Subject: en.Subject, Grade: en.Grade, Teacher: en.Teacher, School: en.School})
		}
	}
	return out, nil
}

// asFound writes the query as it was understood: of the ways of a mended word
// the one that the best hit holds, rather in its title than elsewhere.
func (m Meaning) asFound(best Document) string {
	parts := []string{best.Title, best.Tags, best.Subject, best.Teacher, best.School, best.Description}
	var out []string
	for _, t := range m.Terms {
		say := t.Typed
		if t.Mended {
			say = t.heldBy(parts)
		}
		out = append(out, say)
	}
	return strings.Join(out, " ")
}

// heldBy gives the way that the first of the parts that holds any holds.
func (t Term) heldBy(parts []string) string {
	for _, part := range parts {
		for _, way := range t.Ways {
			if words := strings.Join(way.Words, " "); strings.Contains(" "+part+" ", " "+words+" ") {
				return words
			}
		}
	}
	return t.Typed
}
