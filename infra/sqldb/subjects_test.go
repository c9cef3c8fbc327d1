package sqldb_test

import (
	"context"
	"testing"

	"lenlop/infra/sqldb"
)

func TestSubjects(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		list, err := db.Schools().Subjects(context.Background())
		if err != nil || len(list) != 22 {
			t.Fatalf("%d %v", len(list), err)
		}
	})
}
