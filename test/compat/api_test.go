package compat

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestAPI compares the API's document with the released one: calls, parameters,
// statuses and fields may be added, none may go.
func TestAPI(t *testing.T) {
	raw, err := os.ReadFile(fixture("openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, args: []string{"--data", t.TempDir()}}
	s, stop := p.serve(readFacts(t))
	defer stop()
	var old, now any
	if err := json.Unmarshal(raw, &old); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(s.call("GET", "/api/v1/openapi.json", "", "", nil).body, &now); err != nil {
		t.Fatal(err)
	}
	for _, lost := range missing(old, now, nil) {
		t.Errorf("the API no longer has %s", lost)
	}
}

// prose are keys whose words may change.
var prose = []string{"summary", "description", "title", "info", "operationId", "tags", "example", "examples", "servers"}

// missing lists what of an old document is not in a new one. Where a list names
// things (parameters, required, enum), order does not count.
func missing(old, now any, path []string) []string {
	at := func(x string) string { return strings.Join(append(slices.Clone(path), x), " ") }
	var lost []string
	switch old := old.(type) {
	case map[string]any:
		n, _ := now.(map[string]any)
		for k, v := range old {
			if slices.Contains(prose, k) && !slices.Contains(path, "properties") {
				continue
			}
			x, ok := n[k]
			if !ok {
				lost = append(lost, at(k))
				continue
			}
			if k == "required" {
				continue // fewer may be required
			}
			lost = append(lost, missing(v, x, append(slices.Clone(path), k))...)
		}
	case []any:
		n, _ := now.([]any)
		for _, v := range old {
			if m, ok := v.(map[string]any); ok && m["name"] != nil {
				i := slices.IndexFunc(n, func(x any) bool {
					y, ok := x.(map[string]any)
					return ok && y["name"] == m["name"] && y["in"] == m["in"]
				})
				if i < 0 {
					lost = append(lost, at(fmt.Sprint(m["name"])))
				}
				continue
			}
			if !slices.ContainsFunc(n, func(x any) bool { return len(missing(v, x, nil)) == 0 }) {
				lost = append(lost, at(fmt.Sprint(v)))
			}
		}
	default:
		if old != now {
			lost = append(lost, at(fmt.Sprint(old)))
		}
	}
	return lost
}
