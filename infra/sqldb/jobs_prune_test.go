package sqldb_test

import (
	"context"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/job"
	"lenlop/test/pgtest"
)

type errand struct{ N int }

func (errand) Kind() string { return "errand" }

func TestPruneKeepsWhatMatters(t *testing.T) {
	for name, dsn := range map[string]func(t testing.TB) string{
		"sqlite":     func(t testing.TB) string { return t.TempDir() + "/x.sqlite" },
		"postgresql": pgtest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			db, err := sqldb.Open(ctx, dsn(t), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			jobs := db.Jobs()
			for i, end := range []job.State{job.Done, job.Cancelled, job.Parked, ""} {
				if err := jobs.Add(ctx, job.New{Args: errand{i}}); err != nil {
					t.Fatal(err)
				}
				if end == "" {
					continue // waits
				}
				j, err := jobs.Claim(ctx, "w", []string{"errand"}, time.Minute)
				if err != nil || j == nil {
					t.Fatal(j, err)
				}
				if err := jobs.Finish(ctx, j.ID, j.Token, end, "", time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			now, err := db.Clock(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				before time.Time
				want   int64
			}{{now.Add(-time.Hour), 0}, {now.Add(time.Hour), 2}, {now.Add(time.Hour), 0}} {
				if n, err := jobs.Prune(ctx, c.before); err != nil || n != c.want {
					t.Errorf("pruned %d, %v; want %d", n, err, c.want)
				}
			}
			left, err := jobs.Jobs(ctx, "", "", 10)
			if err != nil || len(left) != 2 {
				t.Errorf("%d jobs left, %v: want the parked and the waiting one", len(left), err)
			}
		})
	}
}
