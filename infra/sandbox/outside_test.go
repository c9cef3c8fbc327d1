package sandbox

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lenlop/transcoder"
)

// TestKilledFromOutsideIsNoVerdict: when the machine ends a program, as it does
// when memory is short, that says nothing about a recording.
func TestKilledFromOutsideIsNoVerdict(t *testing.T) {
	for name, s := range both(t) {
		t.Run(name, func(t *testing.T) {
			c := forever()
			mark := "comment=" + t.Name() + strconv.FormatInt(time.Now().UnixNano(), 10)
			out := []string{"-metadata", mark, "-f", "null", "-"}
			c.Args = append(c.Args[:len(c.Args)-3:len(c.Args)-3], out...)
			done := make(chan error, 1)
			go func() { done <- s.Run(t.Context(), c) }()
			for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				if pid := programWith(mark); pid > 0 {
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
					break
				}
				if time.Now().After(end) {
					t.Fatal("the program did not begin")
				}
			}
			err := <-done
			if _, verdict := errors.AsType[*transcoder.ExitError](err); err == nil || verdict {
				t.Errorf("killed from outside: %v", err)
			}
		})
	}
}

// programWith finds ffmpeg itself by an argument of it, not what confines it.
func programWith(mark string) int {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		args, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		program, _, _ := strings.Cut(string(args), "\x00")
		if strings.HasSuffix(program, "/ffmpeg") && strings.Contains(string(args), mark) {
			return pid
		}
	}
	return 0
}

func TestNotBegun(t *testing.T) {
	for tail, want := range map[string]bool{
		"bwrap: Creating new namespace failed: Resource temporarily unavailable": true,
		"prlimit: failed to execute /usr/bin/bwrap: No such file or directory":   true,
		"moov atom not found\nbwrap: Can't mount proc":                           true,
		"bwrap: warning\nInvalid data found when processing input":               false,
		"": false,
	} {
		if notBegun(tail) != want {
			t.Errorf("%q: %v", tail, !want)
		}
	}
}
