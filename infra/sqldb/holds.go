package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/backup"
)

// Holds stores which backups are running, and the objects that are not deleted until they end.
type Holds struct{ db *DB }

// Holds returns the store of holds.
func (d *DB) Holds() *Holds { return &Holds{d} }

var _ backup.Holds = (*Holds)(nil)

// Hold starts a hold, or extends it.
func (h *Holds) Hold(ctx context.Context, id string, until time.Time) error {
	_, err := h.db.Writer(ctx).NewRaw(
		"INSERT INTO backup_holds (id, until_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until_at = EXCLUDED.until_at",
		id, stamp(until)).Exec(ctx)
	return wrap(err, "hold", id)
}

// Release ends a hold, and deletes expired ones.
func (h *Holds) Release(ctx context.Context, id string, now time.Time) error {
	_, err := h.db.Writer(ctx).NewRaw("DELETE FROM backup_holds WHERE id = ? OR until_at < ?", id, stamp(now)).Exec(ctx)
	return wrap(err, "hold", id)
}

// Held reports whether a backup is running.
func (h *Holds) Held(ctx context.Context, now time.Time) (bool, error) {
	var n int
	err := h.db.Reader(ctx).NewRaw("SELECT COUNT(*) FROM backup_holds WHERE until_at > ?", stamp(now)).Scan(ctx, &n)
	return n > 0, wrap(err, "holds")
}

// Holders returns the ids of the backups and of the pruning that are running.
func (h *Holds) Holders(ctx context.Context, now time.Time) ([]string, error) {
	var ids []string
	err := h.db.Reader(ctx).NewRaw("SELECT id FROM backup_holds WHERE until_at > ? ORDER BY id",
		stamp(now)).Scan(ctx, &ids)
	return ids, wrap(err, "holds")
}

// Wait records keys whose objects are to be deleted later.
func (h *Holds) Wait(ctx context.Context, keys []string, now time.Time) error {
	if len(keys) == 0 {
		return nil
	}
	rows := make([]heldRow, len(keys))
	for i, k := range keys {
		rows[i] = heldRow{StorageKey: k, AskedAt: stamp(now)}
	}
	_, err := h.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (storage_key) DO NOTHING").Exec(ctx)
	return wrap(err, "held objects")
}

// Waiting lists keys that wait.
func (h *Holds) Waiting(ctx context.Context, limit int) ([]string, error) {
	var keys []string
	err := h.db.Reader(ctx).NewRaw("SELECT storage_key FROM held_objects ORDER BY storage_key LIMIT ?",
		limit).Scan(ctx, &keys)
	return keys, wrap(err, "held objects")
}

// Gone forgets keys that were removed.
func (h *Holds) Gone(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := h.db.Writer(ctx).NewRaw("DELETE FROM held_objects WHERE storage_key IN (?)", bun.List(keys)).Exec(ctx)
	return wrap(err, "held objects")
}

type heldRow struct {
	bun.BaseModel `bun:"table:held_objects"`

	StorageKey string `bun:",pk"`
	AskedAt    stamp
}
