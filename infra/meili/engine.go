package meili

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
)

// meiliEngine is a catalog.Engine for one query. Meilisearch identifies lessons
// by text, the rules of services/catalog by number.
type meiliEngine struct {
	x      *Index
	keys   map[string]int64
	ids    []string
	failed error // of Meilisearch; errors of the database are not kept here
}

func (a *meiliEngine) key(id string) int64 {
	k, ok := a.keys[id]
	if !ok {
		k = int64(len(a.ids))
		a.keys[id] = k
		a.ids = append(a.ids, id)
	}
	return k
}

// hit holds the fields that are read of a document.
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

// ranked is how many matches Meilisearch ranks; the rest follow by age, because
// nobody reads that many.
const ranked = 300

// Candidates finds the matches by a filter, and in the same request lets
// Meilisearch rank the best of them.
func (a *meiliEngine) Candidates(ctx context.Context, m catalog.ParsedQuery, f catalog.Query,
	limit int) ([]catalog.Candidate, error) {
	filter := conjunction(matchFilter(m), queryFilter(f))
	var all []*meilisearch.SearchRequest
	for _, text := range rankingTexts(m) {
		best := query(filter, min(ranked, limit))
		best.Query, best.ShowRankingScore, best.Sort = text, true, nil
		all = append(all, best)
	}
	lists, err := a.search(ctx, append(all, query(filter, limit))...)
	if err != nil {
		return nil, err
	}
	scores, best := map[string]float64{}, slices.Concat(lists[:len(all)]...)
	for _, h := range best {
		scores[h.LessonID] = max(scores[h.LessonID], h.Score)
	}
	out, seen := make([]catalog.Candidate, 0, len(lists[len(all)])), map[string]bool{}
	// The ranked hits come first, so that the limit cuts the rest: services/catalog
	// searches again with the filters when it gets exactly limit candidates.
	for _, h := range append(best, lists[len(all)]...) {
		if seen[h.LessonID] || len(out) == limit {
			continue
		}
		seen[h.LessonID] = true
		out = append(out, catalog.Candidate{Key: a.key(h.LessonID), Score: scores[h.LessonID], Subject: h.Subject,
			Grade: h.Grade, Week: h.Week,
			Language: h.Language, School: h.School, Newest: h.Newest})
	}
	return out, nil
}

// Exact matches the words with their tones.
func (a *meiliEngine) Exact(ctx context.Context, tones []string, f catalog.Query, limit int) ([]int64, error) {
	var all []string
	for _, t := range tones {
		all = append(all, equals("tones", t))
	}
	q := query(conjunction(strings.Join(all, " AND "), queryFilter(f)), limit)
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

// Keyed reads entries from the database's index, so that a lesson removed there
// is not shown.
func (a *meiliEngine) Keyed(ctx context.Context, keys []int64) ([]catalog.Entry, error) {
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

// Spoken uses the database's index: captions are not sent to Meilisearch.
func (a *meiliEngine) Spoken(ctx context.Context, m catalog.ParsedQuery, f catalog.Query,
	limit int) ([]catalog.Candidate, error) {
	cs, err := a.x.Local.Spoken(ctx, m, f, limit)
	for i := range cs {
		cs[i].Key = a.key(cs[i].LessonID)
	}
	return cs, err
}

// Passages reads from the database's index.
func (a *meiliEngine) Passages(ctx context.Context, numbers []int64) (map[int64]catalog.Passage, error) {
	return a.x.Local.Passages(ctx, numbers)
}

// Vocabulary of the database's index.
func (a *meiliEngine) Vocabulary(ctx context.Context) (*catalog.Vocabulary, error) {
	return a.x.Local.Vocabulary(ctx)
}

// Page lists from the database's index.
func (a *meiliEngine) Page(ctx context.Context, f catalog.Query) ([]catalog.Entry, error) {
	return a.x.Local.Page(ctx, f)
}

// Counts of the database's index.
func (a *meiliEngine) Counts(ctx context.Context, f catalog.Query) (catalog.Counts, error) {
	return a.x.Local.Counts(ctx, f)
}

func query(filter string, limit int) *meilisearch.SearchRequest {
	return &meilisearch.SearchRequest{Filter: filter, Limit: int64(limit), AttributesToRetrieve: facts,
		Sort:             []string{"published:desc"},
		MatchingStrategy: meilisearch.All, Locales: []string{locale}}
}

func (a *meiliEngine) search(ctx context.Context, qs ...*meilisearch.SearchRequest) ([][]hit, error) {
	for _, q := range qs {
		q.IndexUID = a.x.c.UID
	}
	r, err := a.x.server.MultiSearchWithContext(ctx, &meilisearch.MultiSearchRequest{Queries: qs})
	if err == nil && len(r.Results) != len(qs) {
		err = fmt.Errorf("%d results for %d queries", len(r.Results), len(qs))
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
