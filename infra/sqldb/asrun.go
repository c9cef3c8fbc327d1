package sqldb

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

// Logs keeps stations' as-run logs: a schedule.LogStore.
type Logs struct{ db *DB }

// Logs is the store of as-run logs.
func (d *DB) Logs() *Logs { return &Logs{d} }

var _ schedule.LogStore = (*Logs)(nil)

type logRow struct {
	bun.BaseModel `bun:"table:asrun_imports,alias:i"`

	ID          string `bun:",pk"`
	ChannelID   string
	Filename    string
	Hash        string
	Data        []byte
	Mapping     string
	ByPerson    string
	At          stamp
	CommittedAt stamp
	Reported    int
}

func (r *logRow) imported() (schedule.AsRunImport, error) {
	i := schedule.AsRunImport{
		ID: r.ID, ChannelID: r.ChannelID, Filename: r.Filename, Hash: r.Hash, Data: r.Data, By: r.ByPerson,
		At:        r.At.Time(),
		Committed: r.CommittedAt.Time(), Reported: r.Reported,
	}
	if err := json.Unmarshal([]byte(r.Mapping), &i.Mapping); err != nil {
		return i, fmt.Errorf("as-run log %s: mapping: %w", r.ID, err)
	}
	return i, nil
}

// SaveAsRun adds or replaces a log.
func (s *Logs) SaveAsRun(ctx context.Context, i schedule.AsRunImport) error {
	mapping, err := json.Marshal(i.Mapping)
	if err != nil {
		return fmt.Errorf("as-run log %s: %w", i.ID, err)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&logRow{
		ID: i.ID, ChannelID: i.ChannelID, Filename: i.Filename, Hash: i.Hash, Data: i.Data, Mapping: string(mapping),
		ByPerson: i.By, At: stamp(i.At), CommittedAt: stamp(i.Committed), Reported: i.Reported,
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	if duplicate(err, "asrun_imports_hash", "asrun_imports.channel_id, asrun_imports.hash") {
		return fault.New(fault.Conflict, "asrun.already")
	}
	return wrap(err, "as-run log", i.ID)
}

// AsRun reads one log with its file.
func (s *Logs) AsRun(ctx context.Context, id string) (schedule.AsRunImport, error) {
	var r logRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return schedule.AsRunImport{}, missing(err, "asrun.not_found", "as-run log", id)
	}
	return r.imported()
}

// CommittedAsRun gives the channel's committed log of the same file.
func (s *Logs) CommittedAsRun(ctx context.Context, channelID, hash string) (schedule.AsRunImport, bool, error) {
	return s.one(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ? AND hash = ?", channelID, hash)
	})
}

// CommittedLogs lists a channel's newest without their files.
func (s *Logs) CommittedLogs(ctx context.Context, channelID string, limit int) ([]schedule.AsRunImport, error) {
	var rows []logRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("data").Where(
		"channel_id = ? AND committed_at IS NOT NULL", channelID).
		Order("committed_at DESC", "id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "as-run logs of channel", channelID)
	}
	list := make([]schedule.AsRunImport, len(rows))
	for i := range rows {
		if list[i], err = rows[i].imported(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// LastMapping is the one of the channel's last committed log, or nil.
func (s *Logs) LastMapping(ctx context.Context, channelID string) (map[string]string, error) {
	i, _, err := s.one(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ?", channelID).Order("committed_at DESC")
	})
	return i.Mapping, err
}

func (s *Logs) one(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) (schedule.AsRunImport,
	bool, error) {
	var rows []logRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("data").Where("committed_at IS NOT NULL").Limit(1)
	if err := which(q).Scan(ctx); err != nil {
		return schedule.AsRunImport{}, false, wrap(err, "as-run logs")
	}
	if len(rows) == 0 {
		return schedule.AsRunImport{}, false, nil
	}
	i, err := rows[0].imported()
	return i, true, err
}
