package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lenlop/infra/sqldb"
)

// TestWriteBudget plants transactions that do too much at once: on SQLite each
// fails the test that makes it, unless it says why it may.
func TestWriteBudget(t *testing.T) {
	set := func(db *sqldb.DB, n int) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			for i := range n {
				if _, err := db.Writer(ctx).NewRaw("INSERT INTO settings (name, value) VALUES (?, 'x')",
					fmt.Sprint(n, "-", i)).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		}
	}
	grow := func(db *sqldb.DB, name string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := db.Writer(ctx).NewRaw(
				`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001)
				INSERT INTO settings (name, value) SELECT ?0 || i, 'x' FROM n`, name).Exec(ctx)
			return err
		}
	}
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			db, ctx := open(t), context.Background()
			for _, c := range []struct {
				what string
				ctx  context.Context
				do   func(ctx context.Context) error
				want string

				alone bool // without a transaction around it
			}{
				{"a few statements", ctx, set(db, 10), "", false},
				{"many statements", ctx, set(db, 1001), "statements, at most 1000", false},
				{"many rows", ctx, grow(db, "a"), "5001 rows", false},
				{"many rows in one statement", ctx, grow(db, "b"), "5001 rows changed by one statement", true},
				{"many rows with a reason", sqldb.Unbounded(ctx, "nobody else writes"), grow(db, "c"), "", true},
				{"many statements with a reason", sqldb.Unbounded(ctx, "nobody else writes"), set(db, 1002), "", false},
			} {
				want := c.want
				if db.Postgres() {
					want = "" // its writers do not wait for each other
				}
				var got string
				func() {
					defer func() {
						if p := recover(); p != nil {
							got = fmt.Sprint(p)
						}
					}()
					if c.alone {
						good(t, c.do(c.ctx))
					} else {
						good(t, db.Atomically(c.ctx, c.do))
					}
				}()
				if (got == "") != (want == "") || !strings.Contains(got, want) {
					t.Errorf("%s: %q, want %q", c.what, got, want)
				}
			}
		})
	}
}
