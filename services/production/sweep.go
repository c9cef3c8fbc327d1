package production

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
)

// keepRetired is how long a replaced package stays: whoever began to watch it
// finishes; playlists are cached for an hour.
const keepRetired = 24 * time.Hour

// sweepAtOnce bounds one sweep's work of each sort; the next hour takes more.
const sweepAtOnce = 200

// sweep removes what has had its time: refused recordings, replaced packages,
// lessons in the bin; and it ends the waiting of lessons that nobody works on. What is removed is first written off in
// the database, so that a crash leaves at most objects nobody names, which orphans removes.
func (w *Workers) sweep(ctx context.Context, run *job.Run, _ SweepArgs) error {
	for _, step := range []func(context.Context, *job.Run) error{w.sweepRecordings, w.sweepPackages, w.sweepBin,
		w.sweepStuck} {
		if err := step(ctx, run); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}

// sweepRecordings removes refused recordings whose teachers have had their
// week. One that its teacher put to work again meanwhile stays.
func (w *Workers) sweepRecordings(ctx context.Context, run *job.Run) error {
	due, err := w.Lessons.Store.RecordingsDue(ctx, w.Now(), sweepAtOnce)
	if err != nil {
		return err
	}
	for _, rec := range due {
		gone := false
		err := w.Atomic.Atomically(ctx, func(ctx context.Context) error {
			if _, err := w.Lessons.Store.Lock(ctx, rec.LessonID); err != nil {
				return err
			}
			r, err := w.Lessons.Store.Recording(ctx, rec.ID)
			if err != nil || r.KeepUntil.IsZero() || r.KeepUntil.After(w.Now()) {
				return err
			}
			r.GoneAt, gone = w.Now(), true
			return w.Lessons.Store.SaveRecording(ctx, r)
		})
		if err != nil && !superseded(err) {
			return fmt.Errorf("recording %s: %w", rec.ID, err)
		}
		if gone {
			run.Log.Info("refused recording removed", "lesson", rec.LessonID, "recording", rec.ID)
			if err := w.Media.Delete(ctx, rec.Key); err != nil {
				return fmt.Errorf("recording %s: %w", rec.ID, err)
			}
		}
	}
	return nil
}

// sweepPackages removes replaced and broken packages a day later.
func (w *Workers) sweepPackages(ctx context.Context, run *job.Run) error {
	old, err := w.Packages.Retired(ctx, w.Now().Add(-keepRetired), sweepAtOnce)
	if err != nil {
		return err
	}
	for _, p := range old {
		l, err := w.Lessons.Store.Lesson(ctx, p.LessonID)
		if err != nil && !superseded(err) {
			return err
		}
		if err == nil && l.Media.PackageID == p.ID {
			run.Log.Error("retired package is the one that plays", "lesson", l.ID, "package", p.ID)
			continue
		}
		if err := w.Packages.DeletePackage(ctx, p.ID); err != nil {
			return fmt.Errorf("package %s: %w", p.ID, err)
		}
		n, err := w.deleteBelow(ctx, media.PackagePrefix(p.LessonID, p.ID))
		if err != nil {
			return fmt.Errorf("package %s: %w", p.ID, err)
		}
		run.Log.Info("package removed", "lesson", p.LessonID, "package", p.ID, "objects", n)
	}
	return nil
}

// sweepBin empties lessons whose 30 days in the bin are over.
func (w *Workers) sweepBin(ctx context.Context, run *job.Run) error {
	f := lesson.Filter{Deleted: true, Limit: sweepAtOnce, Media: []lesson.MediaState{
		lesson.None, lesson.Receiving, lesson.Checking, lesson.Processing, lesson.Ready, lesson.Failed,
	}}
	for {
		list, next, err := w.Lessons.Store.Lessons(ctx, f)
		if err != nil {
			return err
		}
		for _, l := range list {
			if w.Now().Sub(l.DeletedAt) < lesson.KeepBinned {
				continue
			}
			if err := w.erase(ctx, run, l.ID); err != nil {
				return fmt.Errorf("lesson %s: %w", l.ID, err)
			}
		}
		if next == "" {
			return nil
		}
		f.After = next
	}
}

func (w *Workers) erase(ctx context.Context, run *job.Run, lessonID string) error {
	done := false
	err := w.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if done, err = w.Lessons.Erase(ctx, lessonID); err != nil || !done {
			return err
		}
		if err := w.Jobs.CancelSubject(ctx, Subject(lessonID)); err != nil {
			return err
		}
		if err := w.Copies.DeleteCopies(ctx, lessonID); err != nil {
			return err
		}
		if w.Captions != nil {
			if err := w.Captions.Forget(ctx, lessonID); err != nil {
				return err
			}
		}
		if w.Worksheets != nil {
			if err := w.Worksheets.Forget(ctx, lessonID); err != nil {
				return err
			}
		}
		ps, err := w.Packages.Packages(ctx, lessonID)
		if err != nil {
			return err
		}
		for _, p := range ps {
			if err := w.Packages.DeletePackage(ctx, p.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !done {
		return err
	}
	n, err := w.deleteBelow(ctx, media.Prefix(lessonID))
	run.Log.Info("lesson erased", "lesson", lessonID, "objects", n)
	return err
}

// stuckAfter is how long a lesson may be in preparation without any job of
// its own, waiting or running.
const stuckAfter = 10 * time.Minute

// sweepStuck fails lessons in preparation that no job will ever finish, for
// example because an operator cancelled theirs: every recording ends ready, or
// failed with a reason, and its teacher may try again.
func (w *Workers) sweepStuck(ctx context.Context, run *job.Run) error {
	f := lesson.Filter{Media: []lesson.MediaState{lesson.Checking, lesson.Processing}, Limit: sweepAtOnce}
	for {
		list, next, err := w.Lessons.Store.Lessons(ctx, f)
		if err != nil {
			return err
		}
		for _, l := range list {
			if w.Now().Sub(l.UpdatedAt) < stuckAfter {
				continue
			}
			if err := w.unstick(ctx, run, l.ID); err != nil {
				return fmt.Errorf("lesson %s: %w", l.ID, err)
			}
		}
		if next == "" {
			return nil
		}
		f.After = next
	}
}

func (w *Workers) unstick(ctx context.Context, run *job.Run, lessonID string) error {
	return w.Atomic.Atomically(ctx, func(ctx context.Context) error {
		l, err := w.Lessons.Store.Lock(ctx, lessonID)
		if err != nil || l.Media.State != lesson.Checking && l.Media.State != lesson.Processing {
			return ignore(err)
		}
		t, err := w.Queue.GroupTotals(ctx, job.Group{
			Subject: Subject(lessonID), Kinds: []string{kindProbe, kindTranscode, kindFinish},
		})
		if err != nil || t.Open > 0 {
			return err
		}
		run.Log.Error("lesson in preparation without a job", "lesson", lessonID, "recording", l.Media.RecordingID)
		return w.fail(ctx, lessonID, l.Media.RecordingID, l.Media.MakingID, CannotBePrepared)
	})
}

// deleteBelow removes every object of a folder and tells how many there were.
func (w *Workers) deleteBelow(ctx context.Context, prefix string) (int, error) {
	var keys []string
	if err := w.Media.List(ctx, prefix,
		func(o media.Object) bool { keys = append(keys, o.Key); return true }); err != nil {
		return 0, fmt.Errorf("list %s: %w", prefix, err)
	}
	return len(keys), w.delete(ctx, keys)
}

func (w *Workers) delete(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, 500) {
		if err := w.Media.Delete(ctx, some...); err != nil {
			return fmt.Errorf("delete %d objects: %w", len(some), err)
		}
	}
	return nil
}
