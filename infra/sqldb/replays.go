package sqldb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/audit"
	"lenlop/services/fault"
)

// Replays keeps the answers to repeatable writes and the reservations of those
// that run: an audit.Replays.
type Replays struct{ db *DB }

// Replays is the store of answers to repeatable writes.
func (d *DB) Replays() *Replays { return &Replays{d} }

var _ audit.Replays = (*Replays)(nil)

type replayRow struct {
	bun.BaseModel `bun:"table:replays,alias:r"`

	Person    string `bun:",pk"`
	ReplayKey string `bun:",pk"`
	Request   string
	Status    int64
	Headers   string // a JSON object; "" in rows of releases that kept none
	Body      string
	At        stamp
}

type reservationRow struct {
	bun.BaseModel `bun:"table:replay_reservations,alias:v"`

	Person    string `bun:",pk"`
	ReplayKey string `bun:",pk"`
	Request   string
	Seed      string
	Token     string
	LeaseTo   stamp // by the database's clock; NULL: nobody holds it
	At        stamp
}

// pruneReplays is how many old answers, and as many reservations, one write
// deletes at most, so that no transaction grows with what has piled up.
const pruneReplays = 20

// longestWait is the longest that a concurrent twin is asked to wait, in
// seconds: most writes end long before their lease does.
const longestWait = 2

func inProgress(left time.Duration) error {
	seconds := min(max(int((left+time.Second-1)/time.Second), 1), longestWait)
	return fault.New(fault.Conflict, "request.key_in_use", "seconds", seconds)
}

// Reserve takes a key, or gives the answer that it has already got.
func (s *Replays) Reserve(
	ctx context.Context, person, key, request string, lease time.Duration,
) (audit.Reservation, *audit.Replay, error) {
	if old, err := s.answer(ctx, person, key, request); err != nil || old != nil {
		return audit.Reservation{}, old, err
	}
	r := reservationRow{Person: person, ReplayKey: key, Request: request, Seed: rand.Text(), Token: rand.Text()}
	var old *audit.Replay
	repeated := false
	err := s.db.Atomically(ctx, func(ctx context.Context) error {
		now, err := s.db.Clock(ctx)
		if err != nil {
			return err
		}
		r.At, r.LeaseTo = stamp(now), stamp(now.Add(lease))
		res, err := s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (person, replay_key) DO NOTHING").Exec(ctx)
		if err != nil {
			return wrap(err, "reservation of", person)
		}
		if n, err := res.RowsAffected(); err != nil {
			return wrap(err, "reservation of", person)
		} else if n == 0 {
			if err := s.takeOver(ctx, &r, now); err != nil {
				return err
			}
			repeated = true
		}
		// The holder before may have committed since the first look.
		old, err = s.answer(ctx, person, key, request)
		if err != nil || old == nil {
			return err
		}
		_, err = mine(s.db.Writer(ctx).NewDelete().Model((*reservationRow)(nil)), r.reservation(false)).Exec(ctx)
		return wrap(err, "reservation of", person)
	})
	if err != nil || old != nil {
		return audit.Reservation{}, old, err
	}
	return r.reservation(repeated), nil, nil
}

// takeOver makes r the holder of the reservation that is there, if its lease has ended.
func (s *Replays) takeOver(ctx context.Context, r *reservationRow, now time.Time) error {
	var rows []reservationRow
	q, err := s.db.locked(ctx, s.db.Writer(ctx).NewSelect().Model(&rows).
		Where("person = ? AND replay_key = ?", r.Person, r.ReplayKey))
	if err != nil {
		return err
	}
	if err := q.Scan(ctx); err != nil {
		return wrap(err, "reservation of", r.Person)
	}
	if len(rows) == 0 {
		return inProgress(0) // it ended just now: the next try finds its answer
	}
	held := rows[0]
	left := held.LeaseTo.Time().Sub(now)
	switch {
	case held.Request != r.Request:
		return fault.New(fault.Conflict, "request.key_reused")
	case left > 0:
		return inProgress(left)
	}
	r.Seed, r.At = held.Seed, held.At
	_, err = s.db.Writer(ctx).NewUpdate().Model(r).WherePK().Exec(ctx)
	return wrap(err, "reservation of", r.Person)
}

func (r reservationRow) reservation(repeated bool) audit.Reservation {
	return audit.Reservation{
		Person: r.Person, Key: r.ReplayKey, Request: r.Request, Token: r.Token, Seed: r.Seed, At: r.At.Time(),
		Repeated: repeated,
	}
}

// answer finds the answer to a request; nil when there is none.
func (s *Replays) answer(ctx context.Context, person, key, request string) (*audit.Replay, error) {
	var rows []replayRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("person = ? AND replay_key = ?", person, key).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, wrap(err, "replay of", person)
	}
	r := rows[0]
	if r.Request != request {
		return nil, fault.New(fault.Conflict, "request.key_reused")
	}
	a := audit.Replay{Person: r.Person, Key: r.ReplayKey, Request: r.Request, Status: int(r.Status),
		Body: []byte(r.Body),
		At:   r.At.Time()}
	if r.Headers != "" {
		if err := json.Unmarshal([]byte(r.Headers), &a.Header); err != nil {
			return nil, fmt.Errorf("replay of %s: headers: %w", person, err)
		}
	}
	return &a, nil
}

// mine narrows a query to a reservation that its holder still has.
func mine[Q interface {
	Where(query string, args ...any) Q
}](q Q, r audit.Reservation) Q {
	return q.Where("person = ? AND replay_key = ? AND token = ?", r.Person, r.Key, r.Token)
}

// Extend lengthens a lease.
func (s *Replays) Extend(ctx context.Context, r audit.Reservation, lease time.Duration) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		now, err := s.db.Clock(ctx)
		if err != nil {
			return err
		}
		q := s.db.Writer(ctx).NewUpdate().Model((*reservationRow)(nil)).Set("lease_to = ?", stamp(now.Add(lease)))
		return held(mine(q, r).Exec(ctx))
	})
}

// Release ends a lease.
func (s *Replays) Release(ctx context.Context, r audit.Reservation, forget bool) error {
	var err error
	if w := s.db.Writer(ctx); forget {
		_, err = mine(w.NewDelete().Model((*reservationRow)(nil)), r).Exec(ctx)
	} else {
		_, err = mine(w.NewUpdate().Model((*reservationRow)(nil)).Set("lease_to = NULL"), r).Exec(ctx)
	}
	return wrap(err, "reservation of", r.Person)
}

// Settle turns a reservation into its answer.
func (s *Replays) Settle(ctx context.Context, r audit.Reservation, a audit.Replay) error {
	if !inTransaction(ctx) {
		return errNoTransaction
	}
	w := s.db.Writer(ctx)
	if err := held(mine(w.NewDelete().Model((*reservationRow)(nil)), r).Exec(ctx)); err != nil {
		return err
	}
	headers, err := encode(a.Header, len(a.Header) == 0)
	if err != nil {
		return fmt.Errorf("replay of %s: headers: %w", r.Person, err)
	}
	_, err = w.NewInsert().Model(&replayRow{Person: r.Person, ReplayKey: r.Key, Request: r.Request,
		Status: int64(a.Status), Headers: headers, Body: string(a.Body), At: stamp(a.At)}).Exec(ctx)
	if duplicate(err, "replays_pkey", "replays.replay_key") {
		return inProgress(0) // a program of the release before, which reserves nothing, answered meanwhile
	}
	if err != nil {
		return wrap(err, "replay of", r.Person)
	}
	return s.prune(ctx, a.At.Add(-audit.KeepReplays))
}

// prune deletes a bounded number of answers and reservations from before a time.
func (s *Replays) prune(ctx context.Context, before time.Time) error {
	for _, table := range []string{"replays", "replay_reservations"} {
		_, err := s.db.Writer(ctx).NewRaw(`DELETE FROM ?0 WHERE at < ?1 AND (person, replay_key) IN
			(SELECT person, replay_key FROM ?0 WHERE at < ?1 ORDER BY at LIMIT ?2)`,
			bun.Ident(table), stamp(before), pruneReplays).Exec(ctx)
		if err != nil {
			return wrap(err, table)
		}
	}
	return nil
}

// held turns a change of no row into the fault of a reservation that was taken over.
func held(res sql.Result, err error) error {
	if err != nil {
		return wrap(err, "reservation")
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return inProgress(0)
	}
	return wrap(err, "reservation")
}
