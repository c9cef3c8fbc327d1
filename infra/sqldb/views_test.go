package sqldb_test

import (
	"path/filepath"
	"testing"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/test/pgtest"
	"lenlop/test/storetest"
)

func viewing(db *sqldb.DB) storetest.ViewingStores {
	return storetest.ViewingStores{
		Stores: storetest.Stores{
			Atomic: db, Lessons: db.Lessons(), People: db.People(), Schools: db.Schools(), Schedule: db.Schedule(), Audit: db.Audit(),
			Classes: db.Classes(),
		},
		Views: db.Views(), Figures: db.Figures(), CheckIns: db.CheckIns(), Imports: db.Imports(), Reports: db.Reports(), Logs: db.Logs(), Served: db.Served(), Sheets: sheet.Read,
		RollCalls: db.RollCalls(),
	}
}

// TestViewership sits the exam of counting, with two connections that stand
// for two servers.
func TestViewership(t *testing.T) {
	dsn := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "lenlop.db") },
		"postgres": func(t *testing.T) string { return pgtest.Postgres(t) },
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
