package app

import (
	"context"
	"time"

	"lenlop/infra/meili"
	"lenlop/services/audit"
	"lenlop/services/job"
	"lenlop/services/production"
	"lenlop/services/schedule"
)

// sweepUploads removes abandoned uploads, from the database and from storage.
type sweepUploads struct{}

// Kind names the worker.
func (sweepUploads) Kind() string { return "sweep-uploads" }

// checkIndex repairs differences between the search index and the database.
type checkIndex struct{}

// Kind names the worker.
func (checkIndex) Kind() string { return "check-index" }

// pruneJobs deletes finished jobs after keepJobs.
type pruneJobs struct{}

// Kind names the worker.
func (pruneJobs) Kind() string { return "prune-jobs" }

// foldViews folds old playback sessions into totals and deletes those past retention.
type foldViews struct{}

// Kind names the worker.
func (foldViews) Kind() string { return "fold-views" }

// tidyImports finishes imports that a crash interrupted.
type tidyImports struct{}

// Kind names the worker.
func (tidyImports) Kind() string { return "tidy-imports" }

// hasten gives priority to the work for lessons that are soon on air.
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
var hastened = []string{production.ProbeArgs{}.Kind(), production.TranscodeArgs{}.Kind(),
	production.FinishArgs{}.Kind(), production.BroadcastArgs{}.Kind()}

// hastenAirings raises the priority of work for lessons on air soon. What makes any lesson playable at all
// (job.Urgent to 20) still goes first.
func (a *App) hastenAirings(ctx context.Context) error {
	now := a.Now()
	airings, err := a.DB.Schedule().Airings(ctx, schedule.Filter{From: now, To: now.Add(onAirSoon),
		Outcome: schedule.Planned})
	if err != nil {
		return err
	}
	var subjects []string
	for _, airing := range airings {
		subjects = append(subjects, production.Subject(airing.LessonID))
	}
	return a.DB.Jobs().Hasten(ctx, job.High-5, hastened, subjects)
}

// forgetSignIns deletes what is stored of ended sign-ins, and the network addresses
// in the audit log after their time.
type forgetSignIns struct{}

// Kind names the worker.
func (forgetSignIns) Kind() string { return "forget-sign-ins" }

// keepJobs is how long a finished job can be looked at.
const keepJobs = 7 * 24 * time.Hour

// The index must equal the database within 5 minutes of both being up.
const (
	sweepEvery = time.Hour
	indexEvery = 4 * time.Minute
	tidyEvery  = time.Minute
)

// scheduleHousekeeping registers the periodic work.
func (a *App) scheduleHousekeeping() {
	job.Register(a.Runner, job.Options{},
		func(ctx context.Context, _ *job.Run, _ sweepUploads) error { return a.Uploads.Sweep(ctx) })
	job.Register(a.Runner, job.Options{}, func(ctx context.Context, run *job.Run, _ checkIndex) error {
		d, err := a.Catalog.Rebuild(ctx)
		if err == nil && !d.None() {
			run.Log.Info("search index repaired", "difference", d)
		}
		if err != nil || a.Meili == nil {
			return err
		}
		n, err := a.Meili.Repair(ctx)
		if err == nil && n > 0 {
			run.Log.Info("Meilisearch index repaired", "lessons", n)
		}
		return err
	})
	if a.Meili != nil {
		job.Register(a.Runner, job.Options{},
			func(ctx context.Context, _ *job.Run, c meili.Changed) error { return a.Meili.Update(ctx, c.Lessons...) })
	}
	job.Register(a.Runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ pruneJobs) error {
		for {
			n, err := a.DB.Jobs().Prune(ctx, a.Now().Add(-keepJobs))
			if err != nil || n == 0 {
				return err
			}
		}
	})
	job.Register(a.Runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ foldViews) error {
		for _, step := range []func(context.Context) (int, error){a.Playback.Fold, a.Playback.Purge,
			a.Television.PurgeNames} {
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
	job.Register(a.Runner, job.Options{},
		func(ctx context.Context, _ *job.Run, _ hasten) error { return a.hastenAirings(ctx) })
	a.Runner.Every(hastenEvery, job.New{Args: hasten{}, Key: "hasten", Priority: job.High})
	job.Register(a.Runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ forgetSignIns) error {
		if err := a.DB.People().Forget(ctx, a.Now()); err != nil {
			return err
		}
		if err := a.Bookmarks.Forget(ctx); err != nil {
			return err
		}
		if err := a.Problems.Forget(ctx); err != nil {
			return err
		}
		return a.DB.Audit().ForgetPlaces(ctx, a.Now().Add(-audit.KeepPlaces))
	})
	job.Register(a.Runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ tidyImports) error {
		if err := a.Schedule.TidyLogs(ctx); err != nil {
			return err
		}
		return a.Television.TidyImports(ctx)
	})
	a.Runner.Every(tidyEvery, job.New{Args: tidyImports{}, Key: "tidy-imports", Priority: job.Idle})
	a.Runner.Every(sweepEvery, job.New{Args: forgetSignIns{}, Key: "forget-sign-ins", Priority: job.Idle})
	a.Runner.Every(24*time.Hour, job.New{Args: foldViews{}, Key: "fold-views", Priority: job.Idle})
	job.Register(a.Runner, job.Options{},
		func(ctx context.Context, _ *job.Run, _ dropHeld) error { return a.DropHeld(ctx) })
	a.Runner.Every(sweepEvery, job.New{Args: dropHeld{}, Key: "drop-held", Priority: job.Idle})
	a.Runner.Every(sweepEvery, job.New{Args: pruneJobs{}, Key: "prune-jobs", Priority: job.Idle})
	a.Runner.Every(sweepEvery, job.New{Args: sweepUploads{}, Key: "sweep-uploads", Priority: job.Idle})
	a.Runner.Every(indexEvery, job.New{Args: checkIndex{}, Key: "check-index", Priority: job.Idle})
}
