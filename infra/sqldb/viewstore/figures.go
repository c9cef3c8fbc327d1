package viewstore

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/viewership/television"
)

// Figures keeps television's figures: a television.FigureStore.
type Figures struct{ db *sqldb.DB }

// NewFigures makes the store of television's figures.
func NewFigures(db *sqldb.DB) *Figures { return &Figures{db} }

var _ television.FigureStore = (*Figures)(nil)

type figureRow struct {
	bun.BaseModel `bun:"table:figures,alias:f"`

	ID         string `bun:",pk"`
	AiringID   string
	LessonID   string
	ChannelID  string
	Metric     string
	Value      float64
	Unit       string
	Grade      string
	Source     string
	Method     string
	HandedInBy string
	ImportID   string
	ImportRow  int
	At         sqldb.Timestamp
	Replaces   string
}

func (r *figureRow) figure() television.Figure {
	return television.Figure{
		ID: r.ID, AiringID: r.AiringID, LessonID: r.LessonID, ChannelID: r.ChannelID, Metric: r.Metric, Value: r.Value,
		Unit: r.Unit, Grade: television.Grade(r.Grade), Source: r.Source, Method: r.Method, HandedInBy: r.HandedInBy,
		ImportID: r.ImportID, ImportRow: r.ImportRow, At: r.At.Time(), Replaces: r.Replaces,
	}
}

func rowOf(f television.Figure) figureRow {
	return figureRow{
		ID: f.ID, AiringID: f.AiringID, LessonID: f.LessonID, ChannelID: f.ChannelID, Metric: f.Metric, Value: f.Value,
		Unit: f.Unit, Grade: string(f.Grade), Source: f.Source, Method: f.Method, HandedInBy: f.HandedInBy,
		ImportID: f.ImportID, ImportRow: f.ImportRow, At: sqldb.Timestamp(f.At), Replaces: f.Replaces,
	}
}

// seenFigures are figures with those of imports that are committed and not yet
// moved to the table.
const seenFigures = "seen_figures AS f"

// AddFigures appends rows.
func (s *Figures) AddFigures(ctx context.Context, fs []television.Figure) error {
	channels := map[string]bool{}
	for _, f := range fs {
		channels[f.ChannelID] = true
	}
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		for _, c := range slices.Sorted(maps.Keys(channels)) {
			if err := s.db.BumpChannel(ctx, c); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(fs, 500) {
			rows := make([]figureRow, len(part))
			for i, f := range part {
				rows[i] = rowOf(f)
			}
			_, err := s.db.Writer(ctx).NewInsert().Model(&rows).Exec(ctx)
			if sqldb.IsDuplicate(err, "figures_replaces", "figures.replaces") {
				return fault.New(fault.Conflict, "figure.already_replaced")
			}
			if err != nil {
				return sqldb.WrapError(err, "figures")
			}
		}
		return nil
	})
}

// Figure reads one row.
func (s *Figures) Figure(ctx context.Context, id string) (television.Figure, error) {
	var r figureRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).ModelTableExpr(seenFigures).Where("id = ?",
		id).Scan(ctx); err != nil {
		return television.Figure{}, sqldb.MissingRow(err, "figure.not_found", "figure", id)
	}
	return r.figure(), nil
}

// FiguresOf lists the rows of airings, oldest first.
func (s *Figures) FiguresOf(ctx context.Context, airings []string) ([]television.Figure, error) {
	var list []television.Figure
	for part := range slices.Chunk(airings, 500) {
		var rows []figureRow
		err := s.db.Reader(ctx).NewSelect().Model(&rows).ModelTableExpr(seenFigures).Where("airing_id IN (?)",
			bun.List(part)).
			Order("at", "id").Scan(ctx)
		if err != nil {
			return nil, sqldb.WrapError(err, "figures")
		}
		for i := range rows {
			list = append(list, rows[i].figure())
		}
	}
	return list, nil
}
