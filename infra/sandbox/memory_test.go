package sandbox

import (
	"errors"
	"os"
	"testing"
	"time"

	"lenlop/transcoder"
)

// TestMemoryInUse: a command that has more in memory than it may is ended, with
// the limit named; how much address space it may have does not matter for that.
func TestMemoryInUse(t *testing.T) {
	hungry := transcoder.Command{Program: "ffmpeg", Args: []string{"-v", "error", "-f", "lavfi", "-i",
		"testsrc2=s=1920x1080:r=25,loop=loop=1:size=400", "-t", "60", "-f", "null", "-"}, Memory: 8 << 30,
		Wall: 2 * time.Minute}
	for name, s := range both(t) {
		t.Run(name, func(t *testing.T) {
			hungry.Resident = 200 << 20
			err := s.Run(t.Context(), hungry)
			exit, ok := errors.AsType[*transcoder.ExitError](err)
			if !ok || exit.Limit != transcoder.LimitMemory {
				t.Fatalf("error %v", err)
			}
			modest := hungry
			modest.Args = []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-t", "20", "-f",
				"null", "-"}
			if err := s.Run(t.Context(), modest); err != nil {
				t.Errorf("one that needs less: %v", err)
			}
		})
	}
}

func TestResidentBytesOfThisProcess(t *testing.T) {
	if n := residentBytes(os.Getpid()); n < 1<<20 || n > 4<<30 {
		t.Errorf("%d bytes", n)
	}
	if n := residentBytes(1 << 30); n != 0 {
		t.Errorf("%d bytes of a process that does not exist", n)
	}
}
