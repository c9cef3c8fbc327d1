package sqldb_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/school"
	"lenlop/test/pgtest"
)

// empty gives the DSN of an empty database of each engine.
var empty = map[string]func(t *testing.T) string{
	"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "bài giảng 100%?#.db") },
	"postgres": func(t *testing.T) string { return pgtest.Postgres(t) },
}

func open(t *testing.T, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestMigrateNewer: data of a newer program is refused with a clear word and
// left as it is; the same program then opens it again.
func TestMigrateNewer(t *testing.T) {
	for name, dsn := range empty {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			db := open(t, dsn(t))
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			w := db.Writer(ctx)
			var known []int64
			if err := w.NewRaw("SELECT version_id FROM goose_db_version ORDER BY version_id").Scan(ctx,
				&known); err != nil {
				t.Fatal(err)
			}
			last := known[len(known)-1]
			gap := last + 1 // the first number that no migration has
			for i, v := range known {
				if v != int64(i) {
					gap = int64(i)
					break
				}
			}
			for _, newer := range []int64{gap, last + 1, 99990001} {
				if _, err := w.NewRaw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, TRUE)",
					newer).Exec(ctx); err != nil {
					t.Fatal(err)
				}
				err := db.Migrate(ctx)
				f := fault.As(err)
				if f == nil || f.Kind != fault.Conflict || f.Code != "database.newer" || f.Args["data"] != newer ||
					f.Args["program"] != last {
					t.Fatalf("data of version %d gave %v", newer, err)
				}
				if _, err := w.NewRaw("DELETE FROM goose_db_version WHERE version_id = ?",
					newer).Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestMigrateLate: a migration that is released after one with a higher
// number still runs.
func TestMigrateLate(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		for _, query := range []string{"DROP TABLE segments", "DROP TABLE packages",
			"DELETE FROM goose_db_version WHERE version_id = 5"} {
			if _, err := db.Writer(ctx).NewRaw(query).Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
		goesOn(t, db)
		if _, err := db.Packages().Segments(ctx, "k1"); err != nil {
			t.Error(err)
		}
	})
}

// TestMigrateTogether: processes that start at once migrate once, and what an
// administrator changed survives a restart.
func TestMigrateTogether(t *testing.T) {
	for name, dsn := range empty {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			at := dsn(t)
			first := open(t, at)
			dbs := []*sqldb.DB{first}
			if first.Postgres() { // a second process on one SQLite folder is refused elsewhere
				dbs = append(dbs, open(t, at), open(t, at))
			}
			var wg sync.WaitGroup
			for _, db := range dbs {
				wg.Go(func() {
					if err := db.Migrate(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if err := first.Schools().SaveSubject(ctx,
				school.Subject{Code: "toan", Name: "Toán học", FromGrade: 1, ToGrade: 12}); err != nil {
				t.Fatal(err)
			}
			again := open(t, at)
			if err := again.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			list, err := again.Schools().Subjects(ctx)
			if err != nil || len(list) != 22 || list[0].Name != "Toán học" {
				t.Errorf("%d subjects, the first %+v: %v", len(list), list[0], err)
			}
		})
	}
}

// TestMigrateStops: a migration that fails in its middle leaves nothing of
// itself and all of those before it; the next start goes on from there.
func TestMigrateStops(t *testing.T) {
	for name, dsn := range empty {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			db := open(t, dsn(t))
			w := db.Writer(ctx)
			exec := func(query string) error { _, err := w.NewRaw(query).Exec(ctx); return err }
			// In the way of the second table of the fifth migration.
			if err := exec("CREATE TABLE segments (x TEXT)"); err != nil {
				t.Fatal(err)
			}
			if err := db.Migrate(ctx); err == nil || fault.As(err) != nil {
				t.Fatalf("a migration that cannot run gave %v", err)
			}
			if exec("SELECT 1 FROM packages") == nil {
				t.Error("half a migration stayed")
			}
			if err := exec("SELECT 1 FROM jobs"); err != nil {
				t.Errorf("the migration before is gone: %v", err)
			}
			if err := exec("DROP TABLE segments"); err != nil {
				t.Fatal(err)
			}
			goesOn(t, db)
		})
	}
}

// TestMigrateKilled kills a program in the middle of a migration, where it
// waits for a table of the same name that another transaction makes.
func TestMigrateKilled(t *testing.T) {
	ctx := context.Background()
	at := pgtest.Postgres(t)
	db := open(t, at)
	stop := errors.New("stop")
	err := db.Atomically(ctx, func(ctx context.Context) error {
		if _, err := db.Writer(ctx).NewRaw("CREATE TABLE segments (x TEXT)").Exec(ctx); err != nil {
			return err
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), migrateEnv+"="+at)
		if err := cmd.Start(); err != nil {
			return err
		}
		for waiting := 0; waiting == 0; {
			err := db.Writer(ctx).NewRaw(
				"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%CREATE TABLE segments%'").Scan(ctx, &waiting)
			if err != nil {
				return err
			}
			time.Sleep(5 * time.Millisecond) // another process has to come this far
			if _, err := db.Writer(ctx).NewRaw("SELECT pg_stat_clear_snapshot()").Exec(ctx); err != nil {
				return err
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			return err
		}
		if err := cmd.Wait(); err == nil {
			t.Error("the program ended well")
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	goesOn(t, db)
}

func goesOn(t *testing.T, db *sqldb.DB) {
	t.Helper()
	ctx := context.Background()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if list, err := db.Schools().Subjects(ctx); err != nil || len(list) != 22 {
		t.Errorf("%d subjects: %v", len(list), err)
	}
	var twice []int
	err := db.Reader(ctx).NewRaw(
		"SELECT version_id FROM goose_db_version GROUP BY version_id HAVING COUNT(*) > 1").Scan(ctx, &twice)
	if err != nil || len(twice) > 0 {
		t.Errorf("migrated twice: %v, %v", twice, err)
	}
}
