package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

// joinTimeout is how long storage may take to join the parts: 20 GiB copied on
// a slow disk.
const joinTimeout = 30 * time.Minute

// Complete joins the parts in storage and acknowledges the recording: from
// then on it is never lost. sum is the file's SHA-256 in hex as the client
// computed it, or "". It continues when the client disconnects, and repeating
// it, after any crash, changes nothing or finishes it. Faults:
// "upload.part_missing" (missing), "upload.part_size" (wrong),
// "upload.closed", "upload.gone", "upload.invalid".
func (s *Service) Complete(ctx context.Context, by people.Person, id, sum string) (lesson.Lesson, error) {
	u, err := s.own(ctx, by, id, s.Store.Upload)
	if err != nil {
		return lesson.Lesson{}, err
	}
	if sum, err = validHash(sum); err != nil {
		return lesson.Lesson{}, err
	}
	switch u.Status {
	case Complete:
		return s.Lessons.Lesson(ctx, u.LessonID)
	case Aborted:
		return lesson.Lesson{}, closed(u)
	}
	return s.shareCompletion(ctx, id, func() (lesson.Lesson, error) {
		// A teacher who closes the page has nevertheless sent everything.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinTimeout)
		defer cancel()
		return s.finish(ctx, by, u, sum)
	})
}

// completion is a completion that runs. Other requests for the same meanwhile (a
// second device, a client that gave up waiting) share its result.
type completion struct {
	done   chan struct{}
	lesson lesson.Lesson
	err    error
}

// shareCompletion calls do unless a completion of the upload runs already; then
// it waits for that one's result.
func (s *Service) shareCompletion(ctx context.Context, id string,
	do func() (lesson.Lesson, error),
) (lesson.Lesson, error) {
	s.mu.Lock()
	c, running := s.completions[id]
	if !running {
		if s.completions == nil {
			s.completions = map[string]*completion{}
		}
		c = &completion{done: make(chan struct{}), err: errors.New("completion crashed")}
		s.completions[id] = c
	}
	s.mu.Unlock()
	if running {
		select {
		case <-c.done:
			return c.lesson, c.err
		case <-ctx.Done():
			return lesson.Lesson{}, ctx.Err()
		}
	}
	defer func() {
		s.mu.Lock()
		delete(s.completions, id)
		s.mu.Unlock()
		close(c.done)
	}()
	c.lesson, c.err = do()
	return c.lesson, c.err
}

// completing reports whether this process is completing the upload: while
// storage joins the parts, some servers know neither the upload nor the object.
func (s *Service) completing(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.completions[id]
	return ok
}

// finish joins, checks and acknowledges.
func (s *Service) finish(ctx context.Context, by people.Person, u Upload, sum string) (lesson.Lesson, error) {
	obj, err := s.join(ctx, u)
	if err != nil {
		return lesson.Lesson{}, fmt.Errorf("upload %s: %w", u.ID, err)
	}
	if obj.Size != u.Size {
		// Storage contradicts its own list of parts; none of it can be used.
		if err := s.end(ctx, u.ID, nil); err != nil {
			return lesson.Lesson{}, err
		}
		return lesson.Lesson{}, fault.New(fault.Conflict, "upload.wrong_size", "size", u.Size, "stored", obj.Size)
	}
	return s.acknowledge(ctx, by, u, sum)
}

// join makes sure that the object exists under its final key: it joins the
// parts, or finds that an earlier call did.
func (s *Service) join(ctx context.Context, u Upload) (media.Object, error) {
	for try := 0; ; try++ {
		obj, err := s.Objects.Head(ctx, u.Key)
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return obj, err
		}
		missing := err
		listed, err := s.Parts.Parts(ctx, u.Key, u.StorageID)
		if err == nil {
			var parts []media.Part
			if parts, err = u.check(listed); err != nil {
				return obj, err
			}
			if obj, err = s.Parts.Complete(ctx, u.Key, u.StorageID, parts); err == nil {
				return obj, nil
			}
		}
		// Another call may have joined them just now, or a part may have been
		// sent again between listing and joining: try once more.
		transient := fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Conflict
		switch {
		case !transient:
			return obj, err
		case try > 0 && fault.KindOf(err) == fault.NotFound:
			return obj, gone(missing)
		case try > 0:
			return obj, err
		}
	}
}

// acknowledge commits the recording, the lesson's state, the jobs that follow
// and the end of the upload together.
func (s *Service) acknowledge(ctx context.Context, by people.Person, u Upload, sum string) (lesson.Lesson, error) {
	var l lesson.Lesson
	orphan := false
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		cur, err := s.Store.Lock(ctx, u.ID)
		if err != nil {
			return err
		}
		switch cur.Status {
		case Complete:
			l, err = s.Lessons.Lesson(ctx, cur.LessonID)
			return err
		case Aborted:
			orphan = true
			return closed(cur)
		}
		cur.Status = Complete
		if err := s.Store.SaveUpload(ctx, cur); err != nil {
			return err
		}
		l, err = s.Receiver.Receive(ctx, by, lesson.Recording{
			ID: cur.RecordingID, LessonID: cur.LessonID, Key: cur.Key, Filename: cur.Filename,
			Size: cur.Size, Claimed: sum, State: lesson.Checking, ReceivedAt: s.Now(),
		})
		return err
	})
	if orphan {
		// Aborted while storage was joining: the object belongs to nobody.
		if err := s.Objects.Delete(ctx, u.Key); err != nil {
			return lesson.Lesson{}, fmt.Errorf("upload %s: %w", u.ID, err)
		}
	}
	if err != nil {
		return lesson.Lesson{}, err
	}
	// Best effort: Sweep removes what this leaves.
	_ = s.removePieces(ctx, uploadPrefix(u.ID))
	return l, nil
}

// Abort ends an upload and frees what storage holds of it. Repeating it
// changes nothing; fault.Conflict "upload.closed" once it is complete.
func (s *Service) Abort(ctx context.Context, by people.Person, id string) error {
	if _, err := s.own(ctx, by, id, s.Store.Upload); err != nil {
		return err
	}
	return s.end(context.WithoutCancel(ctx), id, nil)
}

// end marks an upload aborted, then frees its storage. The database comes
// first: if the object were removed first, a Complete at the same moment could
// acknowledge what no longer exists. only, if not nil, decides under the lock
// whether the upload is still to be ended.
func (s *Service) end(ctx context.Context, id string, only func(Upload) bool) error {
	var u Upload
	ended := false
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if u, err = s.Store.Lock(ctx, id); err != nil {
			return err
		}
		if only != nil && !only(u) {
			return nil
		}
		switch u.Status {
		case Complete:
			return closed(u)
		case Aborted:
			ended = true // an earlier call may have ended before it freed storage
			return nil
		}
		ended = true
		u.Status = Aborted
		if err := s.Store.SaveUpload(ctx, u); err != nil {
			return err
		}
		others, err := s.Store.OpenUploads(ctx, u.LessonID)
		if err != nil {
			return err
		}
		for _, o := range others {
			if o.ID != u.ID {
				return nil
			}
		}
		return s.Receiver.NotReceiving(ctx, u.LessonID)
	})
	if err != nil || !ended {
		return err
	}
	if err := s.Parts.Abort(ctx, u.Key, u.StorageID); err != nil {
		return fmt.Errorf("upload %s: %w", id, err)
	}
	if err := s.Objects.Delete(ctx, u.Key); err != nil {
		return fmt.Errorf("upload %s: %w", id, err)
	}
	return s.removePieces(ctx, uploadPrefix(id))
}

// Sweep ends expired uploads, and frees what storage holds of uploads that the
// database does not know.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Now()
	for {
		const batch = 100
		due, err := s.Store.Expired(ctx, now, batch)
		if err != nil {
			return err
		}
		for _, u := range due {
			stale := func(u Upload) bool { return u.Status == Open && !now.Before(u.ExpiresAt) }
			if err := s.end(ctx, u.ID, stale); err != nil {
				return err
			}
		}
		if len(due) < batch {
			break
		}
	}
	if err := s.sweepPieces(ctx); err != nil {
		return err
	}
	pending, err := s.Parts.Pending(ctx, media.Lessons)
	if err != nil {
		return fmt.Errorf("pending uploads: %w", err)
	}
	for _, p := range pending {
		if p.StartedAt.After(now.Add(-Life)) {
			continue
		}
		known, err := s.known(ctx, p)
		if err != nil {
			return err
		}
		if !known {
			if err := s.Parts.Abort(ctx, p.Key, p.UploadID); err != nil {
				return fmt.Errorf("pending upload of %s: %w", p.Key, err)
			}
		}
	}
	return nil
}

func (s *Service) known(ctx context.Context, p media.Pending) (bool, error) {
	open, err := s.Store.OpenUploads(ctx, media.LessonOf(p.Key))
	if err != nil {
		return false, err
	}
	for _, u := range open {
		if u.StorageID == p.UploadID {
			return true, nil
		}
	}
	return false, nil
}
