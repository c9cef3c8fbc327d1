package main

import (
	"context"

	"lenlop/infra/sheet"
	"lenlop/services/job"
	"lenlop/services/school"
	"lenlop/services/viewership"
)

// rosterKey is the setting that holds the secret for the keys of student codes
// and cards. Who loses it loses every card and every student code.
const rosterKey = "roster-key"

// organisation is the part of the house that knows who is where.
type organisation struct {
	office   *school.Office
	importer *school.Importer
}

func (h *house) organise(ctx context.Context) error {
	key, err := h.kept(ctx, rosterKey)
	if err != nil {
		return err
	}
	h.org.office = &school.Office{Schools: h.db.Schools(), Classes: h.db.Classes(), Cards: h.db.Classes(), Rosters: h.db.Rosters(), Years: h.db.Schools(),
		People: h.people, Keys: key, Atomic: h.bell, Audit: h.db.Audit(), Zone: h.zone, Now: h.now, NewID: newID}
	h.org.importer = &school.Importer{Schools: h.db.Schools(), Classes: h.db.Classes(), Years: h.db.Schools(), People: h.db.People(), Store: h.db.Rosters(),
		Keys: key, Sheets: sheet.Read, Atomic: h.bell, Audit: h.db.Audit(), Now: h.now, NewID: newID}
	h.tidyRosters()
	return nil
}

// tidyRosters finishes imports that a crash left, and removes cards of those
// who are in no class any more, old files, and students who left: as long after
// as what they watched is forgotten.
type tidyRosters struct{}

// Kind names the worker.
func (tidyRosters) Kind() string { return "tidy-rosters" }

func (h *house) tidyRosters() {
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ tidyRosters) error {
		if err := h.org.importer.Tidy(ctx); err != nil {
			return err
		}
		if err := h.db.Rosters().ForgetFiles(ctx, h.now().Add(-school.KeepRosterFiles)); err != nil {
			return err
		}
		if err := h.org.office.EndCards(ctx); err != nil {
			return err
		}
		return h.org.office.ForgetLeft(ctx, viewership.KeptFrom(h.now().In(h.zone)))
	})
	h.runner.Every(sweepEvery, job.New{Args: tidyRosters{}, Key: "tidy-rosters", Priority: job.Idle})
}
