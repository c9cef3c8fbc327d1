package viewstore_test

import (
	"path/filepath"
	"testing"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/test/pgtest"
	"lenlop/test/storetest"
)

func viewing(db *sqldb.DB) storetest.ViewingStores {
	return storetest.ViewingStores{
		Stores: storetest.Stores{
			Atomic: db, Lessons: db.Lessons(), People: db.People(), Schools: db.Schools(), Schedule: db.Schedule(),
			Audit:   db.Audit(),
			Classes: db.Classes(),
		},
		Views: viewstore.NewViews(db), Figures: viewstore.NewFigures(db), CheckIns: viewstore.NewCheckIns(db),
		Imports: viewstore.NewImports(db), Staged: viewstore.NewFigures(db), Reports: viewstore.NewReports(db),
		Logs: db.Logs(), Served: viewstore.NewServed(db), Sheets: sheet.Read,
		RollCalls: viewstore.NewRollCalls(db),
	}
}

// TestViewership sits the exam of counting, with two connections that stand
// for two servers.
func TestViewership(t *testing.T) {
	dsn := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "lenlop.db") },
		"postgres": func(t *testing.T) string { return pgtest.PostgresLike(t, migrated) },
	}
	for name, where := range dsn {
		t.Run(name, func(t *testing.T) {
			storetest.Viewership(t, func(t *testing.T) (storetest.ViewingStores, storetest.ViewingStores) {
				at := where(t)
				return viewing(openDSN(t, at)), viewing(openDSN(t, at))
			})
		})
	}
}
