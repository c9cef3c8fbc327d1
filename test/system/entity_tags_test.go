package system

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// TestEntityTags: a change through the API that was made from an older version
// is 412 and changes nothing, on both databases.
func TestEntityTags(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { changeByTag(t, nil) })
	t.Run("PostgreSQL", func(t *testing.T) {
		endpoint, dsn := harness.S3Server(t), pgtest.Postgres(t)
		changeByTag(t, func(f *app.Settings) {
			f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = dsn, endpoint, "examaccess", "examsecret"
		})
	})
}

func changeByTag(t *testing.T, change func(*app.Settings)) {
	w := newWorld(start(t, change))
	run, a := w.airing()
	for _, c := range []struct {
		account, path, method, to, first, second, field string
	}{
		{"giao-vien", "/lessons/" + w.lesson("draft"), "PATCH", "", `{"title":"Một"}`, `{"title":"Hai"}`, "title"},
		{"dai", "/channels/" + a.ChannelID, "PATCH", "", `{"name":"Một"}`, `{"name":"Hai"}`, "name"},
		{"dai", "/airings/" + run, "PATCH", "", `{"houseNumber":"1"}`, `{"houseNumber":"2"}`, "houseNumber"},
		{"dai", "/airings/" + run, "PUT", "/as-run", `{"outcome":"dropped","note":"1"}`,
			`{"outcome":"dropped","note":"2"}`,
			"note"},
	} {
		call := func(method, path, body, tag string) (int, string, map[string]any) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, w.h.URL+api.Base+path, http.NoBody)
			if body != "" {
				req, err = http.NewRequestWithContext(t.Context(), method, w.h.URL+api.Base+path,
					strings.NewReader(body))
			}
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+w.tokens[c.account])
			req.Header.Set("Content-Type", "application/json")
			if tag != "" {
				req.Header.Set("If-Match", tag)
			}
			res, err := w.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			doc := map[string]any{}
			if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, res.Header.Get("ETag"), doc
		}
		_, tag, _ := call("GET", c.path, "", "")
		if tag == "" {
			t.Fatalf("%s has no entity tag", c.path)
		}
		status, next, doc := call(c.method, c.path+c.to, c.first, tag)
		if status != 200 || next == "" || next == tag {
			t.Fatalf("%s: %d %s after %s: %v", c.path, status, next, tag, doc)
		}
		if status, now, doc := call(c.method, c.path+c.to, c.second, tag); status != 412 ||
			doc["code"] != "request.changed" || now != next {
			t.Errorf("%s from the older version: %d %v", c.path, status, doc)
		}
		_, now, stored := call("GET", c.path, "", "")
		var first map[string]any
		if err := json.Unmarshal([]byte(c.first), &first); err != nil {
			t.Fatal(err)
		}
		if now != next || stored[c.field] != first[c.field] {
			t.Errorf("%s: %s %v, want %s", c.path, now, stored[c.field], next)
		}
		for _, tag := range []string{next, "*", ""} {
			status, after, doc := call(c.method, c.path+c.to, c.second, tag)
			if status != 200 || after == "" {
				t.Errorf("%s with %q: %d %v", c.path, tag, status, doc)
			}
		}
	}
}
