package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/media"
)

// hash computes the SHA-256 of a whole stored recording. When it is not the
// one its uploader claimed, the recording is refused: what arrived is not
// what was sent.
func (w *Workers) hash(ctx context.Context, run *job.Run, a HashArgs) error {
	rec, err := w.Lessons.Store.Recording(ctx, a.Recording)
	if superseded(err) {
		return nil
	}
	if err != nil || !rec.GoneAt.IsZero() {
		return err
	}
	body, obj, err := w.Media.Get(ctx, rec.Key, media.All)
	if err != nil {
		return fmt.Errorf("recording %s: %w", rec.ID, err)
	}
	defer body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, &counted{r: body, ctx: ctx,
		report: func(n int64) { run.Progress(float64(n) / float64(max(obj.Size, 1))) }})
	if err == nil && n != obj.Size {
		err = fmt.Errorf("read %d of %d bytes", n, obj.Size)
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fault.Wrap(fmt.Errorf("recording %s: %w", rec.ID, err), fault.Unavailable, "media.unavailable")
	}
	got := hex.EncodeToString(sum.Sum(nil))
	return run.Commit(ctx, func(ctx context.Context) error {
		if _, err := w.Lessons.Store.Lock(ctx, a.Lesson); err != nil {
			return ignore(err)
		}
		r, err := w.Lessons.Store.Recording(ctx, a.Recording)
		if err != nil {
			return ignore(err)
		}
		r.SHA256 = got
		if err := w.Lessons.Store.SaveRecording(ctx, r); err != nil {
			return err
		}
		if (r.Claimed == "" || r.Claimed == got) && (r.Size == 0 || r.Size == n) {
			return nil
		}
		run.Log.Error("recording is not what was sent", "lesson", a.Lesson, "recording", r.ID, "claimed", r.Claimed,
			"stored", got, "size", n)
		l, err := w.Lessons.Store.Lesson(ctx, a.Lesson)
		if err != nil {
			return err
		}
		return w.fail(ctx, a.Lesson, a.Recording, l.Media.MakingID, Corrupted)
	})
}

// counted tells how far reading is and ends with its context.
type counted struct {
	r      io.Reader
	ctx    context.Context //nolint:containedctx // io.Reader takes none
	n      int64
	report func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.report(c.n)
	return n, err
}

// publish publishes an approved lesson whose time has come.
func (w *Workers) publish(ctx context.Context, run *job.Run, a PublishArgs) error {
	return run.Commit(ctx, func(ctx context.Context) error {
		if err := ignore(w.Lessons.PublishDue(ctx, a.Lesson)); err != nil {
			return err
		}
		l, err := w.Lessons.Store.Lesson(ctx, a.Lesson)
		if err != nil {
			return ignore(err)
		}
		if now := w.Now(); l.PublishAt.Equal(a.At) && l.PublishAt.After(now) {
			// The database's clock runs before ours: come again.
			return fault.New(fault.Unavailable, "lesson.not_yet")
		}
		return nil
	})
}
