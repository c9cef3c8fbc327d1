package viewership

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// ReachOf bounds how many different students of a roster (the grade's, person
// ids) a lesson reached. perHome is the stated number of viewers of a home; zero
// when not stated.
func (s *Service) ReachOf(ctx context.Context, by people.Person, lessonID string, roster []string,
	perHome Range) (Reach, error) {
	if _, err := s.readableLesson(ctx, by, lessonID); err != nil {
		return Reach{}, err
	}
	scope := playback.Scope{Lesson: lessonID}
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{Lesson: lessonID})
	if err != nil {
		return Reach{}, fmt.Errorf("lesson %s: airings: %w", lessonID, err)
	}
	list, err := s.cfg.Television.AiringFigures(ctx, airings)
	if err != nil {
		return Reach{}, fmt.Errorf("lesson %s: %w", lessonID, err)
	}
	web, err := s.web(ctx, scope)
	if err != nil {
		return Reach{}, err
	}
	airings = slices.DeleteFunc(airings, func(a schedule.Airing) bool { return !a.Outcome.Happened() })
	television, online, err := s.knownPersons(ctx, airings, scope)
	if err != nil {
		return Reach{}, fmt.Errorf("lesson %s: %w", lessonID, err)
	}
	known := Overlap(intersect(roster, television), intersect(roster, online.Persons))
	return NetReach(int64(len(roster)), known, web.Viewers, list, perHome), nil
}

// intersect gives the reached persons who are on a roster.
func intersect(roster []string, reached map[string]bool) map[string]bool {
	m := map[string]bool{}
	for _, p := range roster {
		if reached[p] {
			m[p] = true
		}
	}
	return m
}

// lessonReach bounds a lesson's reach among the students of its grade, on the
// day of its last airing, or today.
func (s *Service) lessonReach(ctx context.Context, l lesson.Lesson, g Ledger, perHome Range) (*Reach,
	Identified, error) {
	var airings []schedule.Airing
	at := s.cfg.Now()
	for _, a := range g.Airings {
		if a.Airing.Outcome.Happened() {
			airings, at = append(airings, a.Airing), a.Airing.StartsAt
		}
	}
	television, web, err := s.knownPersons(ctx, airings, playback.Scope{Lesson: l.ID})
	if err != nil {
		return nil, Identified{}, err
	}
	all := Overlap(television, web.Persons)
	if s.cfg.Classes == nil {
		return nil, all, nil
	}
	r, err := s.among(ctx, school.Scope{Day: s.localDay(at), Grade: l.Grade}, television, web.Persons)
	if err != nil || r.population == 0 {
		return nil, all, err
	}
	reach := NetReach(r.population, r.known, g.Web.Viewers, g.Airings, perHome)
	return &reach, all, nil
}

// rostered counts the persons known by name on the rosters of a scope.
type rostered struct {
	population int64
	known      Identified
}

// among counts persons on a scope's rosters.
func (s *Service) among(ctx context.Context, o school.Scope, television, web map[string]bool) (rostered, error) {
	n, err := s.cfg.Classes.Population(ctx, o)
	if err != nil || n == 0 {
		return rostered{}, err
	}
	r := rostered{population: int64(n)}
	r.known, err = s.cfg.Reader.OnRosters(ctx, o, television, web)
	return r, err
}

// ReachQuery is for how many different students lessons reached on local days,
// To exclusive; a zero grade means all, an empty area the whole.
type ReachQuery struct {
	From, To time.Time
	Grade    int
	Area     string
	PerHome  Range
}

// ReachIn bounds the reach of a period's lessons among the students of a grade
// and area. What is not known by area (the web's devices and television's
// audiences) counts fully in the upper bound. Without rosters:
// fault.NotFound "reach.no_rosters".
func (s *Service) ReachIn(ctx context.Context, by people.Person, q ReachQuery) (Reach, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return Reach{}, denied()
	}
	if s.cfg.Classes == nil {
		return Reach{}, fault.New(fault.NotFound, "reach.no_rosters")
	}
	scope := s.scope(Query{Grade: q.Grade, From: q.From, To: q.To})
	list, err := s.onAir(ctx, scope, q.From, q.To)
	if err != nil {
		return Reach{}, fmt.Errorf("reach: %w", err)
	}
	last := s.cfg.Now()
	if !q.To.IsZero() && q.To.Before(last) {
		last = q.To.AddDate(0, 0, -1)
	}
	var airings []schedule.Airing
	for _, a := range list {
		if a.Airing.Outcome.Happened() {
			airings = append(airings, a.Airing)
		}
	}
	television, web, err := s.knownPersons(ctx, airings, scope)
	if err != nil {
		return Reach{}, fmt.Errorf("reach: %w", err)
	}
	r, err := s.among(ctx, school.Scope{Day: s.localDay(last), Grade: q.Grade, Area: q.Area}, television, web.Persons)
	if err != nil {
		return Reach{}, fmt.Errorf("reach: %w", err)
	}
	if r.population == 0 {
		return Reach{}, fault.New(fault.NotFound, "reach.no_rosters")
	}
	out := NetReach(r.population, r.known, web.Viewers, list, q.PerHome)
	if q.Area != "" {
		out.Conceal()
	}
	return out, nil
}

// onAir gives the airings of a scope's lessons in a period, with figures.
func (s *Service) onAir(ctx context.Context, scope playback.Scope, from,
	to time.Time) ([]television.AiringFigures, error) {
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{From: s.midnight(from), To: s.midnight(to)})
	if err != nil {
		return nil, fmt.Errorf("airings: %w", err)
	}
	facts, err := s.cfg.Reader.Facts(ctx, nil, scope)
	if err != nil {
		return nil, fmt.Errorf("lessons: %w", err)
	}
	airings = slices.DeleteFunc(airings, func(a schedule.Airing) bool { _, in := facts[a.LessonID]; return !in })
	return s.cfg.Television.AiringFigures(ctx, airings)
}

// knownPersons gives the persons known by name of airings and of a scope's web
// views.
func (s *Service) knownPersons(ctx context.Context, airings []schedule.Airing,
	scope playback.Scope) (onTelevision map[string]bool, web Audience, err error) {
	if web, err = s.cfg.Reader.Audience(ctx, scope); err != nil {
		return nil, web, fmt.Errorf("persons on the web: %w", err)
	}
	ids := make([]string, len(airings))
	for i, a := range airings {
		ids[i] = a.ID
	}
	if onTelevision, err = s.cfg.Television.NamedPersons(ctx, ids); err != nil {
		return nil, web, fmt.Errorf("persons at the television: %w", err)
	}
	return onTelevision, web, nil
}

// Reached gives the persons known to have been reached, by television or the
// web, by a grade's lessons on the days from, to exclusive. The caller must check
// who may see names: a class's own teachers and its school's head.
func (s *Service) Reached(ctx context.Context, grade int, from, to time.Time) (map[string]bool, error) {
	return s.reached(ctx, s.scope(Query{Grade: grade, From: from, To: to}), from, to)
}

func (s *Service) reached(ctx context.Context, scope playback.Scope, from, to time.Time) (map[string]bool, error) {
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{From: s.midnight(from), To: s.midnight(to)})
	if err != nil {
		return nil, fmt.Errorf("airings: %w", err)
	}
	facts, err := s.cfg.Reader.Facts(ctx, nil, scope)
	if err != nil {
		return nil, fmt.Errorf("lessons: %w", err)
	}
	var ours []schedule.Airing
	for _, a := range airings {
		if _, in := facts[a.LessonID]; in && a.Outcome.Happened() {
			ours = append(ours, a)
		}
	}
	television, web, err := s.knownPersons(ctx, ours, scope)
	if err != nil {
		return nil, err
	}
	maps.Copy(web.Persons, television)
	return web.Persons, nil
}

// ClassReach is a class's roster and its students who have not been reached.
type ClassReach struct {
	Class     school.Class
	Students  int
	Unreached []school.Student // in the roster's order
}

// Unreached lists the students of a class whom no lesson of their grade is
// known to have reached on the days from, to exclusive, neither by television
// nor by the web. Names are for the class's own teachers and its school's
// head. Faults: "access.denied", "class.not_found", "viewership.bad_period".
func (s *Service) Unreached(ctx context.Context, by people.Person, classID string, from,
	to time.Time) (ClassReach, error) {
	if s.cfg.Classes == nil {
		return ClassReach{}, fault.New(fault.NotFound, "class.not_found")
	}
	c, err := s.cfg.Classes.Class(ctx, classID)
	if err != nil {
		return ClassReach{}, err
	}
	if !people.May(by, people.ReadUnreached, c.Object()) {
		return ClassReach{}, denied()
	}
	if badPeriod(from, to) {
		return ClassReach{}, fault.New(fault.Invalid, "viewership.bad_period")
	}
	last := s.cfg.Now()
	if !to.IsZero() && to.Before(last) {
		last = to.AddDate(0, 0, -1)
	}
	roster, err := s.cfg.Classes.Roster(ctx, classID, s.localDay(last))
	if err != nil {
		return ClassReach{}, fmt.Errorf("class %s: roster: %w", classID, err)
	}
	scope := s.scope(Query{Grade: c.Grade, From: from, To: to})
	scope.Among = make([]string, len(roster))
	for i, x := range roster {
		scope.Among[i] = x.PersonID
	}
	reached, err := s.reached(ctx, scope, from, to)
	if err != nil {
		return ClassReach{}, fmt.Errorf("class %s: %w", classID, err)
	}
	r := ClassReach{Class: c, Students: len(roster)}
	for _, x := range roster {
		if !reached[x.PersonID] {
			r.Unreached = append(r.Unreached, x)
		}
	}
	return r, nil
}
