// Package pgtest gives tests throw-away PostgreSQL databases.
package pgtest

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

// The cluster of this test binary, started by the first test that asks.
var (
	clusterOnce sync.Once
	clusterDSN  string // of the database "postgres"
	clusterErr  error
	clusterCmd  *exec.Cmd // keeps the pipe open whose end stops the server
	databases   atomic.Int64

	preparedOnce sync.Once
	preparedErr  error
	prepared     = fmt.Sprintf("lenlop_like_%d", os.Getpid())
)

// Postgres gives the DSN of a fresh, empty PostgreSQL database. The server is
// LENLOP_TEST_POSTGRES (a DSN that may create databases), or a throw-away
// cluster of the machine's own PostgreSQL, one for each test binary. Without
// either the test is skipped, or failed when LENLOP_TEST_REQUIRE is 1.
func Postgres(t testing.TB) string {
	t.Helper()
	needCluster(t)
	return database(t, "template1")
}

// PostgresLike is Postgres, but the database is a copy of one that prepare was
// given once in this test binary: copying is faster than migrating.
func PostgresLike(t testing.TB, prepare func(dsn string) error) string {
	t.Helper()
	needCluster(t)
	preparedOnce.Do(func() {
		maintain(t, "CREATE DATABASE "+prepared)
		preparedErr = prepare(dsnOf(t, prepared))
	})
	if preparedErr != nil {
		t.Fatalf("prepare a database: %v", preparedErr)
	}
	return database(t, prepared)
}

func needCluster(t testing.TB) {
	t.Helper()
	clusterOnce.Do(func() {
		if clusterDSN = os.Getenv("LENLOP_TEST_POSTGRES"); clusterDSN == "" {
			clusterDSN, clusterErr = startCluster()
		}
	})
	if clusterErr == nil {
		return
	}
	if os.Getenv("LENLOP_TEST_REQUIRE") == "1" {
		t.Fatalf("PostgreSQL is required: %v", clusterErr)
	}
	t.Skipf("no PostgreSQL on this machine: %v", clusterErr)
}

// database makes one for the test, as a copy of another.
func database(t testing.TB, like string) string {
	t.Helper()
	name := fmt.Sprintf("lenlop_test_%d_%d", os.Getpid(), databases.Add(1))
	maintain(t, "CREATE DATABASE "+name+" TEMPLATE "+like+" STRATEGY FILE_COPY")
	t.Cleanup(func() { maintain(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return dsnOf(t, name)
}

func dsnOf(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(clusterDSN)
	if err != nil {
		t.Fatalf("LENLOP_TEST_POSTGRES: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

func maintain(t testing.TB, command string) {
	t.Helper()
	db, err := sql.Open("pgx", clusterDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), command); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

// supervise keeps PostgreSQL for as long as its standard input stays open,
// which is as long as the tests' process lives however it ends; then it stops
// the server by its process id and removes its folder. $1 is the folder; the
// rest is the server's command.
const supervise = `dir=$1; shift
"$@" >"$dir/log" 2>&1 &
pid=$!
cat >/dev/null
kill -INT $pid; wait $pid
rm -rf "$dir"`

// startCluster makes and starts a cluster that listens on a Unix socket only.
// Nothing in it outlives the tests, so it does not sync.
func startCluster() (dsn string, err error) {
	dir, err := os.MkdirTemp("", "lenlop-pg-")
	if err != nil {
		return "", err
	}
	program, err := makeCluster(dir)
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	server := slices.Concat(program, []string{"-k", dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off",
		"-c", "jit=off", "-c", "shared_buffers=32MB", "-c",
		"max_connections=120"})
	cmd := exec.Command("sh", slices.Concat([]string{"-c", supervise, "sh", dir}, server)...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the tests; the pipe tells the server
	if _, err := cmd.StdinPipe(); err != nil {
		return "", err
	}
	clusterCmd = cmd
	if err := clusterCmd.Start(); err != nil {
		return "", fmt.Errorf("start PostgreSQL: %w", err)
	}
	dsn = "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	return dsn, awaitServer(dsn, filepath.Join(dir, "log"))
}

// makeCluster makes a cluster's files below dir and gives the command of its
// server.
func makeCluster(dir string) (server []string, err error) {
	bin, err := serverFolder()
	if err != nil {
		return nil, err
	}
	// PostgreSQL refuses to run as root; then the account "postgres" runs it.
	var as []string
	if os.Getuid() == 0 {
		if err := giveTo(dir, "postgres"); err != nil {
			return nil, err
		}
		as = []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"}
	}
	data := filepath.Join(dir, "data")
	initdb := slices.Concat(as, []string{filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync"})
	cmd := exec.Command(initdb[0], initdb[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return slices.Concat(as, []string{filepath.Join(bin, "postgres"), "-D", data}), nil
}

// serverFolder finds the programs of PostgreSQL 15 or newer.
func serverFolder() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	for _, path := range found {
		out, err := exec.Command(path, "--version").Output()
		words := strings.Fields(string(out)) // postgres (PostgreSQL) 15.14 (Debian ...)
		if err != nil || len(words) < 3 {
			continue
		}
		major, _, _ := strings.Cut(words[2], ".")
		if n, err := strconv.Atoi(major); err == nil && n >= 15 {
			return filepath.Dir(path), nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL 15 or newer is installed (apt-get install postgresql)")
}

func giveTo(dir, account string) error {
	u, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}

// awaitServer returns when the server answers; it gives up after 30 s with
// what the server's log says.
func awaitServer(dsn, log string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w: %s", err, tail(log))
		case <-tick.C:
		}
	}
}

func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
