package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"lenlop/services/people"
	"lenlop/services/viewership/playback"
)

// Groups of a reconciliation.
const (
	ByLesson = "lesson"
	ByDay    = "day"
)

// Gap is served media beside watched seconds. More watched than served means
// playing from a device's own storage (offline, replays); more served than
// watched means prefetching, excluded sessions and robots. Neither is hidden.
type Gap struct {
	Key            string // lesson or day
	ServedSeconds  float64
	ServedBytes    int64
	WatchedSeconds float64
	GapSeconds     float64 // served less watched
}

// Query narrows a reconciliation; zero values mean any.
type Query struct {
	From, To time.Time // local days, To exclusive
	By       string    // ByDay, else by lesson
	Lesson   string
}

// Reconcile lists the media served beside the seconds watched. Faults:
// "access.denied".
func (s *Service) Reconcile(ctx context.Context, by people.Person, q Query) ([]Gap, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, denied()
	}
	group := ByLesson
	if q.By == ByDay {
		group = ByDay
	}
	scope := playback.Scope{Lesson: q.Lesson}
	if !q.From.IsZero() {
		scope.From = s.localDay(q.From)
	}
	if !q.To.IsZero() {
		scope.To = s.localDay(q.To)
	}
	served, err := s.cfg.Store.ServedBy(ctx, group, scope)
	if err != nil {
		return nil, fmt.Errorf("served: %w", err)
	}
	sums, _, err := s.cfg.Watched.Grouped(ctx, group, scope)
	if err != nil {
		return nil, fmt.Errorf("watched: %w", err)
	}
	gaps := map[string]*Gap{}
	gap := func(key string) *Gap {
		if gaps[key] == nil {
			gaps[key] = &Gap{Key: key}
		}
		return gaps[key]
	}
	for k, x := range served {
		g := gap(k)
		g.ServedSeconds, g.ServedBytes = float64(x.Millis)/1000, x.Bytes
	}
	for _, x := range sums {
		gap(x.Key).WatchedSeconds = float64(x.Watch) / 1000
	}
	out := make([]Gap, 0, len(gaps))
	for _, k := range slices.Sorted(maps.Keys(gaps)) {
		g := *gaps[k]
		g.GapSeconds = g.ServedSeconds - g.WatchedSeconds
		out = append(out, g)
	}
	return out, nil
}
