package pgsearch_test

import (
	"testing"
	"time"

	"lenlop/infra/contract"
	"lenlop/infra/pgsearch"
	"lenlop/infra/sqldb"
	"lenlop/services/catalog"
	"lenlop/services/job"
)

func open(t *testing.T) (*pgsearch.Index, *sqldb.DB) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), contract.Postgres(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	x, err := pgsearch.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return x, db
}

func TestIndex(t *testing.T) {
	contract.Index(t, func(t *testing.T) (catalog.Index, job.Atomic) { return open(t) })
}
