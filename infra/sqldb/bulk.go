package sqldb

import (
	"context"
	"slices"

	"lenlop/services/people"
	"lenlop/services/school"
)

// AddPersons adds many new persons with their roles at once.
func (s *People) AddPersons(ctx context.Context, list []people.Person) error {
	var rows []personRow
	var grants []grantRow
	names := newNamer()
	for _, p := range list {
		rows = append(rows, personRow{ID: p.ID, Username: p.Username, Name: p.Name, NameKey: names.key(p.Name),
			Folded: foldedWords(p.Name, p.Username), PasswordHash: p.PasswordHash,
			Active: p.Active, Demo: p.Demo, CreatedAt: stamp(p.CreatedAt), Email: p.Email, Machine: p.Machine})
		for i, g := range p.Grants {
			grants = append(grants, grantRow{PersonID: p.ID, Role: string(g.Role), SchoolID: g.School, Position: i})
		}
	}
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		for part := range slices.Chunk(rows, several) {
			if _, err := s.db.Writer(ctx).NewInsert().Model(&part).Exec(ctx); err != nil {
				return wrap(err, "persons")
			}
		}
		for part := range slices.Chunk(grants, several) {
			if _, err := s.db.Writer(ctx).NewInsert().Model(&part).Exec(ctx); err != nil {
				return wrap(err, "grants")
			}
		}
		return nil
	})
}

// AddClasses adds many new classes with their teachers at once.
func (s *Classes) AddClasses(ctx context.Context, list []school.Class) error {
	var rows []classRow
	var teachers []classTeacherRow
	for _, c := range list {
		rows = append(rows, classRow{ID: c.ID, Code: c.Code, SchoolID: c.SchoolID, Year: c.Year, Grade: c.Grade,
			Name: c.Name, JoinCode: c.JoinCode})
		for i, t := range c.Teachers {
			teachers = append(teachers, classTeacherRow{ClassID: c.ID, PersonID: t.PersonID,
				Subject: t.Subject, Position: i})
		}
	}
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		for part := range slices.Chunk(rows, several) {
			if _, err := s.db.Writer(ctx).NewInsert().Model(&part).Exec(ctx); err != nil {
				return wrap(err, "classes")
			}
		}
		for part := range slices.Chunk(teachers, several) {
			if _, err := s.db.Writer(ctx).NewInsert().Model(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
				return wrap(err, "class teachers")
			}
		}
		return nil
	})
}
