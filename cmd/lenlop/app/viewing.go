package app

import (
	"lenlop/infra/sheet"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/audit"
	"lenlop/services/production"
	"lenlop/services/viewership"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// wireViewing makes the services of viewing figures.
func (a *App) wireViewing(log audit.Log, lengths production.Lengths) (err error) {
	views := viewstore.NewViews(a.DB)
	a.Playback, err = playback.New(playback.Config{
		Store: views, Retention: views, Downloads: views, Lessons: a.DB.Lessons(), Secret: a.secret, Location: a.Zone,
		Now: a.Now, NewID: NewID, Atomic: a.DB, Audit: log, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onClose(a.Playback.Close)
	a.Television, err = television.New(television.Config{
		Figures: viewstore.NewFigures(a.DB), Imports: viewstore.NewImports(a.DB), Staged: viewstore.NewFigures(a.DB),
		CheckIns: viewstore.NewCheckIns(a.DB), RollCalls: viewstore.NewRollCalls(a.DB),
		Classes: a.DB.Classes(), Lessons: a.DB.Lessons(), Facts: views, Viewers: views, Schedule: a.DB.Schedule(),
		Sheets: sheet.Read, Location: a.Zone, Now: a.Now, NewID: NewID, Atomic: a.DB, Audit: log, Limits: a.Limits,
	})
	if err != nil {
		return err
	}
	a.Delivery, err = delivery.New(delivery.Config{
		Store: viewstore.NewServed(a.DB), Watched: views, Lengths: lengths, Location: a.Zone, Now: a.Now,
		NewID: NewID, Atomic: a.DB,
		Audit: log,
	})
	if err != nil {
		return err
	}
	a.Viewership, err = viewership.New(viewership.Config{
		Reader: views, Downloads: views, Television: a.Television, Classes: a.DB.Classes(), Participation: views,
		Reports: viewstore.NewReports(a.DB), Snapshot: a.DB.Snapshot, ReportKey: a.reportKey,
		Lessons: a.DB.Lessons(), Schedule: a.DB.Schedule(),
		Location: a.Zone, Now: a.Now, NewID: NewID, Atomic: a.DB, Audit: log,
	})
	return err
}
