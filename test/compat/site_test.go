package compat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

// site is a running server.
type site struct {
	t   *testing.T
	url string
}

// serve starts the server with its clock set to soon after the data was made:
// an upload of last year would rightly be given up.
func (p *place) serve(f facts, args ...string) (site, func()) {
	t := p.t
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	start := []string{"serve", "--listen", "127.0.0.1:0", "--log", "warn", "--demo", "--no-demo-lessons"}
	args = slices.Concat(start, args, p.args)
	cmd := exec.Command(bin, args...)
	// With a password the demo would set its accounts' again.
	cmd.Env = slices.DeleteFunc(os.Environ(),
		func(v string) bool { return strings.HasPrefix(v, "LENLOP_DEMO_PASSWORD=") })
	if !p.pg {
		cmd.Env = append(cmd.Env, "LENLOP_CLOCK="+f.FinishedAt.Add(afterwards).Format(time.RFC3339))
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("server log: %s", log.Bytes()[max(0, log.Len()-4000):])
		}
	})
	t.Cleanup(stop)
	text := ""
	buf := make([]byte, 4096)
	for {
		n, err := out.Read(buf)
		text += string(buf[:n])
		if m := regexp.MustCompile(`ready (http://\S+)`).FindStringSubmatch(text); m != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return site{t, m[1]}, stop
		}
		if err != nil {
			t.Fatalf("the server ended: %s", log.Bytes())
		}
	}
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s site) call(method, path, token, body string, header map[string]string) answer {
	s.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = s.url + path
	}
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, raw}
}

// get decodes an answer of the API.
func (s site) get(path, token string, into any) {
	s.t.Helper()
	a := s.call("GET", "/api/v1"+path, token, "", nil)
	if a.status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		s.t.Fatalf("GET %s: %v: %s", path, err, a.body)
	}
}

func (s site) signIn(username, password string) string {
	s.t.Helper()
	raw, err := json.Marshal(map[string]string{"username": username, "password": password})
	if err != nil {
		s.t.Fatal(err)
	}
	a := s.call("POST", "/api/v1/tokens", "", string(raw), nil)
	var out struct{ Token string }
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != http.StatusCreated {
		s.t.Fatalf("sign in as %s: %d %s", username, a.status, a.body)
	}
	return out.Token
}

func (p *place) serves(f facts, waiting map[string]string) {
	t := p.t
	l, err := net.Listen("tcp", hookAddress)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var delivered []http.Header
	hook := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		delivered = append(delivered, r.Header)
	})}
	go func() { _ = hook.Serve(l) }()
	defer hook.Close()

	s, stop := p.serve(f, "--webhook-private")
	teacher := s.signIn("giaovien", f.Password)
	s.plays(f, teacher)
	s.remembers(f, teacher)

	r := s.call("POST", f.Replay.Path, teacher, f.Replay.Request, map[string]string{"Idempotency-Key": f.Replay.Key})
	if r.status != f.Replay.Status || string(r.body) != f.Replay.Body {
		t.Errorf("the stored answer: %d %s, want %d %s", r.status, r.body, f.Replay.Status, f.Replay.Body)
	}
	s.resumes(f, teacher)

	until(t, "the waiting jobs", 5*time.Minute, func() bool {
		now := p.waiting()
		for id := range waiting {
			if _, still := now[id]; still {
				return false
			}
		}
		return true
	})
	for id, kind := range waiting {
		var state, last string
		row := p.db.QueryRow(`SELECT state, last_error FROM jobs WHERE id = $1`, id)
		if err := row.Scan(&state, &last); err != nil {
			t.Fatal(err)
		}
		if state != "done" {
			t.Errorf("the %s job is %s: %s", kind, state, last)
		}
	}
	until(t, "the recordings", 3*time.Minute, func() bool {
		return s.state(f.Busy, teacher) == "ready" && s.state(f.Upload.Lesson, teacher) == "ready"
	})
	mu.Lock()
	if len(delivered) == 0 {
		t.Error("the webhook was not called")
	}
	mu.Unlock()
	stop()
}

func (s site) state(lesson, token string) string {
	s.t.Helper()
	var l struct{ Media struct{ State string } }
	s.get("/lessons/"+lesson, token, &l)
	if l.Media.State == "failed" {
		s.t.Fatalf("lesson %s: its recording failed", lesson)
	}
	return l.Media.State
}

// plays compares every part of the lesson's playlists with what it was.
func (s site) plays(f facts, token string) {
	t := s.t
	t.Helper()
	var l map[string]any
	s.get("/lessons/"+f.Lesson, token, &l)
	master := find(l, "hls")
	if master == "" {
		t.Fatalf("the lesson has no playlist: %v", l)
	}
	got := map[string]string{}
	seen := map[string]bool{}
	var walk func(at string)
	walk = func(at string) {
		if seen[at] {
			return
		}
		seen[at] = true
		a := s.call("GET", at, "", "", nil)
		if a.status != http.StatusOK {
			t.Fatalf("GET %s: %d", at, a.status)
		}
		path, _, _ := strings.Cut(at, "?")
		if !strings.HasSuffix(path, ".m3u8") {
			got[strings.Join(strings.Split(path, "/")[max(0, strings.Count(path, "/")-1):], "/")] = sum(a.body)
			return
		}
		base := at[:strings.LastIndex(path, "/")+1]
		for _, part := range partOfList.FindAllString(string(a.body), -1) {
			if strings.HasPrefix(part, "/") || strings.HasPrefix(part, "http") {
				walk(part)
			} else {
				walk(base + part)
			}
		}
	}
	walk(master)
	if !maps.Equal(got, f.Media) {
		t.Errorf("the lesson's parts are\n%v, were\n%v", got, f.Media)
	}
}

// find gives the first text under a key, at any depth.
func find(v any, key string) string {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v[key].(string); ok {
			return s
		}
		for _, x := range v {
			if s := find(x, key); s != "" {
				return s
			}
		}
	case []any:
		for _, x := range v {
			if s := find(x, key); s != "" {
				return s
			}
		}
	}
	return ""
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// remembers compares what stands around the lesson.
func (s site) remembers(f facts, teacher string) {
	t := s.t
	t.Helper()
	var ledger struct{ Web struct{ Views int } }
	s.get("/lessons/"+f.Lesson+"/ledger", teacher, &ledger)
	if ledger.Web.Views != 1 {
		t.Errorf("the lesson has %d views, had 1", ledger.Web.Views)
	}
	var sheets struct{ Items []struct{ ID string } }
	s.get("/lessons/"+f.Lesson+"/attachments", teacher, &sheets)
	if len(sheets.Items) != 1 {
		t.Fatalf("worksheets: %v", sheets.Items)
	}
	a := s.call("GET", "/api/v1/lessons/"+f.Lesson+"/attachments/"+sheets.Items[0].ID, teacher, "", nil)
	if sum(a.body) != f.WorksheetSha256 {
		t.Errorf("the worksheet is not what was stored: %d", a.status)
	}
	bookmark := s.call("GET", "/api/v1/lessons/"+f.Lesson+"/bookmark", s.signIn("hocsinh", f.Password), "", nil)
	var got, want struct{ Position float64 }
	err := errors.Join(json.Unmarshal(bookmark.body, &got), json.Unmarshal(f.Bookmark, &want))
	if err != nil || want.Position == 0 || got != want {
		t.Errorf("the bookmark is %s, was %s", bookmark.body, f.Bookmark)
	}
	if a := s.call("GET", "/api/v1/airings/"+f.Airing, f.ServiceToken, "", nil); a.status != http.StatusOK {
		t.Errorf("the service token is refused: %d %s", a.status, a.body)
	}
	if a := s.call("GET", "/api/v1/report-key", "", "", nil); !bytes.Contains(a.body, []byte(f.ReportKey)) {
		t.Errorf("the key of reports has changed: %s", a.body)
	}
}

// resumes sends the rest of the upload.
func (s site) resumes(f facts, teacher string) {
	t := s.t
	t.Helper()
	tus := map[string]string{"Tus-Resumable": "1.0.0"}
	a := s.call("HEAD", f.Upload.Path, teacher, "", tus)
	if got := a.header.Get("Upload-Offset"); got != strconv.FormatInt(f.Upload.Offset, 10) {
		t.Fatalf("the upload is at %q (%d), was at %d", got, a.status, f.Upload.Offset)
	}
	raw, err := os.ReadFile(fixture("unfinished.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	tus["Upload-Offset"] = strconv.FormatInt(f.Upload.Offset, 10)
	tus["Content-Type"] = "application/offset+octet-stream"
	a = s.call("PATCH", f.Upload.Path, teacher, string(raw[f.Upload.Offset:]), tus)
	if a.status != http.StatusNoContent || a.header.Get("Upload-Offset") != strconv.FormatInt(f.Upload.Size, 10) {
		t.Fatalf("the rest of the upload: %d %s", a.status, a.body)
	}
}

func until(t *testing.T, what string, limit time.Duration, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("timed out waiting for %s", what)
		case <-tick.C:
		}
	}
}
