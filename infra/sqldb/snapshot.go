package sqldb

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
)

// Snapshot runs fn on the database as it stands now: every read with fn's ctx
// sees the same moment, however long it takes and whatever is written
// meanwhile. Nothing can be written inside.
func (d *DB) Snapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	if inTransaction(ctx) {
		return fn(ctx)
	}
	var o *sql.TxOptions
	begin := []string{"SELECT COUNT(*) FROM sqlite_master"} // the first read is the moment
	if d.Postgres() {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
		// A copy of a large house takes longer than any statement of the site.
		begin = []string{"SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"}
	}
	err := d.read.RunInTx(ctx, o, func(ctx context.Context, tx bun.Tx) error {
		for _, q := range begin {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return wrap(err, "snapshot")
			}
		}
		return fn(context.WithValue(ctx, txKey{}, tx))
	})
	return wrap(err, "snapshot")
}
