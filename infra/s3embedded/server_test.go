package s3embedded

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
)

func TestStartRefuses(t *testing.T) {
	if _, err := Start(t.Context(), Config{Dir: "relative", Bucket: bucket}); err == nil {
		t.Error("a relative folder is taken, though the working directory will change")
	}
	for _, b := range []string{"", ".", "..", "a/b", "../x"} {
		if s, err := Start(t.Context(), Config{Dir: t.TempDir(), Bucket: b}); err == nil {
			s.Stop()
			t.Errorf("bucket %q is taken", b)
		}
	}
	start(t, Config{Dir: filepath.Join(t.TempDir(), "objects")})
	if s, err := Start(t.Context(), Config{Dir: t.TempDir(), Bucket: bucket}); err == nil {
		s.Stop()
		t.Error("a second server in one process")
	}
}

func TestCheckXattr(t *testing.T) {
	if err := CheckXattr(t.TempDir()); err != nil {
		t.Errorf("test data need a file system with extended attributes: %v", err)
	}
	if err := CheckXattr(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

// TestRestart: keys stay, nobody else may read them, objects stay, and the
// working directory comes back.
func TestRestart(t *testing.T) {
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	// Deep enough that a socket in it would have too long a name.
	dir := filepath.Join(t.TempDir(), strings.Repeat("thư-mục-", 8), "objects")
	s, c := start(t, Config{Dir: dir})
	access, secret := s.Credentials()
	put(t, c, "a", []byte("kept"))
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Getwd(); err != nil || now != before {
		t.Errorf("left in %s: %v", now, err)
	}
	if _, err := os.Stat(s.socket); err == nil {
		t.Error("the socket is left")
	}
	info, err := os.Stat(filepath.Join(dir, "credentials.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("credentials: %v %v", info.Mode(), err)
	}
	s, c = start(t, Config{Dir: dir})
	if a, b := s.Credentials(); a != access || b != secret || len(secret) < 40 {
		t.Error("other credentials after a restart")
	}
	if info, err := os.Stat(s.socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", info, err)
	}
	if got := get(t, c, "a"); string(got) != "kept" {
		t.Errorf("holds %q", got)
	}
}

func TestOpen(t *testing.T) {
	s, c := start(t, Config{Dir: filepath.Join(t.TempDir(), "objects")})
	m := s.Media(nil, nil)
	put(t, c, "bài/1.m4s", []byte("chunk"))
	f, o, err := m.Open(t.Context(), "bài/1.m4s")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); string(b) != "chunk" || err != nil || o.Size != 5 || len(o.ETag) != 32 ||
		o.Key != "bài/1.m4s" {
		t.Errorf("%q %+v %v", b, o, err)
	}
	if _, err := f.WriteString("x"); err == nil {
		t.Error("it can be written")
	}
	var _ media.Opener = m

	id := begin(t, c, "pending")
	if err := sendPart(t.Context(), c, "pending", id, 1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(s.root, bucket)
	if err := os.WriteFile(filepath.Join(root, "stray"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(s.cfg.Dir, "credentials.json"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"", ".", "..", "none", "bài", "bài/", "/bài/1.m4s", "bài/../bài/1.m4s", "../../credentials.json",
		filepath.Join(s.cfg.Dir, "credentials.json"), "stray", "link", "pending",
		uploadsDir + "/" + keyDir("pending") + "/" + id + "/1",
	} {
		if f, _, err := m.Open(t.Context(), key); !fault.Is(err, "media.not_found") {
			t.Errorf("%q: %v", key, err)
			if err == nil {
				f.Close()
			}
		}
	}
}

// TestRelayPassesPartsOnly: whatever is not a signed part is refused before
// it reaches storage. (That signed parts pass is in the media exam.)
func TestRelayPassesPartsOnly(t *testing.T) {
	s, c := start(t, Config{Dir: filepath.Join(t.TempDir(), "objects"), Log: slog.New(slog.DiscardHandler),
		MaxPart: 1000})
	put(t, c, "a", []byte("secret"))
	relay := s.Relay()
	const signed = "?partNumber=1&uploadId=u&X-Amz-Signature=00"
	for _, r := range []struct {
		method, target, body string
		status               int
	}{
		{"GET", "/lenlop/a", "", 403},
		{"GET", "/lenlop/a" + signed, "", 403},
		{"HEAD", "/lenlop/a" + signed, "", 403},
		{"DELETE", "/lenlop/a" + signed, "", 403},
		{"POST", "/lenlop/a?uploads&X-Amz-Signature=00", "x", 403},
		{"POST", "/lenlop/a" + signed, "x", 403},
		{"PUT", "/lenlop/a?X-Amz-Signature=00", "x", 403},
		{"PUT", "/lenlop/a?partNumber=1&uploadId=u", "x", 403},
		{"PUT", "/lenlop/a?partNumber=0&uploadId=u&X-Amz-Signature=00", "x", 403},
		{"PUT", "/lenlop/a?partNumber=10001&uploadId=u&X-Amz-Signature=00", "x", 403},
		{"PUT", "/lenlop/a?partNumber=1&partNumber=2&uploadId=u&X-Amz-Signature=00", "x", 403},
		{"PUT", "/other/a" + signed, "x", 404},
		{"PUT", "/lenlop" + signed, "x", 404},
		{"PUT", "/" + signed, "x", 404},
		{"PUT", "/lenlop/a" + signed, "x", 400}, // storage itself refuses the signature
	} {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(r.method, r.target, strings.NewReader(r.body))
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 whatever")
		relay.ServeHTTP(w, req)
		if w.Code != r.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s %s: %d %s", r.method, r.target, w.Code, w.Body)
		}
	}
	for name, c := range map[string]struct {
		length int64
		body   string
		status int
	}{
		"no length": {-1, "x", http.StatusLengthRequired}, "too long": {1001, "x", http.StatusRequestEntityTooLarge},
		"shorter than said": {100, "x", http.StatusBadRequest},
	} {
		req := httptest.NewRequest("PUT", "/lenlop/a"+signed, io.NopCloser(strings.NewReader(c.body)))
		req.ContentLength = c.length
		w := httptest.NewRecorder()
		relay.ServeHTTP(w, req)
		if w.Code != c.status {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if got := get(t, c, "a"); string(got) != "secret" {
		t.Errorf("changed to %q", got)
	}
}

// TestStopRightAfterStart: the server says that it listens a moment before it
// can be shut down; stopping in that moment must end all the same.
func TestStopRightAfterStart(t *testing.T) {
	for range 20 {
		s, err := Start(t.Context(), Config{Dir: t.TempDir(), Bucket: "b", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- s.Stop() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(15 * time.Second):
			t.Fatal("Stop hangs")
		}
	}
}

// TestOpenWithoutOpenat2: where the kernel or a container refuses the one call,
// files are opened all the same, and nothing leads out.
func TestOpenWithoutOpenat2(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("in"), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(dir, "inside")
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inside, "b"), []byte("in"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../a", filepath.Join(inside, "out")); err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer f.root.Close()
	for range 2 {
		b, err := f.open("b")
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		if out, err := f.open("out"); err == nil {
			out.Close()
			t.Error("a link leads out")
		}
		f.dir.Close() // from now on openat2 fails
	}
}
