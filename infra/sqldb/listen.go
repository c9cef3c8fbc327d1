package sqldb

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// jobsChannel is the channel on which processes that share a PostgreSQL notify each other of changes to the queue. A
// notification is sent if and when its transaction commits.
const jobsChannel = "lenlop_jobs"

// The payloads.
const (
	added     = "added"
	cancelled = "cancelled"
)

// notify notifies every listening process, including this one. On SQLite there is only this process, whose Notifier has
// already woken its Runners.
func (s *Jobs) notify(ctx context.Context, payload string) error {
	if !s.db.Postgres() {
		return nil
	}
	_, err := s.db.Writer(ctx).ExecContext(ctx, "SELECT pg_notify(?, ?)", jobsChannel, payload)
	return wrap(err, "jobs")
}

// Pauses between attempts to listen again.
const (
	firstRest   = 100 * time.Millisecond
	longestRest = 10 * time.Second
)

// Listen calls changed for every change that another process makes to the queue, until ctx ends. It uses a connection
// of its own. When the connection breaks, it calls failed, connects again and then calls changed once, because
// notifications may have been missed. On SQLite it returns immediately.
func (s *Jobs) Listen(ctx context.Context, changed func(added, cancelled bool), failed func(error)) {
	if s.db.server == nil {
		return
	}
	rest := firstRest
	for ctx.Err() == nil {
		began := time.Now()
		err := s.listen(ctx, changed)
		if ctx.Err() != nil {
			return
		}
		failed(err)
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

func (s *Jobs) listen(ctx context.Context, changed func(added, cancelled bool)) error {
	c, err := pgx.ConnectConfig(ctx, s.db.server.Copy())
	if err != nil {
		return wrap(err, "listen")
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN "+jobsChannel); err != nil {
		return wrap(err, "listen")
	}
	changed(true, true)
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return wrap(err, "listen")
		}
		changed(n.Payload == added, n.Payload == cancelled)
	}
}
