package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/transcoder"
)

// TestMain lets the test program confine itself, as the product does.
func TestMain(m *testing.M) {
	Enter()
	os.Exit(m.Run())
}

// both gives the sandbox with bubblewrap, where it works, the one with Landlock
// and the one with limits only.
func both(t *testing.T) map[string]*Sandbox {
	t.Helper()
	full, err := New(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	own, err := detect(t.Context(), nil, func(name string) (string, error) {
		if name == "bwrap" {
			return "", exec.ErrNotFound
		}
		return exec.LookPath(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	bare := *own
	bare.self = ""
	if bare.Describe() != "prlimit only" || bare.Why() == "" {
		t.Errorf("without bubblewrap: %q, %q", bare.Describe(), bare.Why())
	}
	all := map[string]*Sandbox{"prlimit": &bare}
	if own.self != "" {
		if own.Describe() != "landlock + seccomp + prlimit" {
			t.Errorf("with landlock: %q", own.Describe())
		}
		all["landlock"] = own
	} else {
		t.Logf("landlock does not work here: %s", own.Why())
	}
	if full.bwrap != "" {
		all["bubblewrap"] = full
	} else {
		t.Logf("bubblewrap does not work here: %s", full.Why())
	}
	return all
}

// forever is a command that never ends and costs nothing.
func forever() transcoder.Command {
	return transcoder.Command{Program: "ffmpeg",
		Args: []string{"-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=s=16x16:r=1", "-f", "null", "-"}}
}

func TestCancelEndsWithinTwoSeconds(t *testing.T) {
	for name, s := range both(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			out, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = out.Close() }()
			c := forever()
			c.Args = append([]string{"-progress", "pipe:1"}, c.Args...)
			c.Stdout = in
			go func() { done <- s.Run(ctx, c); _ = in.Close() }()
			// It runs once it reports progress.
			if _, err := out.Read(make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, expected to be cancelled", err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %v to end", took)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for name, s := range both(t) {
		dir := t.TempDir()
		big := filepath.Join(dir, "big.nut")
		cases := map[string]transcoder.Command{
			"wall": {Wall: 300 * time.Millisecond, Args: forever().Args},
			"cpu": {CPU: time.Second, Wall: 30 * time.Second,
				Args: []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720", "-f", "null", "-"}},
			"memory": {Memory: 1 << 30, Wall: 30 * time.Second,
				Args: []string{"-v", "error", "-f", "lavfi", "-i", "color=s=16000x16000:r=1:d=2",
					"-vf", "format=gbrpf32le,scale=18000:18000", "-f", "null", "-"}},
			"file": {FileBytes: 64 << 10, WriteDir: dir, Args: []string{"-v", "error", "-y", "-f", "lavfi", "-i",
				"testsrc2=s=320x240:d=5", "-c:v", "rawvideo", "-f", "nut", big}},
		}
		for limit, c := range cases {
			t.Run(name+"/"+limit, func(t *testing.T) {
				c.Program = "ffmpeg"
				err := s.Run(t.Context(), c)
				var exit *transcoder.ExitError
				if !errors.As(err, &exit) || exit.Limit != limit {
					t.Errorf("error %v, expected the limit %q", err, limit)
				}
			})
		}
		if info, err := os.Stat(big); err == nil && info.Size() > 64<<10 {
			t.Errorf("%s: wrote %d bytes", name, info.Size())
		}
	}
}

// TestConfinement: inside, there is no network, no /etc, nothing of the machine's
// files but what was given, and one folder to write.
func TestConfinement(t *testing.T) {
	for _, name := range []string{"bubblewrap", "landlock"} {
		t.Run(name, func(t *testing.T) {
			s := both(t)[name]
			if s == nil {
				if os.Getenv("LENLOP_TEST_REQUIRE") != "" {
					t.Fatal(name + " is required here")
				}
				t.Skip(name +
					" does not work here: not installed, or forbidden by a container or an old kernel; make test installs what it can")
			}
			checkConfinement(t, s)
		})
	}
}

func checkConfinement(t *testing.T, s *Sandbox) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	asked := make(chan struct{}, 16)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			asked <- struct{}{}
			_ = c.Close()
		}
	}()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.wav")
	given := filepath.Join(dir, "given.wav")
	for _, f := range []string{secret, given} {
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1",
			f).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	work := t.TempDir()
	play := func(input string, readOnly ...string) error {
		return s.Run(t.Context(), transcoder.Command{Program: "ffmpeg",
			Args: []string{"-v", "error", "-i", input, "-f", "null", "-"}, ReadOnly: readOnly, Wall: 20 * time.Second})
	}
	if err := play("file:"+given, given); err != nil {
		t.Errorf("a file that was given: %v", err)
	}
	if err := play("file:"+secret, given); err == nil {
		t.Error("a file beside the given one could be read")
	}
	if err := play("http://" + listener.Addr().String() + "/x.wav"); err == nil {
		t.Error("an address was opened")
	}
	for _, path := range []string{"/etc/passwd", "/root", "/home", "/var", "/proc/1/environ", "/sys/class/net"} {
		err := s.Run(t.Context(), transcoder.Command{Program: "ffmpeg", Args: []string{"-v", "error", "-f", "data",
			"-i", "file:" + path, "-map", "0", "-c", "copy", "-f", "data", "pipe:1"}, Stdout: &bytes.Buffer{}})
		if path == "/proc/1/environ" && s.bwrap != "" {
			// There is a process 1, but it is bubblewrap's own.
			continue
		}
		if err == nil {
			t.Errorf("%s could be read", path)
		}
	}
	write := func(file string) error {
		return s.Run(t.Context(), transcoder.Command{Program: "ffmpeg", Args: []string{"-v", "error", "-y", "-i",
			"file:" + given, "file:" + file}, ReadOnly: []string{given}, WriteDir: work})
	}
	if err := write(filepath.Join(work, "out.wav")); err != nil {
		t.Errorf("its own folder: %v", err)
	}
	// A folder in memory may be the sandbox's own one of that name: what counts is the machine's.
	outside := filepath.Join(dir, "out.wav")
	err = write(outside)
	if _, missing := os.Stat(outside); err == nil && !strings.HasPrefix(dir, "/dev/shm/") || missing == nil {
		t.Error("a folder that was not given could be written")
	}
	if err := write(given); err == nil {
		t.Error("the recording could be written")
	}
	select {
	case <-asked:
		t.Error("the listener was asked")
	default:
	}
}

func TestRefusesOtherProgramsAndRelativePaths(t *testing.T) {
	s := both(t)["prlimit"]
	if err := s.Run(t.Context(), transcoder.Command{Program: "sh", Args: []string{"-c", "true"}}); err == nil {
		t.Error("sh ran")
	}
	if err := s.Run(t.Context(), transcoder.Command{Program: "ffmpeg", ReadOnly: []string{"a.mp4"}}); err == nil {
		t.Error("a relative path was taken")
	}
}

func TestExtraPipesAndTail(t *testing.T) {
	for name, s := range both(t) {
		var extra bytes.Buffer
		err := s.Run(t.Context(), transcoder.Command{Program: "ffmpeg", Extra: []io.Writer{&extra},
			Args: []string{"-v", "error", "-f", "lavfi", "-i", "sine=d=0.1", "-f", "framecrc", "pipe:3"}})
		if err != nil || !strings.Contains(extra.String(), "#media_type 0: audio") {
			t.Errorf("%s: error %v, extra %q", name, err, extra.String())
		}
		err = s.Run(t.Context(), transcoder.Command{Program: "ffmpeg",
			Args: []string{"-v", "error", "-i", "file:/nowhere.mp4", "-f", "null", "-"}})
		var exit *transcoder.ExitError
		if !errors.As(err, &exit) || !strings.Contains(exit.Tail, "No such file") ||
			!strings.Contains(fmt.Sprint(exit), "exit 1") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
