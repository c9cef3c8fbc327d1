package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// MaxRepeats is how many repeats are made at once: a school year of weeks.
const MaxRepeats = 40

// Repeat plans an airing's lesson again at other times on the same channel, as
// long as it was planned, with the same copy and number. All are planned or
// none. Faults: those of Save (args "at" says which time), "airing.no_repeats".
func (s *Service) Repeat(ctx context.Context, by people.Person, id string, starts []time.Time) ([]Airing, error) {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return nil, denied()
	}
	if len(starts) == 0 || len(starts) > MaxRepeats {
		return nil, fault.Form("airing.invalid", fault.Wrong("startsAt", "airing.no_repeats", "max", MaxRepeats))
	}
	var out []Airing
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		out = nil
		first, err := s.Store.Airing(ctx, id)
		if err != nil {
			return err
		}
		for _, at := range starts {
			a := Airing{ChannelID: first.ChannelID, LessonID: first.LessonID, CopyID: first.CopyID,
				HouseNumber: first.HouseNumber,
				StartsAt:    at, EndsAt: at.Add(first.EndsAt.Sub(first.StartsAt)), RepeatOf: first.root()}
			if a, err = s.save(ctx, by, a); err != nil {
				if e := fault.As(err); e != nil && e.Kind == fault.Conflict {
					e.Args["at"] = at
				}
				return err
			}
			out = append(out, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// root is the airing that repeats of this one repeat.
func (a Airing) root() string {
	if a.RepeatOf != "" {
		return a.RepeatOf
	}
	return a.ID
}

// Kin lists an airing's first airing and all its repeats, by time.
func (s *Service) Kin(ctx context.Context, a Airing) ([]Airing, error) {
	all, err := s.Store.Airings(ctx, Filter{Channel: a.ChannelID, Lesson: a.LessonID})
	if err != nil {
		return nil, fmt.Errorf("airings of lesson %s: %w", a.LessonID, err)
	}
	return slices.DeleteFunc(all, func(x Airing) bool { return x.root() != a.root() }), nil
}

// orphan makes the earliest repeat of a removed first airing the first.
func (s *Service) orphan(ctx context.Context, gone Airing) error {
	if gone.RepeatOf != "" {
		return nil
	}
	kin, err := s.Kin(ctx, gone)
	if err != nil {
		return err
	}
	first := ""
	for _, a := range kin {
		if a.ID == gone.ID {
			continue
		}
		a.RepeatOf = first
		if first == "" {
			first = a.ID
		}
		if err := s.Store.SaveAiring(ctx, a); err != nil {
			return err
		}
	}
	return nil
}
