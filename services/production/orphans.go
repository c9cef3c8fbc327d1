package production

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
)

// orphansAtOnce bounds one run's memory.
const orphansAtOnce = 100_000

// orphans removes what storage holds below lessons/ and the database does not
// know: files of packages that are gone, attempts that were given up, recordings
// that were written off, copies that were not kept, versions of captions that were replaced.
// worksheets whose lesson does not name them.
func (w *Workers) orphans(ctx context.Context, run *job.Run, _ OrphansArgs) error {
	k := &keeper{w: w, now: w.Now()}
	var doomed []string
	var failed error
	err := w.Media.List(ctx, media.Lessons, func(o media.Object) bool {
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
	kept     map[string]bool // keys of its recordings that are not gone, of its copies, captions and worksheets
	pkgID    string
	known    bool
	folders  map[string]bool // of the package's segments and plain files
}

// keep reports whether the object is still wanted or too young to judge.
func (k *keeper) keep(ctx context.Context, o media.Object) (bool, error) {
	age := k.now.Sub(o.ModifiedAt)
	place, registered := media.PrefixOf(o.Key)
	if age < place.Patience {
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
		copies, err := k.w.Copies.Copies(ctx, id)
		if err != nil {
			return true, err
		}
		for _, c := range copies {
			k.kept[c.Key] = true
		}
		if k.w.Captions != nil {
			keys, err := k.w.Captions.Keys(ctx, id)
			if err != nil {
				return true, err
			}
			for _, key := range keys {
				k.kept[key] = true
			}
		}
		if k.w.Worksheets != nil {
			keys, err := k.w.Worksheets.Keys(ctx, id)
			if err != nil {
				return true, err
			}
			for _, key := range keys {
				k.kept[key] = true
			}
		}
	}
	if k.erased {
		return age < media.Erased, nil
	}
	switch {
	case !registered, place.Folder == media.Captions && k.w.Captions == nil,
		place.Folder == media.Attachments && k.w.Worksheets == nil:
		return true, nil
	case place.Folder == media.Packages:
		pkg, file, _ := strings.Cut(strings.TrimPrefix(o.Key, media.Prefix(id)+media.Packages), "/")
		return k.keepFile(ctx, pkg, file, o.Key)
	}
	return k.kept[o.Key], nil
}

// keepFile keeps a known package's own files and its segments' folders.
func (k *keeper) keepFile(ctx context.Context, pkg, file, key string) (bool, error) {
	if pkg != k.pkgID {
		p, err := k.w.Packages.Package(ctx, pkg)
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
			for _, f := range p.Files {
				k.folders[folderOf(f.Key)] = true
			}
		}
	}
	return k.known && (!strings.Contains(file, "/") || k.folders[folderOf(key)]), nil
}

func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }
