package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"lenlop/services/fault"
)

// The causes with which a worker's context ends (context.Cause).
var (
	// ErrCancelled: somebody asked for the job to stop; it ends Cancelled.
	ErrCancelled = errors.New("job cancelled")
	// ErrLost: the lease ran out and somebody else claimed the job. Nothing
	// this worker still writes under its token is accepted.
	ErrLost error = fault.New(fault.Conflict, "job.lost")
	// ErrShutdown: the process is going down; the job is given back.
	ErrShutdown = errors.New("worker shutting down")
	// ErrTooLong: the kind's Timeout has passed; counts as a failure.
	ErrTooLong = errors.New("job took too long")
)

// permanent marks an error that another attempt would only repeat.
type permanent struct{ err error }

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }

// Permanent marks err so that the job is parked at once instead of repeated.
// Nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// awayDelay is how long a job rests when something it needs is away: long
// enough not to hammer storage that is down, short enough that a lesson goes
// on soon after it is back.
const awayDelay = 10 * time.Second

// retryDelay is the rest before the next attempt after the given one failed:
// 5 s, 30 s, 3 min, 10 min, with a fifth of it at random so that jobs that
// failed together do not return together.
func retryDelay(attempt int) time.Duration {
	d := 5 * time.Second
	for i := 1; i < attempt && d < 10*time.Minute; i++ {
		d *= 6
	}
	d = min(d, 10*time.Minute)
	return d - d/10 + rand.N(d/5)
}

// ending is what becomes of a claim whose worker has returned.
type ending struct {
	to    State
	delay time.Duration // before it may be claimed again
	note  string        // last error, for operators
}

// judge decides the ending from the worker's error and the cause for which
// its context ended (nil when it did not).
func judge(j Job, err, cause error) ending {
	switch {
	case err == nil:
		return ending{to: Done}
	case errors.Is(cause, ErrCancelled):
		return ending{to: Cancelled, note: ErrCancelled.Error()}
	case errors.Is(cause, ErrShutdown):
		return ending{to: Released, note: ErrShutdown.Error()}
	}
	note := clip(err.Error())
	if errors.Is(cause, ErrTooLong) {
		note = clip(fmt.Sprintf("%v: %v", ErrTooLong, err))
	}
	var p permanent
	switch {
	case errors.As(err, &p):
		return ending{to: Parked, note: note}
	case away(err):
		return ending{to: Released, delay: awayDelay, note: note}
	case j.Attempt >= j.allowed():
		return ending{to: Parked, note: note}
	}
	return ending{to: Waiting, delay: retryDelay(j.Attempt), note: note}
}

// away reports that the failure is not the job's: storage or another server
// cannot be reached, or a disk is full, or fails. Such a job waits as long as it
// takes.
func away(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Unavailable || kind == fault.Full || errors.Is(err, syscall.ENOSPC) ||
		errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO)
}

// allowed is how many attempts the job has.
func (j Job) allowed() int {
	if j.MaxAttempts > 0 {
		return j.MaxAttempts
	}
	return 3
}

// clip keeps an error to a length that a row and a page can hold.
func clip(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// lost reports that the token is no longer the row's.
func lost(err error) bool { return fault.Is(err, "job.lost") || errors.Is(err, ErrLost) }

// sleep waits for d unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// waited reports whether done was closed within d.
func waited(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}
