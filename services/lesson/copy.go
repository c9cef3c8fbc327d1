package lesson

import (
	"context"
	"fmt"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Copy makes drafts with the text of a lesson, one for each of the weeks; none
// means one, of the same week. Worksheets follow (Worksheets); the recording is
// asked for anew, because whatever is stored of a lesson belongs to it alone
// and goes with it. Faults: "access.denied", "lesson.invalid" with "weeks".
func (s *Service) Copy(ctx context.Context, by people.Person, id string, weeks []int) ([]Lesson, error) {
	from, err := s.allowed(ctx, by, people.EditLesson, id, s.Store.Lesson)
	if err != nil {
		return nil, err
	}
	if from.Media.State == Erased {
		return nil, fault.New(fault.Gone, "lesson.erased")
	}
	if len(weeks) == 0 {
		weeks = []int{from.Week}
	}
	slices.Sort(weeks)
	weeks = slices.Compact(weeks)
	for _, w := range weeks {
		if w != from.Week && (w < school.MinWeek || w > school.MaxWeek) {
			return nil, fault.Form("lesson.invalid", fault.Wrong("weeks", "field.out_of_range", "min", school.MinWeek, "max", school.MaxWeek))
		}
	}
	now := s.Now()
	var made []Lesson
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		for _, w := range weeks {
			l := Lesson{
				ID: s.NewID(), Title: from.Title, Description: from.Description, Subject: from.Subject, Grade: from.Grade, Week: w, Language: from.Language,
				TeacherID: from.TeacherID, UploaderID: from.UploaderID, SchoolID: from.SchoolID, Status: Draft, Media: Media{State: None},
				CreatedAt: now, UpdatedAt: now,
			}
			if err := s.Store.Save(ctx, l); err != nil {
				return err
			}
			if err := s.remember(ctx, by.ID, Lesson{}, l); err != nil {
				return err
			}
			if err := s.log(ctx, by, people.CreateLesson, l, "copy of "+from.ID); err != nil {
				return err
			}
			made = append(made, l)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.Worksheets == nil {
		return made, nil
	}
	// Objects are no part of a transaction: a copy whose worksheets did not
	// come along is a draft like any other, and its teacher is told.
	for _, l := range made {
		if err := s.Worksheets.CopyTo(ctx, by, from.ID, l.ID); err != nil {
			return made, fmt.Errorf("worksheets of lesson %s: %w", from.ID, err)
		}
	}
	return made, nil
}

// Doing is what many lessons are to undergo at once.
type Doing string

// What can be done to many lessons at once.
const (
	DoEdit   Doing = "edit"
	DoSubmit Doing = "submit"
	DoBin    Doing = "bin"
)

// MostAtOnce is how many lessons one bulk change takes.
const MostAtOnce = 200

// Outcome is what became of one of many lessons.
type Outcome struct {
	ID    string
	Title string // "" when the lesson may not be read
	Err   error  // nil: done
}

// Bulk does one thing to each of many lessons, each by itself: one that fails
// does not keep the others. The text's title and description are not changed
// this way. Faults: "lesson.invalid" with "lesson" or "do".
func (s *Service) Bulk(ctx context.Context, by people.Person, ids []string, do Doing, t Text) ([]Outcome, error) {
	switch {
	case len(ids) == 0:
		return nil, fault.Form("lesson.invalid", fault.Wrong("lesson", "lesson.none_chosen"))
	case len(ids) > MostAtOnce:
		return nil, fault.Form("lesson.invalid", fault.Wrong("lesson", "lesson.too_many_chosen", "max", MostAtOnce))
	}
	t.Title, t.Description = nil, nil
	var step func(id string) (Lesson, error)
	switch do {
	case DoEdit:
		if t == (Text{}) {
			return nil, fault.Form("lesson.invalid", fault.Wrong("do", "lesson.nothing_to_change"))
		}
		step = func(id string) (Lesson, error) { return s.Edit(ctx, by, id, t) }
	case DoSubmit:
		step = func(id string) (Lesson, error) { return s.Submit(ctx, by, id) }
	case DoBin:
		step = func(id string) (Lesson, error) { return s.Bin(ctx, by, id) }
	default:
		return nil, fault.Form("lesson.invalid", fault.Wrong("do", "field.required"))
	}
	seen := map[string]bool{}
	var out []Outcome
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		l, err := step(id)
		if fault.As(err) == nil && err != nil {
			return out, err // a stranger's error: the house is ill, not the lesson
		}
		if err != nil {
			if l, _ = s.allowed(ctx, by, people.ReadLesson, id, s.Store.Lesson); l.ID == "" {
				l.ID = id
			}
		}
		out = append(out, Outcome{ID: id, Title: l.Title, Err: err})
	}
	return out, nil
}
