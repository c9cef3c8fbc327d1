package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/production"
)

// Copies keeps broadcast copies: a production.CopyStore.
type Copies struct{ db *DB }

// Copies is the store of broadcast copies.
func (d *DB) Copies() *Copies { return &Copies{d} }

var _ production.CopyStore = (*Copies)(nil)

type copyRow struct {
	bun.BaseModel `bun:"table:broadcast_copies,alias:bc"`

	ID          string `bun:",pk"`
	LessonID    string
	ChannelID   string
	PackageID   string
	Format      string
	State       string
	FailureCode string
	HouseNumber string
	StorageKey  string
	Size        int64
	SHA256      string `bun:"sha256"`
	Sheet       string
	CreatedBy   string
	CreatedAt   stamp
	FinishedAt  stamp
}

func (r copyRow) made() production.Copy {
	return production.Copy{
		ID: r.ID, LessonID: r.LessonID, ChannelID: r.ChannelID, PackageID: r.PackageID, Format: r.Format,
		State: production.CopyState(r.State), FailureCode: r.FailureCode, HouseNumber: r.HouseNumber,
		Key: r.StorageKey, Size: r.Size,
		SHA256: r.SHA256, Sheet: document(r.Sheet), CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.Time(),
		FinishedAt: r.FinishedAt.Time(),
	}
}

// Copy reads one.
func (s *Copies) Copy(ctx context.Context, id string) (production.Copy, error) {
	var r copyRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return production.Copy{}, missing(err, "copy.not_found", "copy", id)
	}
	return r.made(), nil
}

// SaveCopy adds or replaces one.
func (s *Copies) SaveCopy(ctx context.Context, c production.Copy) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&copyRow{
		ID: c.ID, LessonID: c.LessonID, ChannelID: c.ChannelID, PackageID: c.PackageID, Format: c.Format,
		State:       string(c.State),
		FailureCode: c.FailureCode, HouseNumber: c.HouseNumber, StorageKey: c.Key, Size: c.Size, SHA256: c.SHA256,
		Sheet:     string(c.Sheet),
		CreatedBy: c.CreatedBy, CreatedAt: stamp(c.CreatedAt), FinishedAt: stamp(c.FinishedAt),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "copy", c.ID)
}

// Copies lists a lesson's, newest first.
func (s *Copies) Copies(ctx context.Context, lesson string) ([]production.Copy, error) {
	var rows []copyRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id = ?", lesson).Order("created_at DESC",
		"id DESC").Scan(ctx)
	if err != nil {
		return nil, wrap(err, "copies of lesson", lesson)
	}
	list := make([]production.Copy, len(rows))
	for i, r := range rows {
		list[i] = r.made()
	}
	return list, nil
}

// DeleteCopies removes a lesson's.
func (s *Copies) DeleteCopies(ctx context.Context, lesson string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*copyRow)(nil)).Where("lesson_id = ?", lesson).Exec(ctx)
	return wrap(err, "copies of lesson", lesson)
}
