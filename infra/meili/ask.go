package meili

import (
	"context"
	"fmt"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
)

// asking is a catalog.Engine for one query: Meilisearch names lessons, the
// rules of services/catalog want numbers.
type asking struct {
	x      *Index
	keys   map[string]int64
	ids    []string
	failed error // of Meilisearch, not of the database
}

func (a *asking) key(id string) int64 {
	k, ok := a.keys[id]
	if !ok {
		k = int64(len(a.ids))
		a.keys[id] = k
		a.ids = append(a.ids, id)
	}
	return k
}

// hit is what is read of a document.
type hit struct {
	LessonID string  `json:"lesson_id"`
	Subject  string  `json:"subject"`
	Grade    int     `json:"grade"`
	Week     int     `json:"week"`
	Language string  `json:"language"`
	School   string  `json:"school_id"`
	Newest   int64   `json:"published"`
	Score    float64 `json:"_rankingScore"`
}

var facts = []string{"lesson_id", "subject", "grade", "week", "language", "school_id", "published"}

// ranked is how many of the matches Meilisearch puts in order; the rest follow
// by age. Nobody reads so far.
const ranked = 300

// Candidates asks for what the meaning says exactly, as a filter, and for
// Meilisearch's own order of the best of it, in one exchange.
func (a *asking) Candidates(ctx context.Context, m catalog.Meaning, f catalog.Query, limit int) ([]catalog.Candidate, error) {
	filter := conjunction(meaning(m), conditions(f))
	best := query(filter, min(ranked, limit))
	best.Query, best.ShowRankingScore, best.Sort = words(m), true, nil
	found, err := a.search(ctx, best, query(filter, limit))
	if err != nil {
		return nil, err
	}
	scores := map[string]float64{}
	for _, h := range found[0] {
		scores[h.LessonID] = h.Score
	}
	out, seen := make([]catalog.Candidate, 0, len(found[1])), map[string]bool{}
	// The best first, so that the limit cuts the rest: catalog asks again under
	// the filters when it gets exactly as many as it asked for.
	for _, h := range append(found[0], found[1]...) {
		if seen[h.LessonID] || len(out) == limit {
			continue
		}
		seen[h.LessonID] = true
		out = append(out, catalog.Candidate{Key: a.key(h.LessonID), Score: scores[h.LessonID], Subject: h.Subject, Grade: h.Grade, Week: h.Week,
			Language: h.Language, School: h.School, Newest: h.Newest})
	}
	return out, nil
}

// Exact asks for the words with their tones.
func (a *asking) Exact(ctx context.Context, tones []string, f catalog.Query, limit int) ([]int64, error) {
	var all []string
	for _, t := range tones {
		all = append(all, equals("tones", t))
	}
	q := query(conjunction(strings.Join(all, " AND "), conditions(f)), limit)
	q.AttributesToRetrieve = facts[:1]
	found, err := a.search(ctx, q)
	if err != nil {
		return nil, err
	}
	keys := make([]int64, len(found[0]))
	for i, h := range found[0] {
		keys[i] = a.key(h.LessonID)
	}
	return keys, nil
}

// Keyed reads what hits show from the database: what is gone there is not shown.
func (a *asking) Keyed(ctx context.Context, keys []int64) ([]catalog.Entry, error) {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = a.ids[k]
	}
	if len(ids) == 0 {
		return nil, nil
	}
	es, err := a.x.Local.Entries(ctx, ids...)
	if err != nil {
		return nil, err
	}
	by := make(map[string]catalog.Entry, len(es))
	for _, e := range es {
		by[e.LessonID] = e
	}
	var out []catalog.Entry
	for _, id := range ids {
		if e, ok := by[id]; ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Spoken is the database's: what is said in lessons is not sent to Meilisearch.
func (a *asking) Spoken(ctx context.Context, m catalog.Meaning, f catalog.Query, limit int) ([]catalog.Candidate, error) {
	cs, err := a.x.Local.Spoken(ctx, m, f, limit)
	for i := range cs {
		cs[i].Key = a.key(cs[i].LessonID)
	}
	return cs, err
}

// Passages are the database's too.
func (a *asking) Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error) {
	return a.x.Local.Passages(ctx, numbers)
}

// Vocabulary, Page and Counts are the database's.
func (a *asking) Vocabulary(ctx context.Context) (*catalog.Vocabulary, error) {
	return a.x.Local.Vocabulary(ctx)
}

// Page lists without a text.
func (a *asking) Page(ctx context.Context, f catalog.Query) ([]catalog.Entry, error) {
	return a.x.Local.Page(ctx, f)
}

// Counts of the entries for a list.
func (a *asking) Counts(ctx context.Context, f catalog.Query) (catalog.Counts, error) {
	return a.x.Local.Counts(ctx, f)
}

func query(filter string, limit int) *meilisearch.SearchRequest {
	return &meilisearch.SearchRequest{Filter: filter, Limit: int64(limit), AttributesToRetrieve: facts, Sort: []string{"published:desc"},
		MatchingStrategy: meilisearch.All, Locales: []string{locale}}
}

func (a *asking) search(ctx context.Context, qs ...*meilisearch.SearchRequest) ([][]hit, error) {
	for _, q := range qs {
		q.IndexUID = a.x.c.UID
	}
	r, err := a.x.server.MultiSearchWithContext(ctx, &meilisearch.MultiSearchRequest{Queries: qs})
	if err == nil && len(r.Results) != len(qs) {
		err = fmt.Errorf("%d answers to %d queries", len(r.Results), len(qs))
	}
	out := make([][]hit, len(qs))
	if err == nil {
		for i := range out {
			if err = r.Results[i].Hits.DecodeInto(&out[i]); err != nil {
				break
			}
		}
	}
	if err != nil {
		a.failed = err
		return nil, unavailable(err, "search")
	}
	return out, nil
}
