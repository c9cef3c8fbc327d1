package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/school"
)

var _ school.Calendar = (*Schools)(nil)

type yearRow struct {
	bun.BaseModel `bun:"table:school_years,alias:y"`

	Code    string `bun:",pk"`
	FromDay string
	ToDay   string
}

type weekRow struct {
	bun.BaseModel `bun:"table:school_weeks,alias:w"`

	Year    string `bun:",pk"`
	Number  int    `bun:",pk"`
	FromDay string
	ToDay   string
}

type namedRow struct {
	bun.BaseModel `bun:"table:named,alias:n"`

	List     string `bun:",pk"`
	Code     string `bun:",pk"`
	Name     string
	NameEn   string
	Position int
}

// Years lists the school years, latest first.
func (s *Schools) Years(ctx context.Context) ([]school.Year, error) {
	var rows []yearRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("from_day DESC", "code DESC").Scan(ctx); err != nil {
		return nil, wrap(err, "school years")
	}
	list := make([]school.Year, len(rows))
	for i, r := range rows {
		list[i] = school.Year{Code: r.Code, From: r.FromDay, To: r.ToDay}
	}
	return list, nil
}

// SaveYear adds or replaces a year with all its weeks.
func (s *Schools) SaveYear(ctx context.Context, y school.Year, weeks []school.Week) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		if _, err := w.NewInsert().Model(&yearRow{Code: y.Code, FromDay: y.From, ToDay: y.To}).On(
			"CONFLICT (code) DO UPDATE").Exec(ctx); err != nil {
			return wrap(err, "school year", y.Code)
		}
		if _, err := w.NewDelete().Model((*weekRow)(nil)).Where("year = ?", y.Code).Exec(ctx); err != nil {
			return wrap(err, "school year", y.Code, "weeks")
		}
		if len(weeks) == 0 {
			return nil
		}
		rows := make([]weekRow, len(weeks))
		for i, x := range weeks {
			rows[i] = weekRow{Year: y.Code, Number: x.Number, FromDay: x.From, ToDay: x.To}
		}
		_, err := w.NewInsert().Model(&rows).Exec(ctx)
		return wrap(err, "school year", y.Code, "weeks")
	})
}

// Weeks lists a year's weeks by number.
func (s *Schools) Weeks(ctx context.Context, year string) ([]school.Week, error) {
	var rows []weekRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("year = ?", year).Order("number").Scan(ctx); err != nil {
		return nil, wrap(err, "weeks of", year)
	}
	list := make([]school.Week, len(rows))
	for i, r := range rows {
		list[i] = school.Week{Year: r.Year, Number: r.Number, From: r.FromDay, To: r.ToDay}
	}
	return list, nil
}

// Named lists one of the lists in its order.
func (s *Schools) Named(ctx context.Context, list string) ([]school.Named, error) {
	var rows []namedRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("list = ?", list).Order("position",
		"code").Scan(ctx); err != nil {
		return nil, wrap(err, "list", list)
	}
	out := make([]school.Named, len(rows))
	for i, r := range rows {
		out[i] = school.Named{List: r.List, Code: r.Code, Name: r.Name, NameEn: r.NameEn, Order: r.Position}
	}
	return out, nil
}

// SaveNamed adds or replaces an entry of a list.
func (s *Schools) SaveNamed(ctx context.Context, n school.Named) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&namedRow{List: n.List, Code: n.Code, Name: n.Name, NameEn: n.NameEn,
		Position: n.Order}).
		On("CONFLICT (list, code) DO UPDATE").Exec(ctx)
	return wrap(err, "list", n.List, n.Code)
}
