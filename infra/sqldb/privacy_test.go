package sqldb

import (
	"context"
	"regexp"
	"testing"
	"time"
)

// TestTraces: a column that looks as if it named a person is known to erasing.
func TestTraces(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, t.TempDir()+"/a.sqlite", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	var columns []struct{ Table, Name string }
	if err := db.read.NewRaw(
		`SELECT m.name AS "table", c.name AS name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'`).Scan(ctx, &columns); err != nil {
		t.Fatal(err)
	}
	known := map[[2]string]bool{}
	for _, x := range append(append([]trace{}, traces...), kept...) {
		known[[2]string{x.table, x.column}] = true
	}
	person := regexp.MustCompile(
		`^person$|person_id$|by_person$|_by$|^viewer$|^actor$|teacher_id$|uploader_id$|author_id$`)
	for _, c := range columns {
		if person.MatchString(c.Name) && !known[[2]string{c.Table, c.Name}] {
			t.Errorf("%s.%s names a person, and erasing does not know it", c.Table, c.Name)
		}
		delete(known, [2]string{c.Table, c.Name})
	}
	for k := range known {
		t.Errorf("erasing knows %s.%s, which is not there", k[0], k[1])
	}
}
