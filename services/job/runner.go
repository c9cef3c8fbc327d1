package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Runner claims jobs and runs the workers registered for their kinds. Set its
// fields and register before Run; both may not change afterwards.
type Runner struct {
	Worker string        // unique per process
	Lease  time.Duration // how long a silent worker keeps its job
	Beat   time.Duration // between heartbeats: also how late a cancel may be noticed
	Poll   time.Duration // between looks for jobs that nobody rang for
	Grace  time.Duration // how long running jobs may go on after shutdown begins
	// Only, when not empty, are the kinds that this Runner takes of those
	// registered; see Kinds.
	Only []string
	// Around, when set, wraps the work of every claim, for traces.
	Around func(ctx context.Context, j Job, work func(ctx context.Context) error) error
	// Observe, when set, is told of every claim that ended, for metrics.
	Observe func(kind string, to State, took time.Duration)

	store  Store
	atomic Atomic
	log    *slog.Logger
	wake   chan struct{}
	every  []periodic

	mu        sync.Mutex
	kinds     map[string]*worker
	live      map[*Run]struct{}
	hookFails map[string]int // by job: how often its OnParked failed
	claimErr  bool           // the last claim failed: log only changes
}

// Options of a kind.
type Options struct {
	// Concurrency is how many of the kind this process runs at once; 0 means 1.
	Concurrency int
	// Timeout ends one attempt; 0 means none.
	Timeout time.Duration
	// OnParked is called when a job of the kind is given up, in the same
	// transaction that parks it, so that whoever waits can be told. lastError
	// is for operators.
	OnParked func(ctx context.Context, j Job) error
}

type worker struct {
	Options
	running int
	work    func(ctx context.Context, run *Run) error
}

type periodic struct {
	gap time.Duration
	add New
}

// NewRunner makes a Runner with the default times: lease 20 s, beat 1 s, poll
// 2 s, grace 20 s.
func NewRunner(store Store, atomic Atomic, log *slog.Logger) *Runner {
	return &Runner{
		Worker: workerName(), Lease: 20 * time.Second, Beat: time.Second, Poll: 2 * time.Second,
		Grace: 20 * time.Second,
		store: store, atomic: atomic, log: log, wake: make(chan struct{}, 1),
		kinds: map[string]*worker{}, live: map[*Run]struct{}{}, hookFails: map[string]int{},
	}
}

// Register names the worker of A's kind. A worker that returns nil without
// having called Commit has its job marked done; one that returns an error has
// it repeated later, parked (Permanent, or the last attempt), or given back
// (fault.Unavailable). Registering a kind twice is a defect and panics.
func Register[A Args](r *Runner, o Options, work func(ctx context.Context, run *Run, args A) error) {
	var zero A
	kind := zero.Kind()
	if r.kinds[kind] != nil {
		panic("job: kind registered twice: " + kind)
	}
	o.Concurrency = max(o.Concurrency, 1)
	r.kinds[kind] = &worker{Options: o, work: func(ctx context.Context, run *Run) error {
		var args A
		if err := json.Unmarshal(run.Job.Args, &args); err != nil {
			return Permanent(fmt.Errorf("job %s: arguments: %w", run.Job.ID, err))
		}
		return work(ctx, run, args)
	}}
}

// Kinds lists the kinds registered, in order.
func (r *Runner) Kinds() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// Every adds the job when Run starts and then once per gap. Give it a Key, so
// that several processes do not pile it up.
func (r *Runner) Every(gap time.Duration, add New) { r.every = append(r.every, periodic{gap, add}) }

// Wake makes the Runner look for work now.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then claims nothing more, lets running jobs go on
// for Grace, cancels the rest with ErrShutdown and gives them back. Its error
// is nil unless workers refused to stop.
func (r *Runner) Run(ctx context.Context) error {
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var workers, clocks sync.WaitGroup
	for _, p := range r.every {
		clocks.Go(func() { r.tick(ctx, p) })
	}
	poll := time.NewTicker(r.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		for ctx.Err() == nil && r.next(ctx, work, &workers) {
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-r.wake:
		}
	}
	clocks.Wait()
	idle := make(chan struct{})
	go func() { workers.Wait(); close(idle) }()
	if waited(idle, r.Grace) {
		return nil
	}
	stop(ErrShutdown)
	if waited(idle, 10*time.Second) {
		return nil
	}
	return errors.New("job: workers did not stop; their leases will run out")
}

// next claims one job and starts it; false when there was none.
func (r *Runner) next(ctx, work context.Context, workers *sync.WaitGroup) bool {
	kinds := r.free()
	if len(kinds) == 0 {
		return false
	}
	j, err := r.claim(ctx, kinds)
	if ctx.Err() == nil {
		r.noteClaim(err)
	}
	if err != nil || j == nil {
		return false
	}
	if j.State == Parked {
		return true
	}
	run := &Run{
		Job: *j, runner: r, claimedAt: time.Now(), poke: make(chan struct{}, 1),
		Log: r.log.With("job", j.ID, "kind", j.Kind, "subject", j.Subject, "attempt", j.Attempt),
	}
	if id := j.TraceID(); id != "" {
		run.Log = run.Log.With("trace_id", id)
	}
	w := r.kinds[j.Kind]
	r.mu.Lock()
	w.running++
	r.live[run] = struct{}{}
	r.mu.Unlock()
	workers.Go(func() {
		r.do(work, w, run)
		r.mu.Lock()
		w.running--
		delete(r.live, run)
		r.mu.Unlock()
		r.Wake()
	})
	return true
}

// claim takes one job. A job that is parked here, because its last worker
// died, has its OnParked run in the same transaction: otherwise a crash in
// between would leave a lesson waiting for ever.
func (r *Runner) claim(ctx context.Context, kinds []string) (*Job, error) {
	var j *Job
	err := r.atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if j, err = r.store.Claim(ctx, r.Worker, kinds, r.Lease); err != nil || j == nil || j.State != Parked {
			return err
		}
		return r.parked(ctx, *j)
	})
	if err != nil {
		return nil, err
	}
	if j != nil && j.State == Parked {
		r.log.Error("job parked: its worker died too often", "job", j.ID, "kind", j.Kind, "subject", j.Subject,
			"attempt", j.Attempt, "error", j.LastError)
		r.observe(j.Kind, Parked, 0)
	}
	return j, nil
}

// parked runs the kind's hook. A hook that failed three times is left out, so
// that one bad job cannot hold up the queue.
func (r *Runner) parked(ctx context.Context, j Job) error {
	w := r.kinds[j.Kind]
	if w == nil || w.OnParked == nil {
		return nil
	}
	r.mu.Lock()
	fails := r.hookFails[j.ID]
	r.mu.Unlock()
	if fails >= 3 {
		r.log.Error("job parked without telling anybody: its hook keeps failing", "job", j.ID, "kind", j.Kind)
		return nil
	}
	if err := w.OnParked(ctx, j); err != nil {
		r.mu.Lock()
		r.hookFails[j.ID]++
		r.mu.Unlock()
		return fmt.Errorf("job %s: parked: %w", j.ID, err)
	}
	return nil
}

// free lists the kinds with a free slot.
func (r *Runner) free() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kinds []string
	for k, w := range r.kinds {
		if w.running < w.Concurrency && (len(r.Only) == 0 || slices.Contains(r.Only, k)) {
			kinds = append(kinds, k)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// do runs one worker under heartbeats and settles its end.
func (r *Runner) do(ctx context.Context, w *worker, run *Run) {
	ctx, run.end = context.WithCancelCause(ctx)
	defer run.end(nil)
	if w.Timeout > 0 {
		t := time.AfterFunc(w.Timeout, func() { run.end(ErrTooLong) })
		defer t.Stop()
	}
	beating, quiet := context.WithCancel(context.WithoutCancel(ctx))
	var beats sync.WaitGroup
	beats.Go(func() { run.beats(beating) })
	err := r.around(ctx, w, run)
	quiet()
	beats.Wait()
	r.settle(context.WithoutCancel(ctx), run, err, context.Cause(ctx))
}

func (r *Runner) around(ctx context.Context, w *worker, run *Run) error {
	if r.Around == nil {
		return guarded(ctx, w, run)
	}
	return r.Around(ctx, run.Job, func(ctx context.Context) error { return guarded(ctx, w, run) })
}

// guarded turns a panic into an error: one poison job must not take the
// others' process with it.
func guarded(ctx context.Context, w *worker, run *Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			run.Log.Error("worker panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("job %s: panic: %v", run.Job.ID, p)
		}
	}()
	return w.work(ctx, run)
}

// settle writes the end of a claim, for as long as its lease lasts.
func (r *Runner) settle(ctx context.Context, run *Run, err, cause error) {
	took := time.Since(run.claimedAt)
	if run.over {
		if lost(cause) || lost(err) {
			run.Log.Warn("job lost to another worker", "error", err)
			return
		}
		if err != nil {
			run.Log.Warn("job done, but its worker then failed", "error", err)
		}
		run.Log.Info("job done", "took", took)
		r.observe(run.Job.Kind, Done, took)
		return
	}
	e := judge(run.Job, err, cause)
	ctx, done := context.WithTimeout(ctx, r.Lease)
	defer done()
	var ferr error
	for {
		if ferr = r.finish(ctx, run, e); ferr == nil || lost(ferr) {
			break
		}
		run.Log.Warn("job's end not written yet", "to", e.to, "error", ferr)
		if sleep(ctx, min(time.Second, r.Lease/4)) != nil {
			break
		}
	}
	if ferr != nil {
		run.Log.Warn("job's end not written", "to", e.to, "error", ferr)
		return
	}
	switch e.to {
	case Done, Cancelled:
		run.Log.Info("job "+string(e.to), "took", took)
	case Parked:
		run.Log.Error("job parked", "took", took, "error", e.note)
	default:
		run.Log.Warn("job comes again", "took", took, "to", e.to, "delay", e.delay, "error", e.note)
	}
	r.observe(run.Job.Kind, e.to, took)
}

func (r *Runner) finish(ctx context.Context, run *Run, e ending) error {
	var at time.Time
	if e.delay > 0 {
		at = run.now().Add(e.delay)
	}
	return r.atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := r.store.Finish(ctx, run.Job.ID, run.Job.Token, e.to, e.note, at); err != nil || e.to != Parked {
			return err
		}
		j := run.Job
		j.State, j.LastError = Parked, e.note
		return r.parked(ctx, j)
	})
}

// tick adds a periodic job now and then once per gap.
func (r *Runner) tick(ctx context.Context, p periodic) {
	for {
		gap := p.gap
		if err := r.store.Add(ctx, p.add); err != nil && ctx.Err() == nil {
			r.log.Warn("periodic job not added", "kind", p.add.Args.Kind(), "error", err)
			gap = min(gap, time.Minute)
		}
		r.Wake()
		if sleep(ctx, gap) != nil {
			return
		}
	}
}

// noteClaim logs when claiming begins to fail and when it works again.
func (r *Runner) noteClaim(err error) {
	r.mu.Lock()
	was := r.claimErr
	r.claimErr = err != nil
	r.mu.Unlock()
	switch {
	case err != nil && !was:
		r.log.Error("no jobs can be claimed", "error", err)
	case err == nil && was:
		r.log.Info("jobs can be claimed again")
	}
}

// pokeAll makes every running job send a heartbeat now.
func (r *Runner) pokeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for run := range r.live {
		select {
		case run.poke <- struct{}{}:
		default:
		}
	}
}

func (r *Runner) observe(kind string, to State, took time.Duration) {
	if r.Observe != nil {
		r.Observe(kind, to, took)
	}
}

// workerName is unique per process: machine, process id (they repeat) and six random hex digits.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	var b [3]byte
	rand.Read(b[:])
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), hex.EncodeToString(b[:]))
}
