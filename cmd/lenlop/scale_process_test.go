package main

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

// asProgram makes this test binary be lenlop itself.
const asProgram = "LENLOP_TEST_AS_PROGRAM"

// TestMain lets tests start real processes of the product without building it
// again; LENLOP_TEST_BINARY names a built one to take instead.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main()
	}
	sandbox.Enter()
	os.Exit(m.Run())
}

// lenlopBinary is what is started as lenlop.
func lenlopBinary(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("LENLOP_TEST_BINARY"); bin != "" {
		return bin
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// process is a program that a test starts, kills and starts again. What it
// writes goes to one file, whose end is told when the test fails.
type process struct {
	t    testing.TB
	name string
	argv []string
	env  []string
	file string

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	from  int64 // where in the file the present run begins
}

func newProcess(t testing.TB, dir, name string, argv ...string) *process {
	p := &process{t: t, name: name, argv: argv, file: filepath.Join(dir, name+".log")}
	t.Cleanup(func() {
		p.stop(syscall.SIGTERM, 30*time.Second)
		if t.Failed() {
			t.Logf("--- %s\n%s", name, p.tail(40))
		}
	})
	return p
}

// start starts it and returns the first line that begins with ready, if any is
// to be waited for.
func (p *process) start(ready string) (string, error) {
	p.mu.Lock()
	log, err := os.OpenFile(p.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.mu.Unlock()
		return "", err
	}
	if st, err := log.Stat(); err == nil {
		p.from = st.Size()
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
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
		for line := range strings.Lines(p.said()) {
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

// stop sends a signal and waits for the end, with kill -9 after the patience.
func (p *process) stop(sig syscall.Signal, patience time.Duration) {
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

// kill ends it with kill -9.
func (p *process) kill() { p.stop(syscall.SIGKILL, time.Minute) }

// signal sends one without waiting for anything.
func (p *process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return errors.New(p.name + " does not run")
	}
	return p.cmd.Process.Signal(sig)
}

// alive reports whether it still runs.
func (p *process) alive() bool {
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

// said is what the present run wrote.
func (p *process) said() string {
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(raw[min(p.from, int64(len(raw))):])
}

func (p *process) tail(lines int) string {
	raw, err := os.ReadFile(p.file)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
