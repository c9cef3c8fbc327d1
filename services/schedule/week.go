package schedule

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// RuleStore keeps the weekly rules.
type RuleStore interface {
	Rules(ctx context.Context) ([]Slots, error)
	// SaveRules replaces all of them.
	SaveRules(ctx context.Context, rules []Slots) error
}

// maxSlots a week that anybody asks for.
const maxSlots = 50

// SetRules replaces the weekly rules. Faults: "access.denied", "schedule.bad_rules".
func (s *Service) SetRules(ctx context.Context, by people.Person, rules []Slots) error {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return denied()
	}
	seen := map[string]bool{}
	for i, r := range rules {
		k := strconv.Itoa(r.Grade) + r.Subject
		one := r.Grade >= 1 && r.Grade <= 12 && r.Subject != ""
		if !one && !r.forAll() || r.AtLeast < least(r, rules) || r.AtLeast > maxSlots || seen[k] {
			return fault.Form("schedule.bad_rules", fault.Wrong("rules["+strconv.Itoa(i)+"]", "field.out_of_range",
				"min", least(r, rules), "max", maxSlots))
		}
		seen[k] = true
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.WeekRules.SaveRules(ctx, rules); err != nil {
			return fmt.Errorf("weekly rules: %w", err)
		}
		return s.log(ctx, by, people.EditSchedule, "schedule:rules", fmt.Sprintf("%d rules", len(rules)))
	})
}

// least that a rule may ask for: none only where there is a rule for all.
func least(r Slots, rules []Slots) int {
	if !r.forAll() && slices.ContainsFunc(rules, Slots.forAll) {
		return 0
	}
	return 1
}

// CheckWeek lists the rules that our channels' plan breaks in the seven days
// from monday. Dropped airings do not count.
func (s *Service) CheckWeek(ctx context.Context, by people.Person, monday time.Time) ([]Shortfall, error) {
	if !people.May(by, people.ReadSchedule, people.Object{}) {
		return nil, denied()
	}
	rules, err := s.WeekRules.Rules(ctx)
	if err != nil {
		return nil, fmt.Errorf("weekly rules: %w", err)
	}
	channels, err := s.Store.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	airings, err := s.Store.Airings(ctx, Filter{From: monday, To: monday.AddDate(0, 0, 7)})
	if err != nil {
		return nil, fmt.Errorf("airings: %w", err)
	}
	lessons := map[string]lesson.Lesson{}
	var week []Slot
	for _, a := range airings {
		own := slices.ContainsFunc(channels, func(c Channel) bool { return c.ID == a.ChannelID && c.Own })
		if !own || a.Outcome == Dropped {
			continue
		}
		l, ok := lessons[a.LessonID]
		if !ok {
			if l, err = s.Lessons.Lesson(ctx, a.LessonID); err != nil {
				return nil, fmt.Errorf("airing %s: %w", a.ID, err)
			}
			lessons[a.LessonID] = l
		}
		week = append(week, Slot{l.ID, l.Grade, l.Subject})
	}
	var taught []Slots
	if s.Taught != nil {
		if taught, err = s.Taught(ctx); err != nil {
			return nil, fmt.Errorf("subjects: %w", err)
		}
	}
	return Broken(Spread(rules, taught), week), nil
}
