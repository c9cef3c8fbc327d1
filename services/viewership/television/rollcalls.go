package television

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

// RollCall is what one class reported of an airing: who watched, by name (grade
// A), or how many of those asked.
type RollCall struct {
	ID             string
	AiringID       string
	ClassID        string
	Asked, Watched int64
	Named          bool
	Names          []string // person ids of those who watched, when named; empty in lists
	By             string
	At             time.Time
	Replaces       string // id of the class's older one for the airing, or ""
}

// Draw is a random sample of classes to survey about an airing, with everything
// needed to reproduce it (class-draw/1).
type Draw struct {
	ID         string
	AiringID   string
	Seed       string
	Frame      int64  // how many classes there were to draw from
	FrameHash  string // of their ids
	Population int64  // students in them
	Classes    []string
	By         string
	At         time.Time
}

// FrameClass is a class that can be drawn.
type FrameClass struct {
	ID       string
	Students int64
}

// RollCallStore keeps roll calls and draws. A second roll call that replaces
// the same one is fault.Conflict "rollcall.changed"; a second draw of an airing
// "draw.already_drawn".
type RollCallStore interface {
	AddRollCall(ctx context.Context, r RollCall) error
	// RollCalls lists airings' roll calls without names, oldest first.
	RollCalls(ctx context.Context, airings []string) ([]RollCall, error)
	// Names gives the persons that current roll calls of airings name and who did
	// not check in themselves, by airing.
	Names(ctx context.Context, airings []string) (map[string][]string, error)
	AddDraw(ctx context.Context, d Draw) error
	Draws(ctx context.Context, airings []string) ([]Draw, error)
	// Frame lists the classes of a grade with students on a day.
	Frame(ctx context.Context, grade int, day string) ([]FrameClass, error)
	// PurgeNames removes names of roll calls before a moment, at most limit.
	PurgeNames(ctx context.Context, before time.Time, limit int) (int, error)
}

// ClassSurvey is what classes reported of one airing, together.
type ClassSurvey struct {
	Classes, Asked, Watched int64     // of the current roll calls
	Named                   int64     // grade A: named persons who did not check in themselves
	Draw                    *Draw     // nil: no classes were drawn
	Answered                int64     // of the drawn classes
	Estimate                *Estimate // grade C, once ten drawn classes have answered
}

// TakeRollCall records what a class reports of an airing; a later one corrects it.
// Faults: "access.denied", "airing.not_found", "class.not_found",
// "airing.not_started", "airing.did_not_happen", "rollcall.invalid" with fields.
func (s *Service) TakeRollCall(ctx context.Context, by people.Person, r RollCall) (RollCall, error) {
	c, err := s.cfg.Classes.Class(ctx, r.ClassID)
	if err != nil {
		return r, err
	}
	if !people.May(by, people.RollCall, c.Object()) {
		return r, denied()
	}
	a, err := s.cfg.Schedule.Airing(ctx, r.AiringID)
	if err != nil {
		return r, err
	}
	switch {
	case a.Outcome == schedule.Dropped:
		return r, fault.New(fault.Conflict, "airing.did_not_happen")
	case a.StartsAt.After(s.cfg.Now()):
		return r, fault.New(fault.Conflict, "airing.not_started")
	}
	if err := s.checkRollCall(ctx, &r, c, a); err != nil {
		return r, err
	}
	r.ID, r.By, r.At = s.cfg.NewID(), by.ID, s.cfg.Now()
	err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		old, err := s.cfg.RollCalls.RollCalls(ctx, []string{r.AiringID})
		if err != nil {
			return fmt.Errorf("airing %s: roll calls: %w", r.AiringID, err)
		}
		for _, o := range old {
			if o.ClassID == r.ClassID {
				r.Replaces = o.ID
			}
		}
		if err := s.cfg.RollCalls.AddRollCall(ctx, r); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx, audit.Entry{
			ID: s.cfg.NewID(), At: r.At, Actor: by.ID, Action: string(people.RollCall), Subject: "airing:" + r.AiringID,
			Detail: fmt.Sprintf("class %s: %d of %d, by name: %t", r.ClassID, r.Watched, r.Asked, r.Named),
		})
	})
	return r, err
}

// checkRollCall validates a roll call against the class's roster on the airing's day.
func (s *Service) checkRollCall(ctx context.Context, r *RollCall, c school.Class, a schedule.Airing) error {
	l, err := s.cfg.Lessons.Lesson(ctx, a.LessonID)
	if err != nil {
		return err
	}
	roster, err := s.cfg.Classes.Roster(ctx, c.ID, s.localDay(a.StartsAt))
	if err != nil {
		return fmt.Errorf("class %s: roster: %w", c.ID, err)
	}
	var bad []fault.Field
	if l.Grade != c.Grade {
		bad = append(bad, fault.Wrong("classId", "rollcall.other_grade", "grade", l.Grade))
	}
	if r.Named {
		slices.Sort(r.Names)
		r.Names = slices.Compact(r.Names)
		r.Asked, r.Watched = int64(len(roster)), int64(len(r.Names))
		for _, id := range r.Names {
			if !slices.ContainsFunc(roster, func(x school.Student) bool { return x.PersonID == id }) {
				bad = append(bad, fault.Wrong("names", "rollcall.not_in_class"))
				break
			}
		}
		return fault.Form("rollcall.invalid", bad...)
	}
	r.Names = nil
	switch {
	case r.Asked < 1:
		bad = append(bad, fault.Wrong("asked", "rollcall.nobody_asked"))
	case len(roster) > 0 && r.Asked > int64(len(roster)):
		bad = append(bad, fault.Wrong("asked", "rollcall.more_than_class", "n", len(roster)))
	case r.Asked > 100:
		bad = append(bad, fault.Wrong("asked", "rollcall.more_than_class", "n", 100))
	}
	if r.Watched < 0 || r.Watched > r.Asked {
		bad = append(bad, fault.Wrong("watched", "rollcall.more_than_asked"))
	}
	return fault.Form("rollcall.invalid", bad...)
}

// CurrentRollCalls keeps the newest of every airing and class.
func CurrentRollCalls(all []RollCall) []RollCall {
	replaced := map[string]bool{}
	for _, r := range all {
		replaced[r.Replaces] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(r RollCall) bool { return replaced[r.ID] })
}

// DrawFor draws n classes of the lesson's grade to survey about an airing. An
// airing has one draw: redrawing until the result suits would not be random.
// Faults: "access.denied", "airing.not_found", "draw.invalid" with fields,
// "draw.already_drawn".
func (s *Service) DrawFor(ctx context.Context, by people.Person, airingID string, n int) (Draw, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return Draw{}, denied()
	}
	a, err := s.cfg.Schedule.Airing(ctx, airingID)
	if err != nil {
		return Draw{}, err
	}
	l, err := s.cfg.Lessons.Lesson(ctx, a.LessonID)
	if err != nil {
		return Draw{}, err
	}
	frame, err := s.cfg.RollCalls.Frame(ctx, l.Grade, s.localDay(a.StartsAt))
	if err != nil {
		return Draw{}, fmt.Errorf("airing %s: classes: %w", airingID, err)
	}
	if n < minClasses {
		return Draw{}, fault.Form("draw.invalid", fault.Wrong("classes", "draw.too_few", "min", minClasses))
	}
	if len(frame) < minClasses {
		return Draw{}, fault.Form("draw.invalid",
			fault.Wrong("classes", "draw.small_frame", "n", len(frame), "min", minClasses))
	}
	var seed [16]byte
	rand.Read(seed[:]) // never fails since Go 1.24
	d := Draw{ID: s.cfg.NewID(), AiringID: airingID, Seed: hex.EncodeToString(seed[:]), Frame: int64(len(frame)),
		By: by.ID, At: s.cfg.Now()}
	ids := make([]string, len(frame))
	for i, c := range frame {
		ids[i] = c.ID
		d.Population += c.Students
	}
	d.FrameHash, d.Classes = FrameHash(ids), DrawClasses(d.Seed, ids, n)
	err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.cfg.RollCalls.AddDraw(ctx, d); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx,
			audit.Entry{ID: s.cfg.NewID(), At: d.At, Actor: by.ID, Action: string(people.ReadViewing),
				Subject: "airing:" + airingID,
				Detail:  fmt.Sprintf("%s: %d of %d classes, seed %s", DrawRule, len(d.Classes), d.Frame, d.Seed)})
	})
	return d, err
}

// surveys combines what classes reported of airings, by airing.
func (s *Service) surveys(ctx context.Context, airings []string) (map[string]ClassSurvey, error) {
	out := map[string]ClassSurvey{}
	if s.cfg.RollCalls == nil || len(airings) == 0 {
		return out, nil
	}
	all, err := s.cfg.RollCalls.RollCalls(ctx, airings)
	if err != nil {
		return nil, fmt.Errorf("roll calls: %w", err)
	}
	draws, err := s.cfg.RollCalls.Draws(ctx, airings)
	if err != nil {
		return nil, fmt.Errorf("draws: %w", err)
	}
	calls := map[string][]RollCall{}
	for _, r := range CurrentRollCalls(all) {
		calls[r.AiringID] = append(calls[r.AiringID], r)
		a := out[r.AiringID]
		a.Classes, a.Asked, a.Watched = a.Classes+1, a.Asked+r.Asked, a.Watched+r.Watched
		out[r.AiringID] = a
	}
	names, err := s.cfg.RollCalls.Names(ctx, airings)
	if err != nil {
		return nil, fmt.Errorf("roll calls: %w", err)
	}
	for id, list := range names {
		a := out[id]
		a.Named = int64(len(list))
		out[id] = a
	}
	for _, d := range draws {
		a := out[d.AiringID]
		a.Draw = &d
		var counts []ClassCount
		for _, r := range calls[d.AiringID] {
			if slices.Contains(d.Classes, r.ClassID) {
				counts = append(counts, ClassCount{r.Asked, r.Watched})
			}
		}
		a.Answered = int64(len(counts))
		if e := EstimateShare(counts, true, d.Population); e.Projected {
			a.Estimate = &e
		}
		out[d.AiringID] = a
	}
	return out, nil
}

// purgeStep bounds one transaction, so that other writers wait at most 50 ms for it.
const purgeStep = 500

// PurgeNames removes the names of roll calls of terms that ended over six months
// ago; their counts stay. It returns how many it removed; repeat it until that
// is 0.
func (s *Service) PurgeNames(ctx context.Context) (int, error) {
	if s.cfg.RollCalls == nil {
		return 0, nil
	}
	n, err := s.cfg.RollCalls.PurgeNames(ctx, playback.KeptFrom(s.cfg.Now().In(s.cfg.Location)), purgeStep)
	if err != nil {
		return n, fmt.Errorf("purge names of roll calls: %w", err)
	}
	return n, nil
}
