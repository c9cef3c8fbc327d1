package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/job"
)

// due picks rows that somebody may take: waiting ones whose time has come,
// running ones whose lease ran out. The first condition repeats the index's own.
const due = "state IN ('waiting', 'running') AND ((state = 'waiting' AND run_at <= ?0) OR (state = 'running' AND lease_until < ?0)) AND kind IN (?1)"

// Claim takes the next job. Looking comes before locking, so that idle workers
// never hold SQLite's only writing connection.
func (s *Jobs) Claim(ctx context.Context, worker string, kinds []string, lease time.Duration) (*job.Job, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	for {
		var found int
		err := s.db.Reader(ctx).NewRaw("SELECT 1 FROM jobs WHERE "+due+" LIMIT 1", s.db.clock(),
			bun.List(kinds)).Scan(ctx, &found)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, wrap(err, "claim")
		}
		var r *jobRow
		err = s.db.Atomically(ctx, func(ctx context.Context) error {
			r, err = s.claim(ctx, worker, kinds, lease)
			return err
		})
		if err != nil || r == nil {
			return nil, err
		}
		if r.State == string(job.Cancelled) {
			continue // its worker died and nobody wants it: on to the next
		}
		j := r.job()
		return &j, nil
	}
}

// claim locks one due row and changes it: taken, or parked, or cancelled.
func (s *Jobs) claim(ctx context.Context, worker string, kinds []string, lease time.Duration) (*jobRow, error) {
	now, err := s.db.Clock(ctx)
	if err != nil {
		return nil, err
	}
	var r jobRow
	q := s.db.Writer(ctx).NewSelect().Model(&r).Where(due, stamp(now), bun.List(kinds)).Order("priority", "run_at",
		"id").Limit(1)
	if s.db.Postgres() {
		q = q.For("UPDATE SKIP LOCKED")
	}
	if err := q.Scan(ctx); errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, wrap(err, "claim")
	}
	crashed := r.State == string(job.Running)
	// The token also carries the time, so that a job added again for the same
	// work never repeats a token of the one before.
	r.Token = max(r.Token+1, now.UnixMicro())
	r.LeaseUntil = stamp{}
	switch {
	case crashed && r.CancelAsked:
		r.State, r.FinishedAt = string(job.Cancelled), stamp(now)
	case crashed && r.Attempt >= r.MaxAttempts:
		r.State, r.FinishedAt = string(job.Parked), stamp(now)
		r.LastError = "its worker " + r.Worker + " died"
	default:
		r.State, r.Worker, r.LeaseUntil = string(job.Running), worker, stamp(now.Add(lease))
		r.Attempt++
		r.Progress = 0
	}
	_, err = s.db.Writer(ctx).NewUpdate().Model(&r).
		Column("state", "worker", "lease_until", "attempt", "token", "progress", "finished_at",
			"last_error").WherePK().Exec(ctx)
	return &r, wrap(err, "job", r.ID)
}

func lost() error { return fault.New(fault.Conflict, "job.lost") }

// Beat renews a lease. One that ran out is renewed too while nobody else has
// taken the job.
func (s *Jobs) Beat(ctx context.Context, id string, token int64, progress float64,
	lease time.Duration) (cancel bool, err error) {
	now, err := s.db.Clock(ctx)
	if err != nil {
		return false, err
	}
	err = s.db.Writer(ctx).NewRaw(
		"UPDATE jobs SET lease_until = ?, progress = ? WHERE id = ? AND token = ? AND state = 'running' RETURNING cancel_asked",
		stamp(now.Add(lease)), min(max(progress, 0), 1), id, token).Scan(ctx, &cancel)
	if errors.Is(err, sql.ErrNoRows) {
		return false, lost()
	}
	return cancel, wrap(err, "job", id)
}

// Check refuses a worker that lost its job; inside a transaction nobody can
// take it until the commit.
func (s *Jobs) Check(ctx context.Context, id string, token int64) error {
	var r jobRow
	q := s.db.Reader(ctx).NewSelect().Model(&r).Column("id").Where(
		"id = ? AND token = ? AND state = 'running'", id, token)
	if inTransaction(ctx) {
		var err error
		if q, err = s.db.locked(ctx, q); err != nil {
			return wrap(err, "job", id)
		}
	}
	err := q.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return lost()
	}
	return wrap(err, "job", id)
}

// Finish ends a claim. A job that is to wait again but was asked to stop
// becomes Cancelled.
func (s *Jobs) Finish(ctx context.Context, id string, token int64, to job.State, lastError string,
	runAt time.Time) error {
	now, err := s.db.Clock(ctx)
	if err != nil {
		return err
	}
	q := s.db.Writer(ctx).NewUpdate().Table("jobs").
		Set("lease_until = NULL").Set("last_error = ?", lastError).
		Where("id = ? AND token = ? AND state = 'running'", id, token)
	switch to {
	case job.Waiting, job.Released:
		if runAt.IsZero() {
			runAt = now
		}
		q = q.Set("state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'waiting' END").Set("run_at = ?", stamp(runAt)).
			Set("finished_at = CASE WHEN cancel_asked THEN ? ELSE finished_at END", stamp(now))
		if to == job.Released {
			q = q.Set("attempt = attempt - 1")
		}
	case job.Done:
		q = q.Set("state = 'done'").Set("progress = 1").Set("finished_at = ?", stamp(now))
	case job.Cancelled, job.Parked:
		q = q.Set("state = ?", string(to)).Set("finished_at = ?", stamp(now))
	default:
		return fmt.Errorf("job %s: a job does not finish as %q", id, to)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return wrap(err, "job", id)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return wrap(err, "job", id)
	}
	return lost()
}
