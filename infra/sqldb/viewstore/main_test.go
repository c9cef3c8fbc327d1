package viewstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/test/longtest"
	"lenlop/test/pgtest"
)

// engines opens a fresh, migrated database of each engine.
var engines = map[string]func(t *testing.T) *sqldb.DB{
	"sqlite":   func(t *testing.T) *sqldb.DB { return openDSN(t, filepath.Join(t.TempDir(), "lenlop.db")) },
	"postgres": func(t *testing.T) *sqldb.DB { return openDSN(t, pgtest.PostgresLike(t, migrated)) },
}

func migrated(dsn string) error {
	db, err := sqldb.Open(context.Background(), dsn, time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(context.Background())
}

func openDSN(t *testing.T, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), dsn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// onEngines runs the test on both engines.
func onEngines(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// onOne runs a slow test on SQLite only, and on both databases in make test-long.
func onOne(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	for name, open := range longtest.Subset(engines, "sqlite") {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}
