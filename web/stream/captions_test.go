package stream

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"lenlop/services/caption"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

const spoken = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nChào các em\n"

// words is what is written along with every lesson.
type words struct{}

func (words) Shown(_ context.Context, lessons ...string) (list []caption.Caption, err error) {
	for _, id := range lessons {
		list = append(list, caption.Caption{LessonID: id, Language: "vi", Key: media.Caption(id, "vi", "v1")})
	}
	return list, nil
}

func (w words) ChaptersByLesson(ctx context.Context, lessons ...string) (map[string][]caption.Chapter, error) {
	all := map[string][]caption.Chapter{}
	for _, id := range lessons {
		all[id], _ = w.ChaptersOf(ctx, id)
	}
	return all, nil
}

func (words) ChaptersOf(context.Context, string) ([]caption.Chapter, error) {
	return []caption.Chapter{{At: 0, Title: "Mở đầu <b>"}, {At: 5 * time.Second, Title: "Luyện tập"}}, nil
}

// captionStore is storage that holds one version of captions for each lesson.
type captionStore struct{ media.Store }

func (captionStore) Head(_ context.Context, key string) (media.Object, error) {
	return media.Object{Key: key, Size: int64(len(spoken)), ETag: "w"}, nil
}

func (s captionStore) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	o, err := s.Head(ctx, key)
	return io.NopCloser(strings.NewReader(spoken[r.Offset:])), o, err
}

func TestCaptionsAreKeptAsTheLessonIs(t *testing.T) {
	s, r := fixture(t)
	r.Captions, r.Media = words{}, captionStore{}
	open, err := r.Tracks(t.Context(), "", s.lessons["open"])
	if err != nil || open.Captions[0].Address != "/watch/open/captions/vi.v1.vtt" ||
		open.ChaptersAddress != "/watch/open/captions/chapters.vtt" {
		t.Fatalf("%+v %v", open, err)
	}
	draft, err := r.Tracks(as("lan"), "", s.lessons["draft"])
	if err != nil {
		t.Fatal(err)
	}
	packageToken := "?token=" + Pass{"lan", "draft", "p1"}.Sign(r.Secret, noon.Add(time.Hour))
	for _, x := range []struct {
		what, path string
		by         people.Person
		want       int
	}{
		{"anybody, published", open.Captions[0].Address, people.Person{}, 200},
		{"anybody, published, chapters", open.ChaptersAddress, people.Person{}, 200},
		{"anybody, draft", Base + "draft/captions/vi.v1.vtt", people.Person{}, 404},
		{"anybody, draft, chapters", Base + "draft/captions/chapters.vtt", people.Person{}, 404},
		{"its teacher", Base + "draft/captions/vi.v1.vtt", teacher("lan"), 200},
		{"another teacher", Base + "draft/captions/chapters.vtt", teacher("mai"), 403},
		{"bearer of the token", draft.Captions[0].Address, people.Person{}, 200},
		{"bearer of the token, chapters", draft.ChaptersAddress, people.Person{}, 200},
		{"token of the package", Base + "draft/captions/vi.v1.vtt" + packageToken, people.Person{}, 404},
		{"unknown lesson", Base + "none/captions/vi.v1.vtt", people.Person{}, 404},
		{"out of the folder", Base + "open/captions/..%2f..%2fdraft/captions/vi.v1.vtt", people.Person{}, 404},
		{"no captions", Base + "open/captions/vi.vtt", people.Person{}, 404},
	} {
		if w := get(handler(r, x.by), "GET", x.path); w.Code != x.want {
			t.Errorf("%s: %d, want %d", x.what, w.Code, x.want)
		}
	}
	w := get(handler(r, people.Person{}), "GET", open.Captions[0].Address)
	if w.Body.String() != spoken || w.Header().Get("Content-Type") != caption.Type ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%q %v", w.Body, w.Header())
	}
	l := s.lessons["open"]
	l.Media.Duration = 10
	s.lessons["open"] = l
	if w := get(handler(r, people.Person{}), "GET", open.ChaptersAddress); !strings.Contains(w.Body.String(),
		"Mở đầu &lt;b&gt;\n\n00:00:05.000 --> 00:00:10.000") {
		t.Errorf("chapters %q", w.Body)
	}
	if got := get(handler(r, teacher("lan")), "GET",
		Base+"draft/captions/vi.v1.vtt").Header().Get("Cache-Control"); !strings.HasPrefix(got, "private") {
		t.Errorf("a draft's captions: %q", got)
	}
	if _, err := r.Tracks(t.Context(), "", lesson.Lesson{ID: "x"}); err != nil {
		t.Error(err)
	}
}
