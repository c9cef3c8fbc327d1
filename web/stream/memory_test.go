package stream

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/web/page"
)

// memoryStore is the lessons, packages and files of these tests.
type memoryStore struct {
	lessons map[string]lesson.Lesson
	people  map[string]people.Person
	growing bool
	reads   int
}

func (s *memoryStore) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	s.reads++
	if l, ok := s.lessons[id]; ok {
		return l, nil
	}
	return lesson.Lesson{}, fault.New(fault.NotFound, "lesson.not_found")
}

func (s *memoryStore) Person(_ context.Context, id string) (people.Person, error) {
	if p, ok := s.people[id]; ok {
		return p, nil
	}
	return people.Person{}, fault.New(fault.NotFound, "people.not_found")
}

func (s *memoryStore) Playlist(_ context.Context, lessonID, packageID, name string) ([]byte, bool, error) {
	if packageID == s.lessons[lessonID].Media.PackageID {
		switch name {
		case "master.m3u8":
			return []byte(master), s.growing, nil
		case "360p.m3u8":
			return []byte(rung), s.growing, nil
		}
	}
	return nil, false, fault.New(fault.NotFound, "package.not_found")
}

// folder is storage whose objects are files.
type folder struct {
	media.Store
	dir string
}

func (f folder) Open(_ context.Context, key string) (*os.File, media.Object, error) {
	file, err := os.Open(filepath.Join(f.dir, key))
	if err != nil {
		return nil, media.Object{}, fault.Wrap(err, fault.NotFound, "media.not_found")
	}
	return file, media.Object{Key: key, Size: int64(len(segment)), ETag: "abc", ModifiedAt: noon}, nil
}

// far is storage on another machine.
type far struct {
	media.Store
	asked []media.Range
}

func (f *far) Head(_ context.Context, key string) (media.Object, error) {
	if !strings.HasSuffix(key, "/360p/0-1/0.m4s") {
		return media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return media.Object{Key: key, Size: int64(len(segment)), ETag: "abc"}, nil
}

func (f *far) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	f.asked = append(f.asked, r)
	o, err := f.Head(ctx, key)
	return io.NopCloser(bytes.NewReader(segment[r.Offset:])), o, err
}

type byteCounter struct{ bytes int64 }

func (t *byteCounter) Served(_ production.Object, _ time.Time, n int64) { t.bytes += n }

// access lets the test say who asks.
func handler(r Handler, by people.Person) http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if !c.Response().Committed {
			_ = c.NoContent(page.Status(err))
		}
	}
	for _, x := range r.Routes() {
		e.Add(x.Method, x.Path, func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(page.WithVisit(c.Request().Context(), &page.Visit{Person: by})))
			return x.Handle(c)
		})
	}
	return e
}

func fixture(t *testing.T) (*memoryStore, Handler) {
	t.Helper()
	dir := t.TempDir()
	for _, l := range []string{"open", "draft", "again"} {
		for _, p := range []string{"p1", "p2"} {
			name := filepath.Join(dir, media.Output(l, p, "360p/0-1", "0.m4s"))
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, segment, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	playing := lesson.Media{PackageID: "p1", Playable: true}
	again := lesson.Media{PackageID: "p1", MakingID: "p2", Playable: true, State: lesson.Processing}
	s := &memoryStore{lessons: map[string]lesson.Lesson{
		"open":  {ID: "open", Status: lesson.Published, Media: playing, TeacherID: "lan"},
		"again": {ID: "again", Status: lesson.Published, Media: again, TeacherID: "lan"},
		"draft": {ID: "draft", Status: lesson.Draft, Media: playing, TeacherID: "lan"},
	}}
	s.people = map[string]people.Person{"lan": teacher("lan"), "mai": teacher("mai")}
	return s, New(Handler{Playlists: s, Lessons: s, People: s, Media: folder{dir: dir}, Secret: []byte("s"),
		Now: func() time.Time { return noon }})
}

func teacher(id string) people.Person {
	return people.Person{ID: id, Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
}

// as is the context of a request by a teacher.
func as(id string) context.Context {
	return page.WithVisit(context.Background(), &page.Visit{Person: teacher(id)})
}

func get(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func (index) Get(context.Context, string, media.Range) (io.ReadCloser, media.Object, error) {
	return io.NopCloser(strings.NewReader("WEBVTT\n\n00:00.000 --> 00:05.000\nstoryboard.jpg#xywh=0,0,160,90\n")),
		media.Object{}, nil
}
