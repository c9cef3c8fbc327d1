package production

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
// lessons in the bin. What is removed is first written off in the database,
// so that a crash leaves at most objects nobody names, which orphans removes.
func (w *Workers) sweep(ctx context.Context, run *job.Run, _ SweepArgs) error {
	for _, step := range []func(context.Context, *job.Run) error{w.sweepRecordings, w.sweepPackages, w.sweepBin} {
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

// deleteBelow removes every object of a folder and tells how many there were.
func (w *Workers) deleteBelow(ctx context.Context, prefix string) (int, error) {
	var keys []string
	if err := w.Media.List(ctx, prefix, func(o media.Object) bool { keys = append(keys, o.Key); return true }); err != nil {
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

// How old an object must be before it counts as left over. A package's files
// are named by the database within one job; a recording may be whole in
// storage for as long as its upload may be taken up again, which is 7 days.
const (
	orphanFile      = 24 * time.Hour
	orphanRecording = 8 * 24 * time.Hour
)

// orphansAtOnce bounds one run's memory.
const orphansAtOnce = 100_000

// orphans removes what storage holds below lessons/ and the database does not
// know: files of packages that are gone, attempts that were given up, recordings
// that were written off. Worksheets, captions and broadcast copies are other
// rooms' business, unless the whole lesson was erased.
func (w *Workers) orphans(ctx context.Context, run *job.Run, _ OrphansArgs) error {
	k := &keeper{w: w, now: w.Now()}
	var doomed []string
	var failed error
	err := w.Media.List(ctx, "lessons/", func(o media.Object) bool {
		keep, err := k.keep(ctx, o)
		if failed = err; err != nil {
			return false
		}
		if !keep {
			doomed = append(doomed, o.Key)
		}
		return len(doomed) < orphansAtOnce
	})
	if failed != nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("orphans: %w", err)
	}
	if len(doomed) > 0 {
		run.Log.Warn("objects that nobody knows removed", "objects", len(doomed), "first", doomed[0])
	}
	return w.delete(ctx, doomed)
}

// keeper decides object by object, in key order: it remembers the last lesson
// and package, so that each is read once.
type keeper struct {
	w   *Workers
	now time.Time

	lessonID string
	erased   bool            // or unknown
	kept     map[string]bool // keys of its recordings that are not gone
	pkgID    string
	known    bool
	folders  map[string]bool // of the package's segments
}

// keep reports whether the object is still wanted or too young to judge.
func (k *keeper) keep(ctx context.Context, o media.Object) (bool, error) {
	age := k.now.Sub(o.ModifiedAt)
	if age < orphanFile {
		return true, nil
	}
	id := media.LessonOf(o.Key)
	if id != k.lessonID {
		l, err := k.w.Lessons.Store.Lesson(ctx, id)
		if err != nil && !superseded(err) {
			return true, err
		}
		rs, err2 := k.w.Lessons.Store.Recordings(ctx, id)
		if err2 != nil {
			return true, err2
		}
		k.lessonID, k.erased, k.kept, k.pkgID = id, err != nil || l.Media.State == lesson.Erased, map[string]bool{}, ""
		for _, r := range rs {
			k.kept[r.Key] = r.GoneAt.IsZero()
		}
	}
	if k.erased {
		return age < orphanRecording, nil
	}
	rest := strings.TrimPrefix(o.Key, media.Prefix(id))
	if strings.HasPrefix(rest, "recordings/") {
		return k.kept[o.Key] || age < orphanRecording, nil
	}
	if pkg, ok := strings.CutPrefix(rest, "packages/"); ok {
		pkg, file, _ := strings.Cut(pkg, "/")
		return k.keepFile(ctx, pkg, file, o.Key)
	}
	return true, nil
}

// keepFile keeps a known package's own files and its segments' folders.
func (k *keeper) keepFile(ctx context.Context, pkg, file, key string) (bool, error) {
	if pkg != k.pkgID {
		_, err := k.w.Packages.Package(ctx, pkg)
		if err != nil && !superseded(err) {
			return true, err
		}
		k.pkgID, k.known, k.folders = pkg, err == nil, map[string]bool{}
		if k.known {
			segs, err := k.w.Packages.Segments(ctx, pkg)
			if err != nil {
				return true, err
			}
			for _, s := range segs {
				k.folders[folderOf(s.Key)] = true
			}
		}
	}
	return k.known && (!strings.Contains(file, "/") || k.folders[folderOf(key)]), nil
}

func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }
