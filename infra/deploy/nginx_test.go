package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// origin stands in for a web process: it answers with the product's headers
// (web/stream) and notes what it was asked.
type origin struct {
	*httptest.Server
	mu     sync.Mutex
	asked  map[string]int // by method and path, without the query
	heads  map[string]http.Header
	hosts  map[string]string
	bodies map[string]int64
	down   bool
	gone   bool // the lesson is withdrawn
	files  map[string][]byte
	event  chan string
}

func newOrigin(t *testing.T) *origin {
	film := make([]byte, 3_500_000)
	for i := range film {
		film[i] = byte(i ^ i>>11)
	}
	o := &origin{asked: map[string]int{}, heads: map[string]http.Header{}, hosts: map[string]string{},
		bodies: map[string]int64{},
		files:  map[string][]byte{"m4s": film[:400_000], "mp4": film}, event: make(chan string)}
	o.Server = httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	down, gone := o.down, o.gone
	if down {
		o.mu.Unlock()
		panic(http.ErrAbortHandler) // the connection breaks
	}
	id := r.Method + " " + r.URL.Path
	o.asked[id]++
	o.heads[id], o.hosts[id] = r.Header.Clone(), r.Host
	o.mu.Unlock()
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	o.mu.Lock()
	o.bodies[id] = n
	o.mu.Unlock()
	end := r.URL.Path[strings.LastIndexByte(r.URL.Path, '.')+1:]
	h := w.Header()
	body := o.files[end]
	switch {
	case strings.HasSuffix(r.URL.Path, "/events"):
		h.Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, <-o.event)
		_ = http.NewResponseController(w).Flush()
		fmt.Fprint(w, <-o.event)
		return
	case end == "m3u8":
		h.Set("Content-Type", "application/vnd.apple.mpegurl")
		h.Set("Cache-Control", "public, max-age=3600")
		body = []byte("#EXTM3U\n")
	case body == nil:
		fmt.Fprintln(w, "answer")
		return
	case gone:
		http.NotFound(w, r)
		return
	case strings.HasPrefix(r.URL.Path, "/watch/draft/"):
		h.Set("Cache-Control", "private, max-age=3600")
	case strings.HasPrefix(r.URL.Path, "/watch/brief/"): // as below, but caches must ask again after a second
		h.Set("Cache-Control", "public, max-age=31536000, s-maxage=1, stale-if-error=86400, immutable")
	default:
		h.Set("Cache-Control", "public, max-age=31536000, s-maxage=600, stale-if-error=86400, immutable")
	}
	h.Set("ETag", fmt.Sprintf("%q", end+"-tag"))
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "video/mp4")
	}
	http.ServeContent(w, r, "", time.Unix(1_700_000_000, 0), bytes.NewReader(body))
}

func (o *origin) set(change func()) { o.mu.Lock(); defer o.mu.Unlock(); change() }

// times is how often a method and path were asked for.
func (o *origin) times(id string) int { o.mu.Lock(); defer o.mu.Unlock(); return o.asked[id] }

// front is nginx as shipped, as a process of its own.
type front struct {
	*origin
	storage *origin
	url     string
	dir     string
}

// startNginx runs the shipped configuration on a free port, in a folder of its
// own and not as root. Only addresses and paths are other.
func startNginx(t *testing.T) front {
	t.Helper()
	bin, err := exec.LookPath("nginx")
	if err != nil {
		bin, err = exec.LookPath("/usr/sbin/nginx") // not on everybody's PATH
	}
	if err != nil {
		if os.Getenv("LENLOP_TEST_REQUIRE") != "" {
			t.Fatal("nginx is not installed: apt-get install nginx-light")
		}
		t.Skip("nginx is not installed: apt-get install nginx-light")
	}
	site, storage := newOrigin(t), newOrigin(t)
	for range 5 { // somebody else may take the port first
		if f, ok := tryNginx(t, bin, site, storage); ok {
			return f
		}
	}
	t.Fatal("nginx does not start")
	return front{}
}

func tryNginx(t *testing.T, bin string, site, storage *origin) (front, bool) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lenlop-nginx-") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	replace := func(file string, pairs ...string) {
		text := read(t, file)
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(text, pairs[i]) {
				t.Fatalf("%s does not say %q", file, pairs[i])
			}
		}
		name := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(name, []byte(strings.NewReplacer(pairs...).Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	host := func(o *origin) string { return strings.TrimPrefix(o.URL, "http://") }
	replace("nginx/lenlop.conf", "listen 8080", "listen "+address, "web-1:8080", host(site),
		"server web-2:8080 max_fails=2 fail_timeout=5s;", "",
		"s3:7070", host(storage), "/var/cache/nginx", dir, "/dev/stdout", dir+"/access.log")
	replace("nginx/nginx.conf", "user nginx;", "", "/run/nginx.pid", dir+"/pid", "/dev/stderr", "stderr",
		"/etc/nginx/conf.d/*.conf", dir+"/lenlop.conf",
		"default_type", "client_body_temp_path "+dir+"/b; proxy_temp_path "+dir+"/p; fastcgi_temp_path "+dir+
			"/f; uwsgi_temp_path "+dir+"/u; scgi_temp_path "+dir+"/s; default_type")
	cmd := exec.Command(bin, "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-g", "daemon off;")
	if os.Geteuid() == 0 {
		const nobody = 65534
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		<-ended
	})
	f := front{site, storage, "http://" + address, dir}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return f, true
		}
		select {
		case err := <-ended:
			ended <- err
			if !strings.Contains(stderr.String(), "Address already in use") {
				t.Fatalf("nginx ended: %v\n%s", err, stderr.String())
			}
			return front{}, false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return front{}, false
}

// get asks through nginx.
func (f front) get(t *testing.T, path string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	return f.do(t, "GET", path, nil, headers...)
}

func (f front) do(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, b
}

// segment wants a whole segment with a cache status.
func (f front) segment(t *testing.T, path, want string) {
	t.Helper()
	res, b := f.get(t, path)
	if res.StatusCode != 200 || !bytes.Equal(b, f.files["m4s"]) || res.Header.Get("X-Cache") != want {
		t.Errorf("%s: %d, %d bytes, %s; want %s", path, res.StatusCode, len(b), res.Header.Get("X-Cache"), want)
	}
}

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
