package worksheet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

// Service takes worksheets and gives them to those who may read the lesson.
type Service struct {
	Store   Store
	Lessons interface {
		Lesson(ctx context.Context, id string) (lesson.Lesson, error)
		Lock(ctx context.Context, id string) (lesson.Lesson, error)
	}
	// MarkForRereview is called when a lesson's worksheets have changed, in the
	// transaction (lesson.Service).
	MarkForRereview func(ctx context.Context, by people.Person, lessonID, part string) error
	Media           media.Store
	Atomic          job.Atomic
	Audit           audit.Log
	// Fits refuses a size that would pass the person's quota, in the
	// transaction that takes it (upload.Service); nil: there is none.
	Fits  func(ctx context.Context, by people.Person, size int64) error
	Now   func() time.Time
	NewID func() string

	checking chan struct{}
}

// New makes a Service; see its fields. Pictures are decoded one at a time, so
// that a class of teachers cannot fill the memory.
func New(s Service) *Service {
	s.checking = make(chan struct{}, 1)
	return &s
}

// List gives a lesson's worksheets to whoever may read it.
func (s *Service) List(ctx context.Context, by people.Person, lessonID string) ([]Worksheet, error) {
	if _, err := s.read(ctx, by, people.ReadLesson, lessonID); err != nil {
		return nil, err
	}
	return s.Store.Worksheets(ctx, lessonID)
}

// Of gives the worksheets of a lesson to somebody who has already been let in.
func (s *Service) Of(ctx context.Context, lessonID string) ([]Worksheet, error) {
	return s.Store.Worksheets(ctx, lessonID)
}

// Read gives one worksheet to whoever may read its lesson; of a lesson that was
// taken down only to those who may judge it.
func (s *Service) Read(ctx context.Context, by people.Person, lessonID, id string) (Worksheet, error) {
	l, err := s.read(ctx, by, people.ReadLesson, lessonID)
	if err != nil {
		return Worksheet{}, err
	}
	if !people.May(by, people.WatchLesson, l.Object()) {
		return Worksheet{}, fault.New(fault.Forbidden, "access.denied")
	}
	return s.Store.Worksheet(ctx, lessonID, id)
}

// Add takes a file. Faults: "access.denied", those of Check,
// "worksheet.too_many", "upload.over_quota".
func (s *Service) Add(ctx context.Context, by people.Person, lessonID, name string, data []byte) (Worksheet, error) {
	if _, err := s.read(ctx, by, people.EditLesson, lessonID); err != nil {
		return Worksheet{}, err
	}
	content, err := s.check(ctx, data)
	if err != nil {
		return Worksheet{}, err
	}
	data = Strip(data, content.Type)
	sum := sha256.Sum256(data)
	w := Worksheet{ID: s.NewID(), LessonID: lessonID, Name: CleanName(name, content.Type), Type: content.Type,
		Size:   int64(len(data)),
		SHA256: hex.EncodeToString(sum[:]), Width: content.Width, Height: content.Height, By: by.ID, At: s.Now()}
	err = s.keep(ctx, by, &w, data)
	return w, err
}

func (s *Service) check(ctx context.Context, data []byte) (Content, error) {
	job.Outside(ctx, "check worksheet")
	select {
	case s.checking <- struct{}{}:
		defer func() { <-s.checking }()
		return Check(data)
	case <-ctx.Done():
		return Content{}, fmt.Errorf("worksheet: %w", ctx.Err())
	}
}

// keep stores the object first and the row after it: what is left of a failure
// is an object that nobody names, which is removed at once or by the sweep.
func (s *Service) keep(ctx context.Context, by people.Person, w *Worksheet, data []byte) error {
	if err := s.checkLimits(ctx, by, *w); err != nil {
		return err // before a byte is stored
	}
	if err := s.store(ctx, w, data); err != nil {
		return err
	}
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Lessons.Lock(ctx, w.LessonID); err != nil {
			return err
		}
		if err := s.checkLimits(ctx, by, *w); err != nil {
			return err
		}
		if err := s.Store.SaveWorksheet(ctx, *w); err != nil {
			return err
		}
		return s.noted(ctx, by, w.LessonID, "worksheet "+w.ID+" added")
	})
	if err != nil {
		return errors.Join(err, s.Media.Delete(context.WithoutCancel(ctx), w.Key))
	}
	return nil
}

// checkLimits refuses one worksheet too many, and what passes the quota.
func (s *Service) checkLimits(ctx context.Context, by people.Person, w Worksheet) error {
	list, err := s.Store.Worksheets(ctx, w.LessonID)
	if err != nil {
		return err
	}
	if len(list) >= MaxCount {
		return fault.New(fault.Conflict, "worksheet.too_many", "max", MaxCount)
	}
	if s.Fits == nil {
		return nil
	}
	return s.Fits(ctx, by, w.Size)
}

func (s *Service) noted(ctx context.Context, by people.Person, lessonID, note string) error {
	if err := s.MarkForRereview(ctx, by, lessonID, lesson.PartWorksheets); err != nil {
		return err
	}
	return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(people.EditLesson),
		Subject: "lesson:" + lessonID, Detail: note})
}

// Delete removes a worksheet and its file.
func (s *Service) Delete(ctx context.Context, by people.Person, lessonID, id string) error {
	if _, err := s.read(ctx, by, people.EditLesson, lessonID); err != nil {
		return err
	}
	var w Worksheet
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Lessons.Lock(ctx, lessonID); err != nil {
			return err
		}
		var err error
		if w, err = s.Store.Worksheet(ctx, lessonID, id); err != nil {
			return err
		}
		if err := s.Store.DeleteWorksheet(ctx, lessonID, id); err != nil {
			return err
		}
		return s.noted(ctx, by, lessonID, "worksheet "+id+" removed")
	})
	if err != nil {
		return err
	}
	if err := s.Media.Delete(ctx, w.Key); err != nil {
		return fmt.Errorf("worksheet %s: %w", id, err)
	}
	return nil
}

func (s *Service) read(ctx context.Context, by people.Person, a people.Action, lessonID string) (lesson.Lesson, error) {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return l, err
	}
	if !people.May(by, a, l.Object()) {
		if by.Anonymous() && a == people.ReadLesson {
			return l, fault.New(fault.NotFound, "lesson.not_found")
		}
		return l, fault.New(fault.Forbidden, "access.denied")
	}
	return l, nil
}

// Keys are the media keys of all of a lesson's worksheets.
func (s *Service) Keys(ctx context.Context, lessonID string) ([]string, error) {
	list, err := s.Store.Worksheets(ctx, lessonID)
	keys := make([]string, len(list))
	for i, w := range list {
		keys[i] = w.Key
	}
	return keys, err
}

// Forget removes all of a lesson's worksheets, in the transaction of ctx; their
// objects go with the lesson's folder.
func (s *Service) Forget(ctx context.Context, lessonID string) error {
	return s.Store.ForgetWorksheets(ctx, lessonID)
}
