package web_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// wireViewing makes the services of viewing figures.
func (o *office) wireViewing(t *testing.T, db *sqldb.DB, zone *time.Location, now func() time.Time, newID func() string) {
	t.Helper()
	var err error
	o.playback, err = playback.New(playback.Config{Store: db.Views(), Lessons: db.Lessons(), Secret: []byte("0123456789abcdef"),
		Location: zone, Now: now, NewID: newID, Atomic: db, Audit: db.Audit()})
	must(t, err)
	t.Cleanup(o.playback.Close)
	o.tv, err = television.New(television.Config{Figures: db.Figures(), Imports: db.Imports(), CheckIns: db.CheckIns(),
		RollCalls: db.RollCalls(), Classes: db.Classes(), Lessons: db.Lessons(), Facts: db.Views(), Viewers: db.Views(),
		Schedule: db.Schedule(), Sheets: sheet.Read, Location: zone, Now: now, NewID: newID, Atomic: db, Audit: db.Audit()})
	must(t, err)
	o.views, err = viewership.New(viewership.Config{Reader: db.Views(), Television: o.tv, Classes: db.Classes(),
		Participation: db.Views(), Reports: db.Reports(), ReportKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Lessons: db.Lessons(), Schedule: db.Schedule(), Location: zone, Now: now, NewID: newID, Atomic: db, Audit: db.Audit()})
	must(t, err)
}
