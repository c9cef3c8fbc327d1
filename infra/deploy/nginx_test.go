package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNginx(t *testing.T) {
	f := startNginx(t)
	t.Run("segments", f.segments)
	t.Run("ranges", f.ranges)
	t.Run("a class at once", f.class)
	t.Run("what is never kept", f.neverKept)
	t.Run("who asks", f.who)
	t.Run("uploads", f.uploads)
	t.Run("events", f.events)
	t.Run("withdrawn", f.withdrawn)
	t.Run("origin away", f.away) // last: it stays away
}

func (f front) segments(t *testing.T) {
	const path = "/watch/open/p/360p/0-1/0.m4s"
	f.segment(t, path+"?token=one", "MISS")
	f.segment(t, path+"?token=two", "HIT") // the query is in no key
	f.segment(t, path, "HIT")
	if n := f.times("GET " + path); n != 1 {
		t.Errorf("the site was asked %d times", n)
	}
	res, _ := f.get(t, path, "If-None-Match", `"m4s-tag"`)
	if res.StatusCode != http.StatusNotModified {
		t.Errorf("what the browser has: %d", res.StatusCode)
	}
	if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("browsers are told %q", got)
	}
	kept := ""
	_ = filepath.WalkDir(filepath.Join(f.dir, "segments"), func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			kept += string(b[:min(len(b), 2000)])
		}
		return nil
	})
	if !strings.Contains(kept, path) || strings.Contains(kept, "token=") {
		t.Error("a token stands in the cache, or nothing does")
	}
	log, err := os.ReadFile(filepath.Join(f.dir, "access.log"))
	if err != nil || !bytes.Contains(log, []byte(path)) || bytes.Contains(log, []byte("token")) {
		t.Errorf("access log: %v, tokens in it: %v", err, bytes.Contains(log, []byte("token")))
	}
}

func (f front) ranges(t *testing.T) {
	const path, slice = "/watch/open/p/files/0-1/saver.mp4", 1 << 20
	whole := f.files["mp4"]
	for _, r := range [][2]int{{0, 1}, {slice - 10, slice + 10}, {slice, 3 * slice}, {len(whole) - 5, len(whole) - 1}} {
		res, b := f.get(t, path, "Range", fmt.Sprintf("bytes=%d-%d", r[0], r[1]))
		want := fmt.Sprintf("bytes %d-%d/%d", r[0], r[1], len(whole))
		if res.StatusCode != 206 || res.Header.Get("Content-Range") != want || !bytes.Equal(b, whole[r[0]:r[1]+1]) {
			t.Errorf("%v: %d %s, %d bytes", r, res.StatusCode, res.Header.Get("Content-Range"), len(b))
		}
	}
	if res, b := f.get(t, path); res.StatusCode != 200 || !bytes.Equal(b, whole) {
		t.Errorf("whole: %d, %d bytes", res.StatusCode, len(b))
	}
	if n := f.times("GET " + path); n != 4 {
		t.Errorf("four pieces were fetched %d times", n)
	}
	if res, _ := f.get(t, path, "Range", "bytes=99999999-"); res.StatusCode != 416 {
		t.Errorf("behind the end: %d", res.StatusCode)
	}
}

// class: simultaneous misses ask the site once.
func (f front) class(t *testing.T) {
	const path = "/watch/open/p/360p/0-1/1.m4s"
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if res, b := f.get(t, path); res.StatusCode != 200 || len(b) != len(f.files["m4s"]) {
				t.Errorf("%d, %d bytes", res.StatusCode, len(b))
			}
		})
	}
	all.Wait()
	if n := f.times("GET " + path); n != 1 {
		t.Errorf("the site was asked %d times", n)
	}
}

func (f front) neverKept(t *testing.T) {
	for _, path := range []string{"/watch/open/p/master.m3u8", "/watch/draft/p/360p/0-1/0.m4s",
		"/api/v1/lessons", "/"} {
		for range 2 {
			if res, _ := f.get(t, path); res.StatusCode != 200 || strings.Contains(res.Header.Get("X-Cache"), "HIT") {
				t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("X-Cache"))
			}
		}
		if n := f.times("GET " + path); n != 2 {
			t.Errorf("%s: the site was asked %d times of 2", path, n)
		}
	}
	if res, _ := f.get(t, "/watch/open/p/master.m3u8", "If-None-Match",
		`"m3u8-tag"`); res.StatusCode != http.StatusNotModified {
		t.Errorf("a playlist that has not grown: %d", res.StatusCode)
	}
	for range 2 {
		f.do(t, "POST", "/api/v1/heartbeats", strings.NewReader(`{"token":"x"}`))
	}
	if n, size := f.times("POST /api/v1/heartbeats"), f.bodies["POST /api/v1/heartbeats"]; n != 2 || size != 13 {
		t.Errorf("%d heartbeats of 2, %d bytes of 13", n, size)
	}
	if res, _ := f.get(t, "/metrics"); res.StatusCode != 404 {
		t.Errorf("metrics for everybody: %d", res.StatusCode)
	}
}

// who: visitors cannot choose the address that the site sees.
func (f front) who(t *testing.T) {
	f.get(t, "/who", "X-Forwarded-For", "10.0.0.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "other.example",
		"Forwarded", "for=10.0.0.1")
	h := f.heads["GET /who"]
	if got := h.Values("X-Forwarded-For"); len(got) != 1 || got[0] != "127.0.0.1" {
		t.Errorf("X-Forwarded-For %v", got)
	}
	if h.Get("X-Forwarded-Proto") != "http" || h.Get("X-Forwarded-Host") != strings.TrimPrefix(f.url, "http://") ||
		h.Get("Forwarded") != "" {
		t.Errorf("the site sees %v", h)
	}
}

func (f front) uploads(t *testing.T) {
	part := bytes.Repeat([]byte("x"), 5<<20)
	const path = "/lenlop/lessons/1/recordings/2"
	if res, b := f.do(t, "PUT", path+"?partNumber=1&uploadId=u&X-Amz-Signature=s",
		bytes.NewReader(part)); res.StatusCode != 200 {
		t.Errorf("a part: %d %s", res.StatusCode, b)
	}
	if got := f.storage.bodies["PUT "+path]; got != int64(len(part)) {
		t.Errorf("%d bytes arrived", got)
	}
	if got := f.storage.hosts["PUT "+path]; got != strings.TrimPrefix(f.url, "http://") {
		t.Errorf("the signed Host became %s", got)
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if res, _ := f.do(t, method, path, nil); res.StatusCode != 403 {
			t.Errorf("%s of an object: %d", method, res.StatusCode)
		}
	}
	if res, _ := f.do(t, "PATCH", "/api/v1/tus/u", bytes.NewReader(part), "Upload-Offset",
		"0"); res.StatusCode != 200 || f.bodies["PATCH /api/v1/tus/u"] != int64(len(part)) {
		t.Errorf("tus: %d, %d bytes", res.StatusCode, f.bodies["PATCH /api/v1/tus/u"])
	}
	if res, _ := f.do(t, "POST", "/api/v1/lessons",
		bytes.NewReader(part)); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of 5 MB: %d", res.StatusCode)
	}
}

// events arrive one by one, not when the answer is over.
func (f front) events(t *testing.T) {
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	req, err := http.NewRequestWithContext(ctx, "GET", f.url+"/api/v1/lessons/1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { f.event <- "data: 1\n\n" }()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 9)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "data: 1\n\n" {
		t.Errorf("%q %v", first, err)
	}
	f.event <- "data: 2\n\n"
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "data: 2\n\n" {
		t.Errorf("%q %v", rest, err)
	}
}

// follow asks again and again until the cache says so.
func (f front) follow(t *testing.T, path, until string) (*http.Response, []byte) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		res, b := f.get(t, path)
		if got := res.Header.Get("X-Cache"); got == until {
			return res, b
		} else if time.Now().After(end) {
			t.Fatalf("%s: %d %s, never %s", path, res.StatusCode, got, until)
		}
	}
}

// withdrawn: what the site calls good for a while is asked about afterwards,
// without being sent again; what is gone there is gone here.
func (f front) withdrawn(t *testing.T) {
	const path = "/watch/brief/p/360p/0-1/0.m4s"
	f.segment(t, path, "MISS")
	if _, b := f.follow(t, path, "REVALIDATED"); !bytes.Equal(b, f.files["m4s"]) {
		t.Errorf("%d bytes", len(b))
	}
	f.set(func() { f.gone = true })
	defer f.set(func() { f.gone = false })
	if res, b := f.follow(t, path, "EXPIRED"); res.StatusCode != 404 || len(b) > 1000 {
		t.Errorf("withdrawn: %d, %d bytes", res.StatusCode, len(b))
	}
}

// away: while no web process answers, what is kept plays on.
func (f front) away(t *testing.T) {
	const path = "/watch/brief/p/360p/0-1/9.m4s"
	f.segment(t, path, "MISS")
	f.set(func() { f.down = true })
	for range 3 {
		if _, b := f.follow(t, path, "STALE"); !bytes.Equal(b, f.files["m4s"]) {
			t.Errorf("%d bytes", len(b))
		}
	}
	f.segment(t, "/watch/open/p/360p/0-1/0.m4s", "HIT")
	if res, _ := f.get(t, "/"); res.StatusCode < 502 || res.StatusCode > 504 {
		t.Errorf("a page: %d", res.StatusCode)
	}
	if _, err := os.Stat(filepath.Join(f.dir, "pid")); errors.Is(err, os.ErrNotExist) {
		t.Error("nginx has ended")
	}
}
