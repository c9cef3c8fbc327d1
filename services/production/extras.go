package production

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
)

// saverLines is the picture that saves data and whose blackboard can still be
// read.
const saverLines = 360

// filesDir is the folder of a package's plain files; no rung has its name.
const filesDir = "files"

// The plain files of a package, below a folder of their attempt.
const (
	saverFile      = "saver.mp4"
	soundFile      = "sound.m4a"
	boardFile      = "storyboard.vtt"
	boardPicture   = "storyboard.jpg"
	storyboardName = "storyboard"
)

// extras makes what stands beside a verified ladder: one plain file for
// data-saver and one for sound alone (to keep, or for players that know no
// playlists), and the storyboard. The lesson plays without them, so they are
// made after it is ready; nothing is encoded a second time.
func (w *Workers) extras(ctx context.Context, run *job.Run, a ExtrasArgs) error {
	pkg, err := w.Packages.Package(ctx, a.Package)
	if superseded(err) {
		return nil
	}
	if err != nil || pkg.State != Verified || len(pkg.Files) > 0 {
		return err
	}
	var plan transcoder.Plan
	if err := json.Unmarshal(pkg.Plan, &plan); err != nil {
		return job.Permanent(fmt.Errorf("package %s: plan: %w", pkg.ID, err))
	}
	dir, err := w.Scratch.folder("extras")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files, err := w.plainFiles(ctx, run, pkg, plan, dir)
	if err != nil {
		return fmt.Errorf("package %s: extras: %w", pkg.ID, passing(err))
	}
	board, err := w.storyboard(ctx, run, pkg, plan, dir)
	if err != nil {
		return fmt.Errorf("package %s: storyboard: %w", pkg.ID, passing(err))
	}
	files = append(files, board...)
	return run.Commit(ctx, func(ctx context.Context) error {
		return ignore(w.addFiles(ctx, pkg.ID, files))
	})
}

// plainFiles joins the data-saver's rung and the sound.
func (w *Workers) plainFiles(ctx context.Context, run *job.Run, pkg Package, plan transcoder.Plan,
	dir string) ([]File, error) {
	segs, err := w.Packages.Segments(ctx, pkg.ID)
	if err != nil {
		return nil, err
	}
	list, open := w.opener(pkg, segs, func(int64) {})
	var files []File
	for _, want := range []struct{ name, file, rung string }{
		{"saver", saverFile, saverRung(plan)}, {"sound", soundFile, soundRung(plan)},
	} {
		r, ok := plan.Rung(want.rung)
		if !ok {
			continue
		}
		o, err := w.Transcoder.SingleFile(ctx, plan, r.Name, list, open, dir)
		if err != nil {
			return nil, err
		}
		f, err := w.putFile(ctx, run, pkg, want.file, o.Path, o.SHA256)
		if err != nil {
			return nil, err
		}
		f.Rendition = lesson.Rendition{
			Name: want.name, Kind: lesson.KindFile, Width: r.Width, Height: r.Height, Bytes: o.Size, Codecs: r.Codecs,
			Bandwidth: int(8 * float64(o.Size) / max(pkg.Duration, 1)), File: relative(pkg, f.Key),
		}
		files = append(files, f)
		if err := os.Remove(o.Path); err != nil {
			return nil, err
		}
		run.Progress(min(0.9, 0.45*float64(len(files))))
	}
	return files, nil
}

// saverRung is the largest picture of at most saverLines, or the smallest
// there is; "" when there is none.
func saverRung(plan transcoder.Plan) string {
	best, bestLines := "", 0
	for _, r := range plan.Rungs {
		lines := min(r.Width, r.Height)
		switch {
		case r.Kind != ladder.Video:
		case best == "",
			lines <= saverLines && (bestLines > saverLines || lines > bestLines),
			lines > saverLines && lines < bestLines:
			best, bestLines = r.Name, lines
		}
	}
	return best
}

// soundRung is the rung without a picture; "" when the recording is silent.
func soundRung(plan transcoder.Plan) string {
	for _, r := range plan.Rungs {
		if r.Kind == ladder.Audio {
			return r.Name
		}
	}
	return ""
}

// storyboard makes the small pictures and their index. A recording of which
// none can be made plays all the same: that is only logged.
func (w *Workers) storyboard(ctx context.Context, run *job.Run, pkg Package, plan transcoder.Plan,
	dir string) ([]File, error) {
	rec, err := w.Lessons.Store.Recording(ctx, pkg.RecordingID)
	if superseded(err) || err == nil && !rec.GoneAt.IsZero() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	src, err := w.source(ctx, rec)
	if err != nil {
		return nil, err
	}
	defer src.release()
	picture, index, err := w.Transcoder.Storyboard(ctx, src.path, plan, dir)
	if err = passing(err); err != nil {
		if ctx.Err() != nil || waits(err) {
			return nil, err
		}
		run.Log.Warn("no storyboard", "lesson", pkg.LessonID, "package", pkg.ID, "error", err)
		return nil, nil
	}
	if picture == "" {
		return nil, nil
	}
	p, err := w.putFile(ctx, run, pkg, boardPicture, picture, "")
	if err != nil {
		return nil, err
	}
	i, err := w.putFile(ctx, run, pkg, boardFile, index, "")
	if err != nil {
		return nil, err
	}
	i.Rendition = lesson.Rendition{Name: storyboardName, Kind: lesson.KindStoryboard, Bytes: p.Size + i.Size,
		File: relative(pkg, i.Key)}
	return []File{p, i}, nil
}

// putFile stores a plain file below this attempt's own folder.
func (w *Workers) putFile(ctx context.Context, run *job.Run, pkg Package, name, file, sha string) (File, error) {
	st, err := os.Stat(file)
	if err != nil {
		return File{}, err
	}
	f := File{Key: media.Output(pkg.LessonID, pkg.ID, media.PieceDir(filesDir, 0, run.Job.Token), path.Base(name)),
		Size: st.Size()}
	return f, w.put(ctx, f.Key, file, sha)
}

// addFiles is the worker's last word: the files are the package's, and the
// lesson's while that package plays.
func (w *Workers) addFiles(ctx context.Context, packageID string, files []File) error {
	p, err := w.Packages.Package(ctx, packageID)
	if err != nil {
		return err
	}
	if _, err := w.Lessons.Store.Lock(ctx, p.LessonID); err != nil { // always the lesson before the package
		return err
	}
	if p, err = w.Packages.LockPackage(ctx, packageID); err != nil || p.State != Verified || len(files) == 0 {
		return err
	}
	p.Files = files
	if err := w.Packages.SavePackage(ctx, p); err != nil {
		return err
	}
	var rs []lesson.Rendition
	for _, f := range files {
		if f.Rendition.Name != "" {
			rs = append(rs, f.Rendition)
		}
	}
	return w.Lessons.AddFiles(ctx, p.LessonID, p.ID, rs)
}
