package lesson

import (
	"context"
	"time"
)

// KeepBinned is how long a lesson stays in the bin with everything it has.
const KeepBinned = 30 * 24 * time.Hour

// Erased is the media state of a lesson whose time in the bin is over: its
// recordings and packages are gone for good. The row stays, because airings,
// views and reports of past years name it.
const Erased MediaState = "erased"

// Erase empties a lesson that has been in the bin for KeepBinned and reports
// whether it did; one that is not (any more) due is left as it is. Removing
// the objects is the caller's duty once this has committed.
func (s *Service) Erase(ctx context.Context, id string) (bool, error) {
	done := false
	err := s.system(ctx, id, func(ctx context.Context, l Lesson) (Lesson, error) {
		now := s.Now()
		if l.DeletedAt.IsZero() || now.Sub(l.DeletedAt) < KeepBinned || l.Media.State == Erased {
			return l, nil
		}
		rs, err := s.Store.Recordings(ctx, id)
		if err != nil {
			return l, err
		}
		for _, r := range rs {
			if r.GoneAt.IsZero() {
				r.GoneAt = now
				if err := s.Store.SaveRecording(ctx, r); err != nil {
					return l, err
				}
			}
		}
		if s.Histories != nil {
			if err := s.Histories.ForgetSteps(ctx, id); err != nil {
				return l, err
			}
		}
		l.Media, l.Renditions, l.Description = Media{State: Erased}, nil, ""
		l.ReturnNote, l.Reason, l.Consent = "", "", Consent{}
		done = true
		return l, nil
	})
	return done, err
}
