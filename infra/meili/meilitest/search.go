package meilitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// queryFields in the order of the server's messages.
var queryFields = strings.Fields(`
	indexUid q offset limit page hitsPerPage attributesToRetrieve attributesToCrop cropLength cropMarker
	attributesToHighlight highlightPreTag highlightPostTag showMatchesPosition filter sort distinct facets
	matchingStrategy attributesToSearchOn rankingScoreThreshold locales hybrid vector retrieveVectors media
	personalize useNetwork showRankingScore showRankingScoreDetails showPerformanceDetails federationOptions`)

type searchQuery struct {
	IndexUID             string   `json:"indexUid"`
	Q                    string   `json:"q"`
	Filter               string   `json:"filter"`
	Limit                *int     `json:"limit"`
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
		Queries []json.RawMessage `json:"queries"`
	}
	if f := read(r, &in, "queries", "federation"); f != nil {
		return 0, nil, f
	}
	queries := make([]searchQuery, len(in.Queries))
	for i, raw := range in.Queries {
		if f := unknownField(raw, fmt.Sprintf(" inside `.queries[%d]`", i), queryFields); f != nil {
			return 0, nil, f
		}
		if err := json.Unmarshal(raw, &queries[i]); err != nil {
			return 0, nil, newError(400, "bad_request", "query %d: %v", i, err)
		}
		if f := queries[i].invalid(i); f != nil {
			return 0, nil, f
		}
	}
	results := []any{}
	for i, q := range queries {
		x, f := s.found(q.IndexUID)
		var out any
		if f == nil {
			out, f = x.search(q)
		}
		if f != nil {
			f.status, f.Message = 400, fmt.Sprintf("Inside `.queries[%d]`: %s", i, f.Message)
			return 0, nil, f
		}
		results = append(results, out)
	}
	return 200, map[string]any{"results": results}, nil
}

// invalid checks values that need no index. The strategy may be absent, which
// means last; this server then searches as with all.
func (q searchQuery) invalid(i int) *apiError {
	strategies := []string{"last", "all", "frequency"}
	switch {
	case q.Hybrid != nil:
		return newError(400, "invalid_search_hybrid_query", "this fake server has no vectors: %v", q.Hybrid)
	case q.Limit != nil && *q.Limit < 0:
		return newError(400, "invalid_search_limit", "Invalid value type at `.queries[%d].limit`: expected a positive "+
			"integer, but found a negative integer: `%d`", i, *q.Limit)
	case q.MatchingStrategy != "" && !slices.Contains(strategies, q.MatchingStrategy):
		return newError(400, "invalid_search_matching_strategy", "Unknown value `%s` at "+
			"`.queries[%d].matchingStrategy`: expected one of %s", q.MatchingStrategy, i, quoted(strategies))
	}
	for k, l := range q.Locales {
		if !slices.Contains(locales, l) {
			return newError(400, "invalid_search_locales", "Unknown value `%s` at `.queries[%d].locales[%d]`: "+
				"expected one of %s", l, i, k, quoted(locales))
		}
	}
	return nil
}

// sortable checks the fields of a sort.
func (x *index) sortable(by []string, uid string) *apiError {
	for _, a := range by {
		field, _, _ := strings.Cut(a, ":")
		allowed := slices.Sorted(slices.Values(x.settings.SortableAttributes))
		if slices.Contains(allowed, field) {
			continue
		}
		which := "This index does not have configured sortable attributes."
		if len(allowed) > 0 {
			which = "Available sortable attributes are: " + quoted(allowed) + "."
		}
		return newError(400, "invalid_search_sort", "Index `%s`: Attribute `%s` is not sortable. %s", uid, field, which)
	}
	return nil
}

type match struct {
	doc   *doc
	score float64
}

func (x *index) search(q searchQuery) (any, *apiError) {
	if f := x.sortable(q.Sort, q.IndexUID); f != nil {
		return nil, f
	}
	keep := func(*doc) bool { return true }
	if q.Filter != "" {
		var f *apiError
		if keep, f = parseFilter(q.Filter, x.settings.FilterableAttributes, q.IndexUID); f != nil {
			return nil, f
		}
	}
	terms := parseTerms(q.Q)
	var found []match
	for _, d := range sorted(x.docs) {
		if !keep(d) {
			continue
		}
		if score, ok := x.rank(d, terms); ok {
			found = append(found, match{d, score})
		}
	}
	newest := func(m match) float64 { n, _ := m.doc.raw["published"].(float64); return n }
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(newest(b), newest(a)))
	})
	limit := 20
	if q.Limit != nil {
		limit = *q.Limit
	}
	total := min(len(found), x.settings.Pagination.MaxTotalHits)
	hits := []map[string]any{}
	for _, m := range found[min(q.Offset, total):min(q.Offset+limit, total)] {
		hit := x.displayed(m.doc.raw, q.AttributesToRetrieve)
		if q.ShowRankingScore {
			hit["_rankingScore"] = m.score
		}
		hits = append(hits, hit)
	}
	return map[string]any{"indexUid": q.IndexUID, "hits": hits, "query": q.Q, "offset": q.Offset, "limit": limit,
		"estimatedTotalHits": total, "processingTimeMs": 0, "requestUid": uuid.NewString()}, nil
}

// displayed returns the fields that were asked for and are displayed; the others
// are left out without an error.
func (x *index) displayed(raw map[string]any, fields []string) map[string]any {
	out := selectFields(raw, fields)
	if shown := x.settings.DisplayedAttributes; !slices.Equal(shown, []string{"*"}) {
		out = selectFields(out, shown)
	}
	return out
}

func sorted(docs map[string]*doc) []*doc {
	return slices.SortedFunc(maps.Values(docs), func(a, b *doc) int { return strings.Compare(a.id, b.id) })
}
