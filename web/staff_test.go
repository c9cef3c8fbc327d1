package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/upload"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
	"lenlop/services/worksheet"
	"lenlop/web"
	"lenlop/web/admin"
	"lenlop/web/asset"
	"lenlop/web/department"
	"lenlop/web/locale"
	"lenlop/web/page"
	"lenlop/web/signin"
	"lenlop/web/station"
	"lenlop/web/teacher"
)

// hostile is what somebody might type to break out of a page or a spreadsheet.
const hostile = `=1+1"><script>alert(1)</script>`

var zone = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// office is the staff's side of the site on a real database, with storage and
// uploads played by hand.
type office struct {
	t        *testing.T
	now      time.Time
	db       *sqldb.DB
	people   *people.Service
	captions *caption.Service
	sheets   *worksheet.Service
	lessons  *lesson.Service
	views    *viewership.Service
	playback *playback.Service
	tv       *television.Service
	handler  http.Handler
	files    map[string][]byte
	open     upload.Upload
	health   []admin.Part
	ids      int
}

// files answers Get like storage; nothing else is asked of it here.
type files struct {
	media.Store
	o *office
}

func (f files) Get(_ context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	body, ok := f.o.files[key]
	if !ok {
		return nil, media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	cut := body[r.Offset:]
	if r.Length >= 0 {
		cut = cut[:r.Length]
	}
	return io.NopCloser(bytes.NewReader(cut)), media.Object{Key: key, Size: int64(len(body))}, nil
}

func (f files) Put(_ context.Context, key string, body io.ReadSeeker, size int64,
	_ media.PutOptions) (media.Object, error) {
	raw, err := io.ReadAll(body)
	f.o.files[key] = raw
	return media.Object{Key: key, Size: size}, err
}

func (f files) Delete(_ context.Context, keys ...string) error {
	for _, k := range keys {
		delete(f.o.files, k)
	}
	return nil
}

// uploads answers which upload is open.
type uploads struct{ o *office }

func (u uploads) Current(_ context.Context, by people.Person, lessonID string) (upload.Upload, bool, error) {
	return u.o.open, u.o.open.LessonID == lessonID && u.o.open.PersonID == by.ID, nil
}

// index is told of changes; what it does with them is not these pages' matter.
type index struct{}

func (index) Changed(context.Context, string) error { return nil }

// quiet takes no measure.
type quiet struct{}

func (quiet) Request(string, int, time.Duration) {}
func (quiet) Handler() http.Handler              { return http.NotFoundHandler() }

// streams plays every lesson that has a package.
type streams struct{}

func (streams) Playback(_ context.Context, base string, l lesson.Lesson) (hls, poster string) {
	return base + "/watch/" + l.ID + "/" + l.Media.PackageID + "/master.m3u8", ""
}

func (streams) File(context.Context, string, lesson.Lesson, string) string { return "" }

func (streams) Tracks(context.Context, string, lesson.Lesson) (page.Tracks, error) {
	return page.Tracks{}, nil
}

type probeArgs struct{ Lesson string }

func (probeArgs) Kind() string { return "probe" }

func newOffice(t *testing.T) *office {
	t.Helper()
	ctx := context.Background()
	o := &office{t: t, now: time.Date(2026, 4, 15, 9, 0, 0, 0, zone), files: map[string][]byte{}}
	now := func() time.Time { return o.now }
	newID := func() string { o.ids++; return fmt.Sprintf("id-%04d", o.ids) }
	db, err := sqldb.Open(ctx, filepath.Join(t.TempDir(), "lenlop.db"), now)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	must(t, db.Migrate(ctx))
	o.db = db
	o.people = &people.Service{Store: db.People(), Now: now, NewID: newID, Atomic: db, Audit: db.Audit(),
		Secrets: db.Secrets(), Params: people.Argon{Time: 1, Memory: 8, Threads: 1}}
	o.captions = &caption.Service{Store: db.Captions(), Lessons: db.Lessons(), Media: files{o: o}, Atomic: db,
		Audit: db.Audit(), Index: index{}, Now: now, NewID: newID}
	schools := &school.Service{Store: db.Schools(), Atomic: db, Audit: db.Audit(), Now: now, NewID: newID}
	o.lessons = &lesson.Service{Store: db.Lessons(), Atomic: db, Jobs: db.Jobs(), Audit: db.Audit(), Index: index{},
		Subjects: db.Schools(), People: db.People(), Now: now, NewID: newID,
		ReceivedJobs: func(l lesson.Lesson, _ lesson.Recording) []job.New {
			return []job.New{{Args: probeArgs{l.ID}, Subject: "lesson:" + l.ID}}
		},
		PublishJob: func(l lesson.Lesson) job.New { return job.New{Args: probeArgs{l.ID}, Subject: "lesson:" + l.ID} }}
	o.lessons.Histories, o.lessons.Settings, o.lessons.Schools = db.Steps(), db, db.Schools()
	o.sheets = worksheet.New(worksheet.Service{Store: db.Worksheets(), Lessons: db.Lessons(),
		MarkForRereview: o.lessons.MarkForRereview, Media: files{o: o}, Atomic: db, Audit: db.Audit(),
		Now: now, NewID: newID})
	o.lessons.Worksheets = o.sheets
	plan := &schedule.Service{Store: db.Schedule(), Lessons: db.Lessons(), WeekRules: db.WeekRules(), Atomic: db,
		Audit: db.Audit(), Now: now, NewID: newID}
	o.wireViewing(t, db, zone, now, newID)
	o.health = []admin.Part{{Name: "database", Note: "SQLite"}}
	must(t, db.Schools().SaveSchool(ctx,
		school.School{ID: "s1", Code: "TH01", Name: "Trường Bản Mẫu", Level: school.Primary}))
	must(t, db.Schools().SaveSchool(ctx,
		school.School{ID: "s2", Code: "TH02", Name: "Trường Suối Trong", Level: school.Primary}))
	for _, p := range []struct {
		id, school string
		role       people.Role
	}{{"lan", "s1", people.Teacher}, {"mai", "s2", people.Teacher}, {"hieu", "s1", people.Head},
		{"so", "", people.Reviewer},
		{"dai", "", people.Station}, {"quan", "", people.Admin}, {"em", "s1", people.Student}} {
		hash, err := people.HashPassword("mat-khau-"+p.id, o.people.Params)
		must(t, err)
		must(t, db.People().SavePerson(ctx,
			people.Person{ID: p.id, Username: p.id, Name: "Người " + p.id, Active: true, PasswordHash: hash,
				Grants: []people.Grant{{Role: p.role, School: p.school}}}))
	}
	book, err := locale.NewBook(zone)
	must(t, err)
	assets, err := asset.Load()
	must(t, err)
	site := web.Site{
		Authenticator: signin.New(signin.Authenticator{People: o.people, Book: book,
			Limits: signin.NewLimits(&limit.Counter{Clock: now})}), Book: book, Assets: assets,
		Log: slog.New(slog.DiscardHandler), Metrics: quiet{},
		Handlers: web.Handlers{
			Teacher: teacher.Handler{RollCalls: o.tv, Viewing: o.views, Sheets: sheet.Write, Zone: zone,
				Lessons: o.lessons, Uploads: uploads{o}, Schools: db.Schools(), People: db.People(), Media: files{o: o},
				Captions: o.captions, Worksheets: o.sheets, Streams: streams{}, Now: now},
			Station: station.Handler{Schedule: plan,
				Copies: &production.Copies{Store: db.Copies(), Lessons: db.Lessons()}, Lessons: o.lessons,
				Figures: o.tv, Views: o.views, Schools: db.Schools(), People: db.People(), Now: now, Zone: zone},
			Department: department.Handler{Lessons: o.lessons, Views: o.views, Reports: o.views, Flags: o.playback,
				Draws: o.tv, Channels: db.Schedule(), Classes: db.Classes(), Sheets: sheet.Write, Worksheets: o.sheets,
				Schools: db.Schools(), People: db.People(),
				Streams: streams{}, Now: now, Zone: zone},
			Admin: admin.Handler{People: o.people, Finder: db.People(), Schools: schools, Queue: db.Jobs(), Atomic: db,
				Audit:  db.Audit(),
				Health: func(context.Context) []admin.Part { return o.health }, Now: now, NewID: newID},
		},
	}
	o.handler, err = web.New(site)
	must(t, err)
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// desk is one person at a browser.
type desk struct {
	o      *office
	cookie string
	lang   string
}

// at signs a person in; "" is nobody.
func (o *office) at(username string) desk {
	o.t.Helper()
	if username == "" {
		return desk{o: o}
	}
	secret, _, _, err := o.people.SignIn(context.Background(), username, "mat-khau-"+username, people.Browser, "test")
	must(o.t, err)
	return desk{o: o, cookie: secret}
}

func (d desk) send(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://lop.test"+path, body)
	r.Header.Set("Accept", "text/html")
	if d.lang != "" {
		r.Header.Set("Accept-Language", d.lang)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if d.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "lenlop", Value: d.cookie})
	}
	w := httptest.NewRecorder()
	d.o.handler.ServeHTTP(w, r)
	return w
}

// untold finds a key that has no sentence.
var untold = regexp.MustCompile(`\[[a-z]+\.[A-Za-z_.]+\]`)

// page asks for an address and wants a status; what no page may hold fails.
func (d desk) page(path string, status int) string {
	d.o.t.Helper()
	return d.whole(d.send("GET", path, nil), path, status)
}

// post sends a form and wants a status.
func (d desk) post(path string, status int, kv ...string) string {
	d.o.t.Helper()
	return d.whole(d.send("POST", path, values(kv)), path, status)
}

// done sends a form and wants to be sent on; it gives the address.
func (d desk) done(path string, kv ...string) string {
	d.o.t.Helper()
	w := d.send("POST", path, values(kv))
	if w.Code != http.StatusSeeOther {
		d.o.t.Fatalf("POST %s = %d, want 303; %s", path, w.Code, wordsOf(w.Body.String()))
	}
	return w.Header().Get("Location")
}

func (d desk) whole(w *httptest.ResponseRecorder, path string, status int) string {
	d.o.t.Helper()
	body := w.Body.String()
	if w.Code != status {
		d.o.t.Fatalf("%s = %d, want %d; %s", path, w.Code, status, wordsOf(body))
	}
	if k := untold.FindString(body); k != "" {
		d.o.t.Errorf("%s: no sentence for %s", path, k)
	}
	if strings.Contains(body, "<script>alert") {
		d.o.t.Errorf("%s: typed markup reached the page", path)
	}
	return body
}

func values(kv []string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		f.Set(kv[i], kv[i+1])
	}
	return f
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

func wordsOf(html string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(html, " ")), " ")
}

// has wants every piece of text on a page.
func has(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) && !strings.Contains(wordsOf(body), w) {
			t.Errorf("page does not say %q: %.1500s", w, wordsOf(body))
		}
	}
}

// lacks wants none of the pieces of text on a page.
func lacks(t *testing.T, body string, unwanted ...string) {
	t.Helper()
	for _, w := range unwanted {
		if strings.Contains(body, w) || strings.Contains(wordsOf(body), w) {
			t.Errorf("page says %q", w)
		}
	}
}

func (o *office) person(id string) people.Person {
	o.t.Helper()
	p, err := o.db.People().Person(context.Background(), id)
	must(o.t, err)
	return p
}

// draft makes a lesson of a teacher.
func (o *office) draft(id, title string) lesson.Lesson {
	o.t.Helper()
	subject, grade := "toan", 4
	l, err := o.lessons.Draft(context.Background(), o.person(id), "",
		lesson.Text{Title: &title, Subject: &subject, Grade: &grade})
	must(o.t, err)
	return l
}

// receive brings a recording in.
func (o *office) receive(id string, l lesson.Lesson, name string, body []byte) lesson.Recording {
	o.t.Helper()
	r := lesson.Recording{ID: "rec-" + l.ID, LessonID: l.ID, Key: "lessons/" + l.ID + "/recordings/r", Filename: name,
		Size: int64(len(body)), ReceivedAt: o.now}
	o.files[r.Key] = body
	_, err := o.lessons.Receive(context.Background(), o.person(id), r)
	must(o.t, err)
	return r
}

// ready makes a lesson whose recording is prepared.
func (o *office) ready(id, title string) lesson.Lesson {
	o.t.Helper()
	ctx := context.Background()
	l := o.draft(id, title)
	r := o.receive(id, l, "bai.mp4", []byte("bản ghi"))
	must(o.t, o.lessons.Process(ctx, l.ID, r.ID, "pkg-"+l.ID, ""))
	must(o.t, o.lessons.Finish(ctx, l.ID, r.ID, "pkg-"+l.ID, 1500,
		[]lesson.Rendition{{Name: "360p", Kind: "video", Width: 640, Height: 360, Bytes: 9e6}}))
	return l
}

// published makes a lesson that students find.
func (o *office) published(id, title string) lesson.Lesson {
	o.t.Helper()
	ctx := context.Background()
	l := o.ready(id, title)
	_, err := o.lessons.Submit(ctx, o.person(id), l.ID)
	must(o.t, err)
	l, err = o.lessons.Approve(ctx, o.person("so"), l.ID, time.Time{})
	must(o.t, err)
	return l
}

var errBroken = errors.New("ổ đĩa đầy")
