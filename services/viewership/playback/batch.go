package playback

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"lenlop/services/fault"
)

// Heartbeats wait briefly so that one commit, which on a spinning disk takes as
// long as everything else together, serves many of them.
const (
	batchWait = 20 * time.Millisecond
	batchSize = 1000
)

// batcher collects heartbeats and passes them to commit in batches; every
// caller gets its answer only after its own are durable.
type batcher struct {
	isolator isolator
	wait     time.Duration
	in       chan waiting
	done     chan struct{}

	mu     sync.RWMutex // closed is read while sending, so that Close waits for senders
	closed bool
}

type waiting struct {
	beats  []beat
	answer chan<- outcome // buffered: the batcher never blocks on a caller that left
}

type outcome struct {
	refused []string // for each heartbeat "", or why it was refused
	err     error
}

func newBatcher(commit func(context.Context, []beat) ([]string, error), wait time.Duration, log *slog.Logger) *batcher {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &batcher{isolator: isolator{commit: commit, log: log}, wait: wait, in: make(chan waiting, batchSize),
		done: make(chan struct{})}
	go b.run()
	return b
}

// add waits until the heartbeats are on disk. A caller whose ctx ends first gets
// no result; its heartbeats may count, and may be sent again without harm.
func (b *batcher) add(ctx context.Context, beats []beat) ([]string, error) {
	answer := make(chan outcome, 1)
	if err := b.send(ctx, waiting{beats, answer}); err != nil {
		return nil, err
	}
	select {
	case o := <-answer:
		return o.refused, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *batcher) send(ctx context.Context, w waiting) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return fault.New(fault.Unavailable, "heartbeat.closing")
	}
	select {
	case b.in <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close accepts no more, commits what waits, and returns when that is done.
func (b *batcher) close() {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.in)
	}
	b.mu.Unlock()
	<-b.done
}

func (b *batcher) run() {
	defer close(b.done)
	for first := range b.in {
		b.flush(b.collect(first))
	}
}

// collect gathers heartbeats until there are enough or the first has waited
// long enough.
func (b *batcher) collect(first waiting) []waiting {
	ws, n := []waiting{first}, len(first.beats)
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	for n < batchSize {
		select {
		case w, ok := <-b.in:
			if !ok {
				return ws
			}
			ws, n = append(ws, w), n+len(w.beats)
		case <-timer.C:
			return ws
		}
	}
	return ws
}

// flush commits a batch and answers its callers. Whoever has a heartbeat that
// is not stored sends all of theirs again, which is harmless.
func (b *batcher) flush(ws []waiting) {
	var all []beat
	for _, w := range ws {
		all = append(all, w.beats...)
	}
	refused, errs := b.isolator.store(all)
	for _, w := range ws {
		n := len(w.beats)
		o := outcome{refused: refused[:n:n]}
		for _, err := range errs[:n] {
			if err != nil {
				o = outcome{err: err}
				break
			}
		}
		refused, errs = refused[n:], errs[n:]
		w.answer <- o
	}
}
