package television

import (
	"context"
	"fmt"
	"math"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/spreadsheet"
	"lenlop/services/viewership/playback"
)

// Config is what the service needs; every field without a note is required.
type Config struct {
	Figures   FigureStore
	Imports   ImportStore
	Staged    StagedFigures
	CheckIns  CheckInStore  // nil: no codes are accepted
	RollCalls RollCallStore // nil: no roll calls; else Classes, Lessons and Facts are required
	Classes   Classes
	Lessons   Lessons
	Facts     Facts
	Viewers   ViewerLocks // required with CheckIns
	Schedule  Schedule
	// Sheets reads a CSV or XLSX file into rows of cells as text; numbers and
	// dates of a spreadsheet come as it stores them.
	Sheets   func(ctx context.Context, filename string, data []byte) ([]spreadsheet.Sheet, error)
	Location *time.Location // whose days are counted
	Now      func() time.Time
	NewID    func() string
	Atomic   job.Atomic
	Audit    audit.Log
	Limits   *limit.Counter // of wrong codes; nil: counted by this process only
}

// Classes reads classes and their rosters.
type Classes interface {
	Class(ctx context.Context, id string) (school.Class, error)
	ClassesOfTeacher(ctx context.Context, teacherID string) ([]school.Class, error)
	Roster(ctx context.Context, classID, day string) ([]school.Student, error)
}

// Lessons reads lessons.
type Lessons interface {
	Lesson(ctx context.Context, id string) (lesson.Lesson, error)
}

// Facts reads what labels need to know of lessons.
type Facts interface {
	Facts(ctx context.Context, ids []string, s playback.Scope) (map[string]playback.LessonFacts, error)
}

// ViewerLocks keeps others from changing viewers' rows until the transaction in
// ctx ends.
type ViewerLocks interface {
	LockViewers(ctx context.Context, viewers []string) error
}

// Schedule reads channels and airings.
type Schedule interface {
	Airing(ctx context.Context, id string) (schedule.Airing, error)
	Airings(ctx context.Context, f schedule.Filter) ([]schedule.Airing, error)
	Channels(ctx context.Context) ([]schedule.Channel, error)
	LockChannel(ctx context.Context, id string) (schedule.Channel, error)
	// Revision changes whenever the channel's airings or figures do; "" means
	// all channels.
	Revision(ctx context.Context, channelID string) (int64, error)
}

func (c Config) check() error {
	for _, x := range []struct {
		name    string
		present bool
	}{
		{"Figures", c.Figures != nil}, {"Imports", c.Imports != nil}, {"Staged", c.Staged != nil},
		{"Schedule", c.Schedule != nil}, {"Sheets", c.Sheets != nil},
		{"Location", c.Location != nil}, {"Now", c.Now != nil}, {"NewID", c.NewID != nil}, {"Atomic", c.Atomic != nil},
		{"Audit", c.Audit != nil}, {"Viewers", c.Viewers != nil || c.CheckIns == nil},
		{"Classes", c.Classes != nil || c.RollCalls == nil},
		{"Lessons", c.Lessons != nil || c.RollCalls == nil}, {"Facts", c.Facts != nil || c.RollCalls == nil},
	} {
		if !x.present {
			return fmt.Errorf("television: %s is required", x.name)
		}
	}
	return nil
}

// Service takes and reads the evidence of television's audience.
type Service struct {
	cfg          Config
	codeAttempts codeAttempts
}

// New makes the service.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Limits == nil {
		c.Limits = &limit.Counter{Clock: c.Now}
	}
	return &Service{cfg: c, codeAttempts: codeAttempts{c.Limits}}, nil
}

// localDay is the local day of a moment, "2020-04-13".
func (s *Service) localDay(t time.Time) string { return t.In(s.cfg.Location).Format(time.DateOnly) }

// midnight is the beginning of a moment's local day.
func (s *Service) midnight(t time.Time) time.Time {
	y, m, d := t.In(s.cfg.Location).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, s.cfg.Location)
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
