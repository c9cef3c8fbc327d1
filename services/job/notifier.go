package job

import "context"

// Notifier is a Queue and Atomic that wakes Runners of the same process once what was added has been committed, so that
// work begins at once and a cancellation reaches a running worker without waiting for its next heartbeat. Services are
// wired with the Notifier; Runners of other processes are woken through NotifyRemote, or find the work by polling.
type Notifier struct {
	queue   Queue
	atomic  Atomic
	runners []*Runner
}

// NewNotifier makes a Notifier in front of a store. Add Runners with Register before use.
func NewNotifier(queue Queue, atomic Atomic) *Notifier {
	return &Notifier{queue: queue, atomic: atomic}
}

// Register adds a Runner to be woken.
func (n *Notifier) Register(r *Runner) { n.runners = append(n.runners, r) }

// pendingKey is where the outermost Atomically keeps what has to be notified after its commit.
type pendingKey struct{}

type notification struct{ added, cancelled bool }

// Atomically runs fn in one transaction and notifies the Runners after its commit.
func (n *Notifier) Atomically(ctx context.Context, fn func(ctx context.Context) error) error {
	if ctx.Value(pendingKey{}) != nil {
		return n.atomic.Atomically(ctx, fn)
	}
	pending := &notification{}
	err := n.atomic.Atomically(context.WithValue(ctx, pendingKey{}, pending), fn)
	if err == nil {
		n.notify(*pending)
	}
	return err
}

// Add adds jobs; see Queue.
func (n *Notifier) Add(ctx context.Context, jobs ...New) error {
	return n.after(ctx, notification{added: true}, func() error { return n.queue.Add(ctx, jobs...) })
}

// CancelSubject asks a subject's jobs to stop; see Queue.
func (n *Notifier) CancelSubject(ctx context.Context, subject string, kinds ...string) error {
	return n.after(ctx, notification{cancelled: true}, func() error {
		return n.queue.CancelSubject(ctx, subject, kinds...)
	})
}

// after runs do and notifies: after the transaction in ctx, or at once without one.
func (n *Notifier) after(ctx context.Context, what notification, do func() error) error {
	if err := do(); err != nil {
		return err
	}
	if pending, ok := ctx.Value(pendingKey{}).(*notification); ok {
		pending.added = pending.added || what.added
		pending.cancelled = pending.cancelled || what.cancelled
		return nil
	}
	n.notify(what)
	return nil
}

// NotifyRemote wakes the Runners for what another process has committed.
func (n *Notifier) NotifyRemote(added, cancelled bool) { n.notify(notification{added, cancelled}) }

func (n *Notifier) notify(what notification) {
	for _, r := range n.runners {
		if what.added {
			r.Wake()
		}
		if what.cancelled {
			r.pokeAll()
		}
	}
}
