package viewstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership/television"
)

// Imports keeps files of television's figures: a television.ImportStore.
type Imports struct{ db *sqldb.DB }

// NewImports makes the store of imported files.
func NewImports(db *sqldb.DB) *Imports { return &Imports{db} }

var _ television.ImportStore = (*Imports)(nil)

type importRow struct {
	bun.BaseModel `bun:"table:figure_imports,alias:i"`

	ID          string `bun:",pk"`
	ChannelID   string
	Filename    string
	Hash        string
	Data        []byte
	Defaults    string
	ByPerson    string
	At          sqldb.Timestamp
	CommittedAt sqldb.Timestamp
	Added       int
	Kind        string
}

func (r *importRow) imported() (television.Import, error) {
	i := television.Import{
		ID: r.ID, Filename: r.Filename, Hash: r.Hash, Data: r.Data, By: r.ByPerson, At: r.At.Time(),
		Committed: r.CommittedAt.Time(), Added: r.Added,
	}
	if err := json.Unmarshal([]byte(r.Defaults), &i.Defaults); err != nil {
		return i, fmt.Errorf("import %s: defaults: %w", r.ID, err)
	}
	return i, nil
}

// SaveImport adds or replaces an import.
func (s *Imports) SaveImport(ctx context.Context, i television.Import) error {
	defaults, err := json.Marshal(i.Defaults)
	if err != nil {
		return fmt.Errorf("import %s: %w", i.ID, err)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&importRow{
		ID: i.ID, ChannelID: i.Defaults.ChannelID, Filename: i.Filename, Hash: i.Hash, Data: i.Data,
		Defaults: string(defaults),
		ByPerson: i.By, At: sqldb.Timestamp(i.At), CommittedAt: sqldb.Timestamp(i.Committed), Added: i.Added,
		Kind: i.Defaults.Kind,
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	if sqldb.IsDuplicate(err, "figure_imports_hash", "figure_imports.channel_id, figure_imports.hash") {
		return fault.New(fault.Conflict, "import.already")
	}
	return sqldb.WrapError(err, "import", i.ID)
}

// Import reads one import with its file.
func (s *Imports) Import(ctx context.Context, id string) (television.Import, error) {
	var r importRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return television.Import{}, sqldb.MissingRow(err, "import.not_found", "import", id)
	}
	return r.imported()
}

// CommittedByHash gives the channel's committed import of the same file.
func (s *Imports) CommittedByHash(ctx context.Context, channelID, hash string) (television.Import, bool, error) {
	return s.one(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ? AND hash = ?", channelID, hash)
	})
}

// CommittedImports lists a channel's newest without their files.
func (s *Imports) CommittedImports(ctx context.Context, channelID string, limit int) ([]television.Import, error) {
	var rows []importRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("data").Where(
		"channel_id = ? AND committed_at IS NOT NULL", channelID).
		Order("committed_at DESC", "id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "imports of channel", channelID)
	}
	list := make([]television.Import, len(rows))
	for i := range rows {
		if list[i], err = rows[i].imported(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// LastDefaults gives those of the channel's last committed import.
func (s *Imports) LastDefaults(ctx context.Context, channelID string) (television.ImportDefaults, bool, error) {
	i, found, err := s.one(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("channel_id = ? AND kind = ''", channelID).Order("committed_at DESC")
	})
	return i.Defaults, found, err
}

func (s *Imports) one(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) (television.Import,
	bool, error) {
	var rows []importRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("data").Where("committed_at IS NOT NULL").Limit(1)
	if err := which(q).Scan(ctx); err != nil {
		return television.Import{}, false, sqldb.WrapError(err, "imports")
	}
	if len(rows) == 0 {
		return television.Import{}, false, nil
	}
	i, err := rows[0].imported()
	return i, true, err
}

// UsualValues gives the newest values of a channel's figures.
func (s *Imports) UsualValues(ctx context.Context, channelID, metric, unit string, g television.Grade,
	limit int) ([]float64, error) {
	var values []float64
	err := s.db.Reader(ctx).NewSelect().TableExpr("seen_figures").Column("value").
		Where("channel_id = ? AND metric = ? AND unit = ? AND grade = ?", channelID, metric, unit, string(g)).
		Order("at DESC").Limit(int64(limit)).Scan(ctx, &values)
	return values, sqldb.WrapError(err, "figures of channel", channelID)
}
