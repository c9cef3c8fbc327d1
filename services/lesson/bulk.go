package lesson

import (
	"context"

	"lenlop/services/fault"
	"lenlop/services/people"
)

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
			return out, err // unexpected error: abort the batch
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
