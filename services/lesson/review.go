package lesson

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// ApproveAfterAiring approves a lesson that is to be published once an airing
// of it has happened; when one has already, it is published at once. Faults as
// of Approve.
func (s *Service) ApproveAfterAiring(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.ReviewLesson, id, "approve", func(ctx context.Context, l Lesson) (Lesson, error) {
		if l.Status == Published {
			return l, nil
		}
		if err := approvable(l); err != nil {
			return l, err
		}
		l.ApprovedBy, l.ReturnNote, l.ReturnAt, l.PublishAt = by.ID, "", 0, time.Time{}
		l.AfterAiring = true
		if s.WasAired == nil {
			return l, nil
		}
		aired, err := s.WasAired(ctx, id)
		if err != nil {
			return l, fmt.Errorf("airings of lesson %s: %w", id, err)
		}
		if aired {
			l.Status, l.PublishedAt = Published, s.Now()
		}
		return l, nil
	})
}

// approvable says why a lesson cannot be approved now.
func approvable(l Lesson) error {
	switch {
	case l.Status != Submitted:
		return wrongStatus(l)
	case !l.TakenDownAt.IsZero():
		return fault.New(fault.Conflict, "lesson.taken_down")
	case l.Consent.Minors == MinorsMissing:
		return fault.New(fault.Conflict, "lesson.consent_missing")
	case l.Media.State != Ready:
		return fault.New(fault.Conflict, "lesson.not_ready")
	}
	return nil
}

// Aired publishes a lesson that was approved to follow its airing; anything
// else is left as it is (a station may report the same airing again).
func (s *Service) Aired(ctx context.Context, id string) error {
	err := s.system(ctx, id, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Status == Submitted && l.ApprovedBy != "" && l.AfterAiring && l.Media.State == Ready {
			l.Status, l.PublishedAt = Published, s.Now()
		}
		return l, nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil // an airing of a lesson that is gone
	}
	return err
}

// PreapproveSetting is the name of the setting that says at schools of which
// levels the head looks at lessons before the department: levels joined by ",".
const PreapproveSetting = "review.preapprove"

// Settings keeps small values with the data.
type Settings interface {
	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error
}

// PreapproveLevels are the levels of school whose heads may look at lessons
// before the department.
func (s *Service) PreapproveLevels(ctx context.Context) ([]school.Level, error) {
	if s.Settings == nil {
		return nil, nil
	}
	v, err := s.Settings.Setting(ctx, PreapproveSetting)
	if err != nil || v == "" {
		return nil, err
	}
	var out []school.Level
	for x := range strings.SplitSeq(v, ",") {
		out = append(out, school.Level(x))
	}
	return out, nil
}

// levels of schools, in order.
var levels = []school.Level{school.Primary, school.LowerSecondary, school.UpperSecondary, school.Mixed}

// SetPreapproveLevels says at schools of which levels heads may look first;
// levels that do not exist are left out.
func (s *Service) SetPreapproveLevels(ctx context.Context, by people.Person, chosen []school.Level) error {
	if !people.May(by, people.SetReviewRules, people.Object{}) {
		return denied()
	}
	var kept []string
	for _, x := range levels {
		if slices.Contains(chosen, x) {
			kept = append(kept, string(x))
		}
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		before, err := s.Settings.Setting(ctx, PreapproveSetting)
		if err != nil {
			return err
		}
		if err := s.Settings.SetSetting(ctx, PreapproveSetting, strings.Join(kept, ",")); err != nil {
			return err
		}
		return s.logRule(ctx, by, before, strings.Join(kept, ","))
	})
}

// MayPreapprove reports whether the person may look at the lesson for the
// department: its school's head, where the department lets schools of its level.
func (s *Service) MayPreapprove(ctx context.Context, by people.Person, l Lesson) (bool, error) {
	if !people.May(by, people.PreapproveLesson, l.Object()) || s.Schools == nil {
		return false, nil
	}
	allowed, err := s.PreapproveLevels(ctx)
	if err != nil || len(allowed) == 0 {
		return false, err
	}
	at, err := s.Schools.School(ctx, l.SchoolID)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil && slices.Contains(allowed, at.Level), err
}

// Preapprove notes that the school's head has looked at a submitted lesson and
// stands behind it; the department still decides. Faults: "access.denied",
// fault.Conflict "lesson.no_preapproval" where the department does not let the
// school, "lesson.wrong_status".
func (s *Service) Preapprove(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.PreapproveLesson, id, "preapprove",
		func(ctx context.Context, l Lesson) (Lesson, error) {
			ok, err := s.MayPreapprove(ctx, by, l)
			switch {
			case err != nil:
				return l, err
			case !ok:
				return l, fault.New(fault.Conflict, "lesson.no_preapproval")
			case l.Status != Submitted:
				return l, wrongStatus(l)
			case l.PreapprovedBy == "":
				l.PreapprovedBy, l.PreapprovedAt = by.ID, s.Now()
			}
			return l, nil
		})
}

// Confirm says that a reviewer has looked again at what changed in a published
// lesson, and lets it be.
func (s *Service) Confirm(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.ReviewLesson, id, "confirm", func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Status != Published {
			return l, wrongStatus(l)
		}
		l.RereviewSince, l.RereviewReasons = time.Time{}, ""
		return l, nil
	})
}
