package schedule

import (
	"context"
	"fmt"

	"lenlop/services/fault"
)

// Copies knows the broadcast copies that airings show (production.Copies).
type Copies interface {
	// Newest gives the newest copy of a lesson for a channel that passed its
	// checks; "" when there is none, or two are equally new.
	Newest(ctx context.Context, lessonID, channelID string) (copyID string, err error)
	// Fits reports whether a copy is of the lesson, for the channel, and has
	// not failed.
	Fits(ctx context.Context, copyID, lessonID, channelID string) (bool, error)
}

// withCopy settles which copy an airing shows. One that was named, or that the
// airing had, stays: its codes may be on a tape already. Without one the
// channel's newest is taken, unless another of its airings is too near.
func (s *Service) withCopy(ctx context.Context, a, old Airing) (Airing, error) {
	if s.Copies == nil {
		return a, nil
	}
	same := old.LessonID == a.LessonID && old.ChannelID == a.ChannelID
	if a.CopyID == "" && same {
		a.CopyID = old.CopyID
	}
	if a.CopyID != "" && !(same && a.CopyID == old.CopyID) {
		fits, err := s.Copies.Fits(ctx, a.CopyID, a.LessonID, a.ChannelID)
		if err != nil {
			return a, fmt.Errorf("copy %s: %w", a.CopyID, err)
		}
		switch {
		case fits:
		case a.CopyID == old.CopyID:
			a.CopyID = "" // the airing moved to another lesson or channel, and its copy did not
		default:
			return a, fault.Form("airing.invalid", fault.Wrong("copyId", "airing.wrong_copy"))
		}
	}
	if a.CopyID != "" {
		return a, s.copyFree(ctx, a)
	}
	id, err := s.Copies.Newest(ctx, a.LessonID, a.ChannelID)
	if err != nil {
		return a, fmt.Errorf("copies of lesson %s: %w", a.LessonID, err)
	}
	a.CopyID = id
	if err := s.copyFree(ctx, a); fault.Is(err, "airing.copy_too_near") {
		a.CopyID = ""
	} else if err != nil {
		return a, err
	}
	return a, nil
}

// copyFree is fault.Conflict "airing.copy_too_near" (args "airing", "startsAt",
// "endsAt", "minutes") when another airing of a's copy is within its check-in time.
func (s *Service) copyFree(ctx context.Context, a Airing) error {
	if a.CopyID == "" {
		return nil
	}
	near, err := s.Store.Airings(ctx, Filter{Channel: a.ChannelID, Lesson: a.LessonID})
	if err != nil {
		return fmt.Errorf("airings of lesson %s: %w", a.LessonID, err)
	}
	if other, clash := CopyClash(a, near); clash {
		return fault.New(fault.Conflict, "airing.copy_too_near", "airing", other.ID, "startsAt", other.StartsAt,
			"endsAt", other.EndsAt,
			"minutes", int(CheckInAfter.Minutes()))
	}
	return nil
}

// CopyMade gives a copy that has just passed its checks to the planned airings
// of its lesson and channel that have none and have not begun. The caller's
// transaction holds it together with the copy.
func (s *Service) CopyMade(ctx context.Context, copyID, lessonID, channelID string) error {
	if _, err := s.Store.LockChannel(ctx, channelID); err != nil {
		return err
	}
	all, err := s.Store.Airings(ctx, Filter{Channel: channelID, Lesson: lessonID})
	if err != nil {
		return fmt.Errorf("airings of lesson %s: %w", lessonID, err)
	}
	for i, a := range all {
		if a.CopyID != "" || a.Outcome != Planned || !a.StartsAt.After(s.Now()) {
			continue
		}
		a.CopyID = copyID
		if _, clash := CopyClash(a, all); clash {
			continue
		}
		if err := s.Store.SaveAiring(ctx, a); err != nil {
			return err
		}
		all[i] = a
	}
	return nil
}
