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

// joinTime is how long storage may take to join the parts: 20 GiB copied on a
// slow disk.
const joinTime = 30 * time.Minute

// Complete joins the parts in storage and acknowledges the recording: from
// then on it is never lost. sum is the file's SHA-256 in hex as the client
// says it, or "". It runs on when the client goes away, and repeating it,
// after any crash, changes nothing or finishes it. Faults:
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
	return s.once(ctx, id, func() (lesson.Lesson, error) {
		// A teacher who closes the page has still sent everything.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinTime)
		defer cancel()
		return s.finish(ctx, by, u, sum)
	})
}

// flight is one completion that runs; whoever asks for the same meanwhile (a
// second device, a client that gave up waiting) shares its end.
type flight struct {
	done   chan struct{}
	lesson lesson.Lesson
	err    error
}

func (s *Service) once(ctx context.Context, id string, do func() (lesson.Lesson, error)) (lesson.Lesson, error) {
	s.mu.Lock()
	f, running := s.flights[id]
	if !running {
		if s.flights == nil {
			s.flights = map[string]*flight{}
		}
		f = &flight{done: make(chan struct{}), err: errors.New("completion crashed")}
		s.flights[id] = f
	}
	s.mu.Unlock()
	if running {
		select {
		case <-f.done:
			return f.lesson, f.err
		case <-ctx.Done():
			return lesson.Lesson{}, ctx.Err()
		}
	}
	defer func() {
		s.mu.Lock()
		delete(s.flights, id)
		s.mu.Unlock()
		close(f.done)
	}()
	f.lesson, f.err = do()
	return f.lesson, f.err
}

// joining reports whether the upload is being completed here: while storage
// joins the parts, some servers know neither the upload nor the object.
func (s *Service) joining(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.flights[id]
	return ok
}

// finish joins, checks and acknowledges.
func (s *Service) finish(ctx context.Context, by people.Person, u Upload, sum string) (lesson.Lesson, error) {
	obj, err := s.join(ctx, u)
	if err != nil {
		return lesson.Lesson{}, fmt.Errorf("upload %s: %w", u.ID, err)
	}
	if obj.Size != u.Size {
		// Storage contradicts its own listing; nothing of this can be kept.
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
		// sent again between listing and joining: look once more.
		passing := fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Conflict
		switch {
		case !passing:
			return obj, err
		case try > 0 && fault.KindOf(err) == fault.NotFound:
			return obj, gone(missing)
		case try > 0:
			return obj, err
		}
	}
}

// acknowledge commits the recording, the lesson's state, the jobs that follow
// and the upload's end together.
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
		// Given up while storage was joining: what it made belongs to nobody.
		if err := s.Objects.Delete(ctx, u.Key); err != nil {
			return lesson.Lesson{}, fmt.Errorf("upload %s: %w", u.ID, err)
		}
	}
	if err != nil {
		return lesson.Lesson{}, err
	}
	// Best effort: Sweep removes what this leaves.
	_ = s.clear(ctx, tailPrefix(u.ID))
	return l, nil
}

// Abort gives an upload up and frees what storage holds of it. Repeating it
// changes nothing; fault.Conflict "upload.closed" once it is complete.
func (s *Service) Abort(ctx context.Context, by people.Person, id string) error {
	if _, err := s.own(ctx, by, id, s.Store.Upload); err != nil {
		return err
	}
	return s.end(context.WithoutCancel(ctx), id, nil)
}

// end marks an upload aborted, then clears storage. The database goes first:
// were the object removed first, a Complete at the same moment could
// acknowledge what is no longer there. only, when given, decides under the
// lock whether it is still to be ended.
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
			ended = true // an earlier call may have died before clearing storage
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
	return s.clear(ctx, tailPrefix(id))
}

// Sweep ends uploads whose life is over, and gives back what storage keeps of
// uploads that the database does not know.
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
	if err := s.sweepTails(ctx); err != nil {
		return err
	}
	pending, err := s.Parts.Pending(ctx, "lessons/")
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
