// Package asset holds the site's scripts, styles and icons: TypeScript islands
// and CSS bundled by esbuild into dist, embedded, named by their content.
package asset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// Set is the built files with the names that pages know them by.
type Set struct {
	files map[string]file   // by built name: "site-4f2a91c0.css"
	names map[string]string // "site.css" -> "site-4f2a91c0.css"
}

type file struct {
	body, br, gz []byte
	mime         string
}

// Prefix is where assets are served.
const Prefix = "/assets/"

// Load reads the built files; without a build (npm run build) it is an error.
func Load() (*Set, error) {
	sub, err := built()
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	raw, err := fs.ReadFile(sub, "manifest.json")
	if err != nil {
		return nil, fmt.Errorf("assets are not built (run `make assets`): %w", err)
	}
	s := &Set{files: map[string]file{}, names: map[string]string{}}
	if err := json.Unmarshal(raw, &s.names); err != nil {
		return nil, fmt.Errorf("assets manifest: %w", err)
	}
	for _, built := range s.names {
		f := file{mime: mime.TypeByExtension(path.Ext(built))}
		if f.body, err = fs.ReadFile(sub, built); err != nil {
			return nil, fmt.Errorf("asset %s: %w", built, err)
		}
		f.br, _ = fs.ReadFile(sub, built+".br")
		f.gz, _ = fs.ReadFile(sub, built+".gz")
		if f.mime == "" {
			f.mime = "application/octet-stream"
		}
		s.files[built] = f
	}
	return s, nil
}

// URL is the address of an asset by the name pages know it by. An unknown name
// is a defect: it panics, and the page's test finds it.
func (s *Set) URL(name string) string {
	built, ok := s.current().names[name]
	if !ok {
		panic("asset: no " + name)
	}
	return Prefix + built
}

// Body is an asset's content, for inlining small ones into a page.
func (s *Set) Body(name string) string {
	s = s.current()
	return string(s.files[s.names[name]].body)
}

// Worker serves the service worker. It looks after the whole site, so it stands
// at the top under one name, and browsers ask each time whether it has changed.
func (s *Set) Worker(w http.ResponseWriter, r *http.Request) {
	s = s.current()
	built := s.names["sw.js"]
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+built+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.files[built].body))
}

// ServeHTTP serves built files, for ever cacheable because their name changes
// with their content, in the best encoding the browser takes.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := s.current().files[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	tag := `"` + path.Base(r.URL.Path) + `"` // its name changes with its content
	h.Set("ETag", "W/"+tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	accept := r.Header.Get("Accept-Encoding")
	switch {
	case f.br != nil && strings.Contains(accept, "br"):
		h.Set("Content-Encoding", "br")
		body = f.br
	case f.gz != nil && strings.Contains(accept, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = f.gz
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
