package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"lenlop/services/fault"
)

// Run is one claim of one job, given to its worker.
type Run struct {
	Job Job
	Log *slog.Logger // carries the job's id, kind and subject

	runner    *Runner
	claimedAt time.Time
	end       context.CancelCauseFunc
	progress  atomic.Uint64 // bits of a float64
	poke      chan struct{} // a beat is wanted now

	mu   sync.Mutex // beats, steps and the commit go one at a time
	over bool       // committed or lost: no more beats
}

// Progress notes how far the work is, 0 to 1; the next heartbeat carries it.
func (r *Run) Progress(f float64) {
	if f >= 0 && f <= 1 {
		r.progress.Store(math.Float64bits(f))
	}
}

// Step runs effects in one transaction that is refused ("job.lost") when the
// job has meanwhile gone to another worker. It is repeated when it fails for
// a passing reason, so it may run more than once.
func (r *Run) Step(ctx context.Context, effects func(ctx context.Context) error) error {
	return r.fenced(ctx, effects, false)
}

// Commit runs the job's last effects and marks it done, in one transaction
// and under the fencing token: either all of it happened, once, or nothing.
func (r *Run) Commit(ctx context.Context, effects func(ctx context.Context) error) error {
	return r.fenced(ctx, effects, true)
}

// fenced tries a few times, so that an hour's work is not thrown away for one
// broken connection; heartbeats go on in between.
func (r *Run) fenced(ctx context.Context, effects func(ctx context.Context) error, finish bool) error {
	var err error
	for _, rest := range []time.Duration{0, 200 * time.Millisecond, time.Second, 3 * time.Second} {
		if rest > 0 && sleep(ctx, rest) != nil {
			break
		}
		if err = r.try(ctx, effects, finish); !passes(err) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// passes reports that trying again may help: the database's own failures
// (deadlocks, broken connections), not what a service decided.
func passes(err error) bool {
	if err == nil || errors.Is(err, ErrLost) {
		return false
	}
	kind := fault.KindOf(err)
	return kind == fault.Internal || kind == fault.Unavailable
}

func (r *Run) try(ctx context.Context, effects func(ctx context.Context) error, finish bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return fmt.Errorf("job %s: %w", r.Job.ID, ErrLost)
	}
	err := r.runner.atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := r.runner.store.Check(ctx, r.Job.ID, r.Job.Token); err != nil {
			return err
		}
		if err := effects(ctx); err != nil || !finish {
			return err
		}
		return r.runner.store.Finish(ctx, r.Job.ID, r.Job.Token, Done, "", time.Time{})
	})
	switch {
	case err == nil && finish:
		r.over = true
	case lost(err):
		r.over = true
		r.end(ErrLost)
	}
	return err
}

// now is the database's clock, as far as this claim can know it: the lease
// was counted from there.
func (r *Run) now() time.Time {
	return r.Job.LeaseUntil.Add(-r.runner.Lease).Add(time.Since(r.claimedAt))
}

// beats renews the lease until ctx ends.
func (r *Run) beats(ctx context.Context) {
	t := time.NewTicker(r.runner.Beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-r.poke:
		}
		r.beat(ctx)
	}
}

// beat renews the lease once. A database that is away does not end the work:
// when nobody else could claim the job, its lease is renewed once it is back.
func (r *Run) beat(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || ctx.Err() != nil {
		return
	}
	ctx, done := context.WithTimeout(ctx, r.runner.Lease)
	defer done()
	cancel, err := r.runner.store.Beat(ctx, r.Job.ID, r.Job.Token, math.Float64frombits(r.progress.Load()),
		r.runner.Lease)
	switch {
	case lost(err):
		r.over = true
		r.end(ErrLost)
	case err != nil && ctx.Err() == nil:
		r.Log.Warn("heartbeat failed", "error", err)
	case cancel:
		r.end(ErrCancelled)
	}
}
