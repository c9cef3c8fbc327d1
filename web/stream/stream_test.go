package stream

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/production"
)

var noon = time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC)

var segment = []byte(strings.Repeat("0123456789", 1000))

const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=200000\n360p.m3u8\n"
const rung = "#EXTM3U\n#EXT-X-MAP:URI=\"360p/0-1/init.mp4\"\n#EXTINF:2.0,\n360p/0-1/0.m4s\n"

func TestWhoMayWatch(t *testing.T) {
	_, r := fixture(t)
	token := func(person, packageID string, secret []byte, until time.Time) string {
		return "?token=" + Pass{person, "draft", packageID}.Sign(secret, until)
	}
	good := token("lan", "p1", r.Secret, noon.Add(time.Hour))
	parts := strings.Split(good, ".")
	for _, x := range []struct {
		what string
		by   people.Person
		path string
		want int
	}{
		{"anybody, published", people.Person{}, "open/p1/360p/0-1/0.m4s", 200},
		{"anybody, published, playlist", people.Person{}, "open/p1/master.m3u8", 200},
		{"anybody, replacement in the making", people.Person{}, "again/p2/360p/0-1/0.m4s", 404},
		{"its teacher, replacement in the making", teacher("lan"), "again/p2/360p/0-1/0.m4s", 200},
		{"anybody, what plays meanwhile", people.Person{}, "again/p1/360p/0-1/0.m4s", 200},
		{"anybody, draft", people.Person{}, "draft/p1/360p/0-1/0.m4s", 404},
		{"its teacher", teacher("lan"), "draft/p1/360p/0-1/0.m4s", 200},
		{"another teacher", teacher("mai"), "draft/p1/360p/0-1/0.m4s", 403},
		{"bearer of a token", people.Person{}, "draft/p1/360p/0-1/0.m4s" + good, 200},
		{"token of another package", people.Person{}, "draft/p2/360p/0-1/0.m4s" + good, 404},
		{"token over", people.Person{}, "draft/p1/master.m3u8" + token("lan", "p1", r.Secret, noon), 404},
		{"token forged", people.Person{},
			"draft/p1/master.m3u8" + token("lan", "p1", []byte("x"), noon.Add(time.Hour)), 404},
		{"token of somebody who may not", people.Person{},
			"draft/p1/master.m3u8" + token("mai", "p1", r.Secret, noon.Add(time.Hour)), 404},
		{"token of nobody", people.Person{},
			"draft/p1/master.m3u8" + token("none", "p1", r.Secret, noon.Add(time.Hour)), 404},
		{"token turned to another person", people.Person{}, "draft/p1/master.m3u8" + parts[0] + "." +
			base64.RawURLEncoding.EncodeToString([]byte("operator")) + "." + parts[2], 404},
		{"token garbage", people.Person{}, "draft/p1/master.m3u8?token=%00.%ff", 404},
		{"unknown lesson", people.Person{}, "none/p1/master.m3u8", 404},
		{"unknown file", people.Person{}, "open/p1/360p/0-1/9.m4s", 404},
		{"unknown playlist", people.Person{}, "open/p1/9.m3u8", 404},
		{"not a kind we serve", people.Person{}, "open/p1/notes.txt", 404},
		{"traversal", people.Person{}, "open/p1/../../draft/p1/360p/0-1/0.m4s", 404},
		{"traversal, escaped", people.Person{}, "open/p1/..%2f..%2f..%2fdraft/packages/p1/360p/0-1/0.m4s", 404},
		{"traversal in the package", people.Person{}, "open/..%2f..%2fdraft/packages/p1/360p/0-1/0.m4s", 404},
		{"NUL", people.Person{}, "open/p1/360p/0-1/0%00.m4s", 404},
	} {
		if w := get(handler(r, x.by), "GET", Base+x.path); w.Code != x.want {
			t.Errorf("%s: %d, want %d", x.what, w.Code, x.want)
		}
	}
}

func TestCachingFollowsWhatMayChange(t *testing.T) {
	s, r := fixture(t)
	seg, list := Base+"open/p1/360p/0-1/0.m4s", Base+"open/p1/360p.m3u8"
	check := func(what, path, want string, by people.Person) {
		t.Helper()
		if got := get(handler(r, by), "GET", path).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("segment", seg, sharedLife, people.Person{})
	check("finished playlist", list, "public, max-age=3600", people.Person{})
	check("segment of a draft", Base+"draft/p1/360p/0-1/0.m4s", "private, max-age=3600", teacher("lan"))
	check("playlist of a draft", Base+"draft/p1/360p.m3u8", "private, no-cache", teacher("lan"))
	s.growing = true
	check("growing playlist", list, "no-cache", people.Person{})

	w := get(handler(r, people.Person{}), "GET", list)
	if got := w.Header().Get("Content-Type"); got != "application/vnd.apple.mpegurl" {
		t.Errorf("playlist's type %q", got)
	}
	if w := get(handler(r, people.Person{}), "GET", list, "If-None-Match", w.Header().Get("ETag")); w.Code != 304 {
		t.Errorf("unchanged playlist: %d, want 304", w.Code)
	}
	if w := get(handler(r, people.Person{}), "HEAD", seg); w.Code != 200 || w.Body.Len() != 0 ||
		w.Header().Get("Content-Length") != "10000" || w.Header().Get("Content-Type") != "video/iso.segment" {
		t.Errorf("HEAD: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
}

func TestRangesFromFilesAndStorage(t *testing.T) {
	_, near := fixture(t)
	distant := near
	store := &far{}
	distant.Media = store
	count := &byteCounter{}
	distant.ServedCounter = count
	for name, r := range map[string]Handler{"file": near, "far": distant} {
		w := get(handler(r, people.Person{}), "GET", Base+"open/p1/360p/0-1/0.m4s", "Range", "bytes=5005-5009")
		if w.Code != 206 || w.Body.String() != "56789" || w.Header().Get("Content-Range") != "bytes 5005-5009/10000" {
			t.Errorf("%s: %d %q %s", name, w.Code, w.Body, w.Header().Get("Content-Range"))
		}
		if w := get(handler(r, people.Person{}), "GET",
			Base+"open/p1/360p/0-1/0.m4s"); !bytes.Equal(w.Body.Bytes(), segment) {
			t.Errorf("%s: whole file differs", name)
		}
		if w := get(handler(r, people.Person{}), "GET", Base+"open/p1/360p/0-1/0.m4s", "Range",
			"bytes=99999-"); w.Code != 416 {
			t.Errorf("%s: range past the end: %d", name, w.Code)
		}
	}
	if len(store.asked) != 2 || store.asked[0].Offset != 5005 {
		t.Errorf("requested from storage: %v", store.asked)
	}
	if count.bytes != int64(5+len(segment)) {
		t.Errorf("byteCounter %d bytes", count.bytes)
	}
}

func TestTokenFollowsThePlaylist(t *testing.T) {
	s, r := fixture(t)
	hls, poster := r.Playback(as("lan"), "http://h", s.lessons["draft"])
	token := hls[strings.Index(hls, "?"):]
	if hls != "http://h/watch/draft/p1/master.m3u8"+token || poster != "http://h/watch/draft/p1/poster.jpg"+token {
		t.Fatalf("addresses %s %s", hls, poster)
	}
	body := get(handler(r, people.Person{}), "GET", Base+"draft/p1/360p.m3u8"+token).Body.String()
	want := "#EXTM3U\n#EXT-X-MAP:URI=\"360p/0-1/init.mp4" + token + "\"\n#EXTINF:2.0,\n360p/0-1/0.m4s" + token + "\n"
	if body != want {
		t.Errorf("playlist\n%s\nwant\n%s", body, want)
	}
	if hls, _ := r.Playback(as("lan"), "", s.lessons["open"]); hls != "/watch/open/p1/master.m3u8" {
		t.Errorf("published: %s", hls)
	}
	if hls, _ := r.Playback(as("lan"), "", lesson.Lesson{ID: "x"}); hls != "" {
		t.Errorf("unplayable: %s", hls)
	}
}

// index is storage that holds one storyboard.
type index struct{ media.Store }

func TestPlainFilesHaveAddresses(t *testing.T) {
	s, r := fixture(t)
	r.Media = index{}
	files := []lesson.Rendition{{Name: "saver", Kind: lesson.KindFile, File: "files/0-7/saver.mp4"},
		{Name: "storyboard", Kind: lesson.KindStoryboard, File: "files/0-7/storyboard.vtt"}}
	open, draft := s.lessons["open"], s.lessons["draft"]
	open.Renditions, draft.Renditions = files, files
	if got := r.File(as("lan"), "http://h", open, "saver"); got != "http://h/watch/open/p1/files/0-7/saver.mp4" {
		t.Errorf("published: %s", got)
	}
	if got := r.File(as("lan"), "", open, "sound"); got != "" {
		t.Errorf("there is none: %s", got)
	}
	board := r.File(as("lan"), "", draft, "storyboard")
	path, token, _ := strings.Cut(board, "?")
	if path != "/watch/draft/p1/files/0-7/storyboard.vtt" || token == "" {
		t.Fatalf("unpublished: %s", board)
	}
	w := get(handler(r, people.Person{}), "GET", board)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "\nstoryboard.jpg?"+token+"#xywh=0,0,160,90\n") ||
		w.Header().Get("Content-Type") != production.BoardType {
		t.Errorf("index %d %v:\n%s", w.Code, w.Header(), w.Body)
	}
	if w := get(handler(r, people.Person{}), "GET", path); w.Code != 404 {
		t.Errorf("without its token: %d", w.Code)
	}
}

// TestTokensEndWithTheirPerson: a token outlives neither its person's account
// nor their right to the lesson, by more than a second.
func TestTokensEndWithTheirPerson(t *testing.T) {
	s, r := fixture(t)
	now := noon
	r.Now = func() time.Time { return now }
	if hls, _ := r.Playback(t.Context(), "", s.lessons["draft"]); strings.Contains(hls, "token") {
		t.Errorf("an anonymous viewer is given %s", hls)
	}
	hls, _ := r.Playback(as("lan"), "", s.lessons["draft"])
	h := handler(r, people.Person{})
	for what, change := range map[string]func(p *people.Person){
		"deactivated":           func(p *people.Person) { p.Active = false },
		"a teacher no more":     func(p *people.Person) { p.Grants = nil },
		"erased":                func(p *people.Person) { *p = people.Person{} },
		"a student from now on": func(p *people.Person) { p.Grants[0].Role = people.Student },
	} {
		s.people["lan"] = teacher("lan")
		now = now.Add(time.Minute)
		if w := get(h, "GET", hls); w.Code != 200 {
			t.Fatalf("before: %d", w.Code)
		}
		p := teacher("lan")
		change(&p)
		if s.people["lan"] = p; p.ID == "" {
			delete(s.people, "lan")
		}
		now = now.Add(time.Second)
		if w := get(h, "GET", hls); w.Code != 404 {
			t.Errorf("%s: %d", what, w.Code)
		}
	}
}

func TestWithdrawnStopsWithinTheAccessLife(t *testing.T) {
	s, r := fixture(t)
	now := noon
	r.Now = func() time.Time { return now }
	h := handler(r, people.Person{})
	path := Base + "open/p1/360p/0-1/0.m4s"
	for range 3 {
		get(h, "GET", path)
	}
	if s.reads != 1 {
		t.Errorf("the lesson was read %d times", s.reads)
	}
	l := s.lessons["open"]
	l.Status = lesson.Withdrawn
	s.lessons["open"] = l
	now = now.Add(accessLife)
	if w := get(h, "GET", path); w.Code != 404 {
		t.Errorf("withdrawn lesson: %d", w.Code)
	}
}

// fast is a connection that can send files by itself.
type fast struct {
	*httptest.ResponseRecorder
	files int
}

func (f *fast) ReadFrom(src io.Reader) (int64, error) {
	if l, ok := src.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			f.files++
		}
	}
	return io.Copy(f.ResponseRecorder, src)
}

func TestFilesReachTheConnectionAsFiles(t *testing.T) {
	_, r := fixture(t)
	w := &fast{ResponseRecorder: httptest.NewRecorder()}
	handler(r, people.Person{}).ServeHTTP(w, httptest.NewRequest("GET", Base+"open/p1/360p/0-1/0.m4s", nil))
	if w.files != 1 || !bytes.Equal(w.Body.Bytes(), segment) {
		t.Errorf("the connection was handed %d files, %d bytes", w.files, w.Body.Len())
	}
}
