package main

import (
	"context"
	"time"

	"lenlop/infra/meili"
	"lenlop/services/audit"
	"lenlop/services/job"
	"lenlop/services/production"
	"lenlop/services/schedule"
)

// Rooms that know nothing of jobs are kept in order by these two.

// sweepUploads removes uploads that were given up: the plan's and storage's.
type sweepUploads struct{}

// Kind names the worker.
func (sweepUploads) Kind() string { return "sweep-uploads" }

// checkIndex makes the search index equal to the database again.
type checkIndex struct{}

// Kind names the worker.
func (checkIndex) Kind() string { return "check-index" }

// pruneJobs forgets finished jobs.
type pruneJobs struct{}

// Kind names the worker.
func (pruneJobs) Kind() string { return "prune-jobs" }

// foldViews folds old sessions and forgets those whose time has passed.
type foldViews struct{}

// Kind names the worker.
func (foldViews) Kind() string { return "fold-views" }

// hasten moves the work for lessons that are soon on air ahead.
type hasten struct{}

// Kind names the worker.
func (hasten) Kind() string { return "hasten" }

// A lesson that is on air within onAirSoon goes before other lessons' work: a
// copy takes about the lesson's length to make, and the station wants it the
// day before.
const (
	onAirSoon   = 36 * time.Hour
	hastenEvery = time.Minute
)

// hastened are the kinds that stand between a recording and its airing.
var hastened = []string{production.ProbeArgs{}.Kind(), production.TranscodeArgs{}.Kind(), production.FinishArgs{}.Kind(), production.BroadcastArgs{}.Kind()}

// hasten finds the lessons on air soon. What makes any lesson playable at all
// (job.Urgent to 20) still goes first.
func (h *house) hasten(ctx context.Context) error {
	now := h.now()
	airings, err := h.db.Schedule().Airings(ctx, schedule.Filter{From: now, To: now.Add(onAirSoon), Outcome: schedule.Planned})
	if err != nil {
		return err
	}
	var subjects []string
	for _, a := range airings {
		subjects = append(subjects, production.Subject(a.LessonID))
	}
	return h.db.Jobs().Hasten(ctx, job.High-5, hastened, subjects)
}

// forgetSignIns ends what is kept of sign-ins that are over, and the addresses
// in the audit after their time.
type forgetSignIns struct{}

// Kind names the worker.
func (forgetSignIns) Kind() string { return "forget-sign-ins" }

// keepJobs is how long a finished job can be looked at.
const keepJobs = 7 * 24 * time.Hour

// The index must equal the database within 5 minutes of both being up.
const (
	sweepEvery = time.Hour
	indexEvery = 4 * time.Minute
)

func (h *house) housekeeping() {
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ sweepUploads) error { return h.uploads.Sweep(ctx) })
	job.Register(h.runner, job.Options{}, func(ctx context.Context, run *job.Run, _ checkIndex) error {
		d, err := h.catalog.Rebuild(ctx)
		if err == nil && !d.None() {
			run.Log.Info("search index mended", "difference", d)
		}
		if err != nil || h.meili == nil {
			return err
		}
		n, err := h.meili.Repair(ctx)
		if err == nil && n > 0 {
			run.Log.Info("Meilisearch mended", "lessons", n)
		}
		return err
	})
	if h.meili != nil {
		job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, a meili.Changed) error { return h.meili.Update(ctx, a.Lessons...) })
	}
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ pruneJobs) error {
		for {
			n, err := h.db.Jobs().Prune(ctx, h.now().Add(-keepJobs))
			if err != nil || n == 0 {
				return err
			}
		}
	})
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ foldViews) error {
		for _, step := range []func(context.Context) (int, error){h.viewership.Fold, h.viewership.Purge} {
			for {
				n, err := step(ctx)
				if err != nil {
					return err
				}
				if n == 0 {
					break
				}
			}
		}
		return nil
	})
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ hasten) error { return h.hasten(ctx) })
	h.runner.Every(hastenEvery, job.New{Args: hasten{}, Key: "hasten", Priority: job.High})
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ forgetSignIns) error {
		if err := h.db.People().Forget(ctx, h.now()); err != nil {
			return err
		}
		if err := h.bookmarks.Forget(ctx); err != nil {
			return err
		}
		if err := h.problems.Forget(ctx); err != nil {
			return err
		}
		return h.db.Audit().ForgetPlaces(ctx, h.now().Add(-audit.KeepPlaces))
	})
	h.runner.Every(sweepEvery, job.New{Args: forgetSignIns{}, Key: "forget-sign-ins", Priority: job.Idle})
	h.runner.Every(24*time.Hour, job.New{Args: foldViews{}, Key: "fold-views", Priority: job.Idle})
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ dropHeld) error { return h.dropHeld(ctx) })
	h.runner.Every(sweepEvery, job.New{Args: dropHeld{}, Key: "drop-held", Priority: job.Idle})
	h.runner.Every(sweepEvery, job.New{Args: pruneJobs{}, Key: "prune-jobs", Priority: job.Idle})
	h.runner.Every(sweepEvery, job.New{Args: sweepUploads{}, Key: "sweep-uploads", Priority: job.Idle})
	h.runner.Every(indexEvery, job.New{Args: checkIndex{}, Key: "check-index", Priority: job.Idle})
}
