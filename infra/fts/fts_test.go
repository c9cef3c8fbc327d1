package fts_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/infra/contract"
	"lenlop/infra/contract/titles"
	"lenlop/infra/fts"
	"lenlop/infra/sqldb"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
)

func open(t *testing.T) (*fts.Index, *sqldb.DB) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "lenlop.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return reopen(t, db), db
}

func reopen(t *testing.T, db *sqldb.DB) *fts.Index {
	t.Helper()
	x, err := fts.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestIndex(t *testing.T) {
	contract.Index(t, func(t *testing.T) (catalog.Index, job.Atomic) { return open(t) })
}

func TestCatalogue(t *testing.T) {
	contract.Catalogue(t, func(t *testing.T) (catalog.Index, contract.Stores) {
		x, db := open(t)
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return x, contract.Stores{Atomic: db, Lessons: db.Lessons(), People: db.People(), Schools: db.Schools()}
	})
}

// The index lives in a migrated database beside everything else.
func TestBesideTheMigrations(t *testing.T) {
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "lenlop.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 2 {
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		reopen(t, db)
	}
}

func TestOpenAgainKeepsTheIndex(t *testing.T) {
	ctx := t.Context()
	x, db := open(t)
	if err := x.Put(ctx, titles.Entries(5, 1)...); err != nil {
		t.Fatal(err)
	}
	if ids, err := reopen(t, db).IDs(ctx); err != nil || len(ids) != 5 {
		t.Errorf("after opening again: %q, %v", ids, err)
	}
	// Filled under other rules it is worth nothing: it starts empty, to be rebuilt.
	if _, err := db.Writer(ctx).ExecContext(ctx, `UPDATE catalog_meta SET value = 'fts/0' WHERE name = 'version'`); err != nil {
		t.Fatal(err)
	}
	if ids, err := reopen(t, db).IDs(ctx); err != nil || len(ids) != 0 {
		t.Errorf("of another version: %q, %v", ids, err)
	}
}

// A deleted lesson leaves no row and no word behind.
func TestDeleteLeavesNothing(t *testing.T) {
	ctx := t.Context()
	x, db := open(t)
	es := titles.Entries(20, 1)
	for range 2 {
		if err := x.Put(ctx, es...); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range es {
		if err := x.Delete(ctx, e.LessonID); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"catalog_entry", "catalog_word", "catalog_fts WHERE catalog_fts MATCH 'a* OR t* OR h* OR n*'"} {
		var n int
		if err := db.Reader(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", table, n, err)
		}
	}
}

// While lessons are published, searches go on and see whole states.
func TestSearchDuringChanges(t *testing.T) {
	x, db := open(t)
	es := titles.Entries(60, 1)
	if err := x.Put(t.Context(), es...); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := x.Search(t.Context(), catalog.Query{Text: "truongg", Limit: 1})
				if err != nil || r.EstimatedTotal != len(es) {
					t.Errorf("found %d, %v", r.EstimatedTotal, err)
					return
				}
			}
		})
	}
	for i := range 40 {
		err := db.Atomically(t.Context(), func(ctx context.Context) error {
			if err := x.Delete(ctx, es[i].LessonID); err != nil {
				return err
			}
			return x.Put(ctx, es[i])
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
}

func TestBrokenDatabaseIsUnavailable(t *testing.T) {
	x, db := open(t)
	if err := x.Put(t.Context(), titles.Entries(3, 1)...); err != nil {
		t.Fatal(err)
	}
	db.Close()
	check := func(what string, err error) {
		if !fault.Is(err, "catalog.unavailable") || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := x.Search(t.Context(), catalog.Query{Text: "toan"})
	check("Search", err)
	_, err = x.Search(t.Context(), catalog.Query{})
	check("Search without text", err)
	_, err = x.Suggest(t.Context(), "toan", 0, 5)
	check("Suggest", err)
	_, err = x.IDs(t.Context())
	check("IDs", err)
	_, err = x.Entries(t.Context(), "a")
	check("Entries", err)
	check("Put", x.Put(t.Context(), titles.Entries(1, 1)...))
	check("Delete", x.Delete(t.Context(), "a"))
	if _, err := fts.Open(t.Context(), db); err == nil || !strings.Contains(err.Error(), "index fts") {
		t.Errorf("Open: %v", err)
	}
}
