package schedule

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/spreadsheet"
)

// Service plans airings and takes as-run reports.
type Service struct {
	Store   Store
	Lessons interface {
		Lesson(ctx context.Context, id string) (lesson.Lesson, error)
	}
	// LessonsByID reads those that exist, in no order, in one query. WriteXMLTV needs it.
	LessonsByID func(ctx context.Context, ids []string) ([]lesson.Lesson, error)
	Atomic      job.Atomic
	Audit       audit.Log
	Now         func() time.Time
	NewID       func() string
	// OnAsRun, when set, is told of a new as-run inside its transaction
	// (viewership judges check-ins by it).
	OnAsRun func(ctx context.Context, a Airing) error
	// Logs keeps imported as-run logs, Staged what they say, and Sheets reads CSV
	// and XLSX files; all may be nil where no logs are imported.
	Logs      LogStore
	Staged    StagedReports
	WeekRules RuleStore // may be nil where nobody asks CheckWeek
	// Taught lists the grades and subjects that the weekly rule for all is
	// about; may be nil.
	Taught func(ctx context.Context) ([]Slots, error)
	Copies Copies // may be nil where there are no broadcast copies
	// Programmes keeps other channels' guides; may be nil where none are imported.
	Programmes ProgrammeStore
	// Published lists the lessons that other channels' programmes may be, and
	// Fold makes words comparable (catalog.Fold); both may be nil.
	Published func(ctx context.Context) ([]lesson.Lesson, error)
	Fold      func(string) string
	Sheets    func(ctx context.Context, filename string, data []byte) ([]spreadsheet.Sheet, error)
}

// Longest and shortest airing that is believed.
const (
	MinAiring = time.Minute
	MaxAiring = 6 * time.Hour
)

// SaveChannel makes (empty ID) or changes a channel.
func (s *Service) SaveChannel(ctx context.Context, by people.Person, c Channel) (Channel, error) {
	if !people.May(by, people.EditChannel, people.Object{}) {
		return c, denied()
	}
	c.Name = strings.Join(strings.Fields(c.Name), " ")
	if c.Timezone == "" {
		c.Timezone = "Asia/Ho_Chi_Minh"
	}
	var bad []fault.Field
	if n := utf8.RuneCountInString(c.Name); n == 0 {
		bad = append(bad, fault.Wrong("name", "field.required"))
	} else if n > 100 {
		bad = append(bad, fault.Wrong("name", "field.too_long", "max", 100))
	} else if !people.Legible(c.Name) {
		bad = append(bad, fault.Wrong("name", "field.bad_text"))
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		bad = append(bad, fault.Wrong("timezone", "channel.unknown_timezone"))
	}
	if err := fault.Form("channel.invalid", bad...); err != nil {
		return c, err
	}
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if c.ID == "" {
			c.ID, c.CreatedAt = s.NewID(), s.Now()
		} else {
			old, err := s.Store.LockChannel(ctx, c.ID)
			if err != nil {
				return err
			}
			c.CreatedAt = old.CreatedAt
		}
		if err := s.Store.SaveChannel(ctx, c); err != nil {
			return err
		}
		return s.log(ctx, by, people.EditChannel, "channel:"+c.ID, c.Name)
	})
	return c, err
}

// Save plans (empty ID) or changes an airing. fault.Conflict "airing.clash"
// names the airing that is in the way (args "airing", "lesson", "startsAt",
// "endsAt"); "airing.copy_too_near" one of the same copy, whose check-in codes
// nobody could tell apart.
func (s *Service) Save(ctx context.Context, by people.Person, a Airing) (Airing, error) {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return a, denied()
	}
	if err := s.check(a); err != nil {
		return a, err
	}
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) (err error) {
		a, err = s.save(ctx, by, a)
		return err
	})
	return a, err
}

// save is Save's part inside a transaction.
func (s *Service) save(ctx context.Context, by people.Person, a Airing) (Airing, error) {
	if _, err := s.Store.LockChannel(ctx, a.ChannelID); err != nil {
		return a, err
	}
	l, err := s.Lessons.Lesson(ctx, a.LessonID)
	if err != nil {
		return a, err
	}
	if !l.DeletedAt.IsZero() || l.Status != lesson.Published && l.Media.State != lesson.Ready {
		return a, fault.New(fault.Conflict, "airing.lesson_not_ready")
	}
	var old Airing
	if a.ID == "" {
		a.ID, a.CreatedAt, a.CreatedBy, a.Outcome = s.NewID(), s.Now(), by.ID, Planned
	} else {
		if old, err = s.Store.Airing(ctx, a.ID); err != nil {
			return a, err
		}
		if old.Outcome != Planned {
			return a, fault.New(fault.Conflict, "airing.already_reported")
		}
		a.CreatedAt, a.CreatedBy, a.Outcome, a.RepeatOf = old.CreatedAt, old.CreatedBy, Planned, old.RepeatOf
		if a.LessonID != old.LessonID || a.ChannelID != old.ChannelID {
			if err := s.free(ctx, a.ID); err != nil {
				return a, err
			}
			a.RepeatOf = "" // it repeats nothing any more
			if err := s.orphan(ctx, old); err != nil {
				return a, err
			}
		}
	}
	near, err := s.Store.Airings(ctx, Filter{Channel: a.ChannelID, From: a.StartsAt.Add(-MaxAiring), To: a.EndsAt})
	if err != nil {
		return a, err
	}
	if other, clash := Clash(a, near); clash {
		title := ""
		if l, err := s.Lessons.Lesson(ctx, other.LessonID); err == nil {
			title = l.Title
		}
		return a, fault.New(fault.Conflict, "airing.clash", "airing", other.ID, "lesson", title,
			"startsAt", other.StartsAt, "endsAt", other.EndsAt)
	}
	if a, err = s.withCopy(ctx, a, old); err != nil {
		return a, err
	}
	if err := s.Store.SaveAiring(ctx, a); err != nil {
		return a, err
	}
	return a, s.log(ctx, by, people.EditSchedule, "airing:"+a.ID, a.StartsAt.Format(time.RFC3339))
}

// Clash finds the first airing that overlaps a's time on a's channel. Dropped
// and moved airings have given their slot back. Touching ends are no clash.
func Clash(a Airing, others []Airing) (Airing, bool) {
	for _, o := range others {
		if o.ID == a.ID || o.ChannelID != a.ChannelID || o.Outcome == Dropped || o.Outcome == Moved {
			continue
		}
		if a.StartsAt.Before(o.EndsAt) && o.StartsAt.Before(a.EndsAt) {
			return o, true
		}
	}
	return Airing{}, false
}

// free is fault.Conflict "airing.has_figures" when something was handed in for
// an airing already: it would be lost, or counted for another lesson.
func (s *Service) free(ctx context.Context, id string) error {
	held, err := s.Store.Held(ctx, id)
	if err != nil {
		return fmt.Errorf("airing %s: %w", id, err)
	}
	if held {
		return fault.New(fault.Conflict, "airing.has_figures")
	}
	return nil
}

// Remove takes a planned airing off the schedule. An airing that holds figures
// stays (fault.Conflict "airing.has_figures"): as-run says that it was dropped.
func (s *Service) Remove(ctx context.Context, by people.Person, id string) error {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return denied()
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		a, err := s.Store.Airing(ctx, id)
		if err != nil {
			return err
		}
		if a.Outcome != Planned {
			return fault.New(fault.Conflict, "airing.already_reported")
		}
		if err := s.free(ctx, id); err != nil {
			return err
		}
		if err := s.orphan(ctx, a); err != nil {
			return err
		}
		if err := s.Store.DeleteAiring(ctx, id); err != nil {
			return err
		}
		return s.log(ctx, by, people.EditSchedule, "airing:"+id, "removed")
	})
}

// Report stores as-run: what happened to an airing. It may be corrected by
// reporting again; the audit keeps each.
func (s *Service) Report(ctx context.Context, by people.Person, id string, r AsRun) (Airing, error) {
	if !people.May(by, people.ReportAsRun, people.Object{}) {
		return Airing{}, denied()
	}
	var a Airing
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if a, err = s.Store.Airing(ctx, id); err != nil {
			return err
		}
		if _, err = s.Store.LockChannel(ctx, a.ChannelID); err != nil {
			return err
		}
		if a, err = a.Reported(r, s.Now()); err != nil {
			return err
		}
		a.ReportedBy = by.ID
		if err := s.Store.SaveAiring(ctx, a); err != nil {
			return err
		}
		if s.OnAsRun != nil {
			if err := s.OnAsRun(ctx, a); err != nil {
				return err
			}
		}
		return s.log(ctx, by, people.ReportAsRun, "airing:"+id, string(a.Outcome))
	})
	return a, err
}

// Reported applies an as-run report at now. Faults: "airing.not_started" for a
// future airing said to have happened, "airing.invalid" with fields.
func (a Airing) Reported(r AsRun, now time.Time) (Airing, error) {
	var bad []fault.Field
	switch r.Outcome {
	case Aired, Partial, Moved:
		if r.StartedAt.IsZero() && r.Outcome != Aired {
			bad = append(bad, fault.Wrong("startedAt", "field.required"))
		}
		if r.EndedAt.IsZero() && r.Outcome != Aired {
			bad = append(bad, fault.Wrong("endedAt", "field.required"))
		}
		if r.StartedAt.IsZero() {
			r.StartedAt = a.StartsAt
		}
		if r.EndedAt.IsZero() {
			r.EndedAt = a.EndsAt
		}
		if len(bad) == 0 && !r.EndedAt.After(r.StartedAt) {
			bad = append(bad, fault.Wrong("endedAt", "airing.ends_before_start"))
		}
		if len(bad) == 0 && r.StartedAt.After(now) {
			return a, fault.New(fault.Conflict, "airing.not_started")
		}
	case Dropped:
		r.StartedAt, r.EndedAt = time.Time{}, time.Time{}
	default:
		bad = append(bad, fault.Wrong("outcome", "airing.unknown_outcome"))
	}
	if utf8.RuneCountInString(r.Note) > 1000 {
		bad = append(bad, fault.Wrong("note", "field.too_long", "max", 1000))
	} else if !people.Legible(r.Note) {
		bad = append(bad, fault.Wrong("note", "field.bad_text"))
	}
	if err := fault.Form("airing.invalid", bad...); err != nil {
		return a, err
	}
	a.Outcome, a.StartedAt, a.EndedAt, a.Note, a.ReportedAt = r.Outcome, r.StartedAt, r.EndedAt, r.Note, now
	return a, nil
}

func (s *Service) check(a Airing) error {
	var bad []fault.Field
	if a.LessonID == "" {
		bad = append(bad, fault.Wrong("lessonId", "field.required"))
	}
	if a.ChannelID == "" {
		bad = append(bad, fault.Wrong("channelId", "field.required"))
	}
	if a.StartsAt.IsZero() {
		bad = append(bad, fault.Wrong("startsAt", "field.required"))
	}
	d := a.EndsAt.Sub(a.StartsAt)
	switch {
	case a.EndsAt.IsZero():
		bad = append(bad, fault.Wrong("endsAt", "field.required"))
	case d <= 0:
		bad = append(bad, fault.Wrong("endsAt", "airing.ends_before_start"))
	case d < MinAiring || d > MaxAiring:
		bad = append(bad, fault.Wrong("endsAt", "airing.bad_length"))
	}
	if utf8.RuneCountInString(a.HouseNumber) > 64 {
		bad = append(bad, fault.Wrong("houseNumber", "field.too_long", "max", 64))
	}
	return fault.Form("airing.invalid", bad...)
}

func (s *Service) log(ctx context.Context, by people.Person, a people.Action, subject, detail string) error {
	return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(a),
		Subject: subject, Detail: detail})
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
