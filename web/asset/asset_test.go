package asset

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func load(t *testing.T) *Set {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAssetsComeInTheBestEncodingAndForEver(t *testing.T) {
	s := load(t)
	for _, name := range []string{"site.css", "player.js", "heartbeats.js", "extras.js", "suggest.js",
		"hls.js", "icon.svg"} {
		plain := s.Body(name)
		for accept, encoding := range map[string]string{"": "", "gzip": "gzip", "gzip, deflate, br": "br"} {
			req := httptest.NewRequest("GET", s.URL(name), nil)
			req.Header.Set("Accept-Encoding", accept)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, req)
			h := w.Header()
			if w.Code != 200 || h.Get("Content-Encoding") != encoding || h.Get("Vary") != "Accept-Encoding" ||
				h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
				t.Errorf("%s, accepting %q: %d %v", name, accept, w.Code, h)
			}
			if encoding == "gzip" {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(z); err != nil || string(body) != plain {
					t.Errorf("%s: gzip holds something else (%v)", name, err)
				}
			}
			if encoding == "" && !bytes.Equal(w.Body.Bytes(), []byte(plain)) {
				t.Errorf("%s: %d bytes, want %d", name, w.Body.Len(), len(plain))
			}
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("HEAD", s.URL("site.css"), nil))
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), w.Header())
	}
}

func TestWhatIsThereIsNotSentAgain(t *testing.T) {
	s := load(t)
	for path, serve := range map[string]http.HandlerFunc{s.URL("site.css"): s.ServeHTTP, "/sw.js": s.Worker} {
		w := httptest.NewRecorder()
		serve(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 || w.Body.Len() == 0 || w.Header().Get("ETag") == "" {
			t.Fatalf("%s: %d, %d bytes, ETag %q", path, w.Code, w.Body.Len(), w.Header().Get("ETag"))
		}
		req := httptest.NewRequest("GET", path, nil)
		req.Header.Set("If-None-Match", w.Header().Get("ETag"))
		again := httptest.NewRecorder()
		serve(again, req)
		if again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("%s again: %d, %d bytes", path, again.Code, again.Body.Len())
		}
	}
}

func TestOnlyBuiltFilesAreServed(t *testing.T) {
	s := load(t)
	for _, path := range []string{"/assets/", "/assets/manifest.json", "/assets/site.css", "/assets/../asset.go",
		"/assets/.gitkeep"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestNothingIsAskedOfOthers(t *testing.T) {
	s := load(t)
	for _, name := range []string{"site.css", "player.js", "heartbeats.js", "extras.js", "suggest.js"} {
		for _, bad := range []string{"http://", "https://", "url(//", "eval(", "new Function"} {
			if strings.Contains(s.Body(name), bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
}

func TestIconsAreDecoration(t *testing.T) {
	for name := range icons {
		var b strings.Builder
		if err := Icon(name).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		svg := b.String()
		if !strings.HasPrefix(svg, `<svg class="icon" `) || !strings.Contains(svg, `aria-hidden="true"`) ||
			!strings.HasSuffix(svg, "</svg>") || strings.Count(svg, "<svg") != 1 {
			t.Errorf("%s: %s", name, svg)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown icon was drawn")
		}
	}()
	Icon("no-such-icon")
}
