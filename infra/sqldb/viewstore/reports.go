package viewstore

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership"
)

// Reports keeps frozen reports: a viewership.ReportStore.
type Reports struct{ db *sqldb.DB }

// NewReports makes the store of reports.
func NewReports(db *sqldb.DB) *Reports { return &Reports{db} }

var _ viewership.ReportStore = (*Reports)(nil)

type reportRow struct {
	bun.BaseModel `bun:"table:reports,alias:r"`

	ID        string `bun:",pk"`
	MadeBy    string
	MadeAt    sqldb.Timestamp
	Corrects  string
	Content   []byte
	Hash      string
	Signature []byte
	PublicKey []byte
}

func (r *reportRow) report() viewership.Report {
	return viewership.Report{
		ID: r.ID, MadeBy: r.MadeBy, MadeAt: r.MadeAt.Time(), Corrects: r.Corrects, Content: r.Content, Hash: r.Hash,
		Signature: r.Signature, PublicKey: r.PublicKey,
	}
}

// AddReport adds a report.
func (s *Reports) AddReport(ctx context.Context, r viewership.Report) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&reportRow{
		ID: r.ID, MadeBy: r.MadeBy, MadeAt: sqldb.Timestamp(r.MadeAt), Corrects: r.Corrects,
		Content: r.Content, Hash: r.Hash,
		Signature: r.Signature, PublicKey: r.PublicKey,
	}).Exec(ctx)
	return sqldb.WrapError(err, "report", r.ID)
}

// Report reads one report.
func (s *Reports) Report(ctx context.Context, id string) (viewership.Report, error) {
	var r reportRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return viewership.Report{}, sqldb.MissingRow(err, "report.not_found", "report", id)
	}
	return r.report(), nil
}

// Reports lists newest first, without their content.
func (s *Reports) Reports(ctx context.Context, limit int) ([]viewership.Report, error) {
	var rows []reportRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).ExcludeColumn("content").Order("made_at DESC",
		"id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "reports")
	}
	list := make([]viewership.Report, len(rows))
	for i := range rows {
		list[i] = rows[i].report()
	}
	return list, nil
}
