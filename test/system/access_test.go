package system

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lenlop/cmd/lenlop/app"
	"lenlop/test/system/harness"
	"lenlop/web"
	"lenlop/web/api"
	"lenlop/web/page"
	"lenlop/web/signin"
)

// accessPage is the access matrix as people read it. The test's expectations
// come from it and from nowhere else: a mistake in the policy shows as a
// difference to this page.
const accessPage = "docs/access.md"

// columns of the matrix in their order, with the account that stands for each.
var columns = []struct{ title, account string }{
	{"anonymous", ""},
	{"student", "hoc-sinh"},
	{"teacher, own", "giao-vien"},
	{"teacher, same school", "dong-nghiep"},
	{"teacher, other school", "giao-vien-2"},
	{"head, same school", "hieu-truong"},
	{"head, other school", "hieu-truong-2"},
	{"reviewer", "chuyen-vien"},
	{"station", "dai"},
	{"admin", "quan-tri"},
	{"deactivated", "nghi-viec"},
}

// accessRow is one line of the matrix.
type accessRow struct {
	method, path, object, action string
	allowed                      []bool // by column
}

func (r accessRow) route() string { return r.method + " " + r.path }

// readMatrix reads the tables of the page.
func readMatrix(t *testing.T) []accessRow {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(harness.Root(t), accessPage))
	if err != nil {
		t.Fatal(err)
	}
	var rows []accessRow
	for n, line := range strings.Split(string(raw), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "-") {
			continue
		}
		if len(cells) != 4+len(columns) {
			t.Fatalf("%s:%d: %d cells, want %d", accessPage, n+1, len(cells), 4+len(columns))
		}
		if cells[0] == "method" {
			for i, c := range columns {
				if cells[4+i] != c.title {
					t.Fatalf("%s:%d: column %q, want %q", accessPage, n+1, cells[4+i], c.title)
				}
			}
			continue
		}
		r := accessRow{method: cells[0], path: cells[1], object: cells[2], action: cells[3]}
		for i, c := range cells[4:] {
			if c != "yes" && c != "no" {
				t.Fatalf("%s:%d: %s for %s, want yes or no", accessPage, n+1, c, columns[i].title)
			}
			r.allowed = append(r.allowed, c == "yes")
		}
		rows = append(rows, r)
	}
	return rows
}

// served is the router's own list.
func (h *testSystem) served() []page.Route {
	auth := signin.New(signin.Authenticator{People: h.App.People, Book: h.App.Locales,
		Limits: signin.NewLimits(h.App.Limits)})
	return web.Site{Authenticator: auth, Handlers: h.App.Handlers(auth, nil)}.Routes()
}

// outside makes the product believe X-Forwarded-For from here, so that callers
// can come from addresses that are not this machine's.
func outside(f *app.Settings) { f.TrustedProxies = []string{"127.0.0.1"} }

// TestAccessMatrix sends every route's request as every role and holds what
// happens against docs/access.md; refused requests must have changed nothing.
func TestAccessMatrix(t *testing.T) {
	h := start(t, outside)
	rows := readMatrix(t)
	byRoute := map[string]page.Route{}
	for _, r := range h.served() {
		byRoute[r.Method+" "+r.Path] = r
	}
	listed := map[string]bool{}
	for _, r := range rows {
		listed[r.route()] = true
		switch served, ok := byRoute[r.route()]; {
		case !ok:
			t.Errorf("%s lists %s, which is not served", accessPage, r.route())
		case string(served.Action) != r.action:
			t.Errorf("%s says %s is %s; it is %s", accessPage, r.route(), r.action, served.Action)
		}
	}
	for route, r := range byRoute {
		if !listed[route] {
			t.Errorf("%s (%s) is missing from %s", route, r.Action, accessPage)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	w := newWorld(h)
	for _, r := range rows {
		var q asked
		made := false
		for i, c := range columns {
			if !made {
				var err error
				if q, err = w.request(r); err != nil {
					t.Fatalf("%s %s: %v", r.route(), r.object, err)
				}
			}
			clean := w.try(t, r, q, c.title, c.account, r.allowed[i])
			// What was refused and changed nothing, or only looked, serves the
			// next one too: making objects is what takes time here.
			made = clean && (!r.allowed[i] || r.method == "GET" || r.method == "HEAD") && q.as == nil && !q.spends
		}
	}
	t.Logf("%d rows, %d requests", len(rows), w.sent)
}

// try sends one request of the matrix; clean says that nothing was amiss.
func (w *world) try(t *testing.T, r accessRow, q asked, column, account string, allowed bool) (clean bool) {
	t.Helper()
	failed := t.Failed()
	before := w.facts(q)
	kinds := []string{"cookie"}
	if strings.HasPrefix(r.path, api.Base) {
		kinds = []string{"bearer"}
	}
	if column == "deactivated" {
		// An old cookie makes an anonymous visitor; an old token is refused
		// whatever it asks for.
		kinds = []string{"bearer", "cookie"}
	}
	for _, kind := range kinds {
		want := allowed && (column != "deactivated" || kind == "cookie")
		status, body := w.send(account, kind, q)
		switch {
		case want && (status < 200 || status >= 400):
			t.Errorf("%s %s as %s (%s): %d, and should be allowed: %s", r.route(), r.object, column, kind, status,
				harness.Brief(body))
		case !want && status != 401 && status != 403 && status != 404:
			t.Errorf("%s %s as %s (%s): %d, and should be refused", r.route(), r.object, column, kind, status)
		}
		if after := w.facts(q); !want && after != before {
			t.Errorf("%s %s as %s (%s) was refused and changed\n%s\nto\n%s", r.route(), r.object, column, kind,
				before, after)
		}
	}
	return t.Failed() == failed
}

// TestEitherCredential: a cookie and a token give the same access.
func TestEitherCredential(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	for _, r := range readMatrix(t) {
		if r.method != "GET" || strings.HasSuffix(r.path, "/events") || strings.Contains(r.path, "/watch/") {
			continue
		}
		q, err := w.request(r) // looking changes nothing: one object for all
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range columns[:len(columns)-1] {
			for _, kind := range []string{"bearer", "cookie"} {
				if status, _ := w.send(c.account, kind, q); (status < 400) != r.allowed[i] {
					t.Errorf("%s %s as %s with a %s: %d", r.route(), r.object, c.title, kind, status)
				}
			}
		}
	}
}

// TestForgedRequests: a form on another site cannot use somebody's cookie on
// any route that changes something; a script's token is not sent by browsers
// and so needs no such protection.
func TestForgedRequests(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	for _, r := range readMatrix(t) {
		if r.method == "GET" || r.method == "HEAD" || r.method == "OPTIONS" {
			continue
		}
		i := slices.Index(r.allowed[1:10], true) + 1
		account := columns[i].account
		var q asked
		clean := false
		for _, forged := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://ke-xau.example"}},
			{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://khac.truong.example"}},
			{"Origin": {"https://ke-xau.example"}},
			{"Origin": {"null"}},
		} {
			if !clean { // what was refused and changed nothing serves the next one, too
				var err error
				if q, err = w.request(r); err != nil {
					t.Fatal(err)
				}
			}
			own := q.header
			q.header = withHeader(own, forged)
			before := w.facts(q)
			clean = true
			if status, body := w.send(account, "cookie", q); status != 403 ||
				!strings.Contains(string(body), "request.cross_origin") {
				t.Errorf("%s %s forged with %v: %d %s", r.route(), r.object, forged, status, harness.Brief(body))
				clean = false
			}
			if w.facts(q) != before {
				t.Errorf("%s %s forged with %v changed something", r.route(), r.object, forged)
				clean = false
			}
			q.header = own
		}
		q, err := w.request(r)
		if err != nil {
			t.Fatal(err)
		}
		q.header = withHeader(q.header,
			http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://ke-xau.example"}})
		if status, body := w.send(account, "bearer", q); status >= 400 {
			t.Errorf("%s %s with a token from another origin: %d %s", r.route(), r.object, status, harness.Brief(body))
		}
	}
}

// withHeader adds a request's own head to another.
func withHeader(own, more http.Header) http.Header {
	all := more.Clone()
	maps.Copy(all, own)
	return all
}
