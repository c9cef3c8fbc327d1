package job

import "context"

// Bell is a Queue and Atomic that wakes Runners of the same process once what
// was added has been committed, so that work begins at once and a cancel
// reaches a running worker without waiting for its next heartbeat. Services
// are wired with the Bell; Runners of other processes hear of it through Heard,
// or find the work by polling.
type Bell struct {
	queue   Queue
	atomic  Atomic
	runners []*Runner
}

// NewBell makes a Bell in front of a store. Add Runners with Rouse before use.
func NewBell(queue Queue, atomic Atomic) *Bell { return &Bell{queue: queue, atomic: atomic} }

// Rouse names a Runner to be woken.
func (b *Bell) Rouse(r *Runner) { b.runners = append(b.runners, r) }

// rungKey is where the outermost Atomically keeps what has to be rung.
type rungKey struct{}

type rung struct{ added, cancelled bool }

// Atomically runs fn in one transaction and rings after its commit.
func (b *Bell) Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	if ctx.Value(rungKey{}) != nil {
		return b.atomic.Atomically(ctx, fn)
	}
	r := &rung{}
	err := b.atomic.Atomically(context.WithValue(ctx, rungKey{}, r), fn)
	if err == nil {
		b.ring(*r)
	}
	return err
}

// Add adds jobs; see Queue.
func (b *Bell) Add(ctx context.Context, jobs ...New) error {
	return b.note(ctx, rung{added: true}, func() error { return b.queue.Add(ctx, jobs...) })
}

// CancelSubject asks a subject's jobs to stop; see Queue.
func (b *Bell) CancelSubject(ctx context.Context, subject string, kinds ...string) error {
	return b.note(ctx, rung{cancelled: true}, func() error { return b.queue.CancelSubject(ctx, subject, kinds...) })
}

// note does it and rings: after the transaction in ctx, or at once without one.
func (b *Bell) note(ctx context.Context, what rung, do func() error) error {
	if err := do(); err != nil {
		return err
	}
	if r, ok := ctx.Value(rungKey{}).(*rung); ok {
		r.added, r.cancelled = r.added || what.added, r.cancelled || what.cancelled
		return nil
	}
	b.ring(what)
	return nil
}

// Heard rings for what another process has committed.
func (b *Bell) Heard(added, cancelled bool) { b.ring(rung{added, cancelled}) }

func (b *Bell) ring(what rung) {
	for _, r := range b.runners {
		if what.added {
			r.Wake()
		}
		if what.cancelled {
			r.pokeAll()
		}
	}
}
