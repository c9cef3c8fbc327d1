package lesson

import (
	"context"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Bin puts the lesson into the bin for 30 days; Restore takes it out again.
func (s *Service) Bin(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, id, "bin", func(_ context.Context, l Lesson) (Lesson, error) {
		if l.DeletedAt.IsZero() {
			l.DeletedAt = s.Now()
		}
		return l, nil
	})
}

// Restore takes the lesson out of the bin: fault.Gone "lesson.erased" after its
// time there.
func (s *Service) Restore(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, id, "restore", func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.State == Erased {
			return l, fault.New(fault.Gone, "lesson.erased")
		}
		l.DeletedAt = time.Time{}
		return l, nil
	})
}
