package viewership

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// ByAll makes the table one row: a period's total, with its distinct viewers.
const ByAll = "all"

// Table is the department's view: the web's figures and television's, side by
// side. Faults: "access.denied", "viewership.unknown_group",
// "viewership.bad_period".
func (s *Service) Table(ctx context.Context, by people.Person, q Query) ([]Row, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, denied()
	}
	switch q.By {
	case "":
		q.By = ByLesson
	case ByLesson, ByDay, BySubject, ByGrade, BySchool, ByChannel, ByAll:
	default:
		return nil, fault.New(fault.Invalid, "viewership.unknown_group")
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return nil, fault.New(fault.Invalid, "viewership.bad_period")
	}
	t := table{rows: map[string]*Row{}, by: q.By, location: s.Location}
	scope := s.scope(q)
	if err := s.webRows(ctx, &t, scope); err != nil {
		return nil, fmt.Errorf("table by %s: %w", q.By, err)
	}
	if err := s.televisionRows(ctx, &t, q, scope); err != nil {
		return nil, fmt.Errorf("table by %s: %w", q.By, err)
	}
	if err := s.label(ctx, &t); err != nil {
		return nil, fmt.Errorf("table by %s: %w", q.By, err)
	}
	return t.sorted(q.Channel != ""), nil
}

func (s *Service) scope(q Query) Scope {
	scope := Scope{Lesson: q.Lesson, Subject: q.Subject, Grade: q.Grade, School: q.School}
	if !q.From.IsZero() {
		scope.From = s.day(q.From)
	}
	if !q.To.IsZero() {
		scope.To = s.day(q.To)
	}
	return scope
}

// table is a table that grows.
type table struct {
	rows     map[string]*Row
	by       string
	location *time.Location
	facts    map[string]LessonFacts
}

func (t *table) row(key string) *Row {
	r := t.rows[key]
	if r == nil {
		r = &Row{Key: key, Television: map[Grade]float64{}}
		t.rows[key] = r
	}
	return r
}

func (s *Service) webRows(ctx context.Context, t *table, scope Scope) error {
	by := t.by
	switch by {
	case ByChannel:
		return nil // a channel has no web figures
	case ByAll:
		by = byAll
	}
	sums, err := s.Reader.Grouped(ctx, by, scope)
	if err != nil {
		return err
	}
	for _, x := range sums {
		r := t.row(x.Key)
		r.WebViews, r.WebViewers, r.Completions, r.OfflineViews = x.Views, x.Viewers, x.Completions, x.OfflineViews
		r.WatchSeconds = float64(x.Watch) / 1000
	}
	return nil
}

// midnight is the beginning of a local day, or zero.
func (s *Service) midnight(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.In(s.Location).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, s.Location)
}

func (s *Service) televisionRows(ctx context.Context, t *table, q Query, scope Scope) error {
	airings, err := s.Schedule.Airings(ctx, schedule.Filter{
		Channel: q.Channel, Lesson: q.Lesson, From: s.midnight(q.From), To: s.midnight(q.To),
	})
	if err != nil {
		return err
	}
	if t.facts, err = s.Reader.Facts(ctx, nil, scope); err != nil {
		return err
	}
	airings = slices.DeleteFunc(airings, func(a schedule.Airing) bool { _, in := t.facts[a.LessonID]; return !in })
	list, err := s.withFigures(ctx, airings)
	if err != nil {
		return err
	}
	groups := map[string][]AiringFigures{}
	for _, a := range list {
		k := t.key(a)
		groups[k] = append(groups[k], a)
	}
	for k, as := range groups {
		r := t.row(k)
		for _, a := range as {
			switch {
			case a.Airing.Outcome == schedule.Planned:
				r.AiringsPlanned++
			case a.Airing.Outcome.Happened():
				r.Airings++
				if !a.known() {
					r.AiringsNoData++
				}
			}
		}
		r.Contacts = AddContacts(as)
		units := map[Grade]int{}
		for _, h := range r.Contacts {
			units[h.Grade]++
		}
		for _, h := range r.Contacts {
			if units[h.Grade] == 1 {
				r.Television[h.Grade] = h.Value
			}
		}
	}
	return nil
}

// key is the group that an airing belongs to.
func (t *table) key(a AiringFigures) string {
	f := t.facts[a.Airing.LessonID]
	switch t.by {
	case ByLesson:
		return a.Airing.LessonID
	case ByDay:
		return a.Airing.StartsAt.In(t.location).Format(day)
	case BySubject:
		return f.Subject
	case ByGrade:
		return strconv.Itoa(f.Grade)
	case BySchool:
		return f.School
	case ByChannel:
		return a.Airing.ChannelID
	}
	return ""
}

// label gives each row the words for its key.
func (s *Service) label(ctx context.Context, t *table) error {
	names := map[string]string{}
	switch t.by {
	case ByLesson, BySubject, BySchool:
		for _, f := range t.facts {
			switch t.by {
			case ByLesson:
				names[f.ID] = f.Title
			case BySubject:
				names[f.Subject] = f.SubjectName
			case BySchool:
				names[f.School] = f.SchoolName
			}
		}
	case ByChannel:
		channels, err := s.Schedule.Channels(ctx)
		if err != nil {
			return err
		}
		for _, c := range channels {
			names[c.ID] = c.Name
		}
	}
	for k, r := range t.rows {
		if r.Label = names[k]; r.Label == "" {
			r.Label = k
		}
	}
	return nil
}

// sorted gives the rows: days and grades in order, others by views. onAir
// keeps only rows with an airing.
func (t *table) sorted(onAir bool) []Row {
	out := make([]Row, 0, len(t.rows))
	for _, r := range t.rows {
		if onAir && r.Airings+r.AiringsPlanned == 0 {
			continue
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int {
		switch t.by {
		case ByDay:
			return cmp.Compare(a.Key, b.Key)
		case ByGrade:
			x, _ := strconv.Atoi(a.Key)
			y, _ := strconv.Atoi(b.Key)
			return cmp.Compare(x, y)
		}
		return cmp.Or(cmp.Compare(b.WebViews, a.WebViews), cmp.Compare(a.Label, b.Label), cmp.Compare(a.Key, b.Key))
	})
	return out
}
