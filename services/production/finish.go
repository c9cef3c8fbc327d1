package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
)

// finish looks at a complete package as it stands in storage, writes its final
// playlists and poster, and switches the lesson to it at once.
func (w *Workers) finish(ctx context.Context, run *job.Run, a FinishArgs) error {
	rec, ok, err := w.wanted(ctx, a.Lesson, a.Recording)
	if err != nil || !ok {
		return err
	}
	pkg, plan, ok, err := w.growing(ctx, a.Package)
	if err != nil || !ok {
		return err
	}
	err = run.Step(ctx, func(ctx context.Context) error {
		return ignore(w.Lessons.Progress(ctx, a.Lesson, a.Recording, stageVerify, probeShare+transcodeShare))
	})
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg.ID, err)
	}
	segs, err := w.Packages.Segments(ctx, pkg.ID)
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg.ID, err)
	}
	report, err := w.verify(ctx, run, pkg, plan, segs)
	if overMemory(err) {
		return w.failForMemory(ctx, run, a, err)
	}
	if err != nil {
		return fmt.Errorf("package %s: verify: %w", pkg.ID, passing(err))
	}
	w.poster(ctx, run, pkg, plan, rec)
	renditions, err := w.writeFinal(ctx, pkg, plan, report)
	if err != nil {
		return fmt.Errorf("package %s: %w", pkg.ID, passing(err))
	}
	return run.Commit(ctx, func(ctx context.Context) error {
		return ignore(w.switchOver(ctx, pkg.ID, renditions))
	})
}

// switchOver makes the package the one that plays and retires what it replaces.
func (w *Workers) switchOver(ctx context.Context, packageID string, rs []lesson.Rendition) error {
	p, err := w.Packages.Package(ctx, packageID)
	if err != nil {
		return err
	}
	before, err := w.Lessons.Store.Lock(ctx, p.LessonID)
	if err != nil { // always the lesson before the package
		return err
	}
	if p, err = w.Packages.LockPackage(ctx, packageID); err != nil || p.State != Growing {
		return err
	}
	if err := w.Lessons.Finish(ctx, p.LessonID, p.RecordingID, p.ID, p.Duration, rs); err != nil {
		return err
	}
	if before.Media.PackageID != p.ID { // else its teacher may have named them since
		if err := w.setSounds(ctx, p, before.Media.Sounds); err != nil {
			return err
		}
	}
	p.State, p.FinishedAt = Verified, w.Now()
	if p.PlayableAt.IsZero() {
		p.PlayableAt = p.FinishedAt
	}
	if err := w.Packages.SavePackage(ctx, p); err != nil {
		return err
	}
	if err := w.retireOthers(ctx, p.LessonID, p.ID); err != nil {
		return err
	}
	if err := w.Jobs.Add(ctx, extrasJob(p)); err != nil {
		return err
	}
	texts, err := captionJobs(p)
	if err == nil {
		err = w.Jobs.Add(ctx, texts...)
	}
	if err != nil {
		return err
	}
	// Its time for publishing may have come while it was being made.
	return w.Lessons.PublishDue(ctx, p.LessonID)
}

// verify has the whole package checked as it stands in storage.
func (w *Workers) verify(ctx context.Context, run *job.Run, pkg Package, plan transcoder.Plan,
	segs []Segment) (transcoder.Report, error) {
	all, read := int64(0), int64(0)
	for _, s := range segs {
		all += s.Size
	}
	list, open := w.opener(pkg, segs, func(bytes int64) {
		read += bytes
		run.Progress(0.95 * float64(read) / float64(max(all, 1)))
	})
	return w.Transcoder.VerifyPackage(ctx, plan, list, open)
}

// opener gives a package's segments as the transcoder wants them, and the way
// to read them back from storage; each is told of every segment opened.
func (w *Workers) opener(pkg Package, segs []Segment, each func(bytes int64)) ([]transcoder.Segment,
	transcoder.Opener) {
	list := make([]transcoder.Segment, len(segs))
	keys := make(map[string]string, len(segs))
	for i, s := range segs {
		uri := relative(pkg, s.Key)
		list[i] = transcoder.Segment{Rung: s.Rung, Piece: s.Piece, Index: s.Index, URI: uri, Duration: s.Duration,
			Size: s.Size, SHA256: s.SHA256}
		keys[uri] = s.Key
	}
	return list, func(ctx context.Context, s transcoder.Segment) (io.ReadCloser, error) {
		body, obj, err := w.Media.Get(ctx, keys[s.URI], media.All)
		if err != nil {
			return nil, err
		}
		if obj.Size != s.Size {
			body.Close()
			return nil, fmt.Errorf("%d bytes stored, %d made", obj.Size, s.Size)
		}
		each(s.Size)
		return body, nil
	}
}

// writeFinal stores the final playlists, the master last.
func (w *Workers) writeFinal(ctx context.Context, pkg Package, plan transcoder.Plan,
	report transcoder.Report) ([]lesson.Rendition, error) {
	master, renditions, err := final(plan, report)
	if err != nil {
		return nil, err
	}
	for _, r := range report.Rungs {
		if err := w.putText(ctx, pkg, r.Name+finalTail, r.Playlist); err != nil {
			return nil, err
		}
	}
	return renditions, w.putText(ctx, pkg, masterFile, master)
}

func (w *Workers) putText(ctx context.Context, pkg Package, name, text string) error {
	key := media.Output(pkg.LessonID, pkg.ID, "", name)
	sum := sha256.Sum256([]byte(text))
	_, err := w.Media.Put(ctx, key, strings.NewReader(text), int64(len(text)),
		media.PutOptions{ContentType: contentType(name), SHA256: hex.EncodeToString(sum[:])})
	if err != nil {
		return fmt.Errorf("store %s: %w", key, err)
	}
	return nil
}

// poster makes and stores the lesson's picture. A lesson is watched without
// one too, so its failure is only logged.
func (w *Workers) poster(ctx context.Context, run *job.Run, pkg Package, plan transcoder.Plan, rec lesson.Recording) {
	if err := w.makePoster(ctx, pkg, plan, rec); err != nil && ctx.Err() == nil {
		run.Log.Warn("no poster", "lesson", pkg.LessonID, "package", pkg.ID, "error", err)
	}
}

func (w *Workers) makePoster(ctx context.Context, pkg Package, plan transcoder.Plan, rec lesson.Recording) error {
	src, err := w.source(ctx, rec)
	if err != nil {
		return err
	}
	defer src.release()
	dir, err := w.Scratch.folder("poster")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := w.Transcoder.Poster(ctx, src.path, plan, dir)
	if err != nil || file == "" {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return w.putText(ctx, pkg, posterFile, string(data))
}
