package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is a PostgreSQL server of one test's own, on a port of the loopback,
// that may be stopped, killed and started again. It keeps its promises across
// the death of its processes (commits are written before they are answered).
type Cluster struct {
	t      testing.TB
	dir    string
	server []string
	port   int
	cmd    *exec.Cmd
	ended  chan struct{}
}

// NewCluster makes and starts one, with settings such as "max_connections=200";
// it ends with the test. Without PostgreSQL the test is skipped, or failed when
// LENLOP_TEST_REQUIRE is 1.
func NewCluster(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "lenlop-pg-")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, dir: dir}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if c.server, err = makeCluster(dir); err != nil {
		if os.Getenv("LENLOP_TEST_REQUIRE") == "1" {
			t.Fatalf("PostgreSQL is required: %v", err)
		}
		t.Skipf("no PostgreSQL on this machine: %v", err)
	}
	for _, s := range append([]string{"listen_addresses=127.0.0.1", "max_connections=200", "shared_buffers=128MB"},
		settings...) {
		c.server = append(c.server, "-c", s)
	}
	c.server = append(c.server, "-k", dir)
	t.Cleanup(c.Stop)
	// Another program may take the port between looking and listening.
	for try := 0; ; try++ {
		if c.port, err = freePort(); err == nil {
			err = c.Start()
		}
		if err == nil {
			return c
		}
		if try == 3 {
			t.Fatal(err)
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Address is where it listens, "127.0.0.1:54321".
func (c *Cluster) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// DSN of a database, reached at address: its own, or a proxy's.
func (c *Cluster) DSN(address, name string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Host: address, Path: "/" + name,
		RawQuery: "sslmode=disable"}).String()
}

// Log is the end of what the server wrote.
func (c *Cluster) Log() string { return tail(filepath.Join(c.dir, "log")) }

// startFor is how long a server may take to start: after a kill it waits for
// its old processes to go, and replays its log.
const startFor = time.Minute

// Start starts the server, unless it runs, and returns when it answers.
func (c *Cluster) Start() error {
	if c.cmd != nil {
		return nil
	}
	end := time.Now().Add(startFor)
	for {
		err := c.start()
		if err == nil || time.Now().After(end) {
			return err
		}
		// "pre-existing shared memory block is still in use": killed a moment ago.
		if !strings.Contains(c.Log(), "still in use") {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *Cluster) start() error {
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.server[0], slices.Concat(c.server[1:], []string{"-c", "port=" + strconv.Itoa(c.port)})...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // how it ended stands in its log
	c.cmd, c.ended = cmd, ended
	if err := c.answers(); err != nil {
		c.signal(syscall.SIGKILL)
		return err
	}
	return nil
}

// answers waits until the server does.
func (c *Cluster) answers() error {
	db, err := sql.Open("pgx", c.DSN(c.Address(), "postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, done := context.WithTimeout(context.Background(), startFor)
	defer done()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("PostgreSQL ended: %s", c.Log())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w: %s", err, c.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server at once, as "pg_ctl stop -m immediate" does: without a
// last checkpoint, so that the next start replays the log.
func (c *Cluster) Stop() { c.signal(syscall.SIGQUIT) }

// Kill ends the server's main process with kill -9; its children exit.
func (c *Cluster) Kill() { c.signal(syscall.SIGKILL) }

func (c *Cluster) signal(s syscall.Signal) {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(s) // it may be gone already
	<-c.ended
	c.cmd = nil
}

// KillBackend ends one session of a database with kill -9; the server then ends all sessions and recovers. It reports
// whether there was a session.
func (c *Cluster) KillBackend(ctx context.Context, name string) (bool, error) {
	db, err := sql.Open("pgx", c.DSN(c.Address(), "postgres"))
	if err != nil {
		return false, err
	}
	defer db.Close()
	var pid int
	err = db.QueryRowContext(ctx,
		"SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() ORDER BY state = 'active' DESC, query_start DESC LIMIT 1", name).Scan(&pid)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, syscall.Kill(pid, syscall.SIGKILL)
}

// Exec runs statements on a database, for making and measuring.
func (c *Cluster) Exec(name string, statements ...string) {
	c.t.Helper()
	db, err := sql.Open("pgx", c.DSN(c.Address(), name))
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			c.t.Fatalf("%s: %v", s, err)
		}
	}
}
