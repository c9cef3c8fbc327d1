package school_test

import (
	"context"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// lists is a store that remembers what was saved last.
type lists struct {
	*memory
	saved any
}

func (l *lists) SaveNamed(_ context.Context, n school.Named) error { l.saved = n; return nil }

func (l *lists) SaveSubject(_ context.Context, x school.Subject) error { l.saved = x; return nil }

func (l *lists) SaveYear(_ context.Context, _ school.Year, weeks []school.Week) error {
	l.saved = len(weeks)
	return nil
}

func (l *lists) Weeks(context.Context, string) ([]school.Week, error) {
	return make([]school.Week, 7), nil
}

// TestListsAreChecked: every wrong field of areas, entries, subjects and years; "" is saved.
func TestListsAreChecked(t *testing.T) {
	year := school.Year{Code: "2026-2027", From: "2026-09-05", To: "2027-05-31"}
	type saver func(*school.Service, *lists, people.Person) error
	area := func(a school.Area) saver {
		return func(s *school.Service, l *lists, by people.Person) error {
			_, err := s.SaveArea(bg, by, l, a)
			return err
		}
	}
	named := func(n school.Named) saver {
		return func(s *school.Service, l *lists, by people.Person) error { return s.SaveNamed(bg, by, l, n) }
	}
	subject := func(x school.Subject) saver {
		return func(s *school.Service, _ *lists, by people.Person) error { return s.SaveSubject(bg, by, x) }
	}
	years := func(from, to, code, monday string) saver {
		y := year
		y.From, y.To, y.Code = from, to, code
		return func(s *school.Service, l *lists, by people.Person) error {
			return s.SaveYear(bg, by, l, y, monday, nil)
		}
	}
	for name, c := range map[string]struct {
		save saver
		want string
	}{
		"area":        {area(school.Area{Code: "x2", Name: "Xã Hai", Kind: "commune", Parent: "x1"}), ""},
		"area's kind": {area(school.Area{Code: "X2", Name: "A", Kind: "q"}), "kind: area.unknown_kind"},
		"area's code": {area(school.Area{Code: "x1", Name: "A", Kind: "commune"}), "code: area.code_taken"},
		"area's parent": {
			area(school.Area{Code: "X2", Name: "A", Kind: "commune", Parent: "x9"}), "parent: area.unknown_parent",
		},
		"area in itself": {
			area(school.Area{ID: "x1", Code: "X1", Name: "A", Kind: "commune", Parent: "x1"}), "parent: area.loop",
		},
		"entry":          {named(school.Named{List: school.Grades, Code: "lop-1", Name: "Lớp 1"}), ""},
		"entry's code":   {named(school.Named{List: school.Grades, Code: "Lớp", Name: "A"}), "code: school.bad_code"},
		"entry's list":   {named(school.Named{List: "x", Code: "a", Name: "A"}), "list: import.unknown_kind"},
		"entry's name":   {named(school.Named{List: school.Grades, Code: "a", NameEn: "A"}), "name: field.required"},
		"subject":        {subject(school.Subject{Code: "toan", Name: "Toán", FromGrade: 1, ToGrade: 12}), ""},
		"subject from 0": {subject(school.Subject{Code: "toan", Name: "Toán", ToGrade: 12}), "from: class.bad_grade"},
		"subject to 13": {
			subject(school.Subject{Code: "toan", Name: "Toán", FromGrade: 1, ToGrade: 13}), "from: class.bad_grade",
		},
		"subject backwards": {
			subject(school.Subject{Code: "toan", Name: "Toán", FromGrade: 5, ToGrade: 4}), "from: class.bad_grade",
		},
		"year":              {years(year.From, year.To, year.Code, "2026-09-07"), ""},
		"year's code":       {years(year.From, year.To, "2026", ""), "code: class.bad_year"},
		"year's first day":  {years("x", year.To, year.Code, ""), "from: import.bad_day"},
		"year of no days":   {years(year.From, year.From, year.Code, ""), "to: year.bad_days"},
		"week on a Tuesday": {years(year.From, year.To, year.Code, "2026-09-08"), "monday: year.bad_week"},
	} {
		i, m := newMemory()
		l := &lists{memory: m}
		s := &school.Service{Store: l, Atomic: i.Atomic, Audit: m.log, Now: func() time.Time { return start },
			NewID: i.NewID}
		if err := c.save(s, l, headS1); !fault.Is(err, "access.denied") {
			t.Errorf("%s, by a head: %v", name, err)
		}
		err := c.save(s, l, admin)
		if c.want == "" {
			if err != nil || len(m.log.List) != 1 {
				t.Errorf("%s: %v, %d entries logged", name, err, len(m.log.List))
			}
			if name == "year" && l.saved != 35 {
				t.Errorf("%v weeks planned", l.saved)
			}
			continue
		}
		if e := fault.As(err); e == nil || len(e.Fields) == 0 || e.Fields[0].Name+": "+e.Fields[0].Code != c.want ||
			len(m.log.List) != 0 {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
