package production

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// TestFullDiskIsNotTheRecordingsFault: however often a step meets a full disk, its
// lesson waits, and is ready once there is space.
func TestFullDiskIsNotTheRecordingsFault(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]error{
		"ffmpeg complained and said all went well": &transcoder.ExitError{Program: "ffmpeg",
			Tail: "Error writing trailer: No space left on device", Limit: transcoder.LimitDisk},
		"a file could not be written":     fmt.Errorf("write x: %w", syscall.ENOSPC),
		"the quota is used up":            fmt.Errorf("write x: %w", syscall.EDQUOT),
		"the disk fails":                  fmt.Errorf("write x: %w", syscall.EIO),
		"storage has no space for output": fault.New(fault.Full, "storage.full"),
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newFixture(t)
			var tries atomic.Int32
			full := true
			h.machine.before(func(context.Context, string, transcoder.Task) error {
				tries.Add(1)
				if full {
					return broken
				}
				return nil
			})
			defer h.start()()
			h.receive("L", "R", "recording", "")
			pass(2 * time.Hour)
			if l := h.lesson("L"); l.Media.State != lesson.Processing || tries.Load() < 4 {
				t.Errorf("%s: %+v after %d tries", name, l.Media, tries.Load())
			}
			full = false
			pass(2 * time.Hour)
			if l := h.lesson("L"); l.Media.State != lesson.Ready {
				t.Errorf("%s: with space again: %+v", name, l.Media)
			}
		})
	}
}

// TestTooMuchMemoryEndsAtOnce: a step that was ended because of its memory is not
// tried again, the teacher is told why, and the other pieces are called off.
func TestTooMuchMemoryEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.seconds = 600
		var tries atomic.Int32
		h.machine.before(func(context.Context, string, transcoder.Task) error {
			tries.Add(1)
			return &transcoder.ExitError{Program: "ffmpeg", Code: -1, Signal: "killed", Limit: transcoder.LimitMemory}
		})
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(time.Hour)
		if l := h.lesson("L"); l.Media.State != lesson.Failed || l.Media.FailureCode != NeedsMemory || tries.Load() > 2 {
			t.Errorf("%+v after %d tries", l.Media, tries.Load())
		}
		if left := h.open("L"); len(left) > 0 {
			t.Errorf("still to do: %v", left)
		}
	})
}
