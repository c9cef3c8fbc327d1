package main

import (
	"context"
	"io"
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

	"lenlop/infra/contract"
	"lenlop/infra/meili/meilitest"
	"lenlop/infra/s3"
)

// versitygw runs an S3 server as a process until the test ends and gives its
// address; the bucket "lenlop" is there.
func versitygw(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("LENLOP_TEST_VERSITYGW")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("versitygw is not installed; say where it is with LENLOP_TEST_VERSITYGW")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(bin, "--access", "examaccess", "--secret", "examsecret", "--port", addr, "--quiet", "posix", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	store, err := s3.New(t.Context(), s3.Config{Endpoint: "http://" + addr, Bucket: "lenlop", PathStyle: true, AccessKey: "examaccess", SecretKey: "examsecret"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	for {
		if err = store.EnsureBucket(ctx); err == nil {
			return "http://" + addr
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestJourneysAtScale is TestJourneys with two processes' worth of houses on
// one PostgreSQL, one S3 server and Meilisearch's stand-in.
func TestJourneysAtScale(t *testing.T) {
	endpoint, dsn, search := versitygw(t), contract.Postgres(t), meilitest.New(t)
	shared := func(f *serveFlags) {
		f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = dsn, endpoint, "examaccess", "examsecret"
		f.MeiliURL, f.MeiliKey = search.URL, search.Key
		f.Scratch = filepath.Join(f.Data, "files-in-the-making")
	}
	first, second := startHouse(t, shared), startHouse(t, shared)
	if first.house.runner.Worker == second.house.runner.Worker {
		t.Error("two processes work under one name")
	}
	walk(t, first, second)
	if search.Asked("POST /multi-search") == 0 {
		t.Error("Meilisearch was never asked")
	}
}

// TestScaleTrouble: what is wrong with a scale configuration is one sentence.
func TestScaleTrouble(t *testing.T) {
	endpoint, dsn := versitygw(t), contract.Postgres(t)
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
