package meilitest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type index struct {
	primary  string
	settings settings
	docs     map[string]*doc
	made     time.Time
}

func newIndex(primary string) *index {
	return &index{primary: primary, settings: newSettings(), docs: map[string]*doc{}, made: time.Now().UTC()}
}

// found returns an index or the error for a missing one.
func (s *Server) found(uid string) (*index, *apiError) {
	if x := s.indexes[uid]; x != nil {
		return x, nil
	}
	return nil, newError(404, "index_not_found", "Index `%s` not found.", uid)
}

func (x *index) describe(uid string) map[string]any {
	out := map[string]any{"uid": uid, "createdAt": x.made, "updatedAt": x.made, "primaryKey": nil}
	if x.primary != "" {
		out["primaryKey"] = x.primary
	}
	return out
}

func (s *Server) getIndex(uid string) (int, any, *apiError) {
	x, f := s.found(uid)
	if f != nil {
		return 0, nil, f
	}
	return 200, x.describe(uid), nil
}

func (s *Server) listIndexes(r *http.Request) (int, any, *apiError) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = 20
	}
	results := []any{}
	for _, uid := range slices.Sorted(maps.Keys(s.indexes)) {
		if len(results) < limit {
			results = append(results, s.indexes[uid].describe(uid))
		}
	}
	return 200, map[string]any{"results": results, "offset": 0, "limit": limit, "total": len(s.indexes)}, nil
}

func (s *Server) stats(uid string) (int, any, *apiError) {
	x, f := s.found(uid)
	if f != nil {
		return 0, nil, f
	}
	fields := map[string]int{}
	for _, d := range x.docs {
		for name := range d.raw {
			fields[name]++
		}
	}
	return 200, map[string]any{"numberOfDocuments": len(x.docs), "rawDocumentDbSize": 0, "avgDocumentSize": 0,
		"isIndexing": false, "numberOfEmbeddings": 0, "numberOfEmbeddedDocuments": 0, "fieldDistribution": fields}, nil
}

func validUID(uid string, size int) bool {
	return uid != "" && len(uid) <= size && strings.Trim(uid,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

func (s *Server) createIndex(r *http.Request) (int, any, *apiError) {
	var in struct {
		UID        string `json:"uid"`
		PrimaryKey string `json:"primaryKey"`
	}
	if f := read(r, &in, "uid", "primaryKey"); f != nil {
		return 0, nil, f
	}
	if !validUID(in.UID, 512) {
		return 0, nil, newError(400, "invalid_index_uid", "Invalid value at `.uid`: `%s` is not a valid index uid. "+
			"Index uid can be an integer or a string containing only alphanumeric characters, hyphens (-) and "+
			"underscores (_), and can not be more than 512 bytes.", in.UID)
	}
	return s.enqueue(in.UID, "indexCreation", map[string]any{"primaryKey": in.PrimaryKey}, nil,
		func(map[string]any) *apiError {
			if s.indexes[in.UID] != nil {
				return newError(409, "index_already_exists", "Index `%s` already exists.", in.UID)
			}
			s.indexes[in.UID] = newIndex(in.PrimaryKey)
			return nil
		})
}

func (s *Server) deleteIndex(uid string) (int, any, *apiError) {
	return s.enqueue(uid, "indexDeletion", map[string]any{"deletedDocuments": nil},
		map[string]any{"deletedDocuments": 0}, func(details map[string]any) *apiError {
			x, f := s.found(uid)
			if f != nil {
				return f
			}
			details["deletedDocuments"] = len(x.docs)
			delete(s.indexes, uid)
			return nil
		})
}

func (s *Server) swap(r *http.Request) (int, any, *apiError) {
	var pairs []struct {
		Indexes []string `json:"indexes"`
		Rename  bool     `json:"rename"`
	}
	if f := read(r, &pairs); f != nil {
		return 0, nil, f
	}
	if len(pairs) != 1 || len(pairs[0].Indexes) != 2 || pairs[0].Rename {
		return 0, nil, newError(400, "invalid_swap_indexes", "this fake server swaps one pair of indexes: %+v", pairs)
	}
	a, b := pairs[0].Indexes[0], pairs[0].Indexes[1]
	if a == b {
		return 0, nil, newError(400, "invalid_swap_duplicate_index_found",
			"Indexes must be declared only once during a swap. `%s` was specified several times.", a)
	}
	return s.enqueue("", "indexSwap", map[string]any{"swaps": pairs}, nil, func(map[string]any) *apiError {
		for _, uid := range []string{a, b} {
			if _, f := s.found(uid); f != nil {
				return f
			}
		}
		s.indexes[a], s.indexes[b] = s.indexes[b], s.indexes[a]
		return nil
	})
}
