package student

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/web/asset"
	"lenlop/web/locale"
	"lenlop/web/page"
)

var zone = time.FixedZone("+07", 7*60*60)

// now is a Friday afternoon at school.
var now = time.Date(2026, 11, 20, 14, 0, 0, 0, zone)

// streams plays every lesson that plays.
type streams struct{}

func (streams) Playback(_ context.Context, base string, l lesson.Lesson) (hls, poster string) {
	return base + "/watch/" + l.ID + "/p1/master.m3u8", base + "/watch/" + l.ID + "/p1/poster.jpg"
}

func (streams) File(_ context.Context, base string, l lesson.Lesson, name string) string {
	if l.File(name) == "" {
		return ""
	}
	return base + "/watch/" + l.ID + "/p1/" + l.File(name)
}

func (streams) Tracks(context.Context, string, lesson.Lesson) (page.Tracks, error) {
	return page.Tracks{}, nil
}

const hostile = `<script>alert(1)</script>"'>`

// town is everything that the pages of these tests can find.
type town struct {
	lessons  map[string]lesson.Lesson
	entries  []catalog.Entry
	asked    []catalog.Query
	found    *catalog.Result // instead of a search over entries
	airings  []schedule.Airing
	channels []schedule.Channel
	broken   error // what the catalogue answers
	marks    marks
	embed    string
}

func (t *town) Search(_ context.Context, q catalog.Query) (catalog.Result, error) {
	t.asked = append(t.asked, q)
	if t.broken != nil {
		return catalog.Result{}, t.broken
	}
	if t.found != nil {
		return *t.found, nil
	}
	r := catalog.Result{Facets: catalog.Facets{Subject: map[string]int{}, Grade: map[int]int{}, Week: map[int]int{}}}
	for _, e := range t.entries {
		if q.Grade > 0 && e.Grade != q.Grade {
			continue
		}
		r.Facets.Subject[e.Subject]++
		if q.Subject != "" && e.Subject != q.Subject {
			continue
		}
		r.EstimatedTotal++
		if len(r.Hits) < q.Limit {
			r.Hits = append(r.Hits, catalog.Hit{Entry: e})
		}
	}
	return r, nil
}

func (t *town) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	if l, ok := t.lessons[id]; ok {
		return l, nil
	}
	return lesson.Lesson{}, fault.New(fault.NotFound, "lesson.not_found")
}

func (t *town) Read(ctx context.Context, by people.Person, id string) (lesson.Lesson, error) {
	l, err := t.Lesson(ctx, id)
	if err == nil && !people.May(by, people.ReadLesson, l.Object()) {
		return lesson.Lesson{}, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, err
}

func (t *town) Subjects(context.Context) ([]school.Subject, error) {
	return []school.Subject{
		{Code: "tieng-viet", Name: "Tiếng Việt", NameEn: "Vietnamese", FromGrade: 1, ToGrade: 5},
		{Code: "toan", Name: "Toán", NameEn: "Mathematics", FromGrade: 1, ToGrade: 12},
		{Code: "ngu-van", Name: "Ngữ văn", NameEn: "Literature", FromGrade: 6, ToGrade: 12},
	}, nil
}

func (t *town) SchoolsByID(_ context.Context, ids []string) ([]school.School, error) {
	if slices.Contains(ids, "s1") {
		return []school.School{{ID: "s1", Name: "THCS Nà Hang"}}, nil
	}
	return nil, nil
}

func (t *town) LessonsByID(_ context.Context, ids []string) (list []lesson.Lesson, err error) {
	for _, id := range ids {
		if l, ok := t.lessons[id]; ok {
			list = append(list, l)
		}
	}
	return list, nil
}

func (t *town) Names(ctx context.Context, ids ...string) (map[string]lesson.Names, error) {
	subjects, err := t.Subjects(ctx)
	names := map[string]lesson.Names{}
	for _, id := range ids {
		l := t.lessons[id]
		n := lesson.Names{}
		if l.TeacherID == "lan" {
			n.Teacher = "Cô Nông Thị Lan"
		}
		if l.SchoolID == "s1" {
			n.School = "THCS Nà Hang"
		}
		for _, s := range subjects {
			if s.Code == l.Subject {
				n.Subject, n.SubjectEn = s.Name, s.NameEn
			}
		}
		names[id] = n
	}
	return names, err
}

// First, FirstOfSubjects and Around list the entries in their order.
func (t *town) First(_ context.Context, limit int) ([]catalog.Entry, int, error) {
	return t.entries[:min(limit, len(t.entries))], len(t.entries), t.broken
}

func (t *town) FirstOfSubjects(_ context.Context, grade, each int) ([]catalog.Entry, map[string]int, error) {
	var es []catalog.Entry
	totals := map[string]int{}
	for _, e := range t.entries {
		if e.Grade != grade {
			continue
		}
		if totals[e.Subject]++; totals[e.Subject] <= each {
			es = append(es, e)
		}
	}
	return es, totals, t.broken
}

func (t *town) Around(_ context.Context, subject string, grade, first, fromWeek, toWeek,
	each int) ([]catalog.Entry, error) {
	var es []catalog.Entry
	for _, e := range t.entries {
		if e.Subject == subject && e.Grade == grade && (len(es) < first || e.Week >= fromWeek && e.Week <= toWeek) {
			es = append(es, e)
		}
	}
	return es, t.broken
}

func (t *town) Channels(context.Context) ([]schedule.Channel, error) { return t.channels, nil }

func (t *town) Airing(_ context.Context, id string) (schedule.Airing, error) {
	for _, a := range t.airings {
		if a.ID == id {
			return a, nil
		}
	}
	return schedule.Airing{}, fault.New(fault.NotFound, "airing.not_found")
}

func (t *town) Airings(_ context.Context, f schedule.Filter) ([]schedule.Airing, error) {
	var out []schedule.Airing
	for _, a := range t.airings {
		if !a.StartsAt.Before(f.From) && a.StartsAt.Before(f.To) {
			out = append(out, a)
		}
	}
	return out, nil
}

func newTown() *town {
	ready := lesson.Media{State: lesson.Ready, PackageID: "p1", Playable: true, Duration: 1500}
	rs := []lesson.Rendition{
		{Name: "360p", Kind: "video", Width: 640, Height: 360, Bytes: 24_000_000},
		{Name: "720p", Kind: "video", Width: 1280, Height: 720, Bytes: 80_000_000},
		{Name: "240p", Kind: "video", Width: 426, Height: 240, Bytes: 17_000_000},
		{Name: "audio", Kind: "audio", Bytes: 9_000_000},
	}
	t := &town{lessons: map[string]lesson.Lesson{},
		channels: []schedule.Channel{{ID: "ch", Name: "Đài tỉnh", Own: true}}}
	add := func(id, title, subject string, g int, s lesson.Status) {
		t.lessons[id] = lesson.Lesson{ID: id, Title: title, Subject: subject, Grade: g, Week: 12,
			Status: s, Media: ready,
			Renditions: rs, TeacherID: "lan", SchoolID: "s1", Description: "Ôn tập chương I.\n\nLàm bài 1 đến 5."}
		if s == lesson.Published {
			t.entries = append(t.entries, catalog.Entry{LessonID: id, PackageID: "p1", Title: title, Subject: subject,
				Grade: g, Week: 12,
				Teacher: "Cô Nông Thị Lan", Duration: 1500, Bytes: 24_000_000, PublishedAt: now.Add(-time.Hour)})
		}
	}
	add("ham-so", "Hàm số bậc nhất", "toan", 9, lesson.Published)
	add("he-thuc", "Hệ thức lượng", "toan", 9, lesson.Published)
	add("canh", "Căn bậc hai", "toan", 9, lesson.Published)
	add("goc", "Góc ở tâm", "toan", 9, lesson.Published)
	add("dong-chi", "Đồng chí", "ngu-van", 9, lesson.Published)
	add("van", "Vần ăn, ăm", "tieng-viet", 1, lesson.Published)
	add("nhap", "Bài còn nháp", "toan", 9, lesson.Draft)
	add("xau", hostile, "toan", 9, lesson.Published)
	return t
}

func (t *town) air(id, lessonID string, starts time.Time, o schedule.Outcome) {
	t.airings = append(t.airings, schedule.Airing{ID: id, ChannelID: "ch", LessonID: lessonID, StartsAt: starts.UTC(),
		EndsAt: starts.Add(30 * time.Minute).UTC(), Outcome: o})
}

// visitor asks for pages of a town.
type visitor struct {
	t    *testing.T
	town *town
	who  people.Person
	lang locale.Lang
	jar  []*http.Cookie
	at   time.Time // zero: now
}

func (v visitor) request(req *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	assets, err := asset.Load()
	if err != nil {
		v.t.Fatal(err)
	}
	book, err := locale.NewBook(zone)
	if err != nil {
		v.t.Fatal(err)
	}
	handler := Handler{Catalog: v.town, Lists: v.town, Lessons: v.town, Titles: v.town, Schools: v.town,
		Schedule: v.town, Zone: zone,
		Now: func() time.Time {
			if v.at.IsZero() {
				return now
			}
			return v.at
		},
		Streams: streams{}, Bookmarks: v.town.marks, Embed: v.town.embed}
	if v.lang == "" {
		v.lang = locale.Vi
	}
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { _ = c.String(page.Status(err), err.Error()) }
	for _, r := range handler.Routes() {
		e.Add(r.Method, r.Path, func(c echo.Context) error {
			ctx := page.WithAssets(c.Request().Context(), assets)
			ctx = locale.With(ctx, book.Printer(v.lang))
			ctx = page.WithVisit(ctx, &page.Visit{Person: v.who, Base: "http://lop.test", Path: c.Request().URL.Path,
				Query: c.Request().URL.RawQuery})
			c.SetRequest(c.Request().WithContext(ctx))
			return r.Handle(c)
		})
	}
	for _, k := range v.jar {
		req.AddCookie(k)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, req)
	return w
}

// get reads a page and looks for what no page may hold.
func (v visitor) get(path string) string {
	v.t.Helper()
	w := v.request(httptest.NewRequest("GET", path, nil))
	body := w.Body.String()
	if w.Code != http.StatusOK {
		v.t.Fatalf("%s: %d %s", path, w.Code, body)
	}
	for _, bad := range []string{"<script>alert", "style=\"", " onclick=", "[tv.", "[home.", "[search.", "[lesson.",
		"[player.", "[grade.", "[week.", "[day.", "[status."} {
		if strings.Contains(body, bad) {
			v.t.Errorf("%s holds %q", path, bad)
		}
	}
	return body
}

func (v visitor) post(path string, form url.Values) *httptest.ResponseRecorder {
	v.t.Helper()
	req := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.request(req)
}

func want(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("the page lacks %q", p)
		}
	}
}

func lack(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(body, p) {
			t.Errorf("the page holds %q", p)
		}
	}
}
