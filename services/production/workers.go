package production

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
	"lenlop/transcoder/delivery"
)

// Planner reads a recording and decides what is made of it. A
// *transcoder.Refusal among the errors means that it cannot be used.
type Planner interface {
	Inspect(ctx context.Context, path string) (transcoder.Facts, error)
	Plan(ctx context.Context, path string, f transcoder.Facts) (transcoder.Plan, error)
}

// Transcoder is what production needs of the transcoder; *transcoder.Transcoder
// is the real one.
type Transcoder interface {
	Planner
	// Encode makes one task's files below dir and verifies each of them.
	Encode(ctx context.Context, path string, p transcoder.Plan, t transcoder.Task, dir string,
		progress func(float64)) ([]transcoder.Output, error)
	// VerifyPackage reads every segment back and checks the whole; any finding
	// is an error.
	VerifyPackage(ctx context.Context, p transcoder.Plan, segments []transcoder.Segment,
		open transcoder.Opener) (transcoder.Report, error)
	// Poster makes a JPEG in dir and gives its path; "" means there is none.
	Poster(ctx context.Context, path string, p transcoder.Plan, dir string) (string, error)
	// SingleFile joins a verified rung into one file in dir and counts what it decodes to.
	SingleFile(ctx context.Context, p transcoder.Plan, rung string, segments []transcoder.Segment,
		open transcoder.Opener, dir string) (transcoder.Output, error)
	// Storyboard makes a JPEG and its WebVTT index in dir; "" means there is none.
	Storyboard(ctx context.Context, path string, p transcoder.Plan, dir string) (picture, index string, err error)
	// Captions reads a text track of the recording as WebVTT.
	Captions(ctx context.Context, path string, stream int) ([]byte, error)
	// Broadcast makes a station's copy in dir and measures it; one that does
	// not pass is no error.
	Broadcast(ctx context.Context, path string, p transcoder.Plan, f delivery.Format, overlays []delivery.Overlay,
		dir string, progress func(float64)) (string, delivery.Sheet, error)
}

// Worksheets knows the files that lessons give their students (worksheet.Service).
type Worksheets interface {
	// Keys are the media keys of a lesson's.
	Keys(ctx context.Context, lessonID string) ([]string, error)
	// Forget removes a lesson's, in the transaction of ctx.
	Forget(ctx context.Context, lessonID string) error
}

// CannotBePrepared is the failure shown to the teacher when preparing a recording was given up because it crashed its
// workers or failed repeatedly.
const CannotBePrepared = "recording.cannot_be_prepared"

// NeedsMemory is the failure of a recording of which one step needs more memory
// than a step may have.
const NeedsMemory = "recording.memory"

// Corrupted is the failure when the stored file differs from the uploaded one.
const Corrupted = "recording.corrupted"

// JobTotals reads the progress of a group of jobs as totals. A lesson of four hours has hundreds of jobs, and each of
// them needs the progress of all.
type JobTotals interface {
	GroupTotals(ctx context.Context, g job.Group) (job.GroupTotals, error)
}

// Workers does the work. All fields are needed.
type Workers struct {
	Lessons    *lesson.Service
	Packages   Store
	Copies     CopyStore
	Media      media.Store
	Jobs       job.Queue // the Notifier, so that new work begins at once
	Queue      JobTotals
	Atomic     job.Atomic
	Transcoder Transcoder
	Scratch    *Scratch
	Captions   Captions   // nil: text tracks are left where they are
	Worksheets Worksheets // nil: there are none
	Log        *slog.Logger
	Now        func() time.Time
	NewID      func() string

	// Marks gives the check-in codes that a copy of the length shows.
	Marks func(ctx context.Context, c Copy, length time.Duration) ([]CopyMark, error)
	// CopyMade, when set, is told of a copy that passed, in its transaction:
	// the airings that wait for one take it (schedule.Service).
	CopyMade func(ctx context.Context, copyID, lessonID, channelID string) error

	// Slots is how many transcode jobs this process runs at once; 0 means one
	// per core, because each runs its encoders with few threads.
	Slots int

	sources sources
}

// Register names the workers to a Runner and asks for the periodic ones:
// sweeping every hour, comparing storage with the database once a day.
func (w *Workers) Register(r *job.Runner) {
	slots := w.Slots
	if slots <= 0 {
		slots = runtime.GOMAXPROCS(0)
	}
	job.Register(r, job.Options{Concurrency: 2, Timeout: time.Hour,
		OnParked: giveUp(w, func(a ProbeArgs) FinishArgs { return FinishArgs{a.Lesson, a.Recording, ""} })},
		unlessBinned(w, func(a ProbeArgs) string { return a.Lesson }, w.probe))
	job.Register(r, job.Options{Concurrency: slots, Timeout: 3 * time.Hour, OnParked: giveUp(w,
		func(a TranscodeArgs) FinishArgs { return FinishArgs{a.Lesson, a.Recording, a.Package} })},
		unlessBinned(w, func(a TranscodeArgs) string { return a.Lesson }, w.transcode))
	job.Register(r, job.Options{Timeout: 3 * time.Hour,
		OnParked: giveUp(w, func(a FinishArgs) FinishArgs { return a })},
		unlessBinned(w, func(a FinishArgs) string { return a.Lesson }, w.finish))
	job.Register(r, job.Options{Timeout: 2 * time.Hour},
		unlessBinned(w, func(a ExtrasArgs) string { return a.Lesson }, w.extras))
	job.Register(r, job.Options{Timeout: time.Hour},
		unlessBinned(w, func(a CaptionsArgs) string { return a.Lesson }, w.captions))
	job.Register(r, job.Options{Timeout: 8 * time.Hour, OnParked: w.giveUpCopy}, w.broadcast)
	job.Register(r, job.Options{Timeout: 6 * time.Hour},
		unlessBinned(w, func(a HashArgs) string { return a.Lesson }, w.hash))
	job.Register(r, job.Options{}, w.publish)
	job.Register(r, job.Options{}, w.sweep)
	job.Register(r, job.Options{}, w.orphans)
	r.Every(time.Hour, job.New{Args: SweepArgs{}, Key: kindSweep, Priority: job.Idle})
	r.Every(24*time.Hour, job.New{Args: OrphansArgs{}, Key: kindOrphans, Priority: job.Idle})
}

// giveUp tells the lesson that its recording's work was parked.
func giveUp[A any](w *Workers, what func(A) FinishArgs) func(context.Context, job.Job) error {
	return func(ctx context.Context, j job.Job) error {
		var a A
		if err := json.Unmarshal(j.Args, &a); err != nil {
			return fmt.Errorf("job %s: arguments: %w", j.ID, err)
		}
		f := what(a)
		return w.fail(ctx, f.Lesson, f.Recording, f.Package, CannotBePrepared)
	}
}

// fail ends a recording's way inside the transaction in ctx: the lesson is
// told, what was made so far is retired and what is still to do is called off.
func (w *Workers) fail(ctx context.Context, lessonID, recordingID, packageID, code string) error {
	// Of a replaced recording, or a lesson that is gone, only the package remains to be cleared.
	err := w.Lessons.Fail(ctx, lessonID, recordingID, code, nil)
	switch {
	case err == nil:
		if err := w.Jobs.CancelSubject(ctx, Subject(lessonID), kindProbe, kindTranscode, kindFinish); err != nil {
			return err
		}
	case superseded(err):
	default:
		return err
	}
	if packageID == "" {
		return nil
	}
	return w.retire(ctx, packageID, Broken)
}

// retire marks a package as no longer wanted; the sweep removes it a day later.
func (w *Workers) retire(ctx context.Context, packageID string, as PackageState) error {
	p, err := w.Packages.LockPackage(ctx, packageID)
	if fault.Is(err, "package.not_found") {
		return nil
	}
	if err != nil {
		return err
	}
	if !p.RetiredAt.IsZero() {
		return nil
	}
	p.State, p.RetiredAt = as, w.Now()
	return w.Packages.SavePackage(ctx, p)
}

// retireOthers retires a lesson's packages but those to keep.
func (w *Workers) retireOthers(ctx context.Context, lessonID string, keep ...string) error {
	ps, err := w.Packages.Packages(ctx, lessonID)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if !p.RetiredAt.IsZero() || slices.Contains(keep, p.ID) {
			continue
		}
		if err := w.retire(ctx, p.ID, Retired); err != nil {
			return err
		}
	}
	return nil
}

// superseded reports that the work is not wanted any more: a newer recording
// has come, or the lesson, recording or package is gone.
func superseded(err error) bool {
	return fault.Is(err, "lesson.replaced") || fault.Is(err, "lesson.not_found") ||
		fault.Is(err, "recording.not_found") || fault.Is(err, "package.not_found")
}

// wanted reads a recording; ok is false when the lesson has a newer one, or the
// file is gone.
func (w *Workers) wanted(ctx context.Context, lessonID, recordingID string) (r lesson.Recording, ok bool, err error) {
	l, err := w.Lessons.Store.Lesson(ctx, lessonID)
	if err == nil {
		r, err = w.Lessons.Store.Recording(ctx, recordingID)
	}
	if superseded(err) {
		return r, false, nil
	}
	return r, err == nil && l.Media.RecordingID == recordingID && r.GoneAt.IsZero(), err
}

// growing reads a package that is still being made, and its plan.
func (w *Workers) growing(ctx context.Context, id string) (p Package, plan transcoder.Plan, ok bool, err error) {
	p, err = w.Packages.Package(ctx, id)
	if superseded(err) {
		return p, plan, false, nil
	}
	if err != nil || p.State != Growing {
		return p, plan, false, err
	}
	if err := json.Unmarshal(p.Plan, &plan); err != nil {
		return p, plan, false, job.Permanent(fmt.Errorf("package %s: plan: %w", id, err))
	}
	return p, plan, true, nil
}

// refusal finds a refusal among err's causes.
func refusal(err error) *transcoder.Refusal {
	if r, ok := errors.AsType[*transcoder.Refusal](err); ok {
		return r
	}
	return nil
}
