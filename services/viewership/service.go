package viewership

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Config is what the service needs; every field without a note is required.
type Config struct {
	Reader        Reader
	Downloads     Downloads           // nil: downloads are not counted
	Television    Television          // television.Service
	Classes       school.Rosters      // nil: reach is not bounded by rosters
	Participation ParticipationReader // nil: participation of schools is not read
	Reports       ReportStore
	ReportKey     ed25519.PrivateKey // signs reports
	// Snapshot runs fn on one moment of the database, for reading only; nil: reads are made one by one.
	Snapshot func(ctx context.Context, fn func(ctx context.Context) error) error
	Lessons  Lessons
	Schedule Schedule
	Location *time.Location // whose days are counted
	Now      func() time.Time
	NewID    func() string
	Atomic   job.Atomic
	Audit    audit.Log
}

// Reader reads the web's figures.
type Reader interface {
	// Grouped sums a scope by one of the groups, "" for one row of all, and the
	// whole of it, whose viewers are counted once. By area every area above a
	// lesson's school has a row, and "" the lessons of no area.
	Grouped(ctx context.Context, by string, s playback.Scope) (groups []playback.Sums, whole playback.Sums, err error)
	// Exclusions sums the excluded sessions, by lesson and reason; days are empty.
	Exclusions(ctx context.Context, s playback.Scope) ([]playback.ExclusionTotal, error)
	// Coverage calls fn for each viewer's credit of a package, a viewer's rows
	// one after another.
	Coverage(ctx context.Context, packageID string, fn func(playback.Credit) error) error
	// Facts gives what labels need to know of the lessons with the ids (nil:
	// all) in a scope, whose days are ignored.
	Facts(ctx context.Context, ids []string, s playback.Scope) (map[string]playback.LessonFacts, error)
	// Audience gives who had a view in a scope.
	Audience(ctx context.Context, s playback.Scope) (Audience, error)
	// OnRosters counts, of persons known by television and by the web, those on
	// the rosters of a scope.
	OnRosters(ctx context.Context, o school.Scope, television, web map[string]bool) (Identified, error)
	// Places gives all areas and schools.
	Places(ctx context.Context) (Places, error)
}

// Audience is who had a view in a scope.
type Audience struct {
	Persons map[string]bool // signed in, by id
	Viewers int64           // all, including devices; zero for a scope of one lesson or among a few persons
}

// Downloads counts the viewers that downloaded lessons to watch offline.
type Downloads interface {
	CountDownloads(ctx context.Context, s playback.Scope) (int64, error)
}

// Television reads what is known of the audience of airings (television.Service).
type Television interface {
	AiringFigures(ctx context.Context, airings []schedule.Airing) ([]television.AiringFigures, error)
	// NamedPersons gives the person ids known by name to have watched airings.
	NamedPersons(ctx context.Context, airings []string) (map[string]bool, error)
}

// Lessons reads lessons.
type Lessons interface {
	Lesson(ctx context.Context, id string) (lesson.Lesson, error)
}

// Schedule reads channels and airings.
type Schedule interface {
	Airings(ctx context.Context, f schedule.Filter) ([]schedule.Airing, error)
	Channels(ctx context.Context) ([]schedule.Channel, error)
}

func (c Config) check() error {
	for _, x := range []struct {
		name    string
		present bool
	}{
		{"Reader", c.Reader != nil}, {"Television", c.Television != nil}, {"Reports", c.Reports != nil},
		{"Lessons", c.Lessons != nil},
		{"Schedule", c.Schedule != nil}, {"Location", c.Location != nil}, {"Now", c.Now != nil},
		{"NewID", c.NewID != nil},
		{"Atomic", c.Atomic != nil}, {"Audit", c.Audit != nil},
		{"ReportKey", len(c.ReportKey) == ed25519.PrivateKeySize},
	} {
		if !x.present {
			return fmt.Errorf("viewership: %s is required", x.name)
		}
	}
	return nil
}

// Service reads viewing figures.
type Service struct{ cfg Config }

// New makes the service.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Service{cfg: c}, nil
}

// localDay is the local day of a moment, "2020-04-13".
func (s *Service) localDay(t time.Time) string { return t.In(s.cfg.Location).Format(time.DateOnly) }

// midnight is the beginning of a local day, or zero.
func (s *Service) midnight(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.In(s.cfg.Location).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, s.cfg.Location)
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
