package viewership

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// LeftOutReasons are the reasons in the order they are shown.
var LeftOutReasons = []string{FlaggedViewer, OwnTeacher, Unpublished, Robot, FasterThanTime}

// LeftLesson is what of a lesson was left out of the counts, in sessions.
type LeftLesson struct {
	LessonFacts
	Sessions int64
	Reasons  map[string]int64
}

// LeftOut is what a period's counts leave out: by lesson, most first, and
// altogether by reason.
type LeftOut struct {
	Lessons  []LeftLesson
	Reasons  map[string]int64
	Sessions int64
}

// LeftOutIn tells what the counts of a period leave out, and why. Only the
// period, subject and grade of q are looked at: sessions of one school may be
// those of a few persons. Faults: "access.denied", "viewership.bad_period".
func (s *Service) LeftOutIn(ctx context.Context, by people.Person, q Query) (LeftOut, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return LeftOut{}, denied()
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return LeftOut{}, fault.New(fault.Invalid, "viewership.bad_period")
	}
	scope := s.scope(Query{From: q.From, To: q.To, Subject: q.Subject, Grade: q.Grade})
	rows, err := s.Reader.LeftOut(ctx, scope)
	if err != nil {
		return LeftOut{}, fmt.Errorf("left out: %w", err)
	}
	lessons := map[string]*LeftLesson{}
	ids := []string{}
	for _, r := range rows {
		if lessons[r.LessonID] == nil {
			lessons[r.LessonID] = &LeftLesson{Reasons: map[string]int64{}}
			ids = append(ids, r.LessonID)
		}
		lessons[r.LessonID].Reasons[r.Reason] += r.Sessions
		lessons[r.LessonID].Sessions += r.Sessions
	}
	facts, err := s.Reader.Facts(ctx, ids, Scope{})
	if err != nil {
		return LeftOut{}, fmt.Errorf("left out: %w", err)
	}
	out := LeftOut{Reasons: byReason(rows)}
	for id, l := range lessons {
		if l.LessonFacts = facts[id]; l.ID == "" {
			l.ID, l.Title = id, id
		}
		out.Sessions += l.Sessions
		out.Lessons = append(out.Lessons, *l)
	}
	slices.SortFunc(out.Lessons, func(a, b LeftLesson) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// byReason adds sessions up by reason; a reason without any is left out.
func byReason(rows []LeftTotal) map[string]int64 {
	m := map[string]int64{}
	for _, r := range rows {
		if m[r.Reason] += r.Sessions; m[r.Reason] == 0 {
			delete(m, r.Reason)
		}
	}
	return m
}
