package system

import (
	"strings"
	"testing"

	"lenlop/web/api"
)

// TestRoutesAndDocumentAgree: what is served is documented, and the other way round.
func TestRoutesAndDocumentAgree(t *testing.T) {
	h := start(t, nil)
	doc, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	served := 0
	for _, r := range h.served() {
		path, ok := strings.CutPrefix(r.Path, api.Base)
		if !ok || path == "/openapi.json" || path == "/docs" {
			continue
		}
		var parts []string
		for p := range strings.SplitSeq(path, "/") {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				p = "{" + name + "}"
			}
			parts = append(parts, p)
		}
		key := r.Method + " " + strings.Join(parts, "/")
		if !documented[key] {
			t.Errorf("%s is served and not documented", key)
		}
		delete(documented, key)
		served++
	}
	for key := range documented {
		t.Errorf("%s is documented and not served", key)
	}
	if served < 30 {
		t.Errorf("only %d calls", served)
	}
	if status, _, body := h.As("").Get(api.Base + "/openapi.json"); status != 200 ||
		!strings.Contains(string(body), `"openapi":"3.1.0"`) {
		t.Errorf("the document: %d %.80s", status, body)
	}
}
