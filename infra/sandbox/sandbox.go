// Package sandbox runs ffmpeg and ffprobe where they can do no harm: without
// network, seeing only their own files, within limits of memory, time and
// size. A hostile recording may take over the decoder; it must find nothing
// there.
package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lenlop/services/job"
	"lenlop/transcoder"
)

// Default limits of a command that names none.
const (
	DefaultMemory    = 4 << 30    // bytes of address space; a 1080p piece uses 1 to 2 GB of it and 0.6 GB of memory
	DefaultResident  = 1500 << 20 // bytes in use at one time
	DefaultWall      = 30 * time.Minute
	DefaultCPU       = 2 * time.Hour
	DefaultFileBytes = 8 << 30
	openFiles        = 128
)

// Sandbox implements transcoder.Sandbox.
type Sandbox struct {
	bwrap    string // "" when bubblewrap is missing or cannot work here
	self     string // without bubblewrap, this program, when it can confine itself; else ""
	prlimit  string
	why      string // why there is no bubblewrap
	programs map[string]string
	most     *atomic.Int64 // bytes that a command had in memory; approximate, for tests
	libs     string        // library folders that the loader would look up in /etc
}

// New looks at what this machine offers. It fails only when ffmpeg, ffprobe or
// prlimit are missing.
func New(ctx context.Context, log *slog.Logger) (*Sandbox, error) {
	return detect(ctx, log, exec.LookPath)
}

func detect(ctx context.Context, log *slog.Logger, look func(string) (string, error)) (*Sandbox, error) {
	s := &Sandbox{programs: map[string]string{}, most: &atomic.Int64{}}
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		path, err := look(name)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", name, err)
		}
		if s.programs[name], err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	var err error
	if s.prlimit, err = look("prlimit"); err != nil {
		return nil, fmt.Errorf("find prlimit: %w", err)
	}
	s.libs = libraries(ctx, s.programs["ffmpeg"])
	if s.bwrap, err = look("bwrap"); err != nil {
		s.bwrap, s.why = "", "bubblewrap is not installed"
	} else if err := s.Run(ctx, transcoder.Command{Program: "ffmpeg", Args: []string{"-v", "error", "-version"},
		Wall: 20 * time.Second}); err != nil {
		s.bwrap, s.why = "", err.Error()
	}
	if s.bwrap == "" && entered.Load() {
		if s.self, err = os.Executable(); err == nil {
			err = s.Run(ctx, transcoder.Command{Program: "ffmpeg", Args: []string{"-v", "error", "-version"},
				Wall: 20 * time.Second})
		}
		if err != nil {
			s.self, s.why = "", s.why+"; "+err.Error()
		}
	}
	if log != nil {
		log.Info("sandbox", "protection", s.Describe(), "reason", s.why)
	}
	return s, nil
}

// Describe says which protection is on.
func (s *Sandbox) Describe() string {
	switch {
	case s.bwrap != "":
		return "bubblewrap + prlimit"
	case s.self != "":
		return "landlock + seccomp + prlimit"
	}
	return "prlimit only"
}

// Strong reports that commands see neither network nor other files.
func (s *Sandbox) Strong() bool { return s.bwrap != "" || s.self != "" }

// Why says what keeps the stronger protection away, or "".
func (s *Sandbox) Why() string { return s.why }

// libraries finds the folders of libraries that Debian reaches through
// /etc/alternatives, which the sandbox does not show.
func libraries(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, "ldd", program).Output()
	if err != nil {
		return ""
	}
	var dirs []string
	seen := map[string]bool{}
	for line := range strings.SplitSeq(string(out), "\n") {
		_, after, ok := strings.Cut(line, "=> ")
		if !ok {
			continue
		}
		path, _, _ := strings.Cut(after, " (")
		if to, err := os.Readlink(path); err != nil || !strings.HasPrefix(to, "/etc/") {
			continue
		}
		target, err := filepath.EvalSymlinks(path)
		if dir := filepath.Dir(target); err == nil && !seen[dir] {
			seen[dir] = true
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, ":")
}

// Run implements transcoder.Sandbox.
func (s *Sandbox) Run(ctx context.Context, c transcoder.Command) error {
	job.Outside(ctx, "sandbox: "+c.Program)
	program, ok := s.programs[c.Program]
	if !ok {
		return fmt.Errorf("sandbox: program %q is not allowed", c.Program)
	}
	for _, p := range append(append([]string(nil), c.ReadOnly...), c.WriteDir) {
		if p != "" && !filepath.IsAbs(p) {
			return fmt.Errorf("sandbox: path %q is not absolute", p)
		}
	}
	wall := c.Wall
	if wall <= 0 {
		wall = DefaultWall
	}
	limited, cancel := context.WithTimeoutCause(ctx, wall, errWall)
	defer cancel()
	limited, exceed := context.WithCancelCause(limited)
	defer exceed(nil)
	args := append([]string{s.prlimit}, s.limits(c)...)
	switch {
	case s.bwrap != "":
		args = append(args, s.bubblewrapArgs(c, program)...)
	case s.self != "":
		// Confined first, limited then: starting ourselves takes more address
		// space than some commands may have.
		args = append(confined(s.self, c, program), args...)
	}
	args = append(append(args, program), c.Args...)
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/tmp", "AV_LOG_FORCE_NOCOLOR=1"}
	if s.libs != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+s.libs)
	}
	cmd.Dir = "/"
	if c.WriteDir != "" {
		cmd.Dir = c.WriteDir
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// What a cancelled command leaves is thrown away, so there is nothing to
	// be gentle about; within bubblewrap, the death of its own process group
	// ends everything in the sandbox.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second // of waiting for output that somebody holds open; a killed group holds nothing
	tail := &tailBuffer{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, tail
	if c.Stderr != nil {
		cmd.Stderr = io.MultiWriter(c.Stderr, tail)
	}
	done, err := extra(cmd, c.Extra)
	if err != nil {
		return err
	}
	if err = cmd.Start(); err == nil {
		stop := s.watchMemory(cmd.Process.Pid, c.Resident, func() { exceed(errMemory) })
		err = cmd.Wait()
		stop()
	}
	done()
	if err == nil && c.WriteDir != "" && unwritten(tail.String()) {
		// ffmpeg has met a full disk and says that all went well.
		return &transcoder.ExitError{Program: c.Program, Tail: tail.String(), Limit: transcoder.LimitDisk}
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.Program, ctx.Err())
	}
	return exitError(c, err, limited, tail.String())
}

var (
	errWall   = errors.New("wall time is over")
	errMemory = errors.New("too much memory in use")
)

// limits are the arguments of prlimit, up to the program.
func (s *Sandbox) limits(c transcoder.Command) []string {
	memory, cpu, size := c.Memory, c.CPU, c.FileBytes
	if memory <= 0 {
		memory = DefaultMemory
	}
	if cpu <= 0 {
		cpu = DefaultCPU
	}
	if size <= 0 {
		size = DefaultFileBytes
	}
	seconds := int64(max(cpu, time.Second) / time.Second)
	return []string{
		"--as=" + strconv.FormatInt(memory, 10), // A signal that names the limit first, the end a second later.
		fmt.Sprintf("--cpu=%d:%d", seconds, seconds+1),
		"--fsize=" + strconv.FormatInt(size, 10), "--core=0", "--nofile=" + strconv.Itoa(openFiles), "--",
	}
}

// bubblewrapArgs are bubblewrap's arguments: its own network, processes, users and
// names; of the file system only programs and libraries, and the command's
// files under their own names.
func (s *Sandbox) bubblewrapArgs(c transcoder.Command, program string) []string {
	args := []string{
		s.bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox",
		"--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp",
	}
	for _, dir := range []string{"/bin", "/lib", "/lib64"} {
		if to, err := os.Readlink(dir); err == nil {
			args = append(args, "--symlink", to, dir)
		} else if _, err := os.Stat(dir); err == nil {
			args = append(args, "--ro-bind", dir, dir)
		}
	}
	if !strings.HasPrefix(program, "/usr/") && !strings.HasPrefix(program, "/bin/") {
		args = append(args, "--ro-bind", program, program)
	}
	for _, p := range c.ReadOnly {
		args = append(args, "--ro-bind", p, p)
	}
	if c.WriteDir != "" {
		args = append(args, "--bind", c.WriteDir, c.WriteDir, "--chdir", c.WriteDir)
	} else {
		args = append(args, "--chdir", "/")
	}
	// What else is there, the folders that lead to the files, holds nothing
	// and takes nothing.
	return append(args, "--remount-ro", "/", "--")
}

// exitError explains how a command ended. bubblewrap reports a signal as 128
// and its number, as a shell does. What the machine did, not the program, is no
// ExitError: nobody may conclude from it that a recording is damaged.
func exitError(c transcoder.Command, err error, ctx context.Context, tail string) error {
	program := c.Program
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", program, err)
	}
	e := &transcoder.ExitError{Program: program, Code: exit.ExitCode(), Tail: tail}
	signal := syscall.Signal(0)
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal = status.Signal()
	} else if e.Code > 128 && e.Code < 160 {
		signal = syscall.Signal(e.Code - 128)
	}
	if signal != 0 {
		e.Code, e.Signal = -1, signal.String()
	}
	switch {
	case errors.Is(context.Cause(ctx), errWall):
		e.Limit = transcoder.LimitWall
	case errors.Is(context.Cause(ctx), errMemory):
		e.Limit = transcoder.LimitMemory
	case signal == syscall.SIGXCPU, program == "ffmpeg" && e.Code == 255:
		// ffmpeg catches the signal and exits with 255. Nobody else sends it
		// one: whoever cancels kills.
		e.Limit = transcoder.LimitCPU
	case signal == syscall.SIGXFSZ || strings.Contains(tail, "File too large"):
		e.Limit = transcoder.LimitFile
	case unwritten(tail):
		e.Limit = transcoder.LimitDisk
	case strings.Contains(tail, "Cannot allocate memory") || strings.Contains(tail, "malloc of size"):
		e.Limit = transcoder.LimitMemory
	case signal == syscall.SIGKILL && exit.UserTime()+exit.SystemTime() >= c.CPU && c.CPU > 0:
		e.Limit = transcoder.LimitCPU // it ignored the first signal
	case signal == syscall.SIGKILL || signal == syscall.SIGTERM || notBegun(tail):
		return fmt.Errorf("%s was ended from outside or not begun: exit %d %s: %s", program, e.Code, e.Signal, tail)
	}
	return e
}

// notBegun reports that a program of the sandbox complained instead of the
// confined one.
func notBegun(tail string) bool {
	last := tail[strings.LastIndexByte(tail, '\n')+1:]
	return strings.HasPrefix(last, "bwrap: ") || strings.HasPrefix(last, "prlimit: ")
}

// unwritten reports that a program complained of not being able to write. An
// input/output error counts only where it writes: it is also what ffmpeg calls a
// recording that ends early.
func unwritten(tail string) bool {
	if strings.Contains(tail, "No space left on device") || strings.Contains(tail, "Disk quota exceeded") {
		return true
	}
	for line := range strings.Lines(tail) {
		if strings.Contains(line, "Input/output error") &&
			(strings.Contains(line, "write_frame") || strings.Contains(line, "Error writing") ||
				strings.Contains(line, "writing trailer") || strings.Contains(line, "closing file")) {
			return true
		}
	}
	return false
}

// extra gives the command pipes from file descriptor 3 on. The function
// returned waits until all was copied.
func extra(cmd *exec.Cmd, writers []io.Writer) (func(), error) {
	var ends, reads []*os.File
	var wait sync.WaitGroup
	for range writers {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range append(ends, reads...) {
				_ = f.Close()
			}
			return nil, err
		}
		reads, ends = append(reads, r), append(ends, w)
	}
	cmd.ExtraFiles = ends
	for i, w := range writers {
		wait.Go(func() {
			_, _ = io.Copy(w, reads[i])
			_ = reads[i].Close()
		})
	}
	return func() {
		for _, f := range ends {
			_ = f.Close()
		}
		wait.Wait()
	}, nil
}

// tailBuffer keeps the last 8 KiB written to it.
type tailBuffer struct{ b []byte }

func (t *tailBuffer) Write(p []byte) (int, error) {
	const keep = 8 << 10
	t.b = append(t.b, p...)
	if len(t.b) > 2*keep {
		t.b = append([]byte(nil), t.b[len(t.b)-keep:]...)
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	const keep = 8 << 10
	b := t.b[max(0, len(t.b)-keep):]
	return strings.ToValidUTF8(string(bytes.TrimSpace(b)), "?")
}
