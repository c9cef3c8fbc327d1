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
// "upload.part_missing" (missing), "upload.part_size" (wrong), "upload.closed",
// "upload.gone", "upload.invalid"; "storage.full" (gb missing) while the disk has
// no space to join them: nothing is lost, and repeating it later finishes it.
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

// finish joins, checks and acknowledges. Whatever storage could not do leaves
// the upload open, with all its parts: it is repeated.
func (s *Service) finish(ctx context.Context, by people.Person, u Upload, sum string) (lesson.Lesson, error) {
	err := s.join(ctx, u)
	if fault.Is(err, "upload.gone") {
		// Neither parts nor a whole object: nothing of it can be used.
		if err := s.end(ctx, u.ID, nil); err != nil {
			return lesson.Lesson{}, err
		}
	}
	if err != nil {
		return lesson.Lesson{}, fmt.Errorf("upload %s: %w", u.ID, err)
	}
	return s.acknowledge(ctx, by, u, sum)
}

// join makes sure that the whole object exists under its final key: it joins
// the parts, or finds that an earlier call did. An object that is not whole was
// left by a call that failed; while storage has the parts, it is made again.
func (s *Service) join(ctx context.Context, u Upload) error {
	for try := 0; ; try++ {
		obj, err := s.Objects.Head(ctx, u.Key)
		if err == nil && obj.Size == u.Size {
			return nil
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		missing, short := err, err == nil
		listed, err := s.Parts.Parts(ctx, u.Key, u.StorageID)
		if err == nil {
			if obj, err = s.joinListed(ctx, u, listed, short); err == nil && obj.Size == u.Size {
				return nil
			}
			if err == nil {
				err = fault.Wrap(fmt.Errorf("%d of %d bytes joined", obj.Size, u.Size), fault.Unavailable,
					"media.unavailable")
			}
		}
		// Another call may have joined them just now, or a part may have been
		// sent again between listing and joining: try once more.
		transient := fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Conflict
		switch {
		case !transient:
			return err
		case try > 0 && fault.KindOf(err) == fault.NotFound && short:
			return fault.Wrap(fmt.Errorf("%d of %d bytes stored", obj.Size, u.Size), fault.Gone, "upload.gone")
		case try > 0 && fault.KindOf(err) == fault.NotFound:
			return gone(missing)
		case try > 0:
			return err
		}
	}
}

// joinListed joins the parts that storage lists, when the disk has space for
// them once more. short: an object that is not whole stands in their place.
func (s *Service) joinListed(ctx context.Context, u Upload, listed []media.Part, short bool) (media.Object, error) {
	parts, err := u.check(listed)
	if err != nil {
		return media.Object{}, err
	}
	if err := s.spaceToJoin(u.Size); err != nil {
		return media.Object{}, err
	}
	if short {
		if err := s.Objects.Delete(ctx, u.Key); err != nil {
			return media.Object{}, err
		}
	}
	return s.Parts.Complete(ctx, u.Key, u.StorageID, parts)
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
