package production

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/transcoder"
)

// passing marks a failure that is not the recording's: a disk here is full, its
// quota is used up, or it fails. Such a job waits until that has passed.
func passing(err error) error {
	var exit *transcoder.ExitError
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO) ||
		errors.As(err, &exit) && (exit.Limit == transcoder.LimitDisk ||
			strings.Contains(exit.Tail, "No space left on device")) {
		return fault.Wrap(err, fault.Unavailable, "production.disk_full")
	}
	return err
}

// waits reports that a failure will pass by itself: storage is away, or full, or
// a disk here is.
func waits(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Unavailable || kind == fault.Full
}

// overMemory reports that a command was ended because of the memory that it had
// in use, or could not get. Another attempt would need as much.
func overMemory(err error) bool {
	var exit *transcoder.ExitError
	return errors.As(err, &exit) && exit.Limit == transcoder.LimitMemory
}

// failForMemory ends the way of a recording of which a step needs too much.
func (w *Workers) failForMemory(ctx context.Context, run *job.Run, a FinishArgs, cause error) error {
	run.Log.Error("a step needs too much memory", "lesson", a.Lesson, "recording", a.Recording, "error", cause)
	return run.Commit(ctx, func(ctx context.Context) error {
		return w.fail(ctx, a.Lesson, a.Recording, a.Package, NeedsMemory)
	})
}
