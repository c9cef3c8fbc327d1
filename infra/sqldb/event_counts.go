package sqldb

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/limit"
)

// EventCounts counts limited events for all processes: a limit.Store.
type EventCounts struct {
	db    *DB
	swept atomic.Int64 // when expired rows were last removed here, Unix seconds
}

// EventCounts is the store of shared limits.
func (d *DB) EventCounts() *EventCounts { return &EventCounts{db: d} }

var _ limit.Store = (*EventCounts)(nil)

// Bounds of the table. A minute brings fewer rows than a sweep removes: each
// event costs its sender a request, and most of them the hash of a password.
const (
	eventSweepSeconds = 60
	eventSweepRows    = 5_000
	maxEventCounts    = 200_000
)

type eventCountRow struct {
	bun.BaseModel `bun:"table:event_counts,alias:e"`

	Key       string `bun:",pk"`
	N         float64
	FirstMs   int64
	LastMs    int64
	ExpiresMs int64
}

func (r eventCountRow) count() limit.Count {
	return limit.Count{N: r.N, First: time.UnixMilli(r.FirstMs), Last: time.UnixMilli(r.LastMs)}
}

// Counts reads the counts of keys in one query.
func (s *EventCounts) Counts(ctx context.Context, keys []string) (map[string]limit.Count, error) {
	var rows []eventCountRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("key IN (?)", bun.List(keys)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "event counts")
	}
	return countsOf(rows), nil
}

func countsOf(rows []eventCountRow) map[string]limit.Count {
	counts := make(map[string]limit.Count, len(rows))
	for _, r := range rows {
		counts[r.Key] = r.count()
	}
	return counts
}

// Add counts in one statement, so that two processes lose no event. Keys are
// written in one order, or two statements could wait for each other.
func (s *EventCounts) Add(ctx context.Context, now time.Time, events []limit.Event) (map[string]limit.Count, error) {
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b limit.Event) int { return strings.Compare(a.Key, b.Key) })
	var values []string
	var args []any
	at := now.UnixMilli()
	for _, e := range events {
		values = append(values, "(?, 1, ?, ?, ?)")
		args = append(args, e.Key, at, at, at+e.Rule.Window.Milliseconds())
	}
	for _, e := range events {
		args = append(args, e.Key, e.Rule.Leak)
	}
	for _, e := range events {
		args = append(args, e.Key, map[bool]int{true: 1}[e.Rule.Fixed])
	}
	leak := "CASE e.key" + strings.Repeat(" WHEN ? THEN CAST(? AS DOUBLE PRECISION)", len(events)) + " END"
	fixed := "CASE e.key" + strings.Repeat(" WHEN ? THEN CAST(? AS INTEGER)", len(events)) + " END"
	leaked := "e.n - (excluded.last_ms - e.last_ms) / 1000.0 * " + leak
	query := `INSERT INTO event_counts AS e (key, n, first_ms, last_ms, expires_ms) VALUES ` +
		strings.Join(values, ", ") + `
		ON CONFLICT (key) DO UPDATE SET
			n = 1 + CASE WHEN e.expires_ms <= excluded.last_ms THEN 0 ELSE ` + greatest(s.db, "0", leaked) + ` END,
			expires_ms = CASE WHEN e.expires_ms > excluded.last_ms AND ` + fixed + ` = 1
				THEN e.expires_ms ELSE excluded.expires_ms END,
			first_ms = CASE WHEN e.expires_ms <= excluded.last_ms THEN excluded.first_ms ELSE e.first_ms END,
			last_ms = excluded.last_ms
		RETURNING key, n, first_ms, last_ms, expires_ms`
	var rows []eventCountRow
	if err := s.db.Writer(ctx).NewRaw(query, args...).Scan(ctx, &rows); err != nil {
		return nil, wrap(err, "event counts")
	}
	return countsOf(rows), s.sweep(ctx, now)
}

// greatest is the greater of two expressions in either dialect.
func greatest(d *DB, a, b string) string {
	if d.Postgres() {
		return "GREATEST(" + a + ", " + b + ")"
	}
	return "MAX(" + a + ", " + b + ")"
}

// Forget removes the counts of keys.
func (s *EventCounts) Forget(ctx context.Context, keys []string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*eventCountRow)(nil)).Where("key IN (?)", bun.List(keys)).Exec(ctx)
	return wrap(err, "event counts")
}

// sweep removes expired rows, and those that expire first when there are too
// many, once a minute in each process and a bounded number at a time.
func (s *EventCounts) sweep(ctx context.Context, now time.Time) error {
	last := s.swept.Load()
	if now.Unix()-last < eventSweepSeconds || !s.swept.CompareAndSwap(last, now.Unix()) {
		return nil
	}
	n, err := s.db.Reader(ctx).NewSelect().Model((*eventCountRow)(nil)).Count(ctx)
	if err != nil {
		return wrap(err, "event counts")
	}
	_, err = s.db.Writer(ctx).NewRaw(`DELETE FROM event_counts WHERE key IN
		(SELECT key FROM event_counts WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)`, now.UnixMilli(),
		eventSweepRows).Exec(ctx)
	if excess := min(int(n)-maxEventCounts, eventSweepRows); err == nil && excess > 0 {
		_, err = s.db.Writer(ctx).NewRaw(`DELETE FROM event_counts WHERE key IN
			(SELECT key FROM event_counts ORDER BY expires_ms LIMIT ?)`, excess).Exec(ctx)
	}
	return wrap(err, "event counts")
}
