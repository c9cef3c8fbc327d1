package system

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/sqldb"
	"lenlop/test/longtest"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// maxQueries is how many statements one request of a public route may send to
// the database, however large the catalogue is.
const maxQueries = 10

// ofStudents is what may come on top for somebody signed in, by route: what a
// student has of a lesson besides the session (their class, the questions of the
// lesson and their own, their place, their report).
var ofStudents = map[string]int{"/lessons/:lesson": 7}

// TestQueriesPerPage requests every GET route that an anonymous visitor may use,
// and the same ones as a student, on a catalogue in which one query for each
// item would show. The routes come from the access matrix, which holds every
// route that is served (TestAccessMatrix).
func TestQueriesPerPage(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { countQueries(t, nil) })
	if !longtest.Enabled {
		return // the statements are the same ones
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		endpoint, dsn := harness.S3Server(t), pgtest.Postgres(t)
		countQueries(t, func(f *app.Settings) {
			f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = dsn, endpoint, "examaccess", "examsecret"
		})
	})
}

// pageVisitor is who opens a page, and what the browser sends of earlier visits.
type pageVisitor struct {
	name    string
	cookies map[string]string
}

func countQueries(t *testing.T, change func(*app.Settings)) {
	h := start(t, change)
	w := newWorld(h)
	c := newBusyCatalogue(w)
	visitors := c.visitors()
	var table strings.Builder
	routes := 0
	for _, r := range readMatrix(t) {
		if r.method != http.MethodGet || !r.allowed[0] {
			continue
		}
		routes++
		for _, path := range c.addresses(r) {
			fmt.Fprintf(&table, "\n%-70s", strings.ReplaceAll(path, c.lesson, ":lesson"))
			for _, v := range visitors {
				sent := c.visit(path, v)
				fmt.Fprintf(&table, " %s %d", v.name, len(sent))
				most := maxQueries
				if v.name == "student" {
					most += ofStudents[r.path]
				}
				if len(sent) > most {
					t.Errorf("%s as %s: %d queries, at most %d:\n%s", path, v.name, len(sent), most, shorten(sent))
				}
			}
		}
	}
	t.Logf("%d routes%s", routes, table.String())
}

// shorten gives one line to each statement.
func shorten(statements []string) string {
	var b strings.Builder
	for _, s := range statements {
		s = strings.Join(strings.Fields(s), " ")
		if from := strings.Index(s, " FROM "); from > 80 {
			s = s[:60] + " ..." + s[from:]
		}
		fmt.Fprintf(&b, "\t%.200s\n", s)
	}
	return b.String()
}

// visitors: somebody for the first time, somebody with a grade and lessons
// opened before, and a student of a class.
func (c *busyCatalogue) visitors() []pageVisitor {
	device := must[string](c.w.h.T)(c.w.h.App.Playback.Device(""))
	before := map[string]string{"grade": "9", "nguoi-xem": device, "recent": strings.Join(c.opened, ".")}
	student := map[string]string{"lenlop": c.w.cookies["hoc-sinh"], "nguoi-xem": device}
	return []pageVisitor{{"new", nil}, {"returning", before}, {"student", student}}
}

// variants are more addresses of a route than its plain one.
var variants = map[string][]string{
	"/search": {"?q=ham+so", "?q=hma+soo+bac+nhat",
		"?q=toan+9&grade=9&subject=toan&week=10&language=vi&school=s1", "?grade=9",
		"?q=loi+noi", "?q=khong+co+gi+het"},
	"/tv/week":                        {"?grade=each", "?grade=9"},
	"/tv/reminders":                   {"?grade=9"},
	"/tv/code":                        {"?code=ABC"},
	"/notices":                        {"?before="},
	api.Base + "/lessons":             {"?limit=100"},
	api.Base + "/search":              {"?q=ham+so", "?q=hma+soo+bac+nhat", "?q=loi+noi&grade=9"},
	api.Base + "/suggest":             {"?q=ha", "?q=hma+s"},
	"/api/v1/channels/:channel/xmltv": {"?from=2026-01-01"},
}

// addresses are those of a route, on the busiest objects there are.
func (c *busyCatalogue) addresses(r accessRow) []string {
	path := r.path
	for name, id := range c.known {
		path = strings.ReplaceAll(path, ":"+name, id)
	}
	if r.object == "published" || !strings.Contains(r.path, ":lesson") {
		path = strings.ReplaceAll(path, ":lesson", c.lesson)
	}
	if strings.ContainsAny(path, ":*") {
		q, err := c.w.request(r)
		if err != nil {
			c.w.h.T.Fatalf("%s: %v", r.route(), err)
		}
		path = q.path
	}
	if r.path == "/reset" {
		path += "?token=" + c.w.reset() // another one has replaced that of before
	}
	list := []string{path}
	for _, v := range variants[r.path] {
		list = append(list, path+v)
	}
	return list
}

// visit opens an address and gives the statements that it took.
func (c *busyCatalogue) visit(path string, v pageVisitor) []string {
	t := c.w.h.T
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx, queries := sqldb.WithQueries(ctx)
	req := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
	req.Header.Set("Accept", "text/html,*/*")
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := &firstWrite{httptest.NewRecorder(), strings.HasSuffix(path, "/events"), cancel}
	c.w.h.Site.ServeHTTP(rec, req)
	if rec.Code >= http.StatusBadRequest {
		t.Errorf("%s as %s: %d %s", path, v.name, rec.Code, harness.Brief(rec.Body.Bytes()))
	}
	return queries.List()
}

// firstWrite ends an event stream with its first event.
type firstWrite struct {
	*httptest.ResponseRecorder
	stream bool
	end    func()
}

func (f *firstWrite) Write(b []byte) (int, error) {
	if f.stream {
		defer f.end()
	}
	return f.ResponseRecorder.Write(b)
}
