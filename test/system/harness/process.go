package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lenlop/infra/sandbox"
)

// binary is lenlop as Binary builds it.
var binary struct {
	once sync.Once
	dir  string
	err  error
}

// Main runs the tests of a package that starts the product: the sandbox of its
// workers begins in this same test binary.
func Main(m *testing.M) {
	sandbox.Enter()
	code := m.Run()
	if binary.dir != "" {
		_ = os.RemoveAll(binary.dir)
	}
	os.Exit(code)
}

// Binary is the program that tests start as lenlop: LENLOP_TEST_BINARY, or one that
// the first call builds. Main removes it.
func Binary(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("LENLOP_TEST_BINARY"); bin != "" {
		return bin
	}
	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "lenlop-test-"); binary.err != nil {
			return
		}
		args := []string{"build", "-o", filepath.Join(binary.dir, "lenlop")}
		if raceEnabled {
			args = append(args, "-race")
		}
		cmd := exec.Command("go", append(args, "./cmd/lenlop")...)
		cmd.Dir = Root(t)
		if out, err := cmd.CombinedOutput(); err != nil {
			binary.err = fmt.Errorf("go build: %w: %s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return filepath.Join(binary.dir, "lenlop")
}

// startDir is where the tests start; the embedded storage changes the working
// directory.
var startDir, _ = os.Getwd()

// Root is the folder of the product's module.
func Root(t testing.TB) string {
	t.Helper()
	for dir := startDir; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		raw, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(raw), "module lenlop\n") {
			return dir
		}
	}
	t.Fatal("no go.mod of lenlop above the tests")
	return ""
}

// Process is a program that a test starts, kills and starts again. What it writes
// goes to one file, whose end is logged when the test fails.
type Process struct {
	Argv []string

	t    testing.TB
	name string
	file string

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	from  int64 // where in the file the present run begins
}

// NewProcess makes a process that is not started yet; the end of the test stops it.
func NewProcess(t testing.TB, dir, name string, argv ...string) *Process {
	p := &Process{t: t, name: name, Argv: argv, file: filepath.Join(dir, name+".log")}
	t.Cleanup(func() {
		p.Stop(syscall.SIGTERM, 30*time.Second)
		if t.Failed() {
			t.Logf("--- %s\n%s", name, p.tail(40))
		}
	})
	return p
}

// Start starts it and returns the first line that begins with ready, if any is
// to be waited for.
func (p *Process) Start(ready string) (string, error) {
	p.mu.Lock()
	log, err := os.OpenFile(p.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.mu.Unlock()
		return "", err
	}
	if st, err := log.Stat(); err == nil {
		p.from = st.Size()
	}
	cmd := exec.Command(p.Argv[0], p.Argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err = cmd.Start()
	log.Close()
	ended := make(chan struct{})
	if err == nil {
		go func() { _ = cmd.Wait(); close(ended) }() // how it ended is told by its log
		p.cmd, p.ended = cmd, ended
	}
	p.mu.Unlock()
	if err != nil || ready == "" {
		return "", err
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(p.Output()) {
			if strings.HasPrefix(line, ready) && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(line), nil
			}
		}
		select {
		case <-ended:
			return "", fmt.Errorf("%s ended (%v): %s", p.name, cmd.ProcessState, p.tail(5))
		default:
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("%s does not say %q", p.name, ready)
		}
	}
}

// Stop sends a signal and waits for the end, with kill -9 after the patience.
func (p *Process) Stop(sig syscall.Signal, patience time.Duration) {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.cmd = nil
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(sig) // it may be gone already
	select {
	case <-ended:
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		<-ended
		p.t.Errorf("%s did not end within %v of %v", p.name, patience, sig)
	}
}

// Kill ends it with kill -9.
func (p *Process) Kill() { p.Stop(syscall.SIGKILL, time.Minute) }

// Signal sends one without waiting for anything.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return errors.New(p.name + " does not run")
	}
	return p.cmd.Process.Signal(sig)
}

// Alive reports whether it still runs.
func (p *Process) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Output is what the present run wrote.
func (p *Process) Output() string {
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(raw[min(p.from, int64(len(raw))):])
}

func (p *Process) tail(lines int) string {
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}

// History is what all runs wrote.
func (p *Process) History() string {
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return ""
	}
	return string(raw)
}

// PID is the process id of the present run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}
