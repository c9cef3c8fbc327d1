package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/worksheet"
)

// Worksheets keeps lessons' worksheets: a worksheet.Store.
type Worksheets struct{ db *DB }

// Worksheets is the store of worksheets.
func (d *DB) Worksheets() *Worksheets { return &Worksheets{d} }

var _ worksheet.Store = (*Worksheets)(nil)

type worksheetRow struct {
	bun.BaseModel `bun:"table:worksheets,alias:w"`

	ID         string `bun:",pk"`
	LessonID   string
	Name       string
	Type       string
	StorageKey string
	Size       int64
	SHA256     string `bun:"sha256"`
	Width      int
	Height     int
	ByPerson   string
	CreatedAt  stamp
}

func (r worksheetRow) worksheet() worksheet.Worksheet {
	return worksheet.Worksheet{ID: r.ID, LessonID: r.LessonID, Name: r.Name, Type: r.Type, Key: r.StorageKey,
		Size: r.Size, SHA256: r.SHA256,
		Width: r.Width, Height: r.Height, By: r.ByPerson, At: r.CreatedAt.Time()}
}

// Worksheet reads one.
func (s *Worksheets) Worksheet(ctx context.Context, lessonID, id string) (worksheet.Worksheet, error) {
	var r worksheetRow
	err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ? AND lesson_id = ?", id, lessonID).Scan(ctx)
	if err != nil {
		return worksheet.Worksheet{}, missing(err, "worksheet.not_found", "worksheet", id)
	}
	return r.worksheet(), nil
}

// Worksheets lists a lesson's in the order they came.
func (s *Worksheets) Worksheets(ctx context.Context, lessonID string) ([]worksheet.Worksheet, error) {
	var rows []worksheetRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("lesson_id = ?", lessonID).Order("created_at",
		"id").Scan(ctx); err != nil {
		return nil, wrap(err, "worksheets of lesson", lessonID)
	}
	list := make([]worksheet.Worksheet, len(rows))
	for i, r := range rows {
		list[i] = r.worksheet()
	}
	return list, nil
}

// SaveWorksheet adds or replaces one.
func (s *Worksheets) SaveWorksheet(ctx context.Context, w worksheet.Worksheet) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&worksheetRow{
		ID: w.ID, LessonID: w.LessonID, Name: w.Name, Type: w.Type, StorageKey: w.Key, Size: w.Size, SHA256: w.SHA256,
		Width: w.Width, Height: w.Height, ByPerson: w.By, CreatedAt: stamp(w.At),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "worksheet", w.ID)
}

// DeleteWorksheet removes one; there being none is no error.
func (s *Worksheets) DeleteWorksheet(ctx context.Context, lessonID, id string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*worksheetRow)(nil)).Where("id = ? AND lesson_id = ?", id,
		lessonID).Exec(ctx)
	return wrap(err, "worksheet", id)
}

// ForgetWorksheets removes all of a lesson's.
func (s *Worksheets) ForgetWorksheets(ctx context.Context, lessonID string) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*worksheetRow)(nil)).Where("lesson_id = ?", lessonID).Exec(ctx)
	return wrap(err, "worksheets of lesson", lessonID)
}
