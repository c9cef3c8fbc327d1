//go:build bench

package system

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// benchServer is a server as a process of its own, with the processes whose
// CPU counts as its.
type benchServer struct {
	url  string
	cmd  *exec.Cmd
	pids func() []int
}

// turn is one measurement.
type turn struct {
	requests, bytes int64
	took            time.Duration
	cpu             float64 // seconds
}

func (r turn) rate() float64      { return float64(r.requests) / r.took.Seconds() }
func (r turn) cpuPerGiB() float64 { return r.cpu / (float64(r.bytes) / (1 << 30)) }

// connections that ask at once.
const benchConns = 32

// driver asks a server for files, one of them drawn for each request, until
// the context ends.
type driver func(ctx context.Context, address *url.URL, files []string, requests, received *atomic.Int64) error

func (s *benchServer) turn(t *testing.T, drive driver, files []string, long time.Duration) turn {
	t.Helper()
	address, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), long)
	defer done()
	var requests, received atomic.Int64
	before, start := cpuOf(t, s.pids()), time.Now()
	if err := drive(ctx, address, files, &requests, &received); err != nil {
		t.Fatalf("%s: %v", s.url, err)
	}
	return turn{requests.Load(), received.Load(), time.Since(start), cpuOf(t, s.pids()) - before}
}

// stop ends the server and waits for it.
func (s *benchServer) stop() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait() // it was told to end
	}
}

// cpuOf is what processes have used so far, user and system, seconds.
func cpuOf(t *testing.T, pids []int) (seconds float64) {
	t.Helper()
	for _, pid := range pids {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		// The second field, a name in parentheses, may hold spaces.
		f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		for _, i := range []int{11, 12} { // utime, stime, in ticks of 10 ms
			n, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			seconds += n / 100
		}
	}
	return seconds
}

// driveOne speaks HTTP/1.1 on kept connections, with as little work for each
// byte as a reader can have.
func driveOne(ctx context.Context, address *url.URL, files []string, requests, received *atomic.Int64) error {
	var all sync.WaitGroup
	fails := make(chan error, benchConns)
	for i := range benchConns {
		all.Go(func() {
			c, err := benchDial(address)
			if err != nil {
				fails <- err
				return
			}
			defer c.Close()
			draw, buf := rand.New(rand.NewPCG(7, uint64(i))), make([]byte, 256<<10)
			for ctx.Err() == nil {
				n, err := fetch(c, address.Host, files[draw.IntN(len(files))], buf)
				if err != nil {
					fails <- err
					return
				}
				requests.Add(1)
				received.Add(n)
			}
		})
	}
	all.Wait()
	close(fails)
	return <-fails
}

func benchDial(address *url.URL) (net.Conn, error) {
	if address.Scheme == "https" {
		return tls.Dial("tcp", address.Host,
			&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}})
	}
	return net.Dial("tcp", address.Host)
}

// fetch asks for one file and throws its bytes away.
func fetch(c net.Conn, host, path string, buf []byte) (int64, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n", path,
		host); err != nil {
		return 0, err
	}
	have, head := 0, -1
	for head < 0 {
		n, err := c.Read(buf[have:])
		if err != nil {
			return 0, err
		}
		have += n
		head = bytes.Index(buf[:have], []byte("\r\n\r\n"))
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(buf[:head+4])), nil)
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK || res.ContentLength <= 0 {
		return 0, fmt.Errorf("%s: %s, %d bytes", path, res.Status, res.ContentLength)
	}
	for left := res.ContentLength - int64(have-head-4); left > 0; {
		n, err := c.Read(buf)
		if err != nil {
			return 0, err
		}
		left -= int64(n)
	}
	return res.ContentLength, nil
}

// driveTwo speaks HTTP/2, eight requests at once on each of four connections,
// as browsers do.
func driveTwo(ctx context.Context, address *url.URL, files []string, requests, received *atomic.Int64) error {
	const connections, streams = 4, 8
	var all sync.WaitGroup
	fails := make(chan error, connections*streams)
	for i := range connections {
		client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		defer client.CloseIdleConnections()
		for j := range streams {
			all.Go(func() {
				draw, buf := rand.New(rand.NewPCG(uint64(i), uint64(j))), make([]byte, 256<<10)
				for ctx.Err() == nil {
					res, err := client.Get(address.String() + files[draw.IntN(len(files))])
					if err != nil {
						fails <- err
						return
					}
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
					res.Body.Close()
					if err != nil || res.ProtoMajor != 2 || res.StatusCode != http.StatusOK {
						fails <- fmt.Errorf("%s %s: %w", res.Proto, res.Status, err)
						return
					}
					requests.Add(1)
					received.Add(n)
				}
			})
		}
	}
	all.Wait()
	close(fails)
	return <-fails
}

// benchBinary builds the product once.
func benchBinary(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "lenlop")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", name, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return name
}

// benchServe starts the product on a data folder and waits until it is ready.
func benchServe(t *testing.T, binary, dir string, args ...string) *benchServer {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &benchServer{cmd: cmd, pids: func() []int { return []int{cmd.Process.Pid} }}
	t.Cleanup(s.stop)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			s.url = address
			return s
		}
	}
	t.Fatal("lenlop did not start")
	return nil
}

// benchNginx starts nginx on the folder of the bucket's objects.
func benchNginx(t *testing.T, bucket string, secure bool, cert, key string) *benchServer {
	t.Helper()
	bin, err := exec.LookPath("nginx")
	if err != nil {
		t.Fatal("nginx is the peer of this measurement: apt-get install nginx-light")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir, scheme, listen := t.TempDir(), "http", " reuseport"
	if secure {
		scheme = "https"
		listen = " ssl http2 reuseport; ssl_certificate " + cert + "; ssl_certificate_key " + key +
			"; ssl_protocols TLSv1.3"
	}
	var places strings.Builder
	for _, id := range []string{"bai-1", "bai-2"} {
		fmt.Fprintf(&places, "location /watch/%s/p/ { alias %s/lessons/%s/packages/p/; }\n", id, bucket, id)
	}
	conf := fmt.Sprintf(
		`user root; worker_processes %d; worker_cpu_affinity auto; daemon off; pid %[2]s/pid; error_log stderr error;
events { worker_connections 4096; }
http { sendfile on; tcp_nopush on; access_log off; keepalive_requests 100000000; types { video/iso.segment m4s; }
open_file_cache max=10000 inactive=10m; open_file_cache_valid 10m;
client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f;
uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
server { listen %[3]s%[4]s; add_header Cache-Control "public, max-age=31536000, immutable";
%[5]s } }`, runtime.GOMAXPROCS(0), dir, address, listen, places.String())
	name := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-e", "stderr", "-p", dir, "-c", name)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &benchServer{url: scheme + "://" + address, cmd: cmd, pids: func() []int { return family(t, cmd.Process.Pid) }}
	t.Cleanup(s.stop)
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx did not start")
	return nil
}

// family is a process and its children.
func family(t *testing.T, pid int) []int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	pids := []int{pid}
	for f := range strings.FieldsSeq(string(raw)) {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, n)
	}
	return pids
}
