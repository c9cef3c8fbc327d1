package meilitest

import (
	"net/http"
	"slices"
	"strings"
)

// doc is a document with its fields prepared for filters and ranking.
type doc struct {
	raw   map[string]any
	id    string
	has   map[string]map[string]bool // by field, in lower case
	words map[string][]string        // by field
}

func newDoc(id string, raw map[string]any) *doc {
	d := &doc{raw: raw, id: id, has: map[string]map[string]bool{}, words: map[string][]string{}}
	for field, v := range raw {
		all := values(v)
		set := make(map[string]bool, len(all))
		for _, one := range all {
			set[strings.ToLower(one)] = true
		}
		d.has[field] = set
		if text, ok := v.(string); ok {
			d.words[field] = strings.Fields(text)
		}
	}
	return d
}

func (s *Server) putDocuments(r *http.Request, uid string) (int, any, *apiError) {
	var docs []map[string]any
	if f := read(r, &docs); f != nil {
		return 0, nil, f
	}
	for name := range r.URL.Query() {
		if name != "primaryKey" {
			return 0, nil, newError(400, "bad_request", "parameter %s", name)
		}
	}
	primary := r.URL.Query().Get("primaryKey")
	return s.enqueue(uid, "documentAdditionOrUpdate", func() *apiError {
		x := s.indexes[uid]
		if x == nil {
			x = newIndex(primary)
			s.indexes[uid] = x
		}
		if x.primary != primary {
			return newError(400, "index_primary_key_already_exists", "%q", x.primary)
		}
		for _, d := range docs {
			id, ok := d[primary].(string)
			if !ok || !validUID(id) || len(id) > 511 {
				return newError(400, "invalid_document_id", "%v", d[primary])
			}
		}
		for _, d := range docs {
			id := d[primary].(string)
			x.docs[id] = newDoc(id, d)
		}
		return nil
	})
}

func (s *Server) deleteDocuments(r *http.Request, uid string) (int, any, *apiError) {
	var ids []string
	if f := read(r, &ids); f != nil {
		return 0, nil, f
	}
	return s.enqueue(uid, "documentDeletion", func() *apiError {
		x := s.indexes[uid]
		if x == nil {
			return newError(404, "index_not_found", "index %s not found", uid)
		}
		for _, id := range ids {
			delete(x.docs, id)
		}
		return nil
	})
}

func (s *Server) fetch(r *http.Request, uid string) (int, any, *apiError) {
	var in struct {
		Offset, Limit int
		Fields, Ids   []string
	}
	in.Limit = 20
	if f := read(r, &in); f != nil {
		return 0, nil, f
	}
	x := s.indexes[uid]
	if x == nil {
		return 0, nil, newError(404, "index_not_found", "index %s not found", uid)
	}
	all := sorted(x.docs)
	if in.Ids != nil {
		all = slices.DeleteFunc(all, func(d *doc) bool { return !slices.Contains(in.Ids, d.id) })
	}
	from := min(in.Offset, len(all))
	page := []map[string]any{}
	for _, d := range all[from:min(from+in.Limit, len(all))] {
		page = append(page, selectFields(d.raw, in.Fields))
	}
	return 200, map[string]any{"results": page, "offset": in.Offset, "limit": in.Limit, "total": len(all)}, nil
}

func (s *Server) swap(r *http.Request) (int, any, *apiError) {
	var pairs []struct {
		Indexes []string
		Rename  bool
	}
	if f := read(r, &pairs); f != nil {
		return 0, nil, f
	}
	if len(pairs) != 1 || len(pairs[0].Indexes) != 2 || pairs[0].Rename {
		return 0, nil, newError(400, "invalid_swap_indexes", "%+v", pairs)
	}
	a, b := pairs[0].Indexes[0], pairs[0].Indexes[1]
	return s.enqueue("", "indexSwap", func() *apiError {
		if s.indexes[a] == nil || s.indexes[b] == nil {
			return newError(404, "index_not_found", "indexes %s and %s", a, b)
		}
		s.indexes[a], s.indexes[b] = s.indexes[b], s.indexes[a]
		return nil
	})
}

// selectFields returns the named fields.
func selectFields(d map[string]any, fields []string) map[string]any {
	if fields == nil {
		return d
	}
	out := map[string]any{}
	for _, f := range fields {
		if v, ok := d[f]; ok {
			out[f] = v
		}
	}
	return out
}
