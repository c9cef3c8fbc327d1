package main

import (
	"context"
	"time"

	"lenlop/services/audit"
	"lenlop/services/job"
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
		return err
	})
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
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ forgetSignIns) error {
		if err := h.db.People().Forget(ctx, h.now()); err != nil {
			return err
		}
		return h.db.Audit().ForgetPlaces(ctx, h.now().Add(-audit.KeepPlaces))
	})
	h.runner.Every(sweepEvery, job.New{Args: forgetSignIns{}, Key: "forget-sign-ins", Priority: job.Idle})
	h.runner.Every(24*time.Hour, job.New{Args: foldViews{}, Key: "fold-views", Priority: job.Idle})
	h.runner.Every(sweepEvery, job.New{Args: pruneJobs{}, Key: "prune-jobs", Priority: job.Idle})
	h.runner.Every(sweepEvery, job.New{Args: sweepUploads{}, Key: "sweep-uploads", Priority: job.Idle})
	h.runner.Every(indexEvery, job.New{Args: checkIndex{}, Key: "check-index", Priority: job.Idle})
}
