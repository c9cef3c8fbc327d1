// Package delivery counts the media that was sent: by this server's own streams,
// and by caches in front of it, whose access logs are imported. Both are compared
// with the seconds that were watched.
package delivery

import (
	"context"
	"fmt"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
)

// OwnCounter is the source of what this installation's own servers counted.
const OwnCounter = "own"

// Served is media that was sent for a lesson on a day: by our own counters, or
// according to an access log of the cache in front.
type Served struct {
	LessonID, Day string
	Source        string // OwnCounter, or the id of an imported log
	Millis        int64  // of media
	Bytes         int64
}

// Store keeps what was served.
type Store interface {
	// AddServed adds to the stored sums.
	AddServed(ctx context.Context, list []Served) error
	// ServedBy sums a scope by lesson or day: of each lesson's day the larger
	// of our own counters and of all committed logs together, because what a
	// cache fetches from us is in our counters too.
	ServedBy(ctx context.Context, by string, s playback.Scope) (map[string]Served, error)
	SaveServedLog(ctx context.Context, x ServedLog) error
	// ServedLogByHash gives the committed log of the same file.
	ServedLogByHash(ctx context.Context, hash string) (x ServedLog, found bool, err error)
	// ServedLogs lists the newest that are committed.
	ServedLogs(ctx context.Context, limit int) ([]ServedLog, error)
	// DropServed removes up to limit rows of a log that is not committed, then
	// the log, and returns how many rows.
	DropServed(ctx context.Context, id string, limit int) (int, error)
}

// Watched reads the web's figures by lesson or day.
type Watched interface {
	Grouped(ctx context.Context, by string, s playback.Scope) (groups []playback.Sums, whole playback.Sums, err error)
}

// Lengths gives how much media the files of a package hold, by media key
// (production.Lengths).
type Lengths interface {
	Lengths(ctx context.Context, packageID string) (map[string]production.Length, error)
}

// Config is what the service needs; every field is required.
type Config struct {
	Store    Store
	Watched  Watched
	Lengths  Lengths
	Location *time.Location // whose days are counted
	Now      func() time.Time
	NewID    func() string
	Atomic   job.Atomic
	Audit    audit.Log
}

func (c Config) check() error {
	for _, x := range []struct {
		name    string
		present bool
	}{
		{"Store", c.Store != nil}, {"Watched", c.Watched != nil}, {"Lengths", c.Lengths != nil},
		{"Location", c.Location != nil},
		{"Now", c.Now != nil}, {"NewID", c.NewID != nil}, {"Atomic", c.Atomic != nil}, {"Audit", c.Audit != nil},
	} {
		if !x.present {
			return fmt.Errorf("delivery: %s is required", x.name)
		}
	}
	return nil
}

// Service imports access logs and compares served media with watched seconds.
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

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
