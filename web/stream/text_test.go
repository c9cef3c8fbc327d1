package stream

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
)

// long is a playlist of half an hour.
type long struct{ *memoryStore }

func (l long) Playlist(ctx context.Context, lessonID, packageID, name string) ([]byte, bool, error) {
	text, growing, err := l.memoryStore.Playlist(ctx, lessonID, packageID, name)
	for i := range 300 {
		text = fmt.Appendf(text, "#EXTINF:6.0,\n360p/%d-1/%d.m4s\n", i/10, i%10)
	}
	return text, growing, err
}

// captionText is storage that holds one text.
type captionText struct {
	media.Store
	text string
}

func (s captionText) Get(context.Context, string, media.Range) (io.ReadCloser, media.Object, error) {
	if s.text == "" {
		return nil, media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return io.NopCloser(strings.NewReader(s.text)), media.Object{ETag: "abc"}, nil
}

func (s captionText) Head(ctx context.Context, key string) (media.Object, error) {
	_, o, err := s.Get(ctx, key, media.All)
	o.Size = int64(len(s.text))
	return o, err
}

// TestTextsAreCompressed: playlists and captions, for those who take it, each
// form under a tag of its own; ranges are of the plain text.
func TestTextsAreCompressed(t *testing.T) {
	s, r := fixture(t)
	r.Playlists = long{s}
	r.Media = captionText{text: "WEBVTT\n\n" +
		strings.Repeat("00:00.000 --> 00:05.000\nMời các em mở sách giáo khoa.\n\n", 200)}
	h := handler(r, people.Person{})
	for _, path := range []string{Base + "open/p1/360p.m3u8", Base + "open/captions/vi.v1.vtt"} {
		plain := get(h, "GET", path)
		packed := get(h, "GET", path, "Accept-Encoding", "gzip, deflate, br")
		z, err := gzip.NewReader(bytes.NewReader(packed.Body.Bytes()))
		if err != nil {
			t.Fatalf("%s: %v %v", path, err, packed.Header())
		}
		text, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(text, plain.Body.Bytes()) || len(text) < 5000 {
			t.Errorf("%s: %d bytes, %v", path, len(text), err)
		}
		ph, zh := plain.Header(), packed.Header()
		if packed.Body.Len()*3 > len(text) || zh.Get("Content-Length") != fmt.Sprint(packed.Body.Len()) ||
			zh.Get("Content-Encoding") != "gzip" ||
			zh.Get("Vary") != "Accept-Encoding" || zh.Get("ETag") == ph.Get("ETag") ||
			zh.Get("Content-Type") != ph.Get("Content-Type") || zh.Get("Cache-Control") != ph.Get("Cache-Control") {
			t.Errorf("%s: %d bytes of %d\n%v\n%v", path, packed.Body.Len(), len(text), ph, zh)
		}
		again := get(h, "GET", path, "Accept-Encoding", "gzip", "If-None-Match", zh.Get("ETag"))
		if again.Code != 304 || again.Body.Len() != 0 || again.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s again: %d, %d bytes", path, again.Code, again.Body.Len())
		}
		part := get(h, "GET", path, "Accept-Encoding", "gzip", "Range", "bytes=0-5")
		if part.Code != 206 || !bytes.Equal(part.Body.Bytes(), text[:6]) ||
			part.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: a range: %d %q", path, part.Code, part.Body)
		}
	}
	r.Media = captionText{}
	if w := get(handler(r, people.Person{}), "GET", Base+"open/captions/vi.v2.vtt", "Accept-Encoding",
		"gzip"); w.Code != 404 || w.Header().Get("Cache-Control") != "" {
		t.Errorf("captions that are not there: %d %v", w.Code, w.Header())
	}
}
