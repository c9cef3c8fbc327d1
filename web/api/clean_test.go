package api

import (
	"testing"
)

// TestJSONIsCleaned in every shape that a body has; passwords stay.
func TestJSONIsCleaned(t *testing.T) {
	type inner struct {
		Name string `json:"name"`
	}
	var in struct {
		Title    string            `json:"title"`
		Note     *string           `json:"note"`
		Tags     []string          `json:"tags"`
		List     []inner           `json:"list"`
		Map      map[string]string `json:"map"`
		Any      any               `json:"any"`
		Password string            `json:"password"`
	}
	const z = `a\u200b\u3164b`
	if err := decode([]byte(`{"title":"`+z+`","note":"`+z+`","tags":["`+z+`"],"list":[{"name":"`+z+`"}],"map":{"k":"`+z+
		`"},"any":["`+z+`",1,null],"password":"`+z+`"}`), &in); err != nil {
		t.Fatal(err)
	}
	any0 := in.Any.([]any)[0]
	for name, got := range map[string]any{"title": in.Title, "note": *in.Note, "tags": in.Tags[0],
		"list": in.List[0].Name, "map": in.Map["k"], "any": any0} {
		if got != "ab" {
			t.Errorf("%s: %+q", name, got)
		}
	}
	if in.Password != "a\u200b\u3164b" {
		t.Errorf("password %+q", in.Password)
	}
}
