package viewstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership/television"
)

var _ television.StagedFigures = (*Figures)(nil)

type stagedFigureRow struct {
	bun.BaseModel `bun:"table:figures_staged,alias:s"`

	Batch string
	figureRow
}

// StageFigures stores rows of a batch that nobody sees yet.
func (s *Figures) StageFigures(ctx context.Context, batch string, fs []television.Figure) error {
	rows := make([]stagedFigureRow, len(fs))
	for i, f := range fs {
		rows[i] = stagedFigureRow{Batch: batch, figureRow: rowOf(f)}
	}
	_, err := s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (id) DO NOTHING").Exec(ctx)
	return sqldb.WrapError(err, "figures of batch", batch)
}

// CommitStaged makes the batch visible as the import's. It changes two rows,
// however many the batch has.
func (s *Figures) CommitStaged(ctx context.Context, i television.Import, batch string) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		var n int
		if err := w.NewRaw("SELECT COUNT(*) FROM figures_staged WHERE batch = ?", batch).Scan(ctx, &n); err != nil {
			return sqldb.WrapError(err, "figures of batch", batch)
		}
		if n != i.Added { // removed as abandoned: the commit took too long
			return fault.New(fault.Conflict, "import.changed")
		}
		if err := s.db.BumpChannel(ctx, i.Defaults.ChannelID); err != nil {
			return err
		}
		if n == 0 {
			batch = ""
		}
		res, err := w.NewRaw("UPDATE figure_imports SET committed_at = ?, added = ?, batch = ? "+
			"WHERE id = ? AND committed_at IS NULL",
			sqldb.Timestamp(i.Committed), i.Added, batch, i.ID).Exec(ctx)
		if sqldb.IsDuplicate(err, "figure_imports_hash", "figure_imports.channel_id, figure_imports.hash") {
			return fault.New(fault.Conflict, "import.already")
		}
		if err != nil {
			return sqldb.WrapError(err, "import", i.ID)
		}
		if k, err := res.RowsAffected(); err == nil && k == 0 {
			return fault.New(fault.Conflict, "import.changed")
		}
		return nil
	})
}

// SettleFigures moves up to limit rows of visible batches to the figures.
func (s *Figures) SettleFigures(ctx context.Context, limit int) (int, error) {
	var ids []string
	err := s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		var batches []string
		// An empty batch is a finished one: it is taken off its import.
		err := w.NewRaw(`SELECT batch FROM figure_imports AS i WHERE batch <> '' AND
			NOT EXISTS (SELECT 1 FROM figures_staged AS s WHERE s.batch = i.batch)`).Scan(ctx, &batches)
		if err == nil && len(batches) > 0 {
			_, err = w.NewRaw("UPDATE figure_imports SET batch = '' WHERE batch IN (?)", bun.List(batches)).Exec(ctx)
		}
		if err != nil {
			return sqldb.WrapError(err, "figures of batches")
		}
		err = w.NewRaw("SELECT id FROM figures_staged WHERE batch IN "+
			"(SELECT batch FROM figure_imports WHERE batch <> '') LIMIT ?", limit).Scan(ctx, &ids)
		if err != nil || len(ids) == 0 {
			return sqldb.WrapError(err, "figures of batches")
		}
		columns := bun.Safe("id, airing_id, lesson_id, channel_id, metric, value, unit, grade, source, method, " +
			"handed_in_by, import_id, import_row, at, replaces")
		_, err = w.NewRaw("INSERT INTO figures (?0) SELECT ?0 FROM figures_staged WHERE id IN (?1) "+
			"ON CONFLICT (id) DO NOTHING", columns, bun.List(ids)).Exec(ctx)
		if err != nil {
			return sqldb.WrapError(err, "figures of batches")
		}
		_, err = w.NewRaw("DELETE FROM figures_staged WHERE id IN (?)", bun.List(ids)).Exec(ctx)
		return sqldb.WrapError(err, "figures of batches")
	})
	return len(ids), err
}

// DropStaged removes up to limit rows of a batch that is not visible.
func (s *Figures) DropStaged(ctx context.Context, batch string, limit int) (int, error) {
	return s.dropStaged(ctx, "batch = ?", batch, limit)
}

// DropAbandoned removes up to limit rows of batches that were begun before a
// moment and never became visible.
func (s *Figures) DropAbandoned(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.dropStaged(ctx, "at < ?", sqldb.Timestamp(before), limit)
}

func (s *Figures) dropStaged(ctx context.Context, which string, value any, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw("DELETE FROM figures_staged WHERE id IN "+
		"(SELECT id FROM figures_staged WHERE "+which+
		" AND batch NOT IN (SELECT batch FROM figure_imports WHERE batch <> '') LIMIT ?)", value, limit).Exec(ctx)
	if err != nil {
		return 0, sqldb.WrapError(err, "staged figures")
	}
	n, err := res.RowsAffected()
	return int(n), err
}
