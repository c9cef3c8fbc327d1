package sqldb_test

import (
	"context"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/job"
)

// TestClockShift: with the program's clock moved, the database's own moves with
// it, so that work the program has put off comes due by the moved clock.
func TestClockShift(t *testing.T) {
	for engine, dsn := range empty {
		for _, shift := range []time.Duration{-300 * 24 * time.Hour, -90 * time.Minute, 90 * time.Minute} {
			t.Run(engine+" "+shift.String(), func(t *testing.T) {
				now := func() time.Time { return time.Now().Add(shift) }
				db, err := sqldb.OpenPool(t.Context(), dsn(t), now, sqldb.Pool{ClockShift: shift})
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if err := db.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				before := now().Add(-time.Second)
				got, err := db.Clock(t.Context())
				if err != nil || got.Before(before) || got.After(now().Add(time.Second)) {
					t.Fatalf("the database's clock is %v, the program's %v: %v", got, now(), err)
				}
				for _, at := range []time.Time{now().Add(time.Hour), now().Add(-time.Minute)} {
					err := db.Atomically(t.Context(), func(ctx context.Context) error {
						return db.Jobs().Add(ctx, job.New{Args: errand{}, RunAt: at})
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				j, err := db.Jobs().Claim(t.Context(), "w", []string{errand{}.Kind()}, time.Minute)
				if err != nil || j == nil || j.RunAt.After(now()) {
					t.Fatalf("claimed %+v, %v", j, err)
				}
				if left := j.LeaseUntil.Sub(now()); left < 0 || left > time.Minute+time.Second {
					t.Errorf("the lease of a minute has %v left", left)
				}
				if j, err := db.Jobs().Claim(t.Context(), "w", []string{errand{}.Kind()},
					time.Minute); err != nil || j != nil {
					t.Errorf("claimed %+v an hour early, %v", j, err)
				}
			})
		}
	}
}
