package sqldb_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/audit"
	"lenlop/services/fault"
)

const lease = time.Hour

// settle ends a reservation with an answer.
func settle(db *sqldb.DB, r audit.Reservation, a audit.Replay) error {
	return db.Atomically(context.Background(),
		func(ctx context.Context) error { return db.Replays().Settle(ctx, r, a) })
}

// TestReserve: of many who reserve one key at once one gets it; the others are
// refused until its answer is there.
func TestReserve(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			var group sync.WaitGroup
			got := make(chan audit.Reservation, 6)
			for range 6 {
				group.Go(func() {
					r, old, err := db.Replays().Reserve(ctx, "p", "k", "sum", lease)
					switch {
					case err == nil && old == nil:
						got <- r
					case !fault.Is(err, "request.key_in_use") || fault.As(err).Args["seconds"] == nil:
						t.Errorf("got %v, %v", old, err)
					}
				})
			}
			group.Wait()
			if len(got) != 1 {
				t.Fatalf("%d got the key", len(got))
			}
			r := <-got
			if _, _, err := db.Replays().Reserve(ctx, "p", "k", "another sum", lease); !fault.Is(err,
				"request.key_reused") {
				t.Errorf("another request: %v", err)
			}
			a := audit.Replay{Status: 201, Header: map[string]string{"Location": "/x"}, Body: []byte("{}"),
				At: time.Now()}
			good(t, settle(db, r, a))
			if err := settle(db, r, a); !fault.Is(err, "request.key_in_use") {
				t.Errorf("settled again: %v", err)
			}
			_, old, err := db.Replays().Reserve(ctx, "p", "k", "sum", lease)
			if err != nil || old == nil || old.Status != 201 || string(old.Body) != "{}" ||
				!maps.Equal(old.Header, a.Header) {
				t.Errorf("the answer: %+v %v", old, err)
			}
			if _, _, err := db.Replays().Reserve(ctx, "p", "k", "another sum", lease); !fault.Is(err,
				"request.key_reused") {
				t.Errorf("another request after the answer: %v", err)
			}
		})
	}
}

// TestReservationIsTakenOver: whoever takes over an ended lease has the same
// seed, and the holder before can no longer settle, extend or release.
func TestReservationIsTakenOver(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			s := db.Replays()
			first, _, err := s.Reserve(ctx, "p", "k", "sum", -time.Second)
			good(t, err)
			second, _, err := s.Reserve(ctx, "p", "k", "sum", lease)
			good(t, err)
			if first.Repeated || !second.Repeated || second.Seed != first.Seed || second.Token == first.Token {
				t.Errorf("first %+v, second %+v", first, second)
			}
			if err := settle(db, first, audit.Replay{At: time.Now()}); !fault.Is(err, "request.key_in_use") {
				t.Errorf("the first settles: %v", err)
			}
			if err := s.Extend(ctx, first, lease); !fault.Is(err, "request.key_in_use") {
				t.Errorf("the first extends: %v", err)
			}
			good(t, s.Release(ctx, first, true))
			good(t, s.Extend(ctx, second, lease))
			good(t, s.Release(ctx, second, false))
			third, _, err := s.Reserve(ctx, "p", "k", "sum", lease)
			good(t, err)
			if third.Seed != first.Seed || !third.Repeated {
				t.Errorf("after a release: %+v", third)
			}
			good(t, s.Release(ctx, third, true))
			fourth, _, err := s.Reserve(ctx, "p", "k", "another sum", lease)
			if err != nil || fourth.Seed == first.Seed || fourth.Repeated {
				t.Errorf("after the key was freed: %+v %v", fourth, err)
			}
		})
	}
}

// TestOldReplays: an answer kept by a release that kept no headers is still
// given, and a bounded number of old ones is deleted with each new one.
func TestOldReplays(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			ctx, db := context.Background(), open(t)
			before := time.Now().Add(-audit.KeepReplays - time.Hour).UTC()
			for i := range 50 {
				_, err := db.Writer(ctx).NewRaw(
					"INSERT INTO replays (person, replay_key, request, status, body, at) VALUES ('p', ?, 'sum', 201, '{}', ?)",
					fmt.Sprint(i), before).Exec(ctx)
				good(t, err)
			}
			_, old, err := db.Replays().Reserve(ctx, "p", "49", "sum", lease)
			if err != nil || old == nil || old.Status != 201 || string(old.Body) != "{}" || len(old.Header) != 0 {
				t.Errorf("an old answer: %+v %v", old, err)
			}
			for want := 30; want >= 0; want -= 20 {
				r, _, err := db.Replays().Reserve(ctx, "q", fmt.Sprint(want), "sum", lease)
				good(t, err)
				good(t, settle(db, r, audit.Replay{Status: 201, At: time.Now()}))
				var left int
				good(t, db.Reader(ctx).NewRaw("SELECT COUNT(*) FROM replays WHERE person = 'p'").Scan(ctx, &left))
				if left != want {
					t.Errorf("%d old answers left, want %d", left, want)
				}
			}
		})
	}
}
