package system

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/test/system/harness"
)

// TestSegmentsOnTheWire asks the product as a process of its own for a segment:
// on plain HTTP/1.1 the kernel sends the file (seen by strace), with TLS HTTP/2
// is spoken, and what caches and players fetch is answered by the book.
func TestSegmentsOnTheWire(t *testing.T) {
	dir, path, body := oneSegment(t)
	t.Run("plain", func(t *testing.T) {
		strace, err := exec.LookPath("strace")
		if err != nil {
			if os.Getenv("LENLOP_TEST_REQUIRE") != "" {
				t.Fatal("strace is not installed: apt-get install strace")
			}
			t.Skip("strace is not installed: apt-get install strace")
		}
		calls := filepath.Join(t.TempDir(), "calls")
		base := served(t, dir, "http", strace, "-D", "-f", "-qq", "-e", "trace=sendfile", "-e",
			"signal=none", "-o", calls)
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
		conditions(t, client, base+path, body, 1)
		raw, err := os.ReadFile(calls)
		if err != nil {
			t.Fatal(err)
		}
		// net/http sends the first 512 bytes with the head. strace writes a call
		// during which another began in two lines.
		whole := fmt.Sprintf("= %d\n", len(body)-512)
		if !strings.Contains(string(raw), "sendfile(") || !strings.Contains(string(raw), whole) {
			t.Errorf("the kernel was not asked to send %d bytes of a file:\n%s", len(body), harness.Brief(raw))
		}
	})
	t.Run("tls", func(t *testing.T) {
		cert, key := selfSigned(t)
		base := served(t, dir, "https", "--tls-cert", cert, "--tls-key", key)
		client := &http.Client{Timeout: time.Minute,
			Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		conditions(t, client, base+path, body, 2)
		c, err := tls.Dial("tcp", strings.TrimPrefix(base, "https://"),
			&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if s := c.ConnectionState(); s.NegotiatedProtocol != "h2" || s.Version != tls.VersionTLS13 {
			t.Errorf("agreed on %q, TLS %x", s.NegotiatedProtocol, s.Version)
		}
	})
}

// conditions asks for a segment in every way that caches and players do.
func conditions(t *testing.T, c *http.Client, address string, body []byte, major int) {
	t.Helper()
	fetch := func(method string, headers ...string) (*http.Response, []byte) {
		req, err := http.NewRequest(method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := c.Do(req)
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
	res, b := fetch("GET")
	tag := res.Header.Get("ETag")
	if res.StatusCode != 200 || !bytes.Equal(b, body) || res.ProtoMajor != major || !strings.HasPrefix(tag, `"`) ||
		res.ContentLength != int64(len(body)) {
		t.Fatalf("%s %s, %d bytes, ETag %s", res.Proto, res.Status, len(b), tag)
	}
	for name, want := range map[string]string{"Cache-Control": "immutable", "Accept-Ranges": "bytes",
		"Server-Timing": "app;dur=", "Content-Type": "video/iso.segment", "X-Content-Type-Options": "nosniff"} {
		if got := res.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	part := body[1000:2000]
	for _, x := range []struct {
		what, method string
		headers      []string
		status       int
		body         []byte
	}{
		{"head", "HEAD", nil, 200, nil},
		{"known", "GET", []string{"If-None-Match", tag}, 304, nil},
		{"known, weakly, among others", "GET", []string{"If-None-Match", `"x", W/` + tag}, 304, nil},
		{"another is known", "GET", []string{"If-None-Match", `"x"`}, 200, body},
		{"range", "GET", []string{"Range", "bytes=1000-1999"}, 206, part},
		{"range of this", "GET", []string{"Range", "bytes=1000-1999", "If-Range", tag}, 206, part},
		{"range of another", "GET", []string{"Range", "bytes=1000-1999", "If-Range", `"x"`}, 200, body},
		{"the end", "GET", []string{"Range", "bytes=-10"}, 206, body[len(body)-10:]},
		{"behind the end", "GET", []string{"Range", "bytes=99999999-"}, 416, nil},
		{"no range", "GET", []string{"Range", "seconds=1-2"}, 416, nil},
		{"must be another", "GET", []string{"If-Match", `"x"`}, 412, nil},
	} {
		res, b := fetch(x.method, x.headers...)
		if res.StatusCode != x.status || x.body != nil && !bytes.Equal(b, x.body) {
			t.Errorf("%s: %s, %d bytes", x.what, res.Status, len(b))
		}
		if x.status == 304 && len(b) > 0 {
			t.Errorf("%s: %d bytes", x.what, len(b))
		}
	}
}

// oneSegment is a data folder with a published lesson, a segment's address and
// its bytes.
func oneSegment(t *testing.T) (dir, path string, body []byte) {
	t.Helper()
	dir = t.TempDir()
	f := app.Settings{DataSettings: app.DataSettings{Data: dir, S3Bucket: "lenlop", S3Region: "us-east-1",
		Timezone: "Asia/Ho_Chi_Minh", LogLevel: "warn"}, MaxUpload: 1 << 30}
	ctx := context.Background()
	h, err := app.New(ctx, app.Config{Settings: f, Log: harness.QuietLogger()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	l := lesson.Lesson{ID: "bai-1", Title: "Bài 1", Subject: "toan", Grade: 5, SchoolID: "s1", TeacherID: "p-giao-vien",
		Status: lesson.Published,
		Media:  lesson.Media{State: lesson.Ready, PackageID: "p", Playable: true, Duration: 6}, CreatedAt: time.Now(),
		PublishedAt: time.Now()}
	if err := h.DB.Lessons().Save(ctx, l); err != nil {
		t.Fatal(err)
	}
	body = bytes.Repeat([]byte("0123456789abcdef"), 50_000)
	if _, err := h.Media.Put(ctx, media.Output("bai-1", "p", "720p/0-1", "0.m4s"), bytes.NewReader(body),
		int64(len(body)), media.PutOptions{ContentType: "video/iso.segment"}); err != nil {
		t.Fatal(err)
	}
	return dir, "/watch/bai-1/p/720p/0-1/0.m4s", body
}

// served starts the product on a data folder and gives its address. What
// follows are flags of the product, or a program to start it by.
func served(t *testing.T, dir, scheme string, more ...string) string {
	t.Helper()
	argv := []string{harness.Binary(t), "serve", "--data", dir, "--listen", "127.0.0.1:0", "--log", "warn"}
	if scheme == "http" {
		argv = append(more, argv...)
	} else {
		argv = append(argv, more...)
	}
	p := harness.NewProcess(t, t.TempDir(), "lenlop", argv...)
	line, err := p.Start("ready ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(line, "ready ")
}

// selfSigned makes a certificate for loopback.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der},
		key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
