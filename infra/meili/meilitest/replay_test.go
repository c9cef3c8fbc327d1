package meilitest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exchange is one recorded request to a real Meilisearch 1.50.0 and its response.
// Long bodies were cut; they are texts then.
type exchange struct {
	Source, Note, Method, Path string
	Auth                       string
	ContentType                *string
	Request, Response          any
	Status                     int
}

func recorded(t *testing.T) []exchange {
	t.Helper()
	file, err := os.Open("../../../testdata/recorded/meilisearch-exchanges.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []exchange
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if len(all) != 232 {
		t.Fatalf("%d exchanges", len(all))
	}
	return all
}

// send repeats a request and returns status and response.
func send(t *testing.T, s *Server, e exchange) (int, any) {
	t.Helper()
	var body io.Reader
	if e.Request != nil {
		raw, err := json.Marshal(e.Request)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), e.Method, s.URL+e.Path, body)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case e.Auth == "none":
	case e.Auth == "<wrong key>" || e.Source != "probe" && e.Status == 403:
		r.Header.Set("Authorization", "Bearer another")
	default:
		r.Header.Set("Authorization", "Bearer "+s.Key)
	}
	switch {
	case e.ContentType != nil && *e.ContentType != "":
		r.Header.Set("Content-Type", *e.ContentType)
	case e.Request != nil && e.Note != "no content type":
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) == 0 {
		return res.StatusCode, ""
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s %s: %v", e.Method, e.Path, err)
	}
	return res.StatusCode, out
}

// post sends a request that prepares the server, and ends its task.
func post(t *testing.T, s *Server, method, path string, body any) {
	t.Helper()
	if status, out := send(t, s, exchange{Method: method, Path: path, Request: body}); status >= 300 {
		t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	s.Finish()
}

// volatile are fields whose values differ with every run: only null and the type
// are compared.
var volatile = []string{"uid", "batchUid", "taskUid", "enqueuedAt", "startedAt", "finishedAt", "createdAt",
	"updatedAt", "duration", "requestUid", "processingTimeMs", "_rankingScore", "total", "commitSha", "commitDate",
	"rawDocumentDbSize", "avgDocumentSize"}

// differs describes the first difference of two responses, "" for none.
func differs(where string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, want %v", where, got, want)
		}
		for name := range g {
			if _, ok := w[name]; !ok {
				return fmt.Sprintf("%s has %s", where, name)
			}
		}
		for name, v := range w {
			if _, ok := g[name]; !ok {
				return fmt.Sprintf("%s lacks %s", where, name)
			}
			_, text := v.(string)
			if slices.Contains(volatile, name) && (name != "uid" || !text) {
				if fmt.Sprintf("%T", v) != fmt.Sprintf("%T", g[name]) {
					return fmt.Sprintf("%s.%s is %v, want %v", where, name, g[name], v)
				}
				continue
			}
			if d := differs(where+"."+name, v, g[name]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s is %v, want %v", where, got, want)
		}
		for i := range w {
			if d := differs(fmt.Sprintf("%s[%d]", where, i), w[i], g[i]); d != "" {
				return d
			}
		}
		return ""
	case string:
		// The position of an error in a filter follows in a line of its own.
		if g, ok := got.(string); ok && strings.HasSuffix(where, ".message") {
			w, _, _ = strings.Cut(w, "\n")
			g, _, _ = strings.Cut(g, "\n")
			if w == g {
				return ""
			}
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(got) {
		return fmt.Sprintf("%s is %v, want %v", where, got, want)
	}
	return ""
}

// sortHits puts the hits of ranked results in one order: this server ranks more
// simply than the real one.
func sortHits(v any) {
	m, _ := v.(map[string]any)
	results, _ := m["results"].([]any)
	for _, r := range results {
		r, _ := r.(map[string]any)
		hits, _ := r["hits"].([]any)
		if q, _ := r["query"].(string); q == "" {
			continue
		}
		slices.SortFunc(hits, func(a, b any) int { return strings.Compare(lessonID(a), lessonID(b)) })
	}
}

func lessonID(hit any) string { return fmt.Sprint(hit.(map[string]any)["lesson_id"]) }

// check compares a response with the recorded one.
func check(t *testing.T, n int, e exchange, status int, got any) {
	t.Helper()
	if status != e.Status {
		t.Errorf("%d %s %s %s: status %d, want %d: %v", n, e.Note, e.Method, e.Path, status, e.Status, got)
		return
	}
	if _, cut := e.Response.(string); cut && e.Response != "" {
		return
	}
	sortHits(e.Response)
	sortHits(got)
	if d := differs("response", e.Response, got); d != "" {
		t.Errorf("%d %s %s %s: %s", n, e.Note, e.Method, e.Path, d)
	}
}

// The probes were sent one after the other to one server, and so they are here.
func TestReplayProbes(t *testing.T) {
	s := New(t)
	s.AllowAll()
	s.CreateIndex("lessons", "id")
	s.CreateIndex("probe", "id")
	post(t, s, "POST", "/indexes/probe/documents?primaryKey=id", numbered(7, 0))
	var last any // response to the request before
	for n, e := range recorded(t) {
		if e.Source != "probe" {
			continue
		}
		switch {
		case strings.HasSuffix(e.Note, " (task)"):
			m, _ := last.(map[string]any)
			e.Path = fmt.Sprintf("/tasks/%v", m["taskUid"])
			s.Finish()
		case e.Note == "put documents":
			e.Request = probeDocuments()
		case e.Note == "100 choices":
			var choices []string
			for i := range 100 {
				choices = append(choices, fmt.Sprintf(`words = "w%d"`, i))
			}
			e.Request = map[string]any{"queries": []any{map[string]any{"indexUid": "probe", "q": "", "limit": 20,
				"matchingStrategy": "all", "hybrid": nil, "locales": []string{"vie"},
				"attributesToRetrieve": []string{"lesson_id"}, "filter": strings.Join(choices, " OR ")}}}
		case e.Note == "1500 documents":
			e.Request = numbered(1500, 100)
		}
		status, got := send(t, s, e)
		check(t, n, e, status, got)
		if !strings.HasSuffix(e.Note, " (task)") {
			last = got
		}
	}
}

// The exchanges of the product and of its conformance tests are samples of many:
// each gets a server in the state that its response shows.
func TestReplayProduct(t *testing.T) {
	replayed := 0
	for n, e := range recorded(t) {
		if e.Source == "probe" {
			continue
		}
		replayed++
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := New(t)
			s.AllowAll()
			if strings.HasPrefix(e.Path, "/tasks/") {
				replayTask(t, s, n, e)
				return
			}
			if _, cut := e.Request.(string); cut {
				e.Request = numbered(2, 0)
			}
			prepare(t, s, e)
			status, got := send(t, s, e)
			check(t, n, e, status, got)
		})
	}
	if replayed < 100 {
		t.Errorf("%d exchanges replayed", replayed)
	}
}

// replayTask sends the request that adds such a task, and follows it until it has
// the recorded status.
func replayTask(t *testing.T, s *Server, n int, e exchange) {
	t.Helper()
	want := e.Response.(map[string]any)
	details, _ := want["details"].(map[string]any)
	uid, _ := want["indexUid"].(string)
	count := func(name string) int { v, _ := details[name].(float64); return int(v) }
	isFailed := want["status"] == failed
	path := "/indexes/" + uid
	var r exchange
	switch want["type"] {
	case "documentAdditionOrUpdate":
		r = exchange{Method: "POST", Path: path + "/documents?primaryKey=id",
			Request: numbered(count("receivedDocuments"), 0)}
	case "documentDeletion":
		post(t, s, "POST", path+"/documents?primaryKey=id", numbered(count("deletedDocuments"), 0))
		ids := []string{}
		for i := range count("providedIds") {
			ids = append(ids, fmt.Sprintf("d%d", i))
		}
		r = exchange{Method: "POST", Path: path + "/documents/delete-batch", Request: ids}
	case "indexDeletion":
		if !isFailed {
			post(t, s, "POST", path+"/documents?primaryKey=id", numbered(count("deletedDocuments"), 0))
		}
		r = exchange{Method: "DELETE", Path: path}
	case "indexCreation":
		if isFailed {
			s.CreateIndex(uid, "id")
		}
		r = exchange{Method: "POST", Path: "/indexes", Request: map[string]any{"uid": uid, "primaryKey": "id"}}
	case "settingsUpdate":
		r = exchange{Method: "PATCH", Path: path + "/settings", Request: details}
	case "indexSwap":
		pairs := details["swaps"].([]any)
		for _, uid := range pairs[0].(map[string]any)["indexes"].([]any) {
			s.CreateIndex(uid.(string), "id")
		}
		r = exchange{Method: "POST", Path: "/swap-indexes", Request: pairs}
	default:
		t.Fatalf("%d: task of type %v", n, want["type"])
	}
	_, added := send(t, s, r)
	e.Path = fmt.Sprintf("/tasks/%v", added.(map[string]any)["taskUid"])
	var seen []any
	for range 4 {
		status, got := send(t, s, e)
		seen = append(seen, got.(map[string]any)["status"])
		if seen[len(seen)-1] == want["status"] {
			check(t, n, e, status, got)
			return
		}
	}
	t.Errorf("%d: the task became %v, never %v", n, seen, want["status"])
}

var quotedValue = regexp.MustCompile(`(words|tones) = "(\w+)"`)

// prepare makes the index that a response shows.
func prepare(t *testing.T, s *Server, e exchange) {
	t.Helper()
	out, _ := e.Response.(map[string]any)
	code, _ := out["code"].(string)
	uid := "lessons"
	if rest, ok := strings.CutPrefix(e.Path, "/indexes/"); ok {
		uid, _, _ = strings.Cut(rest, "/")
	}
	request, _ := json.Marshal(e.Request)
	if in, ok := e.Request.(map[string]any); ok && in["queries"] != nil {
		uid = in["queries"].([]any)[0].(map[string]any)["indexUid"].(string)
	}
	if code == "index_not_found" {
		return
	}
	s.CreateIndex(uid, "id")
	if code != "" {
		return // a refused filter: the index has no settings
	}
	results, _ := out["results"].([]any)
	switch {
	case strings.HasSuffix(e.Path, "/documents/fetch"):
		var docs []any
		for i, d := range results {
			d := d.(map[string]any)
			docs = append(docs, map[string]any{"id": fmt.Sprintf("d%d", i), "lesson_id": d["lesson_id"],
				"version": d["version"]})
		}
		post(t, s, "POST", "/indexes/"+uid+"/documents?primaryKey=id", docs)
	case e.Path == "/multi-search":
		post(t, s, "PATCH", "/indexes/"+uid+"/settings", map[string]any{
			"filterableAttributes": []string{"words", "pairs", "tones"}, "sortableAttributes": []string{"published"}})
		lists := map[string][]string{"words": {}, "tones": {}}
		for _, m := range quotedValue.FindAllStringSubmatch(strings.ReplaceAll(string(request), `\"`, `"`), -1) {
			lists[m[1]] = append(lists[m[1]], m[2])
		}
		last := results[len(results)-1].(map[string]any)
		for i, h := range last["hits"].([]any) {
			d := map[string]any{"id": fmt.Sprintf("d%d", i), "title": strings.Join(lists["words"], " ")}
			maps.Copy(d, h.(map[string]any))
			d["words"], d["tones"] = lists["words"], lists["tones"]
			post(t, s, "POST", "/indexes/"+uid+"/documents?primaryKey=id", []any{d})
		}
	}
}
