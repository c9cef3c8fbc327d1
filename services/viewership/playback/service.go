package playback

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
)

// minSecret is the shortest secret that signs playback sessions, in bytes.
const minSecret = 16

// Config is what the service needs; every field without a note is required.
type Config struct {
	Store     Store
	Retention Retention        // nil: Fold and Purge do nothing
	Downloads OfflineDownloads // nil: downloads are not counted
	Lessons   Lessons
	Secret    []byte         // signs playback sessions; at least 16 bytes, the same on every server
	Location  *time.Location // whose days are counted
	Now       func() time.Time
	NewID     func() string
	Atomic    job.Atomic
	Audit     audit.Log
	Log       *slog.Logger // nil: heartbeats that cannot be stored are not logged
	// Wait is how long a heartbeat waits to share a commit with others; 0 means 20 ms.
	Wait time.Duration
}

// Lessons reads lessons.
type Lessons interface {
	Lesson(ctx context.Context, id string) (lesson.Lesson, error)
}

func (c Config) check() error {
	for _, x := range []struct {
		name    string
		present bool
	}{
		{"Store", c.Store != nil}, {"Lessons", c.Lessons != nil}, {"Location", c.Location != nil},
		{"Now", c.Now != nil},
		{"NewID", c.NewID != nil}, {"Atomic", c.Atomic != nil}, {"Audit", c.Audit != nil},
	} {
		if !x.present {
			return fmt.Errorf("playback: %s is required", x.name)
		}
	}
	if len(c.Secret) < minSecret {
		return fmt.Errorf("playback: the secret has %d bytes, at least %d are required", len(c.Secret), minSecret)
	}
	return nil
}

// Service opens playback sessions and counts their heartbeats.
type Service struct {
	cfg     Config
	signer  signer
	batcher *batcher
}

// New makes the service and starts its batcher; Close ends it.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Service{cfg: c, signer: newSigner(c.Secret)}
	wait := c.Wait
	if wait == 0 {
		wait = batchWait
	}
	s.batcher = newBatcher(s.commit, wait, c.Log)
	return s, nil
}

// Close takes no more heartbeats and returns when those that wait are on disk.
func (s *Service) Close() { s.batcher.close() }

// Seconds between a player's heartbeats: usually, and when many wait.
const (
	usualInterval = 10
	busyInterval  = 30
)

func (s *Service) heartbeatSeconds() int {
	if len(s.batcher.in) > batchSize/2 {
		return busyInterval
	}
	return usualInterval
}

// localDay is the local day of a moment, "2020-04-13".
func (s *Service) localDay(t time.Time) string { return t.In(s.cfg.Location).Format(time.DateOnly) }

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
