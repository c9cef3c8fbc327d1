package mediatest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/infra/s3"
	"lenlop/infra/s3embedded"
	"lenlop/services/media"
	"lenlop/test/mediatest"
)

// relayed signs addresses for the relay when nobody says otherwise, as the
// web process does.
type relayed struct {
	media.Multipart
	base string
}

func (r relayed) PresignPart(ctx context.Context, base, key, uploadID string, number int,
	ttl time.Duration) (media.Signed, error) {
	if base == "" {
		base = r.base
	}
	return r.Multipart.PresignPart(ctx, base, key, uploadID, number, ttl)
}

// s3Embedded starts the server inside this process, with its relay in front.
func s3Embedded(t *testing.T) (media.Store, media.Multipart) {
	srv, err := s3embedded.Start(t.Context(),
		s3embedded.Config{Dir: filepath.Join(t.TempDir(), "objects"), Bucket: "lenlop"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Stop(); err != nil {
			t.Error(err)
		}
	})
	access, secret := srv.Credentials()
	store, err := s3.New(t.Context(), s3.Config{Endpoint: srv.Endpoint(), Bucket: "lenlop", PathStyle: true,
		AccessKey: access, SecretKey: secret, Client: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/lenlop/", srv.Relay())
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return srv.Media(store, store), relayed{store, front.URL}
}

func TestMediaEmbedded(t *testing.T) { mediatest.Media(t, s3Embedded) }

// TestMediaVersitygw sits the exam on versitygw by itself, as a process.
func TestMediaVersitygw(t *testing.T) {
	bin := s3Program(t, "LENLOP_TEST_VERSITYGW", "versitygw")
	mediatest.Media(t, func(t *testing.T) (media.Store, media.Multipart) {
		addr := s3Addr(t)
		return s3Process(t, addr, "versitygw", exec.Command(bin, "--access", "examaccess", "--secret", "examsecret",
			"--port", addr, "--quiet", "posix", t.TempDir()))
	}, mediatest.TakesTruncated, mediatest.AnswersEarly)
}

// TestFilesEmbedded and the next sit the exam of storages that open files.
func TestFilesEmbedded(t *testing.T) {
	store, _ := s3Embedded(t)
	mediatest.Files(t, store)
}

// TestFilesCached is the relay's cache before an S3 server outside.
func TestFilesCached(t *testing.T) {
	bin := s3Program(t, "LENLOP_TEST_VERSITYGW", "versitygw")
	addr := s3Addr(t)
	store, _ := s3Process(t, addr, "versitygw", exec.Command(bin, "--access", "examaccess", "--secret", "examsecret",
		"--port", addr, "--quiet", "posix", t.TempDir()))
	cache, err := s3.OpenCache(store, s3.CacheConfig{Dir: t.TempDir(), Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	mediatest.Files(t, cache)
}

// TestMediaMinio sits the exam on MinIO, where it is installed.
func TestMediaMinio(t *testing.T) {
	bin := s3Program(t, "LENLOP_TEST_MINIO", "minio")
	mediatest.Media(t, func(t *testing.T) (media.Store, media.Multipart) {
		addr := s3Addr(t)
		cmd := exec.Command(bin, "server", "--quiet", "--address", addr, t.TempDir())
		cmd.Env = append(os.Environ(), "MINIO_ROOT_USER=examaccess", "MINIO_ROOT_PASSWORD=examsecret",
			"MINIO_BROWSER=off",
			"MINIO_UPDATE=off", "MINIO_CALLHOME_ENABLE=off", "HOME="+t.TempDir())
		return s3Process(t, addr, "minio", cmd)
	}, mediatest.PendingByKeyOnly)
}

// s3Program finds a program that the tests need. versitygw is required where
// LENLOP_TEST_REQUIRE is set (make test installs it); MinIO, heavy to build
// and no longer maintained, is extra.
func s3Program(t *testing.T, env, name string) string {
	t.Helper()
	if bin := os.Getenv(env); bin != "" {
		return bin
	}
	if bin, err := exec.LookPath(name); err == nil {
		return bin
	}
	var dirs []string
	if out, err := exec.Command("go", "env", "GOPATH").Output(); err == nil {
		dirs = append(dirs, filepath.Join(strings.TrimSpace(string(out)), "bin"))
	}
	if out, err := exec.Command("go", "env", "GOMOD").Output(); err == nil {
		dirs = append(dirs, filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), ".tools", "bin"))
	}
	for _, d := range dirs {
		if _, err := os.Stat(filepath.Join(d, name)); err == nil {
			return filepath.Join(d, name)
		}
	}
	if name == "versitygw" && os.Getenv("LENLOP_TEST_REQUIRE") != "" {
		t.Fatalf("%s is not installed; say where it is with %s", name, env)
	}
	t.Skipf("%s is not installed; say where it is with %s", name, env)
	return ""
}

// s3Addr gives a loopback address that was free a moment ago.
func s3Addr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// s3Process runs a server until the test ends, and waits until it answers.
func s3Process(t *testing.T, addr, name string, cmd *exec.Cmd) (media.Store, media.Multipart) {
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	store, err := s3.New(t.Context(), s3.Config{Endpoint: "http://" + addr, Bucket: "lenlop", PathStyle: true,
		AccessKey: "examaccess", SecretKey: "examsecret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := store.EnsureBucket(ctx)
		if err == nil {
			return store, store
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not answer: %v", name, err)
		case e := <-ended:
			ended <- e
			out, _ := os.ReadFile(log.Name())
			t.Fatalf("%s ended: %v\n%s", name, errors.Join(e, err), out)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
