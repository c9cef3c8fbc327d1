package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"lenlop/infra/sqldb"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/test/testclock"
	"lenlop/web/api"
)

// testHouse is the whole product on a temporary data folder, reached over
// HTTP as people reach it, with its workers running.
type testHouse struct {
	t      *testing.T
	house  *house
	url    string
	router routers.Router
}

// password of every account in tests.
const password = "mat-khau-de-thu"

// quickArgon keeps signing in cheap in tests; its real costs are measured elsewhere.
var quickArgon = people.Argon{Time: 1, Memory: 8 * 1024, Threads: 1}

var passwordHash = sync.OnceValue(func() string {
	h, err := people.HashPassword(password, quickArgon)
	if err != nil {
		panic(err)
	}
	return h
})

// testAccounts: two schools, so that "other school" can be tried.
var testAccounts = []struct {
	name   string
	role   people.Role
	school string
	active bool
}{
	{"hoc-sinh", people.Student, "s1", true},
	{"giao-vien", people.Teacher, "s1", true},
	{"dong-nghiep", people.Teacher, "s1", true},
	{"giao-vien-2", people.Teacher, "s2", true},
	{"hieu-truong", people.Head, "s1", true},
	{"hieu-truong-2", people.Head, "s2", true},
	{"chuyen-vien", people.Reviewer, "", true},
	{"dai", people.Station, "", true},
	{"quan-tri", people.Admin, "", true},
	{"nghi-viec", people.Admin, "", false},
}

func startHouse(t *testing.T, change func(*serveFlags)) *testHouse {
	t.Helper()
	return startHouseLogged(t, slog.New(slog.NewTextHandler(io.Discard, nil)), change)
}

// startHouseLogged is startHouse with a log to look into.
func startHouseLogged(t *testing.T, log *slog.Logger, change func(*serveFlags)) *testHouse {
	t.Helper()
	dir := t.TempDir()
	f := serveFlags{dataFlags: dataFlags{Data: dir, S3Bucket: "lenlop", S3Region: "us-east-1", Timezone: "Asia/Ho_Chi_Minh", Log: "warn", ClockShift: testclock.Shift()},
		MaxUpload: 20 << 30, Quota: 200 << 30, Drain: 5 * time.Second}
	if change != nil {
		change(&f)
	}
	ctx, stop := context.WithCancel(context.Background())
	h, err := build(ctx, f, dir, log)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	h.people.Params = quickArgon
	furnish(t, h.db)
	stopped := make(chan struct{})
	handler, err := h.site(serveCmd{serveFlags: f}, stopped)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	ended := make(chan error, 1)
	go func() { ended <- h.runner.Run(ctx) }()
	t.Cleanup(func() {
		close(stopped)
		srv.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		h.close()
	})
	return &testHouse{t: t, house: h, url: srv.URL, router: documentRouter(t, srv.URL)}
}

// furnish gives a house two schools and the accounts of all tests.
func furnish(t testing.TB, db *sqldb.DB) {
	t.Helper()
	ctx := context.Background()
	for _, id := range []string{"s1", "s2"} {
		if err := db.Schools().SaveSchool(ctx, school.School{ID: id, Code: strings.ToUpper(id), Name: "Trường " + id, Level: school.Mixed, CreatedAt: testclock.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range testAccounts {
		p := people.Person{ID: "p-" + a.name, Username: a.name, Name: "Tên " + a.name, Active: a.active, PasswordHash: passwordHash(),
			Grants: []people.Grant{{Role: a.role, School: a.school}}, CreatedAt: testclock.Now()}
		if err := db.People().SavePerson(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
}

// documentRouter finds what the OpenAPI document says of requests to a site.
func documentRouter(t testing.TB, url string) routers.Router {
	t.Helper()
	doc, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: url + api.Base}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// caller is one person's client. It checks every answer of the API against
// the OpenAPI document.
type caller struct {
	*testHouse
	name   string
	token  string
	client *http.Client
}

// as signs in over the API; "" is the anonymous visitor.
func (h *testHouse) as(name string) *caller {
	h.t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &caller{testHouse: h, name: name, client: &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if name != "" {
		var out struct{ Token string }
		c.ok("POST", "/tokens", map[string]any{"username": name, "password": password}, 201, &out)
		c.token = out.Token
	}
	return c
}

// ok calls and wants a status; the answer goes into out.
func (c *caller) ok(method, path string, in any, want int, out any) {
	c.t.Helper()
	status, body := c.call(method, path, in, nil)
	if status != want {
		c.t.Fatalf("%s: %s %s: %d, want %d: %s", c.name, method, path, status, want, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, body)
		}
	}
}

// refused calls and wants a problem document with a status and a code.
func (c *caller) refused(method, path string, in any, want int, code string) map[string]any {
	c.t.Helper()
	status, body := c.call(method, path, in, nil)
	var p map[string]any
	if err := json.Unmarshal(body, &p); err != nil {
		c.t.Fatalf("%s %s: not a problem document: %s", method, path, body)
	}
	if status != want || p["code"] != code {
		c.t.Fatalf("%s: %s %s: %d %v, want %d %s: %s", c.name, method, path, status, p["code"], want, code, body)
	}
	if d, _ := p["detail"].(string); d == "" || strings.HasPrefix(d, "[") {
		c.t.Errorf("%s %s: no sentence for %v: %q", method, path, p["code"], d)
	}
	return p
}

func (c *caller) call(method, path string, in any, header http.Header) (int, []byte) {
	c.t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		raw, err := json.Marshal(in)
		if err != nil {
			c.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.url+api.Base+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.documented(req, res, raw)
	return res.StatusCode, raw
}

// documented holds an answer against the OpenAPI document.
func (c *caller) documented(req *http.Request, res *http.Response, body []byte) {
	c.t.Helper()
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		if res.StatusCode != http.StatusNotFound {
			c.t.Errorf("%s %s is served and not documented: %v", req.Method, req.URL.Path, err)
		}
		return
	}
	kind := res.Header.Get("Content-Type")
	if !strings.Contains(kind, "json") {
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}},
		Status: res.StatusCode, Header: res.Header,
	}
	in.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		c.t.Errorf("%s %s: %d is not as documented: %v\n%s", req.Method, req.URL.Path, res.StatusCode, err, body)
	}
}

// get fetches a path of the site itself.
func (c *caller) get(path string) (int, http.Header, []byte) {
	c.t.Helper()
	target := path
	if u, err := url.Parse(path); err == nil && !u.IsAbs() {
		target = c.url + path
	}
	req, err := http.NewRequest("GET", target, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	req.Header.Set("Accept", "text/html,*/*")
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, res.Header, raw
}

// lessonJSON is what tests read of a lesson.
type lessonJSON struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Status string `json:"status"`
	Media  struct {
		State     string  `json:"state"`
		Fraction  float64 `json:"fraction"`
		Playable  bool    `json:"playable"`
		PackageID string  `json:"packageId"`
		Warning   string  `json:"warning"`
	} `json:"media"`
	Failure *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"failure"`
	Duration   float64 `json:"durationSeconds"`
	Renditions []struct {
		Name      string `json:"name"`
		Bandwidth int    `json:"bandwidth"`
		Bytes     int64  `json:"bytes"`
		Kind      string `json:"kind"`
		URL       string `json:"url"`
	} `json:"renditions"`
	Playback *struct {
		HLS    string `json:"hls"`
		Poster string `json:"poster"`
		Board  string `json:"storyboard"`
	} `json:"playback"`
}

// draft makes a lesson.
func (c *caller) draft(title string) lessonJSON {
	c.t.Helper()
	var l lessonJSON
	c.ok("POST", "/lessons", map[string]any{"title": title, "subject": "toan", "grade": 9, "week": 3}, 201, &l)
	return l
}

// upload sends a file as a browser does: a plan, presigned parts, complete.
func (c *caller) upload(lessonID, path string) lessonJSON {
	c.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	var u struct {
		ID        string
		PartSize  int64
		PartCount int
	}
	c.ok("POST", "/lessons/"+lessonID+"/uploads", map[string]any{"filename": filepath.Base(path), "size": len(raw)}, 201, &u)
	for n := 1; n <= u.PartCount; n++ {
		c.part(u.ID, n, raw[int64(n-1)*u.PartSize:min(int64(n)*u.PartSize, int64(len(raw)))])
	}
	var l lessonJSON
	c.ok("POST", "/uploads/"+u.ID+"/complete", map[string]any{}, 200, &l)
	return l
}

func (c *caller) part(upload string, n int, body []byte) {
	c.t.Helper()
	var ps struct {
		Parts []struct {
			Method, URL string
			Headers     map[string]string
		}
	}
	c.ok("POST", "/uploads/"+upload+"/parts", map[string]any{"numbers": []int{n}}, 200, &ps)
	req, err := http.NewRequest(ps.Parts[0].Method, ps.Parts[0].URL, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range ps.Parts[0].Headers {
		req.Header.Set(k, v)
	}
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	if why, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
		c.t.Fatalf("part %d: %d: %s", n, res.StatusCode, why)
	}
}

// until follows a lesson until done says so.
func (c *caller) until(id string, limit time.Duration, done func(lessonJSON) bool) lessonJSON {
	c.t.Helper()
	end := time.Now().Add(limit)
	for {
		var l lessonJSON
		c.ok("GET", "/lessons/"+id, nil, 200, &l)
		if done(l) {
			return l
		}
		if time.Now().After(end) {
			c.t.Fatalf("lesson still %+v after %v", l.Media, limit)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func settled(l lessonJSON) bool { return l.Media.State == "ready" || l.Media.State == "failed" }

// recording makes a small real recording: a moving test picture and a tone.
func recording(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("ban-ghi-%d.mp4", seconds))
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=640x360:r=25:d=%d", seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}
