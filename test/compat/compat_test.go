// Package compat checks that this version opens what a released one stored,
// signed and sent. testdata/COMMIT holds what make.mjs made with that commit's
// binary; README.md says what is in it and how it is made.
package compat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

// release is the commit whose data is opened.
const release = "4f5befb"

func fixture(name string) string { return filepath.Join("testdata", release, name) }

// facts are what make.mjs wrote down about the data it made.
type facts struct {
	MadeAt, FinishedAt            time.Time
	Password, Passphrase          string
	Lesson, Airing, Busy          string
	WorksheetSha256, ServiceToken string
	ReportKey                     string
	Bookmark                      json.RawMessage
	Media                         map[string]string // path of a part -> SHA-256
	Replay                        struct {
		Person, Key, Path, Request, Body string
		Status                           int
	}
	Upload struct {
		Lesson, Path string
		Offset, Size int64
	}
	Browser map[string]string
	Caches  map[string][]string
}

func readFacts(t *testing.T) facts {
	t.Helper()
	raw, err := os.ReadFile(fixture("facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f facts
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// scratch is a folder of this run's own.
var scratch string

// built is the binary that is tested: LENLOP_TEST_BINARY, or one built from
// the sources when the first test needs it.
var built = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("LENLOP_TEST_BINARY"); bin != "" {
		return filepath.Abs(bin)
	}
	out := filepath.Join(scratch, "lenlop")
	cmd := exec.Command("go", "build", "-o", out, "lenlop/cmd/lenlop")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build lenlop: %w: %s", err, text)
	}
	return out, nil
})

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "lenlop-compat-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// place is the data under test: a folder, or a database and a bucket.
type place struct {
	t    *testing.T
	args []string // of every command
	db   *sql.DB
	pg   bool
}

// run runs a command of the binary and fails the test when it fails.
func (p *place) run(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("lenlop %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (p *place) try(args ...string) (string, error) {
	p.t.Helper()
	bin, err := built()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := exec.Command(bin, append(args, p.args...)...).CombinedOutput()
	return string(out), err
}

// extract unpacks a fixture with the extended attributes of its files, in which
// the embedded storage keeps what S3 knows about an object.
func extract(t *testing.T, name, dir string) {
	t.Helper()
	out, err := exec.Command("tar", "-C", dir, "--xattrs", "--xattrs-include=user.*", "--no-same-owner",
		"-xzf", fixture(name)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

func openFolder(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	extract(t, "data.tar.gz", dir)
	data := filepath.Join(dir, "data")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "lenlop.sqlite")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &place{t: t, args: []string{"--data", data}, db: db}
}

// columns lists the columns of every table that holds data.
func (p *place) columns() map[string][]string {
	p.t.Helper()
	q := `SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'`
	if p.pg {
		q = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`
	}
	rows, err := p.db.Query(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			p.t.Fatal(err)
		}
		// The search index is derived from the rest.
		if table != "goose_db_version" && !strings.HasPrefix(table, "sqlite_") &&
			!strings.HasPrefix(table, "catalog_") {
			all[table] = append(all[table], column)
		}
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return all
}

func (p *place) counts(tables map[string][]string) map[string]int {
	p.t.Helper()
	all := map[string]int{}
	for table := range tables {
		var n int
		if err := p.db.QueryRow(`SELECT COUNT(*) FROM "` + table + `"`).Scan(&n); err != nil {
			p.t.Fatal(err)
		}
		all[table] = n
	}
	return all
}

// waiting lists the jobs that are neither done nor given up, with their kinds.
func (p *place) waiting() map[string]string {
	p.t.Helper()
	rows, err := p.db.Query(`SELECT id, kind FROM jobs WHERE state IN ('waiting', 'running')`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, kind string
		if err := rows.Scan(&id, &kind); err != nil {
			p.t.Fatal(err)
		}
		all[id] = kind
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// TestDataFolder opens a data folder whose server was killed in the middle of work.
func TestDataFolder(t *testing.T) {
	p := openFolder(t)
	p.opens(readFacts(t))
}

// opens brings the data to this version, compares it with what it was, and lets
// the product finish what was begun.
func (p *place) opens(f facts) {
	t := p.t
	before := p.columns()
	counts := p.counts(before)
	waiting := p.waiting()
	if kinds := slices.Compact(slices.Sorted(maps.Values(waiting))); len(kinds) < 3 {
		t.Fatalf("the fixture's waiting jobs are of too few kinds: %v", kinds)
	}
	p.run("migrate")
	after := p.columns()
	for table, columns := range before {
		for _, c := range columns {
			if !slices.Contains(after[table], c) {
				t.Errorf("column %s.%s is gone: add its new name here when a migration renames it", table, c)
			}
		}
	}
	if got := p.counts(before); !maps.Equal(got, counts) {
		for table, n := range counts {
			if got[table] != n {
				t.Errorf("table %s has %d rows after migrating, had %d", table, got[table], n)
			}
		}
	}
	p.run("fsck")
	p.run("audit", "verify")
	p.serves(f, waiting)
	p.run("fsck")
	p.run("audit", "verify")
}

// site is a running server.
type site struct {
	t   *testing.T
	url string
}

// afterwards is how long after the data was made the tests open it: the next
// attempts of its webhook's deliveries are due by then.
const afterwards = 6 * time.Minute

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

// hookAddress is where the webhook of the data sends to.
const hookAddress = "127.0.0.1:18744"

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

var partOfList = regexp.MustCompile(`[^\s"]+\.(?:m3u8|m4s|mp4)[^\s"]*`)

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

// TestSignedReport verifies a report without any server, and refuses one byte changed.
func TestSignedReport(t *testing.T) {
	f := readFacts(t)
	p := &place{t: t}
	out := p.run("report", "verify", fixture("report.json"), "--key", f.ReportKey)
	if !strings.Contains(out, f.ReportKey) {
		t.Errorf("report verify: %s", out)
	}
	var doc map[string]json.RawMessage
	raw, err := os.ReadFile(fixture("report.json"))
	if err == nil {
		err = json.Unmarshal(raw, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	var signed []byte
	if err := json.Unmarshal(doc["signed"], &signed); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(signed, []byte("2140"), []byte("2141"), 1)
	if bytes.Equal(changed, signed) {
		t.Fatal("the report does not hold the station's figure")
	}
	if doc["signed"], err = json.Marshal(changed); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(forged, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := p.try("report", "verify", forged, "--key", f.ReportKey); err == nil {
		t.Errorf("a changed report is accepted: %s", out)
	}
}

// TestBackup restores a backup into an empty folder, which ends with fsck.
func TestBackup(t *testing.T) {
	f := readFacts(t)
	dir := t.TempDir()
	extract(t, "backup.tar.gz", dir)
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(f.Passphrase), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, args: []string{"--data", filepath.Join(dir, "restored")}}
	p.run("backup", "--check", "--to", filepath.Join(dir, "backup"), "--key", key)
	p.run("restore", "--from", filepath.Join(dir, "backup"), "--key", key)
	p.run("audit", "verify")
	s, stop := p.serve(f)
	defer stop()
	s.plays(f, s.signIn("giaovien", f.Password))
}
