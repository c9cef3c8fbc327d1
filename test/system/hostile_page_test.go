package system

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lenlop/test/system/harness"
	"lenlop/web/api"
	"lenlop/web/asset"
)

// TestSecurityHeaders looks at one answer of every kind.
func TestSecurityHeaders(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	l := w.playing("published")
	assets, err := asset.Load()
	if err != nil {
		t.Fatal(err)
	}
	page := http.Header{"Accept": {"text/html"}}
	for _, c := range []struct {
		kind, method, path string
		header             http.Header
		status             int
	}{
		{"page", "GET", "/", page, 200},
		{"error page", "GET", "/khong-co", page, 404},
		{"API", "GET", api.Base + "/subjects", nil, 200},
		{"problem", "GET", api.Base + "/me", nil, 401},
		{"refused token", "GET", "/", http.Header{"Authorization": {"Bearer gia"}}, 401},
		{"forged", "POST", "/signout", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"redirect", "POST", "/grade", nil, 303},
		{"redirect of the mux", "GET", "//tv", nil, 0},
		{"asset", "GET", assets.URL("site.css"), nil, 200},
		{"missing asset", "GET", "/assets/khong-co.js", nil, 404},
		{"playlist", "GET", "/watch/" + l.ID + "/" + l.Media.PackageID + "/master.m3u8", nil, 200},
		{"poster", "GET", "/watch/" + l.ID + "/" + l.Media.PackageID + "/poster.jpg", nil, 200},
		{"stream's refusal", "GET", "/watch/x/y/master.m3u8", nil, 404},
		{"storage's refusal", "GET", "/lenlop/x", nil, 403},
		{"health", "GET", "/healthz", nil, 200},
		{"metrics", "GET", "/metrics", nil, 200},
		{"recording", "GET", "/teacher/lessons/" + l.ID + "/recording",
			http.Header{"Authorization": {"Bearer " + w.tokens["giao-vien"]}}, 200},
	} {
		res, _ := h.raw(c.method, c.path, "", c.header)
		if c.status != 0 && res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.kind, res.StatusCode, c.status)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy":            "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Permissions-Policy":         "camera=(), microphone=(), geolocation=()"} {
			if got := res.Header[http.CanonicalHeaderKey(name)]; len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q", c.kind, name, got)
			}
		}
		csp := res.Header["Content-Security-Policy"]
		if len(csp) != 1 || !strings.Contains(csp[0], "default-src 'none'") || strings.Contains(csp[0], "unsafe") ||
			strings.Contains(csp[0], "*") {
			t.Errorf("%s: Content-Security-Policy %q", c.kind, csp)
		}
		for _, name := range []string{"Server", "X-Powered-By"} {
			if got := res.Header.Get(name); got != "" {
				t.Errorf("%s: tells %s %q", c.kind, name, got)
			}
		}
	}
}

// TestNothingInline parses every page that each role may see: no script, style
// or handler stands in the page itself, and nothing comes from another site.
func TestNothingInline(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	pages := 0
	for _, r := range readMatrix(t) {
		if r.method != "GET" || strings.Contains(r.path, "/watch/") || strings.HasSuffix(r.path, "/events") {
			continue
		}
		q, err := w.request(r)
		if err != nil {
			t.Fatal(err)
		}
		q.header = http.Header{"Accept": {"text/html"}}
		for i, c := range columns[:len(columns)-1] {
			status, body := w.send(c.account, "cookie", q)
			if !strings.HasPrefix(string(body), "<!doctype html>") {
				if r.allowed[i] && !strings.HasPrefix(r.path, api.Base) && strings.Contains(string(body), "<html") {
					t.Errorf("%s: a page without doctype", r.path)
				}
				continue
			}
			pages++
			for _, why := range inline(t, body) {
				t.Errorf("%s as %s (%d): %s", r.path, c.title, status, why)
			}
		}
	}
	if pages < 300 {
		t.Errorf("only %d pages were looked at", pages)
	}
}

// inline says what in a page the content security policy would refuse, or
// would send a child's browser elsewhere.
func inline(t *testing.T, body []byte) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	var bad []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
				bad = append(bad, fmt.Sprintf("<%s %s=%q>", n.Data, a.Key, a.Val))
			}
			if n.Data == "link" && a.Key == "href" &&
				slices.Contains(n.Attr, html.Attribute{Key: "rel", Val: "canonical"}) {
				continue // names the page itself, and is not fetched
			}
			if n.Data == "img" && a.Key == "src" && strings.HasPrefix(a.Val, "data:image/png;base64,") {
				continue // a QR code that only this page may show; fetched from nowhere
			}
			if a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction" || a.Key == "poster" ||
				a.Key == "data" {
				if u, err := url.Parse(strings.TrimSpace(a.Val)); err != nil || u.Scheme != "" || u.Host != "" {
					bad = append(bad, fmt.Sprintf("<%s %s=%q> leads out of the site", n.Data, a.Key, a.Val))
				}
			}
		}
		switch n.Data {
		case "style", "iframe", "object", "embed", "base":
			bad = append(bad, "<"+n.Data+">")
		case "script":
			if at["src"] == "" && at["type"] != "application/json" {
				bad = append(bad, "a script in the page")
			}
		}
	}
	return bad
}

// TestHostileBodies: what is too large, too deep or no JSON at all is answered
// with a problem document of the right status.
func TestHostileBodies(t *testing.T) {
	h := start(t, nil)
	teacher := h.As("giao-vien")
	l := teacher.Draft("Không đổi")
	deep := strings.Repeat(`{"title":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	for name, c := range map[string]struct {
		body, kind string
		status     int
	}{
		"two megabytes": {`{"title":"` + strings.Repeat("x", 2<<20) + `"}`, jsonType, 413},
		"deep":          {deep, jsonType, 400},
		"deep array":    {strings.Repeat("[", 500_000), jsonType, 400},
		"no JSON":       {"title=x&subject=toan", formType, 400},
		"XML": {`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`,
			"application/xml", 400},
		"two values": {`{"title":"a"}{"title":"b"}`, jsonType, 400},
		"multipart": {"--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na\r\n--x--",
			"multipart/form-data; boundary=x", 400},
		"NUL":                  {"\x00\x00", jsonType, 400},
		"a huge number":        {`{"grade":1e400}`, jsonType, 400},
		"a number past int":    {`{"grade":99999999999999999999}`, jsonType, 400},
		"a list for an object": {`[]`, jsonType, 400},
		"UTF-16":               {"\xff\xfe{\x00}\x00", jsonType, 400},
	} {
		for _, call := range [][2]string{{"POST", "/lessons"}, {"PATCH", "/lessons/" + l.ID}, {"POST", "/tokens"},
			{"POST", "/heartbeats"}} {
			if call[1] == "/heartbeats" && name == "a list for an object" || name[0] == 'a' &&
				!strings.HasPrefix(call[1], "/lessons") {
				continue
			}
			want := c.status
			if call[1] == "/heartbeats" && len(c.body) > 64<<10 { // a browser's limit there
				want = 413
			}
			res, raw := h.raw(call[0], api.Base+call[1], c.body,
				http.Header{"Content-Type": {c.kind}, "Authorization": {"Bearer " + teacher.Token}})
			var p struct {
				Status       int
				Code, Detail string
			}
			if res.StatusCode != want || res.Header.Get("Content-Type") != "application/problem+json" ||
				json.Unmarshal(raw, &p) != nil || p.Status != want || p.Detail == "" {
				t.Errorf("%s to %s %s: %d %s", name, call[0], call[1], res.StatusCode, harness.Brief(raw))
			}
		}
	}
	// Forms of pages have a limit too.
	big := url.Values{"title": {"x"}, "description": {strings.Repeat("x", 2<<20)}}.Encode()
	res, _ := h.raw("POST", "/teacher/lessons/"+l.ID+"/save", big,
		http.Header{"Content-Type": {formType}, "Authorization": {"Bearer " + teacher.Token}})
	if res.StatusCode != 413 {
		t.Errorf("a form of 2 MB: %d", res.StatusCode)
	}
	var again harness.Lesson
	teacher.OK("GET", "/lessons/"+l.ID, nil, 200, &again)
	if again.Title != "Không đổi" {
		t.Errorf("changed to %.40q", again.Title)
	}
}
