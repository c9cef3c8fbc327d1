package sqldb

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
)

// Snapshot runs fn on a snapshot of the database: every read with fn's ctx sees the state of the same moment, however
// long fn takes and whatever is written meanwhile. fn cannot write.
func (d *DB) Snapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	if inTransaction(ctx) {
		return fn(ctx)
	}
	var o *sql.TxOptions
	begin := []string{"SELECT COUNT(*) FROM sqlite_master"} // the snapshot is taken by the first read
	if d.Postgres() {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
		// A backup of a large installation takes longer than any statement of a page may.
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
