package pgsearch_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/infra/contract"
	"lenlop/infra/contract/titles"
	"lenlop/infra/pgsearch"
	"lenlop/infra/sqldb"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
)

func open(t *testing.T) (*pgsearch.Index, *sqldb.DB) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), contract.Postgres(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return reopen(t, db), db
}

func reopen(t *testing.T, db *sqldb.DB) *pgsearch.Index {
	t.Helper()
	x, err := pgsearch.Open(t.Context(), db)
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
	if _, err := db.Writer(ctx).ExecContext(ctx, `UPDATE catalog_meta SET value = 'pgsearch/0' WHERE name = 'version'`); err != nil {
		t.Fatal(err)
	}
	if ids, err := reopen(t, db).IDs(ctx); err != nil || len(ids) != 0 {
		t.Errorf("of another version: %q, %v", ids, err)
	}
}

// Several processes start at once on an empty database.
func TestOpenTogether(t *testing.T) {
	db, err := sqldb.Open(t.Context(), contract.Postgres(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := pgsearch.Open(t.Context(), db); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Workers that publish the same words in opposite orders do not lock crosswise,
// and the vocabulary counts every one.
func TestPutTogether(t *testing.T) {
	x, db := open(t)
	es := titles.Entries(40, 1)
	var wg sync.WaitGroup
	for range 4 {
		mine := slices.Clone(es[:10])
		es = es[10:]
		wg.Go(func() {
			for round := range 3 {
				if round%2 == 1 {
					slices.Reverse(mine)
				}
				if err := x.Put(t.Context(), mine...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	ids, err := x.IDs(t.Context())
	if err != nil || len(ids) != 40 {
		t.Fatalf("%d indexed, %v", len(ids), err)
	}
	if err := x.Delete(t.Context(), ids...); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"catalog_entry", "catalog_word"} {
		var n int
		if err := db.Reader(t.Context()).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows are left, %v", table, n, err)
		}
	}
}

func TestBrokenDatabaseIsUnavailable(t *testing.T) {
	x, db := open(t)
	db.Close()
	ctx := context.Background()
	_, search := x.Search(ctx, catalog.Query{Text: "toan"})
	_, suggest := x.Suggest(ctx, "toan", 0, 5)
	_, ids := x.IDs(ctx)
	_, entries := x.Entries(ctx, "a")
	for what, err := range map[string]error{
		"Search": search, "Suggest": suggest, "IDs": ids, "Entries": entries,
		"Put": x.Put(ctx, titles.Entries(1, 1)...), "Delete": x.Delete(ctx, "a"),
	} {
		if !fault.Is(err, "catalog.unavailable") || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := pgsearch.Open(ctx, db); err == nil || !strings.Contains(err.Error(), "index pgsearch") {
		t.Errorf("Open: %v", err)
	}
}
