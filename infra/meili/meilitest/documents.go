package meilitest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// doc is a document with its fields prepared for filters and ranking.
type doc struct {
	raw   map[string]any
	id    string
	has   map[string]map[string]bool // by field, trimmed and in lower case
	words map[string][]string        // by field
}

func newDoc(id string, raw map[string]any) *doc {
	d := &doc{raw: raw, id: id, has: map[string]map[string]bool{}, words: map[string][]string{}}
	for field, v := range raw {
		all := values(v)
		set := make(map[string]bool, len(all))
		for _, one := range all {
			set[normal(one)] = true
		}
		d.has[field] = set
		if text, ok := v.(string); ok {
			d.words[field] = strings.Fields(text)
		}
	}
	return d
}

// normal is the form in which filters compare values.
func normal(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (s *Server) putDocuments(r *http.Request, uid string) (int, any, *apiError) {
	var docs []map[string]any
	if f := read(r, &docs); f != nil {
		return 0, nil, f
	}
	for name := range r.URL.Query() {
		if name != "primaryKey" {
			return 0, nil, newError(400, "bad_request", "Unknown parameter `%s`: expected one of `primaryKey`", name)
		}
	}
	primary := r.URL.Query().Get("primaryKey")
	return s.enqueue(uid, "documentAdditionOrUpdate",
		map[string]any{"receivedDocuments": len(docs), "indexedDocuments": nil}, map[string]any{"indexedDocuments": 0},
		func(details map[string]any) *apiError {
			x := s.indexes[uid]
			if x == nil {
				x = newIndex(primary)
				s.indexes[uid] = x
			}
			if x.primary == "" {
				x.primary = primary
			}
			if x.primary != primary {
				return newError(400, "index_primary_key_already_exists", "Index already has a primary key: `%s`.",
					x.primary)
			}
			for _, d := range docs {
				if f := invalidID(d, primary); f != nil {
					return f
				}
			}
			for _, d := range docs {
				id := d[primary].(string)
				x.docs[id] = newDoc(id, d)
			}
			details["indexedDocuments"] = len(docs)
			return nil
		})
}

// invalidID returns the error for a document without a usable identifier.
func invalidID(d map[string]any, primary string) *apiError {
	raw, _ := json.Marshal(d) // came from JSON
	v, ok := d[primary]
	if !ok {
		return newError(400, "missing_document_id", "Document doesn't have a `%s` attribute: `%s`.", primary, raw)
	}
	if id, ok := v.(string); !ok || !validUID(id, 511) {
		raw, _ = json.Marshal(v)
		return newError(400, "invalid_document_id", "Document identifier `%s` is invalid. A document identifier can be "+
			"of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and "+
			"underscores (_), and can not be more than 511 bytes.", raw)
	}
	return nil
}

func (s *Server) deleteDocuments(r *http.Request, uid string) (int, any, *apiError) {
	var ids []string
	if f := read(r, &ids); f != nil {
		return 0, nil, f
	}
	return s.enqueue(uid, "documentDeletion",
		map[string]any{"providedIds": len(ids), "deletedDocuments": nil, "originalFilter": nil},
		map[string]any{"deletedDocuments": 0}, func(details map[string]any) *apiError {
			x, f := s.found(uid)
			if f != nil {
				return f
			}
			before := len(x.docs)
			for _, id := range ids {
				delete(x.docs, id)
			}
			details["deletedDocuments"] = before - len(x.docs)
			return nil
		})
}

func (s *Server) fetch(r *http.Request, uid string) (int, any, *apiError) {
	var in struct {
		Offset, Limit int
		Fields, Ids   []string
	}
	in.Limit = 20
	if f := read(r, &in, "offset", "limit", "fields", "retrieveVectors", "ids", "filter", "sort",
		"useNetwork"); f != nil {
		return 0, nil, f
	}
	x, f := s.found(uid)
	if f != nil {
		return 0, nil, f
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

// selectFields returns the named fields; nil means all.
func selectFields(d map[string]any, fields []string) map[string]any {
	out := map[string]any{}
	for f, v := range d {
		if fields == nil || slices.Contains(fields, f) {
			out[f] = v
		}
	}
	return out
}
