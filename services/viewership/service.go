package viewership

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"time"

	"lenlop/services/audit"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/schedule"
	"lenlop/services/school"
)

// Config is what the room needs.
type Config struct {
	Store   Store
	Reader  Reader
	Keeps   Keeps // may be nil: then downloads are not counted
	Figures FigureStore
	// CheckIns may be nil: then no codes are taken.
	CheckIns CheckInStore
	// RollCalls and Classes may be nil: then no roll is called, and reach is
	// not bounded by rosters.
	RollCalls RollCallStore
	Classes   school.Rosters
	Parts     ParticipationReader // may be nil where nobody asks which schools take part
	Imports   ImportStore
	Served    ServedStore
	Lengths   Lengths // of packages' files; nil where no access logs are imported
	// Sheets reads a CSV or XLSX file into rows of cells as text; numbers and
	// dates of a spreadsheet come as it stores them.
	Sheets    func(ctx context.Context, filename string, data []byte) ([][]string, error)
	Reports   ReportStore
	ReportKey ed25519.PrivateKey // signs reports
	Lessons   interface {
		Lesson(ctx context.Context, id string) (lesson.Lesson, error)
	}
	Schedule interface {
		Airing(ctx context.Context, id string) (schedule.Airing, error)
		Airings(ctx context.Context, f schedule.Filter) ([]schedule.Airing, error)
		Channels(ctx context.Context) ([]schedule.Channel, error)
		LockChannel(ctx context.Context, id string) (schedule.Channel, error)
	}
	Secret   []byte         // signs playback sessions; at least 16 bytes, the same on every server
	Location *time.Location // whose days are counted
	Now      func() time.Time
	NewID    func() string
	Atomic   job.Atomic
	Audit    audit.Log
	Limits   *limit.Counter // of wrong codes; nil: this process only
	Log      *slog.Logger   // nil: heartbeats that cannot be stored are not logged
	// Wait is how long a heartbeat waits for company; 0 means 20 ms.
	Wait time.Duration
}

// Service is the room's face.
type Service struct {
	Config
	sign         signer
	batch        *batcher
	codeAttempts codeAttempts
}

// New makes the service and starts its batcher; Close ends it.
func New(c Config) *Service {
	if c.Limits == nil {
		c.Limits = &limit.Counter{Clock: c.Now, Secret: c.Secret}
	}
	s := &Service{Config: c, sign: newSigner(c.Secret), codeAttempts: codeAttempts{c.Limits}}
	wait := c.Wait
	if wait == 0 {
		wait = batchWait
	}
	s.batch = newBatcher(s.commit, wait, c.Log)
	return s
}

// Close takes no more heartbeats and returns when those that wait are on disk.
func (s *Service) Close() { s.batch.close() }

// Seconds between a player's heartbeats: usually, and when many wait.
const (
	usualBeat = 10
	busyBeat  = 30
)

func (s *Service) beatSeconds() int {
	if len(s.batch.in) > batchSize/2 {
		return busyBeat
	}
	return usualBeat
}

// Rules are the versions of the rules that make the web's figures.
func Rules() []string {
	return []string{CreditRule, ViewRule, WatchRule, CompletionRule, FlagRule, OfflineRule}
}
