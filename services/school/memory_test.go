package school_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/spreadsheet"
	"lenlop/test/memstore"
)

var (
	bg    = context.Background()
	start = time.Date(2026, 10, 1, 2, 0, 0, 0, time.UTC)
)

// What the importer does not call.
type (
	orgStore    struct{ school.Store }
	classStore  struct{ school.ClassStore }
	calendar    struct{ school.Calendar }
	peopleStore struct{ people.Store }
)

// memory keeps in memory what the importer needs: a province with one area, two schools, two teachers and a year.
type memory struct {
	orgStore
	classStore
	calendar
	peopleStore
	areas    *memstore.Table[school.Area]
	schools  *memstore.Table[school.School]
	classes  *memstore.Table[school.Class]
	persons  *memstore.Table[people.Person]
	students *memstore.Table[school.Student] // by key
	spans    *memstore.Table[school.Enrolment]
	imports  *memstore.Table[school.Import]
	log      *memstore.AuditLog
	pieces   []int // rows of each staged piece
	ids      int
	now      time.Time
}

func newMemory() (*school.Importer, *memory) {
	m := &memory{
		areas: memstore.NewTable[school.Area](""), schools: memstore.NewTable[school.School]("school.not_found"),
		classes:  memstore.NewTable[school.Class]("class.not_found"),
		persons:  memstore.NewTable[people.Person]("people.not_found"),
		students: memstore.NewTable[school.Student](""), spans: memstore.NewTable[school.Enrolment](""),
		imports: memstore.NewTable[school.Import]("import.not_found"), log: &memstore.AuditLog{Alone: true}, now: start,
	}
	_ = m.areas.Save("x1", school.Area{ID: "x1", Code: "X1", Name: "Xã Mẫu", Kind: "commune"})
	_ = m.schools.Save("s1", school.School{ID: "s1", Code: "TH01", Name: "Bản Mẫu", Level: school.Primary,
		AreaID: "x1"})
	_ = m.schools.Save("s2", school.School{ID: "s2", Code: "TH02", Name: "Suối Trong", Level: school.Primary})
	for id, at := range map[string]string{"lan": "s1", "tu": "s2"} {
		_ = m.persons.Save(id, people.Person{ID: id, Username: id, Name: "Cô " + id, Active: true,
			Grants: []people.Grant{{Role: people.Teacher, School: at}}})
	}
	for _, c := range []string{"3A", "3B"} {
		_ = m.classes.Save(c, school.Class{ID: c, Code: c, Name: c, SchoolID: "s1", Year: "2026-2027", Grade: 3,
			JoinCode: "J" + c})
	}
	return &school.Importer{
		Schools: m, Classes: m, Years: m, People: m, Store: m, Keys: school.Keys("key"), Audit: m.log,
		Atomic: memstore.NewAtomic(m.areas, m.schools, m.classes, m.persons, m.students, m.spans, m.imports, m.log),
		Sheets: func(_ context.Context, _ string, data []byte) ([]spreadsheet.Sheet, error) {
			var rows [][]string
			for line := range strings.Lines(string(data)) {
				rows = append(rows, strings.Split(strings.TrimRight(line, "\n"), ","))
			}
			return spreadsheet.Of(rows), nil
		},
		Now: func() time.Time { return m.now }, NewID: func() string { m.ids++; return fmt.Sprintf("id-%03d", m.ids) },
	}, m
}

func (m *memory) Areas(context.Context) ([]school.Area, error)        { return m.areas.All(nil), nil }
func (m *memory) SaveArea(_ context.Context, a school.Area) error     { return m.areas.Save(a.ID, a) }
func (m *memory) Schools(context.Context) ([]school.School, error)    { return m.schools.All(nil), nil }
func (m *memory) SaveSchool(_ context.Context, x school.School) error { return m.schools.Save(x.ID, x) }
func (m *memory) SaveClass(_ context.Context, c school.Class) error   { return m.classes.Save(c.ID, c) }

func (m *memory) Subjects(context.Context) ([]school.Subject, error) {
	return []school.Subject{{Code: "toan", Name: "Toán"}}, nil
}

func (m *memory) Named(context.Context, string) ([]school.Named, error) {
	return []school.Named{{Code: "commune", Name: "Xã", NameEn: "Commune"}}, nil
}

func (m *memory) Years(context.Context) ([]school.Year, error) {
	return []school.Year{{Code: "2026-2027", From: "2026-09-05", To: "2027-05-31"}}, nil
}

func (m *memory) ClassesOf(_ context.Context, at, year string) ([]school.Class, error) {
	return m.classes.All(func(c school.Class) bool {
		return (at == "" || c.SchoolID == at) && (year == "" ||
			c.Year == year)
	}), nil
}

func (m *memory) SavePerson(_ context.Context, p people.Person) error { return m.persons.Save(p.ID, p) }

func (m *memory) Persons(_ context.Context, r people.Role, after string, _ int) ([]people.Person, error) {
	return m.persons.All(func(p people.Person) bool {
		return p.ID > after && slices.ContainsFunc(p.Grants, func(g people.Grant) bool { return g.Role == r })
	}), nil
}

func (m *memory) ByUsernames(_ context.Context, names []string) (map[string]people.Person, error) {
	out := map[string]people.Person{}
	for _, p := range m.persons.All(func(p people.Person) bool { return slices.Contains(names, p.Username) }) {
		out[p.Username] = p
	}
	return out, nil
}

func (m *memory) SaveImport(_ context.Context, i school.Import) error { return m.imports.Save(i.ID, i) }

func (m *memory) Import(_ context.Context, id string) (school.Import, error) {
	return m.imports.Get(id)
}

func (m *memory) Imports(context.Context, int) ([]school.Import, error) {
	return m.imports.All(nil), nil
}

func (m *memory) StudentsByKey(_ context.Context, keys []string) (map[string]school.Student, error) {
	out := map[string]school.Student{}
	for _, x := range m.students.All(func(x school.Student) bool { return slices.Contains(keys, x.Key) }) {
		out[x.Key] = x
	}
	return out, nil
}

func (m *memory) EnrolmentsOf(_ context.Context, ids []string) (map[string][]school.Enrolment, error) {
	out := map[string][]school.Enrolment{}
	for _, e := range m.spans.All(func(e school.Enrolment) bool { return slices.Contains(ids, e.PersonID) }) {
		out[e.PersonID] = append(out[e.PersonID], e)
	}
	return out, nil
}

func (m *memory) Members(_ context.Context, class string) (out []school.Member, _ error) {
	for _, e := range m.spans.All(func(e school.Enrolment) bool { return e.ClassID == class }) {
		x := m.students.All(func(x school.Student) bool { return x.PersonID == e.PersonID })[0]
		out = append(out, school.Member{Student: x, From: e.From, To: e.To})
	}
	return out, nil
}

func spanKey(e school.Enrolment) string { return e.PersonID + " " + e.ClassID + " " + e.From }

// Stage makes everything seen at once.
func (m *memory) Stage(_ context.Context, _ string, p school.Piece) error {
	m.pieces = append(m.pieces, len(p.Added))
	for _, e := range p.Gone {
		m.spans.Delete(spanKey(e))
	}
	for _, e := range p.Added {
		_ = m.spans.Save(spanKey(e), e)
	}
	for _, x := range p.Born {
		_ = m.students.Save(x.Key, x.Student)
	}
	for _, x := range p.Named {
		_ = m.students.Save(x.Key, x)
	}
	return nil
}

func (m *memory) Unstage(context.Context, string, int) (bool, error) { return true, nil }

func (m *memory) Settle(context.Context, string, int) (bool, error) { return true, nil }
