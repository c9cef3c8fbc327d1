package television

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

// ClassAiring is one airing that a class can call the roll for.
type ClassAiring struct {
	Airing schedule.Airing
	Lesson playback.LessonFacts
	Drawn  bool      // the class is in the airing's draw
	Call   *RollCall // the current one, or nil
}

// ClassAirings are a class's airings of its grade, latest first.
type ClassAirings struct {
	Class   school.Class
	Airings []ClassAiring
}

// RollCallsOf lists, for each of a teacher's classes of the latest year, the
// airings of its grade that began since a moment.
func (s *Service) RollCallsOf(ctx context.Context, by people.Person, since time.Time) ([]ClassAirings, error) {
	if s.cfg.Classes == nil {
		return nil, nil
	}
	all, err := s.cfg.Classes.ClassesOfTeacher(ctx, by.ID)
	if err != nil {
		return nil, fmt.Errorf("classes of %s: %w", by.ID, err)
	}
	var mine []school.Class
	for _, c := range all {
		if c.Year == all[0].Year && people.May(by, people.RollCall, c.Object()) {
			mine = append(mine, c)
		}
	}
	if len(mine) == 0 {
		return nil, nil
	}
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{From: since, To: s.cfg.Now()})
	if err != nil {
		return nil, fmt.Errorf("airings: %w", err)
	}
	airings = slices.DeleteFunc(airings, func(a schedule.Airing) bool { return a.Outcome == schedule.Dropped })
	slices.Reverse(airings)
	lessons, ids := make([]string, len(airings)), make([]string, len(airings))
	for i, a := range airings {
		lessons[i], ids[i] = a.LessonID, a.ID
	}
	facts, err := s.cfg.Facts.Facts(ctx, lessons, playback.Scope{})
	if err != nil {
		return nil, fmt.Errorf("lessons: %w", err)
	}
	calls, err := s.cfg.RollCalls.RollCalls(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("roll calls: %w", err)
	}
	calls = CurrentRollCalls(calls)
	draws, err := s.cfg.RollCalls.Draws(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("draws: %w", err)
	}
	var out []ClassAirings
	for _, c := range mine {
		list := ClassAirings{Class: c}
		for _, a := range airings {
			f, known := facts[a.LessonID]
			if !known || f.Grade != c.Grade {
				continue
			}
			x := ClassAiring{Airing: a, Lesson: f}
			x.Drawn = slices.ContainsFunc(draws,
				func(d Draw) bool { return d.AiringID == a.ID && slices.Contains(d.Classes, c.ID) })
			if i := slices.IndexFunc(calls,
				func(r RollCall) bool { return r.AiringID == a.ID && r.ClassID == c.ID }); i >= 0 {
				x.Call = &calls[i]
			}
			list.Airings = append(list.Airings, x)
		}
		out = append(out, list)
	}
	return out, nil
}

// RollSheet is what a class needs to call the roll for one airing.
type RollSheet struct {
	ClassAiring
	Class  school.Class
	Roster []school.Student // on the airing's day
	Ticked map[string]bool  // named last time, or checked in themselves
}

// RollSheetOf reads a class's roll sheet for an airing. Faults: "access.denied",
// "class.not_found", "airing.not_found".
func (s *Service) RollSheetOf(ctx context.Context, by people.Person, airingID, classID string) (RollSheet, error) {
	if s.cfg.Classes == nil {
		return RollSheet{}, fault.New(fault.NotFound, "class.not_found")
	}
	c, err := s.cfg.Classes.Class(ctx, classID)
	if err != nil {
		return RollSheet{}, err
	}
	if !people.May(by, people.RollCall, c.Object()) {
		return RollSheet{}, denied()
	}
	x := RollSheet{Class: c, Ticked: map[string]bool{}}
	if x.Airing, err = s.cfg.Schedule.Airing(ctx, airingID); err != nil {
		return x, err
	}
	facts, err := s.cfg.Facts.Facts(ctx, []string{x.Airing.LessonID}, playback.Scope{})
	if err != nil {
		return x, fmt.Errorf("airing %s: lesson: %w", airingID, err)
	}
	x.Lesson = facts[x.Airing.LessonID]
	if x.Roster, err = s.cfg.Classes.Roster(ctx, classID, s.localDay(x.Airing.StartsAt)); err != nil {
		return x, fmt.Errorf("class %s: roster: %w", classID, err)
	}
	calls, err := s.cfg.RollCalls.RollCalls(ctx, []string{airingID})
	if err != nil {
		return x, fmt.Errorf("airing %s: roll calls: %w", airingID, err)
	}
	for _, r := range CurrentRollCalls(calls) {
		if r.ClassID == classID {
			x.Call = &r
		}
	}
	names, err := s.cfg.RollCalls.Names(ctx, []string{airingID})
	if err != nil {
		return x, fmt.Errorf("airing %s: roll calls: %w", airingID, err)
	}
	for _, p := range names[airingID] {
		x.Ticked[p] = true
	}
	if s.cfg.CheckIns != nil {
		seen, err := s.cfg.CheckIns.Persons(ctx, []string{airingID})
		if err != nil {
			return x, fmt.Errorf("airing %s: check-ins: %w", airingID, err)
		}
		for p := range seen {
			x.Ticked[p] = true
		}
	}
	return x, nil
}
