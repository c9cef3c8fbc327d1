package sqldb_test

import (
	"context"
	"strings"
	"testing"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
)

// nextRelease does to a database what a release after this one may do while
// this one still runs: it only adds, and says so.
func nextRelease(t *testing.T, db *sqldb.DB, version int64) {
	t.Helper()
	ctx := context.Background()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Writer(ctx).NewRaw(query, args...).Exec(ctx); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	tables, err := db.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for table := range tables {
		exec(`ALTER TABLE "` + table + `" ADD COLUMN of_the_next_release TEXT NOT NULL DEFAULT ''`)
	}
	exec("CREATE TABLE next_release (id TEXT PRIMARY KEY)")
	exec("INSERT INTO settings (name, value) VALUES (?, 'expands')", sqldb.ExpandsSetting(version))
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, TRUE)", version)
}

// TestRollingUpgrade: a program starts on data that the next release has added
// to, and all its stores do their work there; data that was changed otherwise
// is refused, and so is the release after the next.
func TestRollingUpgrade(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		const next = 90000001
		nextRelease(t, db, next)
		if err := db.Migrate(ctx); err != nil {
			t.Fatalf("the release before does not start: %v", err)
		}
		if pending, err := db.Schema(ctx); err != nil || pending != 0 {
			t.Fatalf("%d pending, %v", pending, err)
		}
		// The release after drops what this one still uses: a migration that says nothing.
		if _, err := db.Writer(ctx).NewRaw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, TRUE)",
			next+1).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		for _, start := range []func() error{func() error { return db.Migrate(ctx) },
			func() error { _, err := db.Schema(ctx); return err }} {
			f := fault.As(start())
			if f == nil || f.Code != "database.newer" || f.Args["data"] != int64(next+1) {
				t.Errorf("two releases on: %v", f)
			}
		}
	})
}

// TestExpandsSaysSo: of the migrations that there are, none says that it only
// adds and does more: no drop, no rename, no new duty.
func TestExpandsSaysSo(t *testing.T) {
	all, err := sqldb.MigrationTexts()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range all {
		if !strings.Contains(text, "'expands'") {
			continue
		}
		up, _, _ := strings.Cut(text, "-- +goose Down")
		for _, word := range []string{"DROP ", "RENAME ", "SET NOT NULL", "DELETE FROM", "ALTER COLUMN"} {
			if strings.Contains(strings.ToUpper(up), word) {
				t.Errorf("%s says that it only adds, and has %q", name, strings.TrimSpace(word))
			}
		}
	}
}
