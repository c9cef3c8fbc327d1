package meilitest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type searchQuery struct {
	IndexUID             string   `json:"indexUid"`
	Q                    string   `json:"q"`
	Filter               string   `json:"filter"`
	Limit                int      `json:"limit"`
	Offset               int      `json:"offset"`
	AttributesToRetrieve []string `json:"attributesToRetrieve"`
	MatchingStrategy     string   `json:"matchingStrategy"`
	ShowRankingScore     bool     `json:"showRankingScore"`
	Sort                 []string `json:"sort"`
	Locales              []string `json:"locales"`
	Hybrid               any      `json:"hybrid"` // null: none
}

func (s *Server) multiSearch(r *http.Request) (int, any, *apiError) {
	var in struct {
		Queries []searchQuery `json:"queries"`
	}
	if f := read(r, &in); f != nil {
		return 0, nil, f
	}
	results := []any{}
	for _, q := range in.Queries {
		x := s.indexes[q.IndexUID]
		if x == nil {
			return 0, nil, newError(404, "index_not_found", "index %s not found", q.IndexUID)
		}
		out, f := x.search(q)
		if f != nil {
			return 0, nil, f
		}
		results = append(results, out)
	}
	return 200, map[string]any{"results": results}, nil
}

type match struct {
	doc   *doc
	score float64
}

func (x *index) search(q searchQuery) (any, *apiError) {
	switch {
	case q.Hybrid != nil:
		return nil, newError(400, "invalid_search_hybrid_query", "%v", q.Hybrid)
	case q.MatchingStrategy != "all":
		return nil, newError(400, "invalid_search_matching_strategy", "this fake server supports only all, not %q",
			q.MatchingStrategy)
	case len(strings.Fields(q.Q)) > 10*2:
		return nil, newError(400, "bad_request", "Meilisearch reads ten words of a query: %q", q.Q)
	}
	for _, a := range q.Sort {
		if field, _, _ := strings.Cut(a, ":"); !slices.Contains(x.settings.SortableAttributes, field) {
			return nil, newError(400, "invalid_search_sort", "%s is not sortable", field)
		}
	}
	for _, a := range q.AttributesToRetrieve {
		if !slices.Contains(x.settings.DisplayedAttributes, a) {
			return nil, newError(400, "bad_request", "%s is not displayed", a)
		}
	}
	keep := func(*doc) bool { return true }
	if q.Filter != "" {
		var err error
		if keep, err = parseFilter(q.Filter, x.settings.FilterableAttributes); err != nil {
			return nil, newError(400, "invalid_search_filter", "%s: %v", q.Filter, err)
		}
	}
	var found []match
	for _, d := range sorted(x.docs) {
		if !keep(d) {
			continue
		}
		if score, ok := x.rank(d, strings.Fields(q.Q)); ok {
			found = append(found, match{d, score})
		}
	}
	newest := func(m match) float64 { n, _ := m.doc.raw["published"].(float64); return n }
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(newest(b), newest(a)))
	})
	total := min(len(found), x.settings.Pagination.MaxTotalHits)
	hits := []map[string]any{}
	for _, m := range found[min(q.Offset, total):min(q.Offset+q.Limit, total)] {
		hit := selectFields(m.doc.raw, q.AttributesToRetrieve)
		if q.ShowRankingScore {
			hit["_rankingScore"] = m.score
		}
		hits = append(hits, hit)
	}
	return map[string]any{"indexUid": x.primary, "hits": hits, "query": q.Q, "offset": q.Offset, "limit": q.Limit,
		"estimatedTotalHits": total, "processingTimeMs": 0}, nil
}

// rank returns a document's score for the words, 0 to 1: each word counts by the
// first attribute that contains it, more when whole than as a prefix or with a
// typing error, and more in short attributes. It is simpler than Meilisearch's
// rules but uses the same criteria. ok is false when a word is missing.
func (x *index) rank(d *doc, words []string) (score float64, ok bool) {
	if len(words) == 0 {
		return 0, true
	}
	attributes := x.settings.SearchableAttributes
	for i, w := range words {
		best := 0.0
		for place, a := range attributes {
			indexed := d.words[a]
			for _, h := range indexed {
				like := x.similarity(w, h, i == len(words)-1)
				best = max(best, like*(float64(len(attributes)-place)-float64(min(len(indexed), 50))/100))
			}
		}
		if best <= 0 {
			return 0, false
		}
		score += best
	}
	return score / float64(len(words)*len(attributes)), true
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

func sorted(docs map[string]*doc) []*doc {
	return slices.SortedFunc(maps.Values(docs), func(a, b *doc) int { return strings.Compare(a.id, b.id) })
}
