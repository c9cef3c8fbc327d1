package web_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// wireViewing makes the services of viewing figures.
func (o *office) wireViewing(t *testing.T, db *sqldb.DB, zone *time.Location, now func() time.Time,
	newID func() string) {
	t.Helper()
	var err error
	o.playback, err = playback.New(playback.Config{Store: viewstore.NewViews(db), Lessons: db.Lessons(),
		Secret:   []byte("0123456789abcdef"),
		Location: zone, Now: now, NewID: newID, Atomic: db, Audit: db.Audit()})
	must(t, err)
	t.Cleanup(o.playback.Close)
	o.tv, err = television.New(television.Config{Figures: viewstore.NewFigures(db), Imports: viewstore.NewImports(db),
		Staged: viewstore.NewFigures(db), CheckIns: viewstore.NewCheckIns(db),
		RollCalls: viewstore.NewRollCalls(db), Classes: db.Classes(), Lessons: db.Lessons(),
		Facts: viewstore.NewViews(db), Viewers: viewstore.NewViews(db),
		Schedule: db.Schedule(), Sheets: sheet.Read, Location: zone, Now: now, NewID: newID, Atomic: db,
		Audit: db.Audit()})
	must(t, err)
	o.views, err = viewership.New(viewership.Config{Reader: viewstore.NewViews(db), Television: o.tv,
		Classes:       db.Classes(),
		Participation: viewstore.NewViews(db), Reports: viewstore.NewReports(db),
		ReportKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Lessons:   db.Lessons(), Schedule: db.Schedule(), Location: zone, Now: now, NewID: newID, Atomic: db,
		Audit: db.Audit()})
	must(t, err)
}
