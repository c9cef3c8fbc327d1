package sqldb

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Classes keeps classes and rosters: a school.ClassStore.
type Classes struct{ db *DB }

// Classes is the store of classes.
func (d *DB) Classes() *Classes { return &Classes{d} }

var _ school.ClassStore = (*Classes)(nil)

type classRow struct {
	bun.BaseModel `bun:"table:classes,alias:c"`

	ID       string `bun:",pk"`
	Code     string
	SchoolID string
	Year     string
	Grade    int
	Name     string
	JoinCode string `bun:"door"`
}

type classTeacherRow struct {
	bun.BaseModel `bun:"table:class_teachers,alias:t"`

	ClassID  string `bun:",pk"`
	PersonID string `bun:",pk"`
	Subject  string `bun:",pk"`
	Position int
}

type studentRow struct {
	bun.BaseModel `bun:"table:students,alias:st"`

	PersonID string `bun:",pk"`
	CodeKey  string
	Batch    string
}

type enrolmentRow struct {
	bun.BaseModel `bun:"table:enrolments,alias:e"`

	PersonID  string `bun:",pk"`
	ClassID   string `bun:",pk"`
	FromDay   string `bun:",pk"`
	Batch     string `bun:",pk"`
	ToDay     string
	GoneBatch string
}

// onDay is the condition that an enrolment e lasts on a day (given twice).
const onDay = "e.from_day <= ? AND (e.to_day = '' OR e.to_day >= ?)"

// Class reads one class.
func (s *Classes) Class(ctx context.Context, id string) (school.Class, error) {
	return s.one(ctx, id, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("c.id = ?", id) })
}

func (s *Classes) one(ctx context.Context, noun string,
	narrow func(*bun.SelectQuery) *bun.SelectQuery) (school.Class, error) {
	list, err := s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return narrow(q).Limit(1) })
	if err == nil && len(list) == 0 {
		return school.Class{}, fault.New(fault.NotFound, "class.not_found")
	}
	if err != nil {
		return school.Class{}, wrap(err, "class", noun)
	}
	return list[0], nil
}

// bare reads classes without their teachers.
func (s *Classes) bare(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]school.Class, error) {
	var rows []classRow
	if err := narrow(s.db.Reader(ctx).NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, wrap(err, "classes")
	}
	list := make([]school.Class, len(rows))
	for i, r := range rows {
		list[i] = r.class()
	}
	return list, nil
}

func (r *classRow) class() school.Class {
	return school.Class{ID: r.ID, Code: r.Code, SchoolID: r.SchoolID, Year: r.Year, Grade: r.Grade, Name: r.Name,
		JoinCode: r.JoinCode}
}

// list reads classes with their teachers.
func (s *Classes) list(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]school.Class, error) {
	list, err := s.bare(ctx, narrow)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	of := map[string][]school.ClassTeacher{}
	for part := range slices.Chunk(ids, several) {
		var teach []classTeacherRow
		err := s.db.Reader(ctx).NewSelect().Model(&teach).Where("class_id IN (?)", bun.List(part)).Order("class_id",
			"position").Scan(ctx)
		if err != nil {
			return nil, wrap(err, "classes: teachers")
		}
		for _, t := range teach {
			of[t.ClassID] = append(of[t.ClassID], school.ClassTeacher{PersonID: t.PersonID, Subject: t.Subject})
		}
	}
	for i := range list {
		list[i].Teachers = of[list[i].ID]
	}
	return list, nil
}

// ClassesOf lists a school's classes of a year.
func (s *Classes) ClassesOf(ctx context.Context, schoolID, year string) ([]school.Class, error) {
	return s.list(ctx, classesOf(schoolID, year))
}

// NamesOf lists them without their teachers: a province's thousands are looked
// through by name and code.
func (s *Classes) NamesOf(ctx context.Context, schoolID, year string) ([]school.Class, error) {
	return s.bare(ctx, classesOf(schoolID, year))
}

func classesOf(schoolID, year string) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		if schoolID != "" {
			q = q.Where("c.school_id = ?", schoolID)
		}
		if year != "" {
			q = q.Where("c.year = ?", year)
		}
		return q.Order("c.grade", "c.name", "c.id")
	}
}

// ClassesOfTeacher lists the classes that the person teaches.
func (s *Classes) ClassesOfTeacher(ctx context.Context, person string) ([]school.Class, error) {
	return s.list(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("c.id IN (SELECT t.class_id FROM class_teachers AS t WHERE t.person_id = ?)", person).
			Order("c.year DESC", "c.grade", "c.name", "c.id")
	})
}

// ClassOfStudent is the class that the student is in on the day; of several,
// the one joined last.
func (s *Classes) ClassOfStudent(ctx context.Context, person, day string) (school.Class, error) {
	var rows []struct {
		classRow `bun:",extend"`

		PersonID *string // a teacher
		Subject  *string
	}
	// One query: the home page and lessons ask for it.
	err := s.db.Reader(ctx).NewRaw("SELECT c.*, t.person_id, t.subject FROM (SELECT c.* FROM classes AS c "+
		"JOIN lasting_enrolments AS e ON e.class_id = c.id WHERE e.person_id = ? AND "+onDay+
		" ORDER BY e.from_day DESC, c.id DESC LIMIT 1) AS c LEFT JOIN class_teachers AS t ON t.class_id = c.id ORDER BY t.position",
		person, day, day).Scan(ctx, &rows)
	if err != nil {
		return school.Class{}, wrap(err, "class of student", person)
	}
	if len(rows) == 0 {
		return school.Class{}, fault.New(fault.NotFound, "class.not_found")
	}
	c := rows[0].class()
	for _, r := range rows {
		if r.PersonID != nil {
			c.Teachers = append(c.Teachers, school.ClassTeacher{PersonID: *r.PersonID, Subject: *r.Subject})
		}
	}
	return c, nil
}

// Roster lists the class's students on the day.
func (s *Classes) Roster(ctx context.Context, class, day string) ([]school.Student, error) {
	list := []school.Student{}
	err := s.db.Reader(ctx).NewRaw("SELECT p.id AS person_id, p.name AS name, st.code_key AS key "+
		"FROM persons AS p JOIN students AS st ON st.person_id = p.id "+
		"WHERE p.id IN (SELECT e.person_id FROM lasting_enrolments AS e WHERE e.class_id = ? AND "+onDay+
		") ORDER BY p.name_key, st.code_key", class, day, day).
		Scan(ctx, &list)
	return list, wrap(err, "roster of class", class)
}

// Population counts the different students of the scope.
func (s *Classes) Population(ctx context.Context, o school.Scope) (int, error) {
	q := s.db.Reader(ctx).NewSelect().TableExpr("lasting_enrolments AS e").ColumnExpr("COUNT(DISTINCT e.person_id)").
		Join("JOIN classes AS c ON c.id = e.class_id").Where(onDay, o.Day, o.Day)
	if o.Grade != 0 {
		q = q.Where("c.grade = ?", o.Grade)
	}
	for column, value := range map[string]string{"c.id": o.Class, "c.school_id": o.School, "c.year": o.Year} {
		if value != "" {
			q = q.Where("? = ?", bun.Safe(column), value)
		}
	}
	if o.Area != "" {
		q = q.Where("c.school_id IN (WITH RECURSIVE below (id) AS (SELECT a.id FROM areas AS a WHERE a.id = ? "+
			"UNION SELECT a.id FROM areas AS a JOIN below AS b ON a.parent = b.id) "+
			"SELECT s.id FROM schools AS s JOIN below AS b ON s.area_id = b.id)", o.Area)
	}
	var n int
	err := q.Scan(ctx, &n)
	return n, wrap(err, "population")
}

// SaveClass adds a class or changes it, with its teachers.
func (s *Classes) SaveClass(ctx context.Context, c school.Class) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		_, err := w.NewInsert().Model(&classRow{ID: c.ID, Code: c.Code, SchoolID: c.SchoolID, Year: c.Year,
			Grade: c.Grade, Name: c.Name, JoinCode: c.JoinCode}).
			On("CONFLICT (id) DO UPDATE").Exec(ctx)
		switch {
		case duplicate(err, "classes_code", "classes.code"):
			return fault.Wrap(err, fault.Conflict, "class.code_taken", "code", c.Code)
		case duplicate(err, "classes_door", "classes.door"):
			return fault.Wrap(err, fault.Conflict, "class.door_taken")
		case err != nil:
			return wrap(err, "class", c.ID)
		}
		if _, err := w.NewDelete().Model((*classTeacherRow)(nil)).Where("class_id = ?", c.ID).Exec(ctx); err != nil {
			return wrap(err, "class", c.ID, "teachers")
		}
		if len(c.Teachers) == 0 {
			return nil
		}
		rows := make([]classTeacherRow, len(c.Teachers))
		for i, t := range c.Teachers {
			rows[i] = classTeacherRow{ClassID: c.ID, PersonID: t.PersonID, Subject: t.Subject, Position: i}
		}
		_, err = w.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx)
		return wrap(err, "class", c.ID, "teachers")
	})
}

// SaveEnrolment adds an enrolment, or changes its end.
func (s *Classes) SaveEnrolment(ctx context.Context, e school.Enrolment) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(
		&enrolmentRow{PersonID: e.PersonID, ClassID: e.ClassID, FromDay: e.From, ToDay: e.To}).
		On("CONFLICT (person_id, class_id, from_day, batch) DO UPDATE").Set("to_day = EXCLUDED.to_day").Exec(ctx)
	return wrap(err, "enrolment of", e.PersonID)
}

// studentName is the username of a person who has none: no form takes a "~",
// so that nobody can sign in by it.
func studentName(id string) string { return "~" + id }

// SaveStudent keeps a student, and makes the person when new.
func (s *Classes) SaveStudent(ctx context.Context, x school.Student, schoolID string, at time.Time) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		_, err := w.NewInsert().Model(&personRow{ID: x.PersonID, Username: studentName(x.PersonID), Name: x.Name,
			NameKey: nameKey(x.Name),
			Folded:  foldedWords(x.Name, ""),
			Active:  true, CreatedAt: stamp(at)}).
			On("CONFLICT (id) DO UPDATE").Set("name = EXCLUDED.name").Set("name_key = EXCLUDED.name_key").Set(
			"folded = EXCLUDED.folded").Exec(ctx)
		if err != nil {
			return wrap(err, "student", x.PersonID)
		}
		_, err = w.NewInsert().Model(&grantRow{PersonID: x.PersonID, Role: string(people.Student),
			SchoolID: schoolID}).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return wrap(err, "student", x.PersonID, "role")
		}
		_, err = w.NewInsert().Model(&studentRow{PersonID: x.PersonID, CodeKey: x.Key}).On(
			"CONFLICT (person_id) DO UPDATE").Set("code_key = EXCLUDED.code_key").Exec(ctx)
		if duplicate(err, "students_key", "students.code_key") {
			return fault.Wrap(err, fault.Conflict, "student.key_taken")
		}
		return wrap(err, "student", x.PersonID)
	})
}
