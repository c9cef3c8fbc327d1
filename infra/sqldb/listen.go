package sqldb

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// jobsChannel is where processes that share a PostgreSQL tell each other of
// jobs; a word on it is sent when, and only if, its transaction commits.
const jobsChannel = "lenlop_jobs"

// The words.
const (
	added     = "added"
	cancelled = "cancelled"
)

// tell sends a word to every process that listens, this one too. On SQLite
// there is only this one, and its Notifier has woken its Runners already.
func (s *Jobs) tell(ctx context.Context, word string) error {
	if !s.db.Postgres() {
		return nil
	}
	_, err := s.db.Writer(ctx).ExecContext(ctx, "SELECT pg_notify(?, ?)", jobsChannel, word)
	return wrap(err, "jobs")
}

// Rests between attempts to listen again.
const (
	firstRest   = 100 * time.Millisecond
	longestRest = 10 * time.Second
)

// Listen calls heard for every change that another process made to the queue
// until ctx ends, on a connection of its own. A connection that broke is made
// again, and heard called once then, because words were missed; trouble is
// told each time listening breaks. On SQLite it returns at once.
func (s *Jobs) Listen(ctx context.Context, heard func(added, cancelled bool), trouble func(error)) {
	if s.db.server == nil {
		return
	}
	rest := firstRest
	for ctx.Err() == nil {
		began := time.Now()
		err := s.listen(ctx, heard)
		if ctx.Err() != nil {
			return
		}
		trouble(err)
		if time.Since(began) > longestRest {
			rest = firstRest
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
		rest = min(2*rest, longestRest)
	}
}

func (s *Jobs) listen(ctx context.Context, heard func(added, cancelled bool)) error {
	c, err := pgx.ConnectConfig(ctx, s.db.server.Copy())
	if err != nil {
		return wrap(err, "listen")
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN "+jobsChannel); err != nil {
		return wrap(err, "listen")
	}
	heard(true, true)
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return wrap(err, "listen")
		}
		heard(n.Payload == added, n.Payload == cancelled)
	}
}
