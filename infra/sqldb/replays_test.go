package sqldb_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
)

// TestReplayTwice: of many who write under one key at once one commits; the
// others are told so by a fault that can be answered, not by a stranger's error.
func TestReplayTwice(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			var group sync.WaitGroup
			var saved, found atomic.Int64
			for range 6 {
				group.Go(func() {
					err := db.Atomically(ctx, func(ctx context.Context) error {
						if _, ok, err := db.Replays().Replay(ctx, "p", "k"); err != nil || ok {
							found.Add(1)
							return err
						}
						if err := db.Replays().SaveReplay(ctx, audit.Replay{Person: "p", Key: "k", At: time.Now()}); err != nil {
							return err
						}
						saved.Add(1)
						return nil
					})
					if err != nil && !fault.Is(err, "request.key_in_use") {
						t.Errorf("got %v", err)
					}
				})
			}
			group.Wait()
			if saved.Load() != 1 {
				t.Errorf("%d committed, %d found it", saved.Load(), found.Load())
			}
			err := db.Replays().SaveReplay(ctx, audit.Replay{Person: "p", Key: "k", At: time.Now()})
			if !fault.Is(err, "request.key_in_use") || fault.KindOf(err) != fault.Conflict {
				t.Errorf("a second answer: %v", err)
			}
		})
	}
}
