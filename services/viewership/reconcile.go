package viewership

import (
	"context"
	"fmt"

	"lenlop/services/people"
)

// Served is media that went out for a lesson on a day: from our own counters,
// or an access log of the cache in front.
type Served struct {
	LessonID, Day string
	Source        string // OwnCounter, or the id of an imported log
	Seconds       int64  // of media, in milliseconds
	Bytes         int64
}

// ServedStore keeps what was served.
type ServedStore interface {
	// AddServed adds to what is there.
	AddServed(ctx context.Context, list []Served) error
	// ServedBy sums a scope by lesson or day: of each lesson's day the larger
	// of our own counters and of all committed logs together, because what a
	// cache fetches from us our counters saw too.
	ServedBy(ctx context.Context, by string, s Scope) (map[string]Served, error)
	SaveServedLog(ctx context.Context, x ServedLog) error
	// ServedLogByHash gives the committed log of the same file.
	ServedLogByHash(ctx context.Context, hash string) (x ServedLog, found bool, err error)
	// ServedLogs lists the newest that are committed.
	ServedLogs(ctx context.Context, limit int) ([]ServedLog, error)
	// DropServed removes up to limit rows of a log that is not committed, then
	// the log, and says how many rows.
	DropServed(ctx context.Context, id string, limit int) (int, error)
}

// Gap is served media beside watched seconds. Watched beyond served means
// playing from a device's own store (offline, replays); served beyond watched
// is fetching ahead, left-out sessions and robots. Neither is hidden.
type Gap struct {
	Key            string // lesson or day
	ServedSeconds  float64
	ServedBytes    int64
	WatchedSeconds float64
	GapSeconds     float64 // served less watched
}

// Reconcile shows, by lesson or day, the media served beside the seconds watched.
func (s *Service) Reconcile(ctx context.Context, by people.Person, q Query) ([]Gap, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, denied()
	}
	if q.By != ByDay {
		q.By = ByLesson
	}
	scope := s.scope(q)
	served, err := s.Served.ServedBy(ctx, q.By, scope)
	if err != nil {
		return nil, fmt.Errorf("served: %w", err)
	}
	sums, _, err := s.Reader.Grouped(ctx, q.By, scope)
	if err != nil {
		return nil, fmt.Errorf("watched: %w", err)
	}
	gaps := map[[2]string]*Gap{}
	gap := func(key string) *Gap {
		k := [2]string{"", key}
		if gaps[k] == nil {
			gaps[k] = &Gap{Key: key}
		}
		return gaps[k]
	}
	for k, x := range served {
		g := gap(k)
		g.ServedSeconds, g.ServedBytes = float64(x.Seconds)/1000, x.Bytes
	}
	for _, x := range sums {
		gap(x.Key).WatchedSeconds = float64(x.Watch) / 1000
	}
	out := make([]Gap, 0, len(gaps))
	for _, k := range sortedKeys(gaps) {
		g := *gaps[k]
		g.GapSeconds = g.ServedSeconds - g.WatchedSeconds
		out = append(out, g)
	}
	return out, nil
}
