package seed

import (
	"strconv"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/school"
)

// TestSeededTables: a province fills the tables that the registry says it fills, and no others.
func TestSeededTables(t *testing.T) {
	db, err := sqldb.Open(t.Context(), t.TempDir()+"/a.sqlite", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := db.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	newID := func() string { n++; return "id-" + strconv.Itoa(n) }
	_, err = Province(t.Context(), Config{DB: db, NewID: newID, Keys: school.Keys("khoa"), Password: "mat-khau-dai",
		Zone: time.UTC, Schools: 3, Students: 30})
	if err != nil {
		t.Fatal(err)
	}
	after, err := db.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range sqldb.Registry() {
		if r.Province && after[r.Name] == 0 {
			t.Errorf("table %s is registered as seeded, and is empty", r.Name)
		}
		if !r.Province && after[r.Name] != before[r.Name] {
			t.Errorf("table %s got %d rows, and is not registered as seeded", r.Name, after[r.Name]-before[r.Name])
		}
	}
}
