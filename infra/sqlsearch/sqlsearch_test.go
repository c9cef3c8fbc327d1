package sqlsearch_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/infra/sqlsearch"
	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/test/indextest"
	"lenlop/test/indextest/titles"
	"lenlop/test/pgtest"
	"lenlop/test/storetest"
)

// engines are the databases that the index lives in.
var engines = []struct {
	name string
	dsn  func(testing.TB) string
}{
	{"SQLite", func(tb testing.TB) string { return filepath.Join(tb.TempDir(), "lenlop.db") }},
	{"PostgreSQL", pgtest.Postgres},
}

// onEach runs a test on an empty database of every engine.
func onEach(t *testing.T, test func(t *testing.T, open func(t *testing.T) (*sqlsearch.Index, *sqldb.DB))) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			test(t, func(t *testing.T) (*sqlsearch.Index, *sqldb.DB) {
				db, err := sqldb.Open(t.Context(), e.dsn(t), time.Now)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				return reopen(t, db), db
			})
		})
	}
}

type opener = func(t *testing.T) (*sqlsearch.Index, *sqldb.DB)

func reopen(t *testing.T, db *sqldb.DB) *sqlsearch.Index {
	t.Helper()
	x, err := sqlsearch.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestIndex(t *testing.T) {
	onEach(t, func(t *testing.T, open opener) {
		indextest.Index(t, func(t *testing.T) (catalog.Index, job.Atomic) { return open(t) })
		indextest.LargeIndex(t, func(t *testing.T) (catalog.Index, job.Atomic) { return open(t) })
	})
}

func TestCatalogue(t *testing.T) {
	onEach(t, func(t *testing.T, open opener) {
		indextest.Catalogue(t, func(t *testing.T) (catalog.Index, storetest.Stores) {
			x, db := open(t)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return x, storetest.Stores{Atomic: db, Lessons: db.Lessons(), People: db.People(), Schools: db.Schools()}
		})
	})
}

// The index lives in a migrated database beside all other tables.
func TestBesideTheMigrations(t *testing.T) {
	onEach(t, func(t *testing.T, open opener) {
		_, db := open(t)
		for range 2 {
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			reopen(t, db)
		}
	})
}

func TestReopenedIndexIsKept(t *testing.T) {
	// The version as stored since the tables have had this layout: a database of
	// an earlier release is not indexed again.
	stored := map[string]string{"SQLite": "fts/3 catalog-text/2", "PostgreSQL": "pgsearch/3 catalog-text/2"}
	onEach(t, func(t *testing.T, open opener) {
		ctx := t.Context()
		x, db := open(t)
		if err := x.Put(ctx, titles.Entries(5, 1)...); err != nil {
			t.Fatal(err)
		}
		var version string
		err := db.Reader(ctx).QueryRowContext(ctx,
			`SELECT value FROM catalog_meta WHERE name = 'version'`).Scan(&version)
		if want := stored[filepath.Base(t.Name())]; err != nil || version != want {
			t.Errorf("version %q, %v; want %q", version, err, want)
		}
		if ids, err := reopen(t, db).IDs(ctx); err != nil || len(ids) != 5 {
			t.Errorf("reopened: %q, %v", ids, err)
		}
		// An index filled under other rules is emptied, to be rebuilt.
		_, err = db.Writer(ctx).ExecContext(ctx, `UPDATE catalog_meta SET value = 'other/0' WHERE name = 'version'`)
		if err != nil {
			t.Fatal(err)
		}
		if ids, err := reopen(t, db).IDs(ctx); err != nil || len(ids) != 0 {
			t.Errorf("of another version: %q, %v", ids, err)
		}
	})
}

// Several processes start at once on an empty database.
func TestConcurrentOpen(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			db, err := sqldb.Open(t.Context(), e.dsn(t), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					if _, err := sqlsearch.Open(t.Context(), db); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// Workers that publish the same words in opposite orders do not deadlock, the
// vocabulary counts every one, and deleted lessons leave no row behind.
func TestConcurrentPuts(t *testing.T) {
	onEach(t, func(t *testing.T, open opener) {
		x, db := open(t)
		es := titles.Entries(40, 1)
		es[3].Spoken = []catalog.Passage{{Lines: []catalog.Line{{Text: "parabol quay xuống"}}}}
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
		if err != nil || len(ids) != 40 || !slices.IsSorted(ids) {
			t.Fatalf("%d indexed, sorted: %v, %v", len(ids), slices.IsSorted(ids), err)
		}
		if err := x.Delete(t.Context(), ids...); err != nil {
			t.Fatal(err)
		}
		tables := []string{"catalog_entry", "catalog_word", "catalog_passage", "catalog_fingerprint"}
		if !db.Postgres() {
			tables = append(tables, "catalog_fts WHERE catalog_fts MATCH 'a* OR t* OR h* OR n*'",
				"catalog_spoken WHERE catalog_spoken MATCH 'parabol'")
		}
		for _, table := range tables {
			var n int
			err := db.Reader(t.Context()).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n)
			if err != nil || n != 0 {
				t.Errorf("%s: %d rows are left, %v", table, n, err)
			}
		}
	})
}

// Searches on SQLite see whole states while lessons are published.
func TestSearchDuringChanges(t *testing.T) {
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "lenlop.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	x, es := reopen(t, db), titles.Entries(60, 1)
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
	onEach(t, func(t *testing.T, open opener) {
		ctx := t.Context()
		x, db := open(t)
		if err := x.Put(ctx, titles.Entries(3, 1)...); err != nil {
			t.Fatal(err)
		}
		db.Close()
		_, search := x.Search(ctx, catalog.Query{Text: "toan"})
		_, list := x.Search(ctx, catalog.Query{})
		_, suggest := x.Suggest(ctx, "toan", 0, 5)
		_, ids := x.IDs(ctx)
		_, entries := x.Entries(ctx, "a")
		_, fingerprints := x.Fingerprints(ctx)
		for what, err := range map[string]error{
			"Search": search, "Search without text": list, "Suggest": suggest, "IDs": ids, "Entries": entries,
			"Fingerprints": fingerprints,
			"Put":          x.Put(ctx, titles.Entries(1, 1)...), "Delete": x.Delete(ctx, "a"),
		} {
			if !fault.Is(err, "catalog.unavailable") || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := sqlsearch.Open(ctx, db); err == nil || !strings.HasPrefix(err.Error(), "index ") {
			t.Errorf("Open: %v", err)
		}
	})
}
