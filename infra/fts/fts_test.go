package fts_test

import (
	"path/filepath"
	"testing"
	"time"

	"lenlop/infra/contract"
	"lenlop/infra/fts"
	"lenlop/infra/sqldb"
	"lenlop/services/catalog"
	"lenlop/services/job"
)

func open(t *testing.T) (*fts.Index, *sqldb.DB) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "lenlop.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	x, err := fts.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return x, db
}

func TestIndex(t *testing.T) {
	contract.Index(t, func(t *testing.T) (catalog.Index, job.Atomic) { return open(t) })
}
