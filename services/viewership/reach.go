package viewership

import (
	"context"
	"fmt"
	"maps"
	"time"

	"lenlop/services/people"
	"lenlop/services/schedule"
)

// ReachOf bounds how many different students of a roster (the grade's, person
// ids) a lesson reached. perHome is the stated number of viewers of a home; zero
// when nobody stated it.
func (s *Service) ReachOf(ctx context.Context, by people.Person, lessonID string, roster []string, perHome Range) (Reach, error) {
	if err := s.mayRead(ctx, by, lessonID); err != nil {
		return Reach{}, err
	}
	scope := Scope{Lesson: lessonID}
	airings, err := s.Schedule.Airings(ctx, schedule.Filter{Lesson: lessonID})
	if err != nil {
		return Reach{}, fmt.Errorf("lesson %s: airings: %w", lessonID, err)
	}
	list, err := s.withFigures(ctx, airings)
	if err != nil {
		return Reach{}, fmt.Errorf("lesson %s: %w", lessonID, err)
	}
	web, err := s.web(ctx, scope)
	if err != nil {
		return Reach{}, err
	}
	television, online, err := s.known(ctx, airings, scope)
	if err != nil {
		return Reach{}, fmt.Errorf("lesson %s: %w", lessonID, err)
	}
	known := Meet(among(roster, television), among(roster, online))
	return NetReach(int64(len(roster)), known, web.Viewers, list, perHome), nil
}

// among keeps those who are on a roster.
func among(roster []string, reached map[string]bool) map[string]bool {
	m := map[string]bool{}
	for _, p := range roster {
		if reached[p] {
			m[p] = true
		}
	}
	return m
}

// known gives the persons known by name of airings and of a scope's web views.
func (s *Service) known(ctx context.Context, airings []schedule.Airing, scope Scope) (television, web map[string]bool, err error) {
	if web, err = s.Reader.Persons(ctx, scope); err != nil {
		return nil, nil, fmt.Errorf("persons on the web: %w", err)
	}
	television = map[string]bool{}
	if s.CheckIns == nil {
		return television, web, nil
	}
	ids := make([]string, len(airings))
	for i, a := range airings {
		ids[i] = a.ID
	}
	if television, err = s.CheckIns.Persons(ctx, ids); err != nil {
		return nil, nil, fmt.Errorf("persons at the television: %w", err)
	}
	return television, web, nil
}

// Reached gives the persons known to have been reached, by television or the
// web, by a grade's lessons on the days from, to left out. Who may see names
// the caller asks the policy: a class's own teachers and its school's head.
func (s *Service) Reached(ctx context.Context, grade int, from, to time.Time) (map[string]bool, error) {
	scope := s.scope(Query{Grade: grade, From: from, To: to})
	airings, err := s.Schedule.Airings(ctx, schedule.Filter{From: s.midnight(from), To: s.midnight(to)})
	if err != nil {
		return nil, fmt.Errorf("airings: %w", err)
	}
	facts, err := s.Reader.Facts(ctx, nil, scope)
	if err != nil {
		return nil, fmt.Errorf("lessons: %w", err)
	}
	var ours []schedule.Airing
	for _, a := range airings {
		if _, in := facts[a.LessonID]; in {
			ours = append(ours, a)
		}
	}
	television, web, err := s.known(ctx, ours, scope)
	if err != nil {
		return nil, err
	}
	maps.Copy(web, television)
	return web, nil
}
