package sqldb

import (
	"context"

	"github.com/uptrace/bun"

	"lenlop/services/school"
)

// Schools keeps areas, schools and subjects: a school.Store.
type Schools struct{ db *DB }

// Schools is the store of the organisation.
func (d *DB) Schools() *Schools { return &Schools{d} }

var _ school.Store = (*Schools)(nil)

type schoolRow struct {
	bun.BaseModel `bun:"table:schools,alias:s"`

	ID        string `bun:",pk"`
	Code      string
	Name      string
	AreaID    string
	Level     string
	CreatedAt stamp
}

func (r *schoolRow) school() school.School {
	return school.School{ID: r.ID, Code: r.Code, Name: r.Name, AreaID: r.AreaID, Level: school.Level(r.Level),
		CreatedAt: r.CreatedAt.Time()}
}

type areaRow struct {
	bun.BaseModel `bun:"table:areas,alias:a"`

	ID     string `bun:",pk"`
	Parent string
	Kind   string
	Code   string
	Name   string
}

type subjectRow struct {
	bun.BaseModel `bun:"table:subjects,alias:s"`

	Code      string `bun:",pk"`
	Name      string
	NameEn    string
	FromGrade int
	ToGrade   int
	Position  int
}

// School reads one school.
func (s *Schools) School(ctx context.Context, id string) (school.School, error) {
	var r schoolRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return school.School{}, missing(err, "school.not_found", "school", id)
	}
	return r.school(), nil
}

// SchoolsByID reads those of the schools that exist, in no order, in one query.
func (s *Schools) SchoolsByID(ctx context.Context, ids []string) ([]school.School, error) {
	var rows []schoolRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, wrap(err, "schools")
	}
	list := make([]school.School, len(rows))
	for i := range rows {
		list[i] = rows[i].school()
	}
	return list, nil
}

// Schools lists all of them by id.
func (s *Schools) Schools(ctx context.Context) ([]school.School, error) {
	var rows []schoolRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, wrap(err, "schools")
	}
	list := make([]school.School, len(rows))
	for i := range rows {
		list[i] = rows[i].school()
	}
	return list, nil
}

// SaveSchool adds or replaces a school.
func (s *Schools) SaveSchool(ctx context.Context, c school.School) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&schoolRow{
		ID: c.ID, Code: c.Code, Name: c.Name, AreaID: c.AreaID, Level: string(c.Level), CreatedAt: stamp(c.CreatedAt),
	}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "school", c.ID)
}

// Areas lists all of them by id.
func (s *Schools) Areas(ctx context.Context) ([]school.Area, error) {
	var rows []areaRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, wrap(err, "areas")
	}
	list := make([]school.Area, len(rows))
	for i, r := range rows {
		list[i] = school.Area{ID: r.ID, Parent: r.Parent, Kind: r.Kind, Code: r.Code, Name: r.Name}
	}
	return list, nil
}

// SaveArea adds or replaces an area.
func (s *Schools) SaveArea(ctx context.Context, a school.Area) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(
		&areaRow{ID: a.ID, Parent: a.Parent, Kind: a.Kind, Code: a.Code, Name: a.Name}).
		On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "area", a.ID)
}

// Subjects lists the curriculum in its order.
func (s *Schools) Subjects(ctx context.Context) ([]school.Subject, error) {
	var rows []subjectRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Order("position", "code").Scan(ctx); err != nil {
		return nil, wrap(err, "subjects")
	}
	list := make([]school.Subject, len(rows))
	for i, r := range rows {
		list[i] = school.Subject{Code: r.Code, Name: r.Name, NameEn: r.NameEn, FromGrade: r.FromGrade,
			ToGrade: r.ToGrade, Order: r.Position}
	}
	return list, nil
}

// SaveSubject adds or replaces a subject.
func (s *Schools) SaveSubject(ctx context.Context, x school.Subject) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&subjectRow{
		Code: x.Code, Name: x.Name, NameEn: x.NameEn, FromGrade: x.FromGrade, ToGrade: x.ToGrade, Position: x.Order,
	}).On("CONFLICT (code) DO UPDATE").Exec(ctx)
	return wrap(err, "subject", x.Code)
}
