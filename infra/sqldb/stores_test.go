package sqldb_test

import (
	"testing"

	"lenlop/infra/sqldb"
	"lenlop/test/storetest"
)

func stores(db *sqldb.DB) storetest.Stores {
	return storetest.Stores{
		Atomic: db, Lessons: db.Lessons(), People: db.People(), Schools: db.Schools(), Classes: db.Classes(),
		Uploads:  db.Uploads(),
		Packages: db.Packages(), Copies: db.Copies(), Captions: db.Captions(), Steps: db.Steps(),
		Sheets: db.Worksheets(), Schedule: db.Schedule(), Listed: db.Programmes(), Jobs: db.Jobs(), Audit: db.Audit(),
		Notices: db.Notices(), Webhooks: db.Webhooks(), Questions: db.Questions(), Bookmarks: db.Bookmarks(),
		Thumbs: db.Thumbs(), Problems: db.Problems(),
	}
}

func TestStores(t *testing.T) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			storetest.AllStores(t, func(t *testing.T) storetest.Stores { return stores(open(t)) })
		})
	}
}
