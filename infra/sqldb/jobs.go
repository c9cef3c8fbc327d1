package sqldb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/job"
)

// Jobs keeps work that must not be lost: a job.Store. All its times are the
// database's clock.
type Jobs struct{ db *DB }

// Jobs is the queue.
func (d *DB) Jobs() *Jobs { return &Jobs{d} }

var _ job.Store = (*Jobs)(nil)

type jobRow struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`

	ID          string `bun:",pk"`
	Kind        string
	UniqueKey   string
	Subject     string
	Args        string
	State       string
	Priority    int
	Attempt     int
	MaxAttempts int
	RunAt       stamp
	LeaseUntil  stamp
	Token       int64
	Worker      string
	Progress    float64
	Weight      float64
	CancelAsked bool
	LastError   string
	Trace       string
	CreatedAt   stamp
	FinishedAt  stamp
}

func (r *jobRow) job() job.Job {
	return job.Job{
		ID: r.ID, Kind: r.Kind, Key: r.UniqueKey, Subject: r.Subject, Args: document(r.Args), State: job.State(r.State),
		Priority: r.Priority, Attempt: r.Attempt, MaxAttempts: r.MaxAttempts, RunAt: r.RunAt.Time(),
		LeaseUntil: r.LeaseUntil.Time(), Token: r.Token, Worker: r.Worker, Progress: r.Progress, Weight: r.Weight,
		Cancel:    r.CancelAsked,
		LastError: r.LastError, Trace: r.Trace, CreatedAt: r.CreatedAt.Time(), FinishedAt: r.FinishedAt.Time(),
	}
}

// clock is the database's own time of day in UTC, in the text that bun writes
// for times, so that it compares with stored ones; moved by Pool.ClockShift.
func (d *DB) clock() bun.Safe {
	shift := fmt.Sprintf("%+.3f seconds", d.shift.Seconds())
	if d.Postgres() {
		return bun.Safe("(clock_timestamp() AT TIME ZONE 'UTC' + INTERVAL '" + shift + "')")
	}
	return bun.Safe("strftime('%Y-%m-%d %H:%M:%f+00:00', 'now', '" + shift + "')")
}

// Clock asks the database for its time: one for all machines that share it.
func (d *DB) Clock(ctx context.Context) (time.Time, error) {
	var now stamp
	err := d.Reader(ctx).NewRaw("SELECT ?", d.clock()).Scan(ctx, &now)
	return now.Time(), wrap(err, "clock")
}

// defaultAttempts is how often a job may crash or fail before it is parked.
const defaultAttempts = 3

// Add writes jobs in the transaction in ctx.
func (s *Jobs) Add(ctx context.Context, jobs ...job.New) error {
	if len(jobs) == 0 {
		return nil
	}
	now, err := s.db.Clock(ctx)
	if err != nil {
		return err
	}
	rows := make([]jobRow, len(jobs))
	for i, n := range jobs {
		args, err := json.Marshal(n.Args)
		if err != nil {
			return fmt.Errorf("job %s: %w", n.Args.Kind(), err)
		}
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("job %s: %w", n.Args.Kind(), err)
		}
		rows[i] = jobRow{
			ID: id.String(), Kind: n.Args.Kind(), UniqueKey: n.Key, Subject: n.Subject, Args: string(args),
			State: string(job.Waiting), Priority: n.Priority, MaxAttempts: n.MaxAttempts, RunAt: stamp(n.RunAt),
			CreatedAt: stamp(now),
			Trace:     job.TraceFrom(ctx), Weight: n.Weight,
		}
		if n.Priority == 0 {
			rows[i].Priority = job.Normal
		}
		if n.MaxAttempts == 0 {
			rows[i].MaxAttempts = defaultAttempts
		}
		if n.RunAt.IsZero() {
			rows[i].RunAt = stamp(now)
		}
	}
	if _, err = s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return wrap(err, "jobs")
	}
	return s.notify(ctx, added)
}

// CancelSubject cancels the waiting jobs and requests cancellation of the running ones. It is one statement, so that no
// job is missed because it starts in between.
func (s *Jobs) CancelSubject(ctx context.Context, subject string, kinds ...string) error {
	q := s.db.Writer(ctx).NewUpdate().Table("jobs").
		Set("finished_at = CASE WHEN state = 'waiting' THEN ? ELSE finished_at END", s.db.clock()).
		Set("unique_key = CASE WHEN state = 'waiting' THEN unique_key ELSE '' END").
		Set("state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END").
		Set("cancel_asked = TRUE").
		Where("subject = ? AND state IN ('waiting', 'running')", subject)
	if len(kinds) > 0 {
		q = q.Where("kind IN (?)", bun.List(kinds))
	}
	if _, err := q.Exec(ctx); err != nil {
		return wrap(err, "jobs of", subject)
	}
	return s.notify(ctx, cancelled)
}

// Jobs lists rows, newest first; no limit means the largest page.
func (s *Jobs) Jobs(ctx context.Context, subject string, state job.State, limit int) ([]job.Job, error) {
	if limit <= 0 {
		limit = largestPage
	}
	var rows []jobRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Order("created_at DESC", "id DESC").Limit(int64(limit))
	if subject != "" {
		q = q.Where("subject = ?", subject)
	}
	if state != "" {
		q = q.Where("state = ?", string(state))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap(err, "jobs")
	}
	list := make([]job.Job, len(rows))
	for i := range rows {
		list[i] = rows[i].job()
	}
	return list, nil
}

// GroupTotals adds up a group of jobs in the database.
func (s *Jobs) GroupTotals(ctx context.Context, g job.Group) (job.GroupTotals, error) {
	q := s.db.Reader(ctx).NewSelect().Table("jobs").
		ColumnExpr("COALESCE(SUM(CASE WHEN state IN ('waiting', 'running') THEN 1 ELSE 0 END), 0)").
		ColumnExpr("COALESCE(SUM(weight), 0.0)").
		ColumnExpr(
			"COALESCE(SUM(CASE state WHEN 'done' THEN weight WHEN 'running' THEN weight * progress ELSE 0.0 END), 0.0)").
		Where("subject = ? AND state <> 'cancelled'", g.Subject)
	if len(g.Kinds) > 0 {
		q = q.Where("kind IN (?)", bun.List(g.Kinds))
	}
	if g.KeyPrefix != "" {
		q = q.Where("substr(unique_key, 1, ?) = ?", utf8.RuneCountInString(g.KeyPrefix), g.KeyPrefix)
	}
	if g.Except != "" {
		q = q.Where("id <> ?", g.Except)
	}
	var t job.GroupTotals
	err := q.Scan(ctx, &t.Open, &t.Weight, &t.Done)
	return t, wrap(err, "jobs of", g.Subject)
}

// Requeue puts a parked job back. Faults: fault.NotFound "job.not_found",
// fault.Conflict "job.not_parked", or "job.duplicate" when another job with
// its key waits or runs already.
func (s *Jobs) Requeue(ctx context.Context, id string) error {
	res, err := s.db.Writer(ctx).NewUpdate().Table("jobs").
		Set("state = 'waiting'").Set("attempt = 0").Set("progress = 0").Set("cancel_asked = FALSE").
		Set("run_at = ?", s.db.clock()).Set("finished_at = NULL").
		Where("id = ? AND state = 'parked'", id).Exec(ctx)
	if duplicate(err, "jobs_key", "jobs.unique_key") {
		return fault.Wrap(err, fault.Conflict, "job.duplicate")
	}
	if err != nil {
		return wrap(err, "job", id)
	}
	if n, err := res.RowsAffected(); err != nil {
		return wrap(err, "job", id)
	} else if n > 0 {
		return s.notify(ctx, added)
	}
	return s.otherwise(ctx, id, "job.not_parked")
}

// otherwise returns why an update changed no row: the job does not exist, or is in another state.
func (s *Jobs) otherwise(ctx context.Context, id, code string) error {
	var found int
	err := s.db.Reader(ctx).NewRaw("SELECT 1 FROM jobs WHERE id = ?", id).Scan(ctx, &found)
	if err != nil {
		return missing(err, "job.not_found", "job", id)
	}
	return fault.New(fault.Conflict, code)
}

// Park sets a waiting job aside. Faults: fault.NotFound "job.not_found",
// fault.Conflict "job.not_waiting".
func (s *Jobs) Park(ctx context.Context, id, why string) error {
	res, err := s.db.Writer(ctx).NewUpdate().Table("jobs").
		Set("state = 'parked'").Set("last_error = ?", why).Set("finished_at = ?", s.db.clock()).
		Where("id = ? AND state = 'waiting'", id).Exec(ctx)
	if err != nil {
		return wrap(err, "job", id)
	}
	if n, err := res.RowsAffected(); n > 0 || err != nil {
		return wrap(err, "job", id)
	}
	return s.otherwise(ctx, id, "job.not_waiting")
}

// Hasten moves the waiting jobs of the subjects, of the kinds, ahead to a
// priority; those that are ahead of it already stay where they are.
func (s *Jobs) Hasten(ctx context.Context, priority int, kinds, subjects []string) error {
	if len(kinds) == 0 || len(subjects) == 0 {
		return nil
	}
	_, err := s.db.Writer(ctx).NewUpdate().Table("jobs").Set("priority = ?", priority).
		Where("state = 'waiting' AND priority > ? AND kind IN (?) AND subject IN (?)", priority, bun.List(kinds),
			bun.List(subjects)).Exec(ctx)
	return wrap(err, "jobs")
}
