package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/audit"
)

// Audit keeps who did what: an audit.Log and an audit.Reader. Entries are only
// ever added.
type Audit struct{ db *DB }

// Audit is the log of who did what.
func (d *DB) Audit() *Audit { return &Audit{d} }

var (
	_ audit.Log    = (*Audit)(nil)
	_ audit.Reader = (*Audit)(nil)
)

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
	Number      int64
	Place       string
	PlaceSalt   string
	PlaceHash   string
	Salt        string
	ContentHash string
	Previous    string
	Hash        string
	Erased      bool
}

func (r *auditRow) entry() audit.Entry {
	return audit.Entry{
		ID: r.ID, At: r.At.Time(), Actor: r.Actor, Action: r.Action, Subject: r.Subject, Detail: r.Detail,
		Before: r.StateBefore, After: r.StateAfter, Place: r.Place, Number: r.Number,
	}
}

func (r *auditRow) sealed() audit.Sealed {
	return audit.Sealed{Entry: r.entry(), Salt: r.Salt, PlaceSalt: r.PlaceSalt, ContentHash: r.ContentHash,
		PlaceHash: r.PlaceHash,
		Previous:  r.Previous, Hash: r.Hash, Erased: r.Erased}
}

func rowOf(s audit.Sealed) *auditRow {
	e := s.Entry
	return &auditRow{ID: e.ID, At: stamp(e.At), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Detail: e.Detail,
		StateBefore: e.Before, StateAfter: e.After, Number: e.Number, Place: e.Place, PlaceSalt: s.PlaceSalt,
		PlaceHash: s.PlaceHash,
		Salt:      s.Salt, ContentHash: s.ContentHash, Previous: s.Previous, Hash: s.Hash, Erased: s.Erased}
}

type headRow struct {
	bun.BaseModel `bun:"table:audit_head,alias:h"`

	ID     int64 `bun:",pk"`
	Number int64
	Hash   string
}

// Append adds an entry at the end of the chain. Inside a transaction that
// happens just before its commit: the head is then the last thing locked, so
// that two transactions never wait for each other, and is held for the
// shortest time.
func (s *Audit) Append(ctx context.Context, e audit.Entry) error {
	if e.Place == "" {
		e.Place = audit.PlaceOf(ctx)
	}
	if p, ok := ctx.Value(pendingKey{}).(*[]audit.Entry); ok {
		*p = append(*p, e)
		return nil
	}
	return s.db.Atomically(ctx, func(ctx context.Context) error { return s.Append(ctx, e) })
}

// pendingKey is where Atomically keeps the entries of its transaction.
type pendingKey struct{}

// seal writes entries at the end of the chain.
func (s *Audit) seal(ctx context.Context, entries []audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	head := headRow{ID: 1}
	q, err := s.db.locked(ctx, s.db.Writer(ctx).NewSelect().Model(&head).WherePK())
	if err != nil {
		return err
	}
	if err := q.Scan(ctx); err != nil {
		return wrap(err, "audit: head")
	}
	rows := make([]*auditRow, len(entries))
	for i, e := range entries {
		rows[i] = rowOf(audit.Seal(e, head.Number+1, head.Hash))
		head.Number, head.Hash = rows[i].Number, rows[i].Hash
	}
	if _, err := s.db.Writer(ctx).NewInsert().Model(&rows).Exec(ctx); err != nil {
		return wrap(err, "audit of", entries[0].Subject)
	}
	_, err = s.db.Writer(ctx).NewUpdate().Model(&head).WherePK().Exec(ctx)
	return wrap(err, "audit: head")
}

// sealOld puts entries from before the chain into it, in the order of time.
func (s *Audit) sealOld(ctx context.Context) error {
	const piece = 200 // keeps each write short
	for {
		var rows []auditRow
		if err := s.db.write.NewSelect().Model(&rows).Where("number = 0").Order("at",
			"id").Limit(piece).Scan(ctx); err != nil {
			return wrap(err, "audit: old entries")
		}
		if len(rows) == 0 {
			return nil
		}
		err := s.db.Atomically(ctx, func(ctx context.Context) error {
			entries := make([]audit.Entry, len(rows))
			ids := make([]string, len(rows))
			for i := range rows {
				entries[i], ids[i] = rows[i].entry(), rows[i].ID
			}
			if _, err := s.db.Writer(ctx).NewDelete().Model((*auditRow)(nil)).Where("id IN (?)",
				bun.List(ids)).Exec(ctx); err != nil {
				return wrap(err, "audit: old entries")
			}
			return s.seal(ctx, entries)
		})
		if err != nil {
			return err
		}
	}
}

// BySubject lists newest first.
func (s *Audit) BySubject(ctx context.Context, subject string, limit int) ([]audit.Entry, error) {
	var rows []auditRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("subject = ?", subject).Order("at DESC",
		"id DESC").Limit(int64(limit)).Scan(ctx)
	return entries(rows), wrap(err, "audit of", subject)
}

// Entries lists newest first.
func (s *Audit) Entries(ctx context.Context, f audit.Filter, limit int) ([]audit.Entry, error) {
	var rows []auditRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Order("number DESC").Limit(int64(limit))
	for _, x := range []struct{ column, value string }{{"subject", f.Subject}, {"actor", f.Actor},
		{"action", f.Action}} {
		if x.value != "" {
			q = q.Where("? = ?", bun.Ident(x.column), x.value)
		}
	}
	if !f.From.IsZero() {
		q = q.Where("at >= ?", stamp(f.From))
	}
	if !f.To.IsZero() {
		q = q.Where("at < ?", stamp(f.To))
	}
	if f.Before > 0 {
		q = q.Where("number < ?", f.Before)
	}
	err := q.Scan(ctx)
	return entries(rows), wrap(err, "audit")
}

func entries(rows []auditRow) []audit.Entry {
	list := make([]audit.Entry, len(rows))
	for i := range rows {
		list[i] = rows[i].entry()
	}
	return list
}

// Sealed lists the chain in its order.
func (s *Audit) Sealed(ctx context.Context, after int64, limit int) ([]audit.Sealed, error) {
	var rows []auditRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("number > ?",
		after).Order("number").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "audit")
	}
	list := make([]audit.Sealed, len(rows))
	for i := range rows {
		list[i] = rows[i].sealed()
	}
	return list, nil
}

// Head is the end of the chain.
func (s *Audit) Head(ctx context.Context) (int64, string, error) {
	head := headRow{ID: 1}
	err := s.db.Reader(ctx).NewSelect().Model(&head).WherePK().Scan(ctx)
	return head.Number, head.Hash, wrap(err, "audit: head")
}

// ForgetPlaces takes out the addresses of entries from before a moment.
func (s *Audit) ForgetPlaces(ctx context.Context, before time.Time) error {
	const piece = 500 // keeps each write short
	for {
		ok, err := s.forgetSome(ctx, before, piece)
		if err != nil || !ok {
			return wrap(err, "audit: addresses")
		}
	}
}

func (s *Audit) forgetSome(ctx context.Context, before time.Time, piece int64) (bool, error) {
	res, err := s.db.Writer(ctx).NewUpdate().Model((*auditRow)(nil)).Set("place = ''").Set("place_salt = ''").
		Where("id IN (?)", s.db.Writer(ctx).NewSelect().Model((*auditRow)(nil)).Column("id").Where(
			"at < ? AND place_salt <> ''", stamp(before)).Limit(piece)).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
