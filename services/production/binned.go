package production

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/transcoder"
)

// recordingKinds are the kinds of work on recordings: none of it is done for a
// lesson in the bin. Publishing is a date, not work.
var recordingKinds = []string{
	kindProbe, kindTranscode, kindFinish, kindExtras, kindCaptions, kindBroadcast, kindHash,
}

// BinnedWork stops the work on the recordings of a lesson that goes to the bin,
// and resumes it when the lesson is taken out (lesson.Work). All fields are needed.
type BinnedWork struct {
	Recordings lesson.RecordingStore
	Packages   Store
	Copies     CopyStore
	Jobs       job.Queue // the Notifier: running work is told at once, in other processes too
}

// Stop calls off all of a lesson's work, in the transaction in ctx.
func (b BinnedWork) Stop(ctx context.Context, lessonID string) error {
	return b.Jobs.CancelSubject(ctx, Subject(lessonID), recordingKinds...)
}

// Resume asks for what is not done yet, in the transaction in ctx. It looks at
// what was made, not at the jobs that were called off: some of those were about
// to end and did, and jobs are forgotten sooner than a lesson in the bin.
func (b BinnedWork) Resume(ctx context.Context, l lesson.Lesson) error {
	jobs, err := b.open(ctx, l)
	if err != nil {
		return fmt.Errorf("lesson %s: resume: %w", l.ID, err)
	}
	return b.Jobs.Add(ctx, jobs...)
}

// open are the jobs that a lesson still needs.
func (b BinnedWork) open(ctx context.Context, l lesson.Lesson) ([]job.New, error) {
	var jobs []job.New
	if l.Media.RecordingID == "" {
		return nil, nil
	}
	rec, err := b.Recordings.Recording(ctx, l.Media.RecordingID)
	if err != nil || !rec.GoneAt.IsZero() {
		return nil, ignore(err)
	}
	for _, j := range ReceivedJobs(l, rec) {
		switch j.Args.(type) {
		case ProbeArgs:
			if l.Media.State != lesson.Checking {
				continue
			}
		case HashArgs:
			if rec.SHA256 != "" {
				continue
			}
		}
		jobs = append(jobs, j)
	}
	if l.Media.State == lesson.Processing {
		more, err := b.unfinished(ctx, l.Media.MakingID)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, more...)
	}
	if l.Media.PackageID != "" {
		more, err := b.beside(ctx, l)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, more...)
	}
	return jobs, nil
}

// unfinished are the tasks of a growing package that are not done, or its finish.
func (b BinnedWork) unfinished(ctx context.Context, packageID string) ([]job.New, error) {
	p, err := b.Packages.Package(ctx, packageID)
	if err != nil || p.State != Growing {
		return nil, ignore(err)
	}
	var plan transcoder.Plan
	if err := json.Unmarshal(p.Plan, &plan); err != nil {
		return nil, fmt.Errorf("package %s: plan: %w", p.ID, err)
	}
	segs, err := b.Packages.Segments(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	have := pieces(segs)
	done := func(t transcoder.Task) bool {
		return !slices.ContainsFunc(t.Rungs, func(rung string) bool { return !have[pieceOf{rung, t.Piece}] })
	}
	jobs := slices.DeleteFunc(transcodeJobs(p, plan),
		func(j job.New) bool { return done(j.Args.(TranscodeArgs).Task) })
	if len(jobs) == 0 {
		jobs = append(jobs, finishJob(FinishArgs{p.LessonID, p.RecordingID, p.ID}))
	}
	return jobs, nil
}

// beside are what the package that plays is still to get, and broadcast copies
// that were called off. Captions are found again: what a person made of them
// stays.
func (b BinnedWork) beside(ctx context.Context, l lesson.Lesson) ([]job.New, error) {
	p, err := b.Packages.Package(ctx, l.Media.PackageID)
	if err != nil || p.State != Verified {
		return nil, ignore(err)
	}
	var jobs []job.New
	if len(p.Files) == 0 {
		jobs = append(jobs, extrasJob(p))
	}
	texts, err := captionJobs(p)
	if err != nil {
		return nil, err
	}
	copies, err := b.Copies.Copies(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range copies {
		if c.State == CopyWaiting || c.State == CopyMaking {
			jobs = append(jobs, broadcastJob(c))
		}
	}
	return append(jobs, texts...), nil
}

// unlessBinned makes a worker that does nothing for a lesson in the bin.
func unlessBinned[A any](w *Workers, lessonOf func(A) string,
	work func(context.Context, *job.Run, A) error) func(context.Context, *job.Run, A) error {
	return func(ctx context.Context, run *job.Run, a A) error {
		if over, err := w.endBinned(ctx, run, lessonOf(a)); err != nil || over {
			return err
		}
		return work(ctx, run, a)
	}
}

// errRestored rolls the end of a job back whose lesson left the bin meanwhile.
var errRestored error = fault.New(fault.Conflict, "lesson.restored")

// endBinned ends the job of a lesson in the bin and reports whether it did. It
// locks the lesson, so that Restore either finds the job ended and asks for the
// work again, or has it done by this one.
func (w *Workers) endBinned(ctx context.Context, run *job.Run, lessonID string) (bool, error) {
	l, err := w.Lessons.Store.Lesson(ctx, lessonID)
	if err != nil || l.DeletedAt.IsZero() {
		return false, ignore(err)
	}
	err = run.Commit(ctx, func(ctx context.Context) error {
		l, err := w.Lessons.Store.Lock(ctx, lessonID)
		if err == nil && l.DeletedAt.IsZero() {
			return errRestored
		}
		return ignore(err)
	})
	if errors.Is(err, errRestored) {
		return false, nil
	}
	if err == nil {
		run.Log.Info("no work for a lesson in the bin", "lesson", lessonID)
	}
	return err == nil, err
}
