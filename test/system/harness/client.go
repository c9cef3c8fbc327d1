package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"

	"lenlop/web/api"
)

// Caller is one person's client. It checks every answer of the API against
// the OpenAPI document.
type Caller struct {
	*System
	Name   string // "" for an anonymous visitor
	Token  string
	Client *http.Client
}

// As signs in over the API; "" is the anonymous visitor.
func (h *System) As(name string) *Caller {
	h.T.Helper()
	jar, _ := cookiejar.New(nil)
	c := &Caller{System: h, Name: name, Client: &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if name != "" {
		var out struct{ Token string }
		c.OK("POST", "/tokens", map[string]any{"username": name, "password": Password}, 201, &out)
		c.Token = out.Token
	}
	return c
}

// OK calls and wants a status; the answer goes into out.
func (c *Caller) OK(method, path string, in any, want int, out any) {
	c.T.Helper()
	status, body := c.Call(method, path, in, nil)
	if status != want {
		c.T.Fatalf("%s: %s %s: %d, want %d: %s", c.Name, method, path, status, want, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			c.T.Fatalf("%s %s: %v: %s", method, path, err, body)
		}
	}
}

// Refused calls and wants a problem document with a status and a code.
func (c *Caller) Refused(method, path string, in any, want int, code string) map[string]any {
	c.T.Helper()
	status, body := c.Call(method, path, in, nil)
	var p map[string]any
	if err := json.Unmarshal(body, &p); err != nil {
		c.T.Fatalf("%s %s: not a problem document: %s", method, path, body)
	}
	if status != want || p["code"] != code {
		c.T.Fatalf("%s: %s %s: %d %v, want %d %s: %s", c.Name, method, path, status, p["code"], want, code, body)
	}
	if d, _ := p["detail"].(string); d == "" || strings.HasPrefix(d, "[") {
		c.T.Errorf("%s %s: no sentence for %v: %q", method, path, p["code"], d)
	}
	return p
}

// Call calls the API and gives the status and the body.
func (c *Caller) Call(method, path string, in any, header http.Header) (int, []byte) {
	c.T.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		raw, err := json.Marshal(in)
		if err != nil {
			c.T.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.URL+api.Base+path, body)
	if err != nil {
		c.T.Fatal(err)
	}
	maps.Copy(req.Header, header)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.Client.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	c.documented(req, res, raw)
	return res.StatusCode, raw
}

// documented holds an answer against the OpenAPI document.
func (c *Caller) documented(req *http.Request, res *http.Response, body []byte) {
	c.T.Helper()
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		if res.StatusCode != http.StatusNotFound {
			c.T.Errorf("%s %s is served and not documented: %v", req.Method, req.URL.Path, err)
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
		c.T.Errorf("%s %s: %d is not as documented: %v\n%s", req.Method, req.URL.Path, res.StatusCode, err, body)
	}
}

// Get fetches a path of the site itself.
func (c *Caller) Get(path string) (int, http.Header, []byte) {
	c.T.Helper()
	target := path
	if u, err := url.Parse(path); err == nil && !u.IsAbs() {
		target = c.URL + path
	}
	req, err := http.NewRequest("GET", target, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	req.Header.Set("Accept", "text/html,*/*")
	res, err := c.Client.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	return res.StatusCode, res.Header, raw
}

// Lesson is what tests read of a lesson.
type Lesson struct {
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

// Draft makes a lesson.
func (c *Caller) Draft(title string) Lesson {
	c.T.Helper()
	var l Lesson
	c.OK("POST", "/lessons", map[string]any{"title": title, "subject": "toan", "grade": 9, "week": 3}, 201, &l)
	return l
}

// Upload sends a file as a browser does: a plan, presigned parts, complete.
func (c *Caller) Upload(lessonID, path string) Lesson {
	c.T.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		c.T.Fatal(err)
	}
	var u struct {
		ID        string
		PartSize  int64
		PartCount int
	}
	c.OK("POST", "/lessons/"+lessonID+"/uploads", map[string]any{"filename": filepath.Base(path), "size": len(raw)},
		201, &u)
	for n := 1; n <= u.PartCount; n++ {
		c.Part(u.ID, n, raw[int64(n-1)*u.PartSize:min(int64(n)*u.PartSize, int64(len(raw)))])
	}
	var l Lesson
	c.OK("POST", "/uploads/"+u.ID+"/complete", map[string]any{}, 200, &l)
	return l
}

// Part sends one part of an upload to storage.
func (c *Caller) Part(upload string, n int, body []byte) {
	c.T.Helper()
	var ps struct {
		Parts []struct {
			Method, URL string
			Headers     map[string]string
		}
	}
	c.OK("POST", "/uploads/"+upload+"/parts", map[string]any{"numbers": []int{n}}, 200, &ps)
	req, err := http.NewRequest(ps.Parts[0].Method, ps.Parts[0].URL, bytes.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	for k, v := range ps.Parts[0].Headers {
		req.Header.Set(k, v)
	}
	res, err := c.Client.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	if why, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
		c.T.Fatalf("part %d: %d: %s", n, res.StatusCode, why)
	}
}

// Until follows a lesson until done says so.
func (c *Caller) Until(id string, limit time.Duration, done func(Lesson) bool) Lesson {
	c.T.Helper()
	end := time.Now().Add(limit)
	for {
		var l Lesson
		c.OK("GET", "/lessons/"+id, nil, 200, &l)
		if done(l) {
			return l
		}
		if time.Now().After(end) {
			c.T.Fatalf("lesson still %+v after %v", l.Media, limit)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Settled reports whether a recording is ready or failed.
func Settled(l Lesson) bool { return l.Media.State == "ready" || l.Media.State == "failed" }

// Recording makes a small real recording: a moving test picture and a tone.
func Recording(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("ban-ghi-%d.mp4", seconds))
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
		fmt.Sprintf("testsrc2=s=640x360:r=25:d=%d", seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest",
		path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

// Brief is the beginning of a body, for messages.
func Brief(b []byte) string {
	if len(b) > 300 {
		b = b[:300]
	}
	return string(b)
}
