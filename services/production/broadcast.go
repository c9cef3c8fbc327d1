package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/media"
	"lenlop/transcoder"
	"lenlop/transcoder/delivery"
)

// CopyMark is a check-in code that a copy shows at a moment.
type CopyMark struct {
	PNG    []byte        // the code and its QR
	Moment time.Duration // into the copy
}

// markLength is how long a code stays on the screen: long enough to find the
// phone and scan it, short against a lesson.
const markLength = 20 * time.Second

// broadcast makes a copy and measures it. What is handed out has passed: of a
// copy that did not, only its sheet is kept.
func (w *Workers) broadcast(ctx context.Context, run *job.Run, a BroadcastArgs) error {
	c, err := w.Copies.Copy(ctx, a.Copy)
	if fault.Is(err, "copy.not_found") {
		return nil // its lesson was erased
	}
	if err != nil || c.State == CopyReady || c.State == CopyFailed {
		return err
	}
	if over, err := w.endBinned(ctx, run, c.LessonID); err != nil || over {
		return err
	}
	pkg, err := w.Packages.Package(ctx, c.PackageID)
	if superseded(err) {
		return run.Commit(ctx, func(ctx context.Context) error {
			return w.endCopy(ctx, c.ID, Copy{State: CopyFailed, FailureCode: CopyReplaced})
		})
	}
	if err != nil {
		return err
	}
	var plan transcoder.Plan
	if err := json.Unmarshal(pkg.Plan, &plan); err != nil {
		return job.Permanent(fmt.Errorf("package %s: plan: %w", pkg.ID, err))
	}
	f, ok := delivery.Find(c.Format)
	if !ok {
		return job.Permanent(fmt.Errorf("copy %s: format %q is not known any more", c.ID, c.Format))
	}
	err = run.Step(ctx, func(ctx context.Context) error { return w.endCopy(ctx, c.ID, Copy{State: CopyMaking}) })
	if err != nil {
		return fmt.Errorf("copy %s: %w", c.ID, err)
	}
	made, err := w.makeCopy(ctx, run, c, pkg, plan, f)
	if err != nil {
		return fmt.Errorf("copy %s: %w", c.ID, passing(err))
	}
	return run.Commit(ctx, func(ctx context.Context) error { return w.endCopy(ctx, c.ID, made) })
}

// makeCopy gives what became of the copy.
func (w *Workers) makeCopy(ctx context.Context, run *job.Run, c Copy, pkg Package, plan transcoder.Plan,
	f delivery.Format) (Copy, error) {
	rec, err := w.Lessons.Store.Recording(ctx, pkg.RecordingID)
	if err != nil {
		return Copy{}, err
	}
	src, err := w.source(ctx, rec)
	if err != nil {
		return Copy{}, err
	}
	defer src.release()
	dir, err := w.Scratch.folder("broadcast")
	if err != nil {
		return Copy{}, err
	}
	defer os.RemoveAll(dir)
	overlays, err := w.overlays(ctx, c, plan, dir)
	if err != nil {
		return Copy{}, err
	}
	file, sheet, err := w.Transcoder.Broadcast(ctx, src.path, plan, f, overlays, dir, run.Progress)
	if err != nil {
		return Copy{}, err
	}
	made := Copy{State: CopyFailed, FailureCode: CopyFailedQC}
	if made.Sheet, err = json.Marshal(sheet); err != nil || !sheet.Pass {
		return made, err
	}
	if made.Size, made.SHA256, err = measured(file); err != nil {
		return Copy{}, err
	}
	made.State, made.FailureCode = CopyReady, ""
	made.Key = media.Copy(c.LessonID, c.ID, run.Job.Token, filepath.Base(file))
	return made, w.put(ctx, made.Key, file, made.SHA256)
}

// overlays draws the copy's codes into files.
func (w *Workers) overlays(ctx context.Context, c Copy, plan transcoder.Plan, dir string) ([]delivery.Overlay, error) {
	marks, err := w.Marks(ctx, c, time.Duration(plan.Duration*float64(time.Second)))
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	var list []delivery.Overlay
	for i, m := range marks {
		file := filepath.Join(dir, "code-"+strconv.Itoa(i)+".png")
		if err := os.WriteFile(file, m.PNG, 0o600); err != nil {
			return nil, err
		}
		list = append(list, delivery.Overlay{PNG: file, Moments: []float64{m.Moment.Seconds()},
			Length: markLength.Seconds()})
	}
	return list, nil
}

// endCopy writes down how far a copy is, inside the transaction in ctx.
func (w *Workers) endCopy(ctx context.Context, id string, to Copy) error {
	c, err := w.Copies.Copy(ctx, id)
	if err != nil {
		return err
	}
	c.State, c.FailureCode, c.Key, c.Size, c.SHA256, c.Sheet = to.State, to.FailureCode, to.Key, to.Size,
		to.SHA256, to.Sheet
	if c.State != CopyMaking {
		c.FinishedAt = w.Now()
	}
	if err := w.Copies.SaveCopy(ctx, c); err != nil || c.State != CopyReady || w.CopyMade == nil {
		return err
	}
	return w.CopyMade(ctx, c.ID, c.LessonID, c.ChannelID)
}

// measured gives a file's size and SHA-256.
func measured(file string) (int64, string, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return n, hex.EncodeToString(sum.Sum(nil)), err
}

// giveUpCopy tells a copy that its work was parked.
func (w *Workers) giveUpCopy(ctx context.Context, j job.Job) error {
	var a BroadcastArgs
	if err := json.Unmarshal(j.Args, &a); err != nil {
		return fmt.Errorf("job %s: arguments: %w", j.ID, err)
	}
	err := w.endCopy(ctx, a.Copy, Copy{State: CopyFailed, FailureCode: CopyCannotBeMade})
	if fault.Is(err, "copy.not_found") {
		return nil
	}
	return err
}
