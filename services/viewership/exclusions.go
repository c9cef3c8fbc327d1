package viewership

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/viewership/playback"
)

// ExclusionReasons are the reasons in the order in which they are shown.
var ExclusionReasons = []string{
	playback.FlaggedViewer, playback.OwnTeacher, playback.Unpublished, playback.Robot, playback.FasterThanTime,
}

// LessonExclusions are a lesson's sessions that are excluded from the counts.
type LessonExclusions struct {
	playback.LessonFacts
	Sessions int64
	Reasons  map[string]int64
}

// Exclusions are the sessions that a period's counts exclude: by lesson, most
// first, and in total by reason.
type Exclusions struct {
	Lessons  []LessonExclusions
	Reasons  map[string]int64
	Sessions int64
}

// ExclusionReport lists what the counts of a period exclude, and why. Only the
// period, subject and grade of q are used: sessions of one school may be those
// of a few persons. Faults: "access.denied", "viewership.bad_period".
func (s *Service) ExclusionReport(ctx context.Context, by people.Person, q Query) (Exclusions, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return Exclusions{}, denied()
	}
	if q.badPeriod() {
		return Exclusions{}, fault.New(fault.Invalid, "viewership.bad_period")
	}
	scope := s.scope(Query{From: q.From, To: q.To, Subject: q.Subject, Grade: q.Grade})
	rows, err := s.cfg.Reader.Exclusions(ctx, scope)
	if err != nil {
		return Exclusions{}, fmt.Errorf("exclusions: %w", err)
	}
	lessons := map[string]*LessonExclusions{}
	ids := []string{}
	for _, r := range rows {
		if lessons[r.LessonID] == nil {
			lessons[r.LessonID] = &LessonExclusions{Reasons: map[string]int64{}}
			ids = append(ids, r.LessonID)
		}
		lessons[r.LessonID].Reasons[r.Reason] += r.Sessions
		lessons[r.LessonID].Sessions += r.Sessions
	}
	facts, err := s.cfg.Reader.Facts(ctx, ids, playback.Scope{})
	if err != nil {
		return Exclusions{}, fmt.Errorf("exclusions: %w", err)
	}
	out := Exclusions{Reasons: byReason(rows)}
	for id, l := range lessons {
		if l.LessonFacts = facts[id]; l.ID == "" {
			l.ID, l.Title = id, id
		}
		out.Sessions += l.Sessions
		out.Lessons = append(out.Lessons, *l)
	}
	slices.SortFunc(out.Lessons, func(a, b LessonExclusions) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// byReason adds sessions by reason; a reason without any has no entry.
func byReason(rows []playback.ExclusionTotal) map[string]int64 {
	m := map[string]int64{}
	for _, r := range rows {
		if m[r.Reason] += r.Sessions; m[r.Reason] == 0 {
			delete(m, r.Reason)
		}
	}
	return m
}
