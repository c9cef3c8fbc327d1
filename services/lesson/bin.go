package lesson

import (
	"context"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Work is what is being made of the recordings of a lesson.
type Work interface {
	// Stop calls off all of it, in the transaction in ctx: what waits is not
	// begun, and what runs ends within seconds.
	Stop(ctx context.Context, lessonID string) error
	// Resume asks for all that is not done yet, in the transaction in ctx, which
	// has locked the lesson.
	Resume(ctx context.Context, l Lesson) error
}

// Bin puts the lesson into the bin for 30 days and stops the work on its
// recordings; Restore takes it out again.
func (s *Service) Bin(ctx context.Context, by people.Person, id string) (Lesson, error) {
	l, err := s.allowed(ctx, by, people.EditLesson, id, s.Store.Lesson)
	if err != nil {
		return l, err
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		// The jobs before the lesson, as workers lock them when they commit.
		if s.Work != nil {
			if err := s.Work.Stop(ctx, id); err != nil {
				return err
			}
		}
		l, err = s.change(ctx, by, people.EditLesson, id, "bin", func(_ context.Context, l Lesson) (Lesson, error) {
			if l.DeletedAt.IsZero() {
				l.DeletedAt = s.Now()
			}
			return l, nil
		})
		return err
	})
	return l, err
}

// Restore takes the lesson out of the bin and lets the work on its recording go
// on where it stopped: fault.Gone "lesson.erased" after its time there.
func (s *Service) Restore(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, id, "restore", func(ctx context.Context, l Lesson) (Lesson, error) {
		if l.Media.State == Erased {
			return l, fault.New(fault.Gone, "lesson.erased")
		}
		if l.DeletedAt.IsZero() {
			return l, nil
		}
		l.DeletedAt = time.Time{}
		if s.Work == nil {
			return l, nil
		}
		return l, s.Work.Resume(ctx, l)
	})
}
