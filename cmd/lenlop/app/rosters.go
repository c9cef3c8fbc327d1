package app

import (
	"context"

	"lenlop/infra/sheet"
	"lenlop/services/job"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

// wireRosters wires classes, rosters and student cards.
func (a *App) wireRosters(ctx context.Context) error {
	key, err := RosterKeys(ctx, a.DB)
	if err != nil {
		return err
	}
	a.Office = &school.Office{Schools: a.DB.Schools(), Classes: a.DB.Classes(), Cards: a.DB.Classes(),
		Rosters: a.DB.Rosters(), Years: a.DB.Schools(),
		People: a.People, Keys: key, Atomic: a.notifier, Audit: a.DB.Audit(), Zone: a.Zone, Now: a.Now, NewID: NewID}
	a.RosterImporter = &school.Importer{Schools: a.DB.Schools(), Classes: a.DB.Classes(), Years: a.DB.Schools(),
		People: a.DB.People(), Store: a.DB.Rosters(),
		Keys: key, Sheets: sheet.Read, Atomic: a.notifier, Audit: a.DB.Audit(), Now: a.Now, NewID: NewID}
	a.scheduleTidyRosters()
	return nil
}

// tidyRosters finishes imports that a crash interrupted, and deletes the cards of
// students who are in no class any more, old files, and students who left, who are
// kept for as long as what they watched.
type tidyRosters struct{}

// Kind names the worker.
func (tidyRosters) Kind() string { return "tidy-rosters" }

// scheduleTidyRosters registers tidyRosters.
func (a *App) scheduleTidyRosters() {
	job.Register(a.Runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ tidyRosters) error {
		if err := a.RosterImporter.Tidy(ctx); err != nil {
			return err
		}
		if err := a.DB.Rosters().ForgetFiles(ctx, a.Now().Add(-school.KeepRosterFiles)); err != nil {
			return err
		}
		if err := a.Office.EndCards(ctx); err != nil {
			return err
		}
		return a.Office.ForgetLeft(ctx, playback.KeptFrom(a.Now().In(a.Zone)))
	})
	a.Runner.Every(sweepEvery, job.New{Args: tidyRosters{}, Key: "tidy-rosters", Priority: job.Idle})
}
