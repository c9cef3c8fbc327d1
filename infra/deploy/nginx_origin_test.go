package deploy_test

import (
	"bytes"
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
