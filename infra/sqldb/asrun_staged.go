package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

var _ schedule.StagedReports = (*Schedule)(nil)

type stagedReportRow struct {
	bun.BaseModel `bun:"table:asrun_staged,alias:s"`

	Batch      string `bun:",pk"`
	AiringID   string `bun:",pk"`
	Outcome    string
	StartedAt  stamp
	EndedAt    stamp
	Note       string
	ReportedBy string
	ReportedAt stamp
	Superseded bool
}

// StageReports stores rows of a batch that nobody sees yet.
func (s *Schedule) StageReports(ctx context.Context, batch string, as []schedule.Airing) error {
	rows := make([]stagedReportRow, len(as))
	for i, a := range as {
		rows[i] = stagedReportRow{Batch: batch, AiringID: a.ID, Outcome: string(a.Outcome),
			StartedAt: stamp(a.StartedAt),
			EndedAt:   stamp(a.EndedAt), Note: a.Note, ReportedBy: a.ReportedBy, ReportedAt: stamp(a.ReportedAt)}
	}
	_, err := s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (batch, airing_id) DO NOTHING").Exec(ctx)
	return wrap(err, "reports of batch", batch)
}

// CommitReports makes a batch visible. It changes two rows, however many the
// batch has.
func (s *Schedule) CommitReports(ctx context.Context, i schedule.AsRunImport, batch string) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		var n, others int
		err := w.NewRaw("SELECT (SELECT COUNT(*) FROM asrun_staged WHERE batch = ?), "+
			"(SELECT COUNT(*) FROM asrun_imports WHERE batch <> '' AND channel_id = ?)",
			batch, i.ChannelID).Scan(ctx, &n, &others)
		if err != nil {
			return wrap(err, "reports of batch", batch)
		}
		if n != i.Reported || others > 0 {
			return fault.New(fault.Conflict, "import.changed")
		}
		if err := s.db.BumpChannel(ctx, i.ChannelID); err != nil {
			return err
		}
		if n == 0 {
			batch = ""
		}
		res, err := w.NewRaw("UPDATE asrun_imports SET committed_at = ?, reported = ?, batch = ? "+
			"WHERE id = ? AND committed_at IS NULL", stamp(i.Committed), i.Reported, batch, i.ID).Exec(ctx)
		if duplicate(err, "asrun_imports_hash", "asrun_imports.channel_id, asrun_imports.hash") {
			return fault.New(fault.Conflict, "asrun.already")
		}
		if err != nil {
			return wrap(err, "as-run log", i.ID)
		}
		if k, err := res.RowsAffected(); err == nil && k == 0 {
			return fault.New(fault.Conflict, "import.changed")
		}
		return nil
	})
}

// UnsettledChannels lists the channels that have visible batches.
func (s *Schedule) UnsettledChannels(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.db.Reader(ctx).NewRaw(
		"SELECT DISTINCT channel_id FROM asrun_imports WHERE batch <> '' ORDER BY channel_id").
		Scan(ctx, &ids)
	return ids, wrap(err, "as-run logs")
}

// SettleReports moves up to limit rows of a channel's visible batch to their
// airings. What readers see stays as it is, and so does the channel's revision.
func (s *Schedule) SettleReports(ctx context.Context, channelID string, limit int) ([]schedule.SettledReport, error) {
	w := s.db.Writer(ctx)
	var batches []string
	err := w.NewRaw("SELECT batch FROM asrun_imports WHERE batch <> '' AND channel_id = ? LIMIT 1", channelID).
		Scan(ctx, &batches)
	if err != nil {
		return nil, wrap(err, "as-run logs of channel", channelID)
	}
	if len(batches) == 0 {
		return nil, nil
	}
	batch := batches[0]
	var rows []stagedReportRow
	err = w.NewSelect().Model(&rows).Where("batch = ?", batch).Order("airing_id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "reports of batch", batch)
	}
	if len(rows) == 0 {
		_, err := w.NewRaw("UPDATE asrun_imports SET batch = '' WHERE batch = ?", batch).Exec(ctx)
		return nil, wrap(err, "reports of batch", batch)
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.AiringID
	}
	_, err = w.NewRaw(`UPDATE airings SET outcome = s.outcome, started_at = s.started_at, ended_at = s.ended_at,
		note = s.note, reported_by = s.reported_by, reported_at = s.reported_at FROM asrun_staged AS s
		WHERE s.airing_id = airings.id AND s.batch = ? AND s.airing_id IN (?) AND NOT s.superseded`,
		batch, bun.List(ids)).Exec(ctx)
	if err != nil {
		return nil, wrap(err, "reports of batch", batch)
	}
	_, err = w.NewRaw("DELETE FROM asrun_staged WHERE batch = ? AND airing_id IN (?)", batch, bun.List(ids)).Exec(ctx)
	if err != nil {
		return nil, wrap(err, "reports of batch", batch)
	}
	return s.settledAirings(ctx, rows, ids)
}

// settledAirings reads the airings of settled rows. One that was superseded is
// given with what the log reported.
func (s *Schedule) settledAirings(
	ctx context.Context, rows []stagedReportRow, ids []string,
) ([]schedule.SettledReport, error) {
	var as []airingRow
	err := s.db.Writer(ctx).NewSelect().Model(&as).Where("id IN (?)", bun.List(ids)).Order("id").Scan(ctx)
	if err != nil {
		return nil, wrap(err, "airings")
	}
	reported := make(map[string]stagedReportRow, len(rows))
	for _, r := range rows {
		reported[r.AiringID] = r
	}
	list := make([]schedule.SettledReport, len(as))
	for i := range as {
		r := reported[as[i].ID]
		as[i].Outcome, as[i].ReportedBy = r.Outcome, r.ReportedBy
		list[i] = schedule.SettledReport{Airing: as[i].airing(), Superseded: r.Superseded}
	}
	return list, nil
}

// DropReports removes up to limit rows of a batch that is not visible.
func (s *Schedule) DropReports(ctx context.Context, batch string, limit int) (int, error) {
	return s.dropReports(ctx, "batch = ?", batch, limit)
}

// DropAbandonedReports removes up to limit rows of batches that were begun
// before a moment and never became visible.
func (s *Schedule) DropAbandonedReports(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.dropReports(ctx, "reported_at < ?", stamp(before), limit)
}

func (s *Schedule) dropReports(ctx context.Context, which string, value any, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw("DELETE FROM asrun_staged WHERE (batch, airing_id) IN "+
		"(SELECT batch, airing_id FROM asrun_staged WHERE "+which+
		" AND batch NOT IN (SELECT batch FROM asrun_imports WHERE batch <> '') LIMIT ?)", value, limit).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "staged reports")
	}
	n, err := res.RowsAffected()
	return int(n), err
}
