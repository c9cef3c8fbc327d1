package playback

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/fault"
)

// TestBatch: many callers, few commits, and each hears of its own heartbeats.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var commits atomic.Int64
		b := newBatcher(func(_ context.Context, beats []beat) ([]string, error) {
			commits.Add(1)
			time.Sleep(5 * time.Millisecond) // the disk
			out := make([]string, len(beats))
			for i, x := range beats {
				if x.session.ID == "bad" {
					out[i] = x.session.Viewer
				}
			}
			return out, nil
		}, batchWait, nil)
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				me := fmt.Sprint("mine ", i)
				got, err := b.add(t.Context(),
					[]beat{{session: Session{ID: "good"}}, {session: Session{ID: "bad", Viewer: me}}})
				if err != nil || len(got) != 2 || got[0] != "" || got[1] != me {
					t.Errorf("%d: %v %v", i, got, err)
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if d := time.Since(start); d > 40*time.Millisecond || commits.Load() > 3 {
			t.Errorf("%d commits in %v", commits.Load(), d)
		}
		one := time.Now()
		if _, err := b.add(t.Context(), make([]beat, 1)); err != nil || time.Since(one) > 25*time.Millisecond {
			t.Errorf("a lonely one waited %v: %v", time.Since(one), err)
		}
		b.close()
	})
}

func TestBatchRetriesAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := fault.New(fault.Unavailable, "database.unavailable")
		fails := 2
		b := newBatcher(func(_ context.Context, beats []beat) ([]string, error) {
			if fails > 0 {
				fails--
				return nil, down
			}
			return make([]string, len(beats)), nil
		}, batchWait, nil)
		if _, err := b.add(t.Context(), make([]beat, 3)); err != nil {
			t.Errorf("a third go: %v", err)
		}
		fails = 3
		if _, err := b.add(t.Context(), make([]beat, 3)); !errors.Is(err, down) ||
			fault.KindOf(err) != fault.Unavailable {
			t.Errorf("given up: %v", err)
		}
		b.close()
	})
}

// TestBatchLeave: a caller that leaves takes nobody with it, and closing
// commits what waits.
func TestBatchLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept atomic.Int64
		b := newBatcher(func(_ context.Context, beats []beat) ([]string, error) {
			time.Sleep(time.Second)
			kept.Add(int64(len(beats)))
			return make([]string, len(beats)), nil
		}, batchWait, nil)
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := b.add(ctx, make([]beat, 1)); !errors.Is(err, context.Canceled) {
				t.Errorf("left: %v", err)
			}
		})
		wg.Go(func() {
			if _, err := b.add(t.Context(), make([]beat, 1)); err != nil {
				t.Errorf("stayed: %v", err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		b.close()
		wg.Wait()
		if kept.Load() != 2 {
			t.Errorf("%d kept", kept.Load())
		}
		if _, err := b.add(t.Context(), make([]beat, 1)); !fault.Is(err, "heartbeat.closing") {
			t.Errorf("after closing: %v", err)
		}
		b.close()
	})
}
