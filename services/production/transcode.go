package production

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"time"

	"lenlop/services/job"
	"lenlop/services/media"
	"lenlop/transcoder"
)

// tellEvery is how often a running task brings the lesson's progress up to
// date.
const tellEvery = 2 * time.Second

// transcode makes one task's segments, stores them below a folder that no
// other attempt writes to, and adds them to the package in its last words.
func (w *Workers) transcode(ctx context.Context, run *job.Run, a TranscodeArgs) error {
	rec, ok, err := w.wanted(ctx, a.Lesson, a.Recording)
	if err != nil || !ok {
		return err
	}
	pkg, plan, ok, err := w.growing(ctx, a.Package)
	if err != nil || !ok {
		return err
	}
	segs, err := w.encode(ctx, run, pkg, plan, a, func() (source, error) { return w.source(ctx, rec) })
	if errors.Is(err, transcoder.ErrCopy) {
		run.Log.Info("encoding instead of repackaging", "lesson", a.Lesson, "package", a.Package, "error", err)
		return run.Commit(ctx, func(ctx context.Context) error { return ignore(w.planAgain(ctx, a)) })
	}
	if overMemory(err) {
		return w.failForMemory(ctx, run, FinishArgs{a.Lesson, a.Recording, a.Package}, err)
	}
	if err != nil {
		return fmt.Errorf("package %s piece %d %s: %w", a.Package, a.Task.Piece, a.Task.Group, passing(err))
	}
	return run.Commit(ctx, func(ctx context.Context) error {
		return ignore(w.addPieces(ctx, run, a, plan, segs))
	})
}

// encode runs the task in a scratch folder and stores what came out.
func (w *Workers) encode(ctx context.Context, run *job.Run, pkg Package, plan transcoder.Plan, a TranscodeArgs,
	open func() (source, error)) ([]Segment, error) {
	src, err := open()
	if err != nil {
		return nil, err
	}
	defer src.release()
	dir, err := w.Scratch.folder("transcode")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	progress := w.progressReporter(ctx, run, a)
	outs, err := w.Transcoder.Encode(ctx, src.path, plan, a.Task, dir, progress)
	if err != nil {
		return nil, err
	}
	segs := make([]Segment, 0, len(outs))
	for _, o := range outs {
		s := Segment{
			PackageID: pkg.ID, Rung: o.Rung, Piece: o.Piece, Index: o.Index, Duration: o.Duration, Size: o.Size,
			SHA256: o.SHA256,
			Key: media.Output(pkg.LessonID, pkg.ID, media.PieceDir(o.Rung, o.Piece, run.Job.Token),
				fileName(o.Index)),
		}
		if err := w.put(ctx, s.Key, o.Path, s.SHA256); err != nil {
			return nil, err
		}
		segs = append(segs, s)
	}
	return segs, complete(a.Task, segs)
}

// complete checks that a task gave every one of its rungs an init section and
// at least one segment, counted without a gap.
func complete(t transcoder.Task, segs []Segment) error {
	next := map[string]int{}
	for _, r := range t.Rungs {
		next[r] = -1
	}
	for _, s := range segs {
		n, known := next[s.Rung]
		if !known || s.Piece != t.Piece || s.Index != n {
			return fmt.Errorf("unexpected output: rung %s piece %d index %d", s.Rung, s.Piece, s.Index)
		}
		next[s.Rung]++
	}
	for r, n := range next {
		if n < 1 {
			return fmt.Errorf("rung %s has no segments", r)
		}
	}
	return nil
}

// initFile is the name of an init section; media segments are 0.m4s, 1.m4s, ...
const initFile = "init.mp4"

func fileName(index int) string {
	if index < 0 {
		return initFile
	}
	return strconv.Itoa(index) + ".m4s"
}

// put stores one file of ours.
func (w *Workers) put(ctx context.Context, key, file, sha string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := w.Media.Put(ctx, key, f, st.Size(),
		media.PutOptions{ContentType: contentType(key), SHA256: sha}); err != nil {
		return fmt.Errorf("store %s: %w", key, err)
	}
	return nil
}

// contentType of a file of a package, by its name.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".m4s":
		return "video/iso.segment"
	case ".mp4":
		return "video/mp4"
	case ".m3u8":
		return "application/vnd.apple.mpegurl"
	case ".m4a":
		return "audio/mp4"
	case ".vtt":
		return BoardType
	case ".jpg":
		return "image/jpeg"
	}
	return "application/octet-stream"
}

// progressReporter notes a task's progress for the next heartbeat and, now and then,
// brings the lesson's own up to date. That one is only for people: when it
// fails, the work goes on.
func (w *Workers) progressReporter(ctx context.Context, run *job.Run, a TranscodeArgs) func(float64) {
	last := w.Now()
	return func(f float64) {
		run.Progress(f)
		now := w.Now()
		if now.Sub(last) < tellEvery {
			return
		}
		last = now
		err := run.Step(ctx, func(ctx context.Context) error {
			done, err := w.transcoded(ctx, a, run.Job, f)
			if err != nil {
				return err
			}
			return ignore(w.Lessons.Progress(ctx, a.Lesson, a.Recording, stageTranscode,
				probeShare+transcodeShare*done))
		})
		if err != nil && ctx.Err() == nil {
			run.Log.Warn("progress not stored", "lesson", a.Lesson, "error", err)
		}
	}
}

// transcoded is the fraction of the package's transcoding that is done; the
// given job of it counts as far as f.
func (w *Workers) transcoded(ctx context.Context, a TranscodeArgs, own job.Job, f float64) (float64, error) {
	t, err := w.Queue.GroupTotals(ctx, transcodeGroup(a, own))
	if err != nil {
		return 0, err
	}
	return fraction(t.Done+own.Weight*f, t.Weight+own.Weight), nil
}

// transcodeGroup selects the package's transcode jobs except the given one.
func transcodeGroup(a TranscodeArgs, own job.Job) job.Group {
	return job.Group{
		Subject: Subject(a.Lesson), Kinds: []string{kindTranscode}, KeyPrefix: transcodeKey(a.Package), Except: own.ID,
	}
}

// addPieces is a task's last word: its segments belong to the package, which
// may now be playable, or complete.
func (w *Workers) addPieces(ctx context.Context, run *job.Run, a TranscodeArgs, plan transcoder.Plan,
	segs []Segment) error {
	if _, err := w.Lessons.Store.Lock(ctx, a.Lesson); err != nil { // always the lesson before the package
		return err
	}
	p, err := w.Packages.LockPackage(ctx, a.Package)
	if err != nil || p.State != Growing {
		return err
	}
	for _, rung := range a.Task.Rungs {
		var own []Segment
		for _, s := range segs {
			if s.Rung == rung {
				own = append(own, s)
			}
		}
		if err := w.Packages.AddPiece(ctx, p.ID, rung, a.Task.Piece, own); err != nil {
			return err
		}
	}
	if p.PlayableAt.IsZero() && a.Task.Piece == 0 {
		if err := w.becomePlayable(ctx, run, p, plan); err != nil {
			return err
		}
	}
	done, err := w.transcoded(ctx, a, run.Job, 1)
	if err != nil {
		return err
	}
	if err := w.Lessons.Progress(ctx, a.Lesson, a.Recording, stageTranscode,
		probeShare+transcodeShare*done); err != nil {
		return err
	}
	return w.askFinish(ctx, run, a, plan)
}

// becomePlayable makes the lesson playable once the first piece of every low
// rung is in: the tasks of the first piece come first, the low ones before all.
func (w *Workers) becomePlayable(ctx context.Context, run *job.Run, p Package, plan transcoder.Plan) error {
	all, err := w.Packages.Segments(ctx, p.ID)
	if err != nil {
		return err
	}
	have := pieces(all)
	for _, rung := range lowRungs(plan) {
		if !have[pieceOf{rung, 0}] {
			return nil
		}
	}
	p.PlayableAt = w.Now()
	if err := w.Packages.SavePackage(ctx, p); err != nil {
		return err
	}
	run.Log.Info("lesson playable", "lesson", p.LessonID, "package", p.ID)
	if err := w.Lessons.BecomePlayable(ctx, p.LessonID, p.RecordingID, p.ID, p.Duration); err != nil {
		return err
	}
	return w.setSounds(ctx, p, nil)
}

// lowRungs are the rungs of the plan's first task.
func lowRungs(plan transcoder.Plan) []string {
	if tasks := plan.Tasks(); len(tasks) > 0 {
		return tasks[0].Rungs
	}
	return nil
}

type pieceOf struct {
	rung  string
	piece int
}

// pieces lists which pieces of which rungs are in.
func pieces(segs []Segment) map[pieceOf]bool {
	m := map[pieceOf]bool{}
	for _, s := range segs {
		m[pieceOf{s.Rung, s.Piece}] = true
	}
	return m
}

// missing lists the pieces of a plan that are not in.
func missing(plan transcoder.Plan, segs []Segment) []pieceOf {
	have := pieces(segs)
	var out []pieceOf
	for _, r := range plan.Rungs {
		for i := range plan.Pieces {
			if !have[pieceOf{r.Name, i}] {
				out = append(out, pieceOf{r.Name, i})
			}
		}
	}
	return out
}

// askFinish asks for the package's finish when nothing is missing any more.
// While other tasks wait or run, the segments need not be read; two last tasks
// cannot overlook each other, because both hold the package's lock here.
func (w *Workers) askFinish(ctx context.Context, run *job.Run, a TranscodeArgs, plan transcoder.Plan) error {
	t, err := w.Queue.GroupTotals(ctx, transcodeGroup(a, run.Job))
	if err != nil || t.Open > 0 {
		return err
	}
	segs, err := w.Packages.Segments(ctx, a.Package)
	if err != nil || len(missing(plan, segs)) > 0 {
		return err
	}
	return w.Jobs.Add(ctx, finishJob(FinishArgs{a.Lesson, a.Recording, a.Package}))
}
