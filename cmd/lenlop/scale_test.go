package main

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"lenlop/infra/s3"
	"lenlop/test/pgtest"
)

// versitygwBinary finds the S3 server that tests run as a process.
func versitygwBinary(t testing.TB) string {
	t.Helper()
	bin := os.Getenv("LENLOP_TEST_VERSITYGW")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("versitygw"); err != nil {
			if os.Getenv("LENLOP_TEST_REQUIRE") == "1" {
				t.Fatal("versitygw is required: say where it is with LENLOP_TEST_VERSITYGW")
			}
			t.Skip("versitygw is not installed; say where it is with LENLOP_TEST_VERSITYGW")
		}
	}
	return bin
}

// versitygw runs an S3 server as a process until the test ends and gives its
// address; the bucket "lenlop" is there.
func versitygw(t testing.TB) string {
	t.Helper()
	_, endpoint := startStorage(t, t.TempDir())
	return endpoint
}

// startStorage is versitygw with its process, to be killed and started again.
func startStorage(t testing.TB, dir string) (*process, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := newProcess(t, dir, "versitygw", versitygwBinary(t), "--access", "examaccess", "--secret", "examsecret", "--port", addr, "--quiet", "posix", t.TempDir())
	if _, err := p.start(""); err != nil {
		t.Fatal(err)
	}
	awaitStorage(t, "http://"+addr)
	return p, "http://" + addr
}

// awaitStorage waits until the S3 server answers and has the bucket.
func awaitStorage(t testing.TB, endpoint string) {
	t.Helper()
	store, err := s3.New(t.Context(), s3.Config{Endpoint: endpoint, Bucket: "lenlop", PathStyle: true, AccessKey: "examaccess", SecretKey: "examsecret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	for {
		if err = store.EnsureBucket(ctx); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestJourneysAtScale is TestJourneys with two web processes and three workers
// on PostgreSQL, an S3 server and Meilisearch's stand-in, while the next
// release's migration has already been there: those that run go on, and one
// that dies comes back.
func TestJourneysAtScale(t *testing.T) {
	p := startProvince(t, provinceOptions{webs: 2, workers: 3})
	p.expand(90000001)
	p.killWeb(1)
	p.startWeb(1)
	walk(t, p.house(0), p.house(1))
	if p.search.Requests("POST /multi-search") == 0 {
		t.Error("Meilisearch was never asked")
	}
	p.settle(2 * time.Minute)
	p.whole()
	p.drain()
}

// TestScaleTrouble: what is wrong with a scale configuration is one sentence.
func TestScaleTrouble(t *testing.T) {
	endpoint, dsn := versitygw(t), pgtest.Postgres(t)
	for name, c := range map[string]struct {
		change func(*serveFlags)
		want   string
	}{
		"half of it":       {func(f *serveFlags) { f.S3Endpoint = "" }, "PostgreSQL and an S3 server go together"},
		"wrong secret":     {func(f *serveFlags) { f.S3SecretKey = "sai" }, "storage does not take these credentials for bucket lenlop"},
		"no bucket":        {func(f *serveFlags) { f.S3Bucket = "khong-co" }, "there is no bucket khong-co"},
		"storage away":     {func(f *serveFlags) { f.S3Endpoint = "http://127.0.0.1:1" }, "storage does not answer"},
		"database away":    {func(f *serveFlags) { f.Database = "postgres://lenlop@127.0.0.1:1/lenlop" }, "nothing answers at the database's address"},
		"no such database": {func(f *serveFlags) { f.Database = withName(dsn, "khong_co") }, "PostgreSQL has no database of this name"},
		"read-only":        {func(f *serveFlags) { f.Database += "&default_transaction_read_only=on" }, "the database is read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serveFlags{dataFlags: dataFlags{Data: t.TempDir(), Database: dsn, S3Endpoint: endpoint, S3Bucket: "lenlop", S3Region: "us-east-1",
				S3AccessKey: "examaccess", S3SecretKey: "examsecret", Timezone: "Asia/Ho_Chi_Minh", Log: "error"}, MaxUpload: 1 << 30}
			c.change(&f)
			ctx, done := context.WithTimeout(t.Context(), time.Minute)
			defer done()
			h, err := build(ctx, f, f.Data, quietLogger())
			if err == nil {
				h.close()
				t.Fatal("it starts")
			}
			if said := explain(err); !strings.Contains(said, c.want) || strings.Contains(said, "\n") {
				t.Errorf("%q does not say %q in one line", said, c.want)
			}
		})
	}
}

// withName is the address of another database of the same server.
func withName(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

// quietStd is for servers of tests that fail on purpose.
var quietStd = log.New(io.Discard, "", 0)

func quietLogger() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// TestSlots: one job for each core while memory lasts.
func TestSlots(t *testing.T) {
	for _, c := range []struct {
		cores int
		mem   int64
		want  int
	}{{2, 4 << 30, 2}, {16, 4 << 30, 4}, {64, 0, 64}, {0, 0, 1}, {8, 100 << 20, 1}, {4, 64 << 30, 4}} {
		if got := slotsFor(c.cores, c.mem); got != c.want {
			t.Errorf("%d cores, %d MiB: %d slots, want %d", c.cores, c.mem>>20, got, c.want)
		}
	}
	if got := memTotal("MemTotal:        4028412 kB\nMemFree: 1 kB\n"); got != 4028412<<10 {
		t.Errorf("memory %d", got)
	}
}

// TestSecretFiles: a setting may be a file, and the environment wins over it.
func TestSecretFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("bi mat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LENLOP_S3_SECRET_KEY_FILE", name)
	parse := func() string {
		var c struct {
			Doctor doctorCmd `cmd:""`
		}
		file, err := fileResolver(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := kong.New(&c, kong.DefaultEnvars("LENLOP"), kong.Resolvers(file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse([]string{"doctor"}); err != nil {
			t.Fatal(err)
		}
		return c.Doctor.S3SecretKey
	}
	if got := parse(); got != "bi mat" {
		t.Errorf("secret %q", got)
	}
	t.Setenv("LENLOP_S3_SECRET_KEY", "khac")
	if got := parse(); got != "khac" {
		t.Errorf("secret %q", got)
	}
}
