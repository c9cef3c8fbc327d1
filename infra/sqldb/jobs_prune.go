package sqldb

import (
	"context"
	"time"
)

// pruneAtOnce bounds one deletion, so that heartbeats never wait for it.
const pruneAtOnce = 2000

// Prune forgets jobs that ended well before the time: done and cancelled ones.
// Parked ones stay until a person has looked. It returns how many went; call
// again while it is more than nothing.
func (s *Jobs) Prune(ctx context.Context, before time.Time) (int64, error) {
	res, err := s.db.Writer(ctx).NewRaw(
		"DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < ? ORDER BY created_at LIMIT ?)",
		stamp(before), pruneAtOnce).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "prune jobs")
	}
	return res.RowsAffected()
}
