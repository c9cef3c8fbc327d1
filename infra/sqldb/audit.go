package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/audit"
)

// Audit keeps who did what: an audit.Log. Entries are only ever added.
type Audit struct{ db *DB }

// Audit is the log of who did what.
func (d *DB) Audit() *Audit { return &Audit{d} }

var _ audit.Log = (*Audit)(nil)

type auditRow struct {
	bun.BaseModel `bun:"table:audit_entries,alias:e"`

	ID          string `bun:",pk"`
	At          stamp
	Actor       string
	Action      string
	Subject     string
	Detail      string
	StateBefore string
	StateAfter  string
}

// Append adds an entry.
func (s *Audit) Append(ctx context.Context, e audit.Entry) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&auditRow{
		ID: e.ID, At: stamp(e.At), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Detail: e.Detail,
		StateBefore: e.Before, StateAfter: e.After,
	}).Exec(ctx)
	return wrap(err, "audit of", e.Subject)
}

// BySubject lists newest first.
func (s *Audit) BySubject(ctx context.Context, subject string, limit int) ([]audit.Entry, error) {
	var rows []auditRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("subject = ?", subject).Order("at DESC", "id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "audit of", subject)
	}
	list := make([]audit.Entry, len(rows))
	for i, r := range rows {
		list[i] = audit.Entry{
			ID: r.ID, At: r.At.Time(), Actor: r.Actor, Action: r.Action, Subject: r.Subject, Detail: r.Detail,
			Before: r.StateBefore, After: r.StateAfter,
		}
	}
	return list, nil
}
