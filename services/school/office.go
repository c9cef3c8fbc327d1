package school

import (
	"context"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Mine lists the classes of a year that a person has to do with: those that
// they teach and, for heads, all of their schools. Of other people the list is
// empty.
func (s *Office) Mine(ctx context.Context, by people.Person, year string) (list []Class, err error) {
	if !people.May(by, people.ListClasses, people.Object{}) {
		return nil, fault.New(fault.Forbidden, "access.denied")
	}
	seen := map[string]bool{}
	add := func(all []Class) {
		for _, c := range all {
			if c.Year == year && !seen[c.ID] && people.May(by, people.ReadClass, c.Object()) {
				seen[c.ID] = true
				list = append(list, c)
			}
		}
	}
	for _, g := range by.Grants {
		if g.Role != people.Head || g.School == "" {
			continue
		}
		all, err := s.Classes.ClassesOf(ctx, g.School, year)
		if err != nil {
			return nil, err
		}
		add(all)
	}
	all, err := s.Classes.ClassesOfTeacher(ctx, by.ID)
	add(all)
	return list, err
}

// Save makes (empty ID) or changes a class. Faults: "access.denied",
// "class.invalid" with fields.
func (s *Office) Save(ctx context.Context, by people.Person, c Class) (Class, error) {
	if c.ID != "" {
		old, err := s.Class(ctx, by, people.ManageClass, c.ID)
		if err != nil {
			return c, err
		}
		c.SchoolID, c.JoinCode = old.SchoolID, old.JoinCode
	}
	// Homeroom teachers care for their class; whose it is, the school says.
	if !people.May(by, people.ManageClass, people.Object{School: c.SchoolID}) {
		return c, fault.New(fault.Forbidden, "access.denied")
	}
	at, err := s.Schools.School(ctx, c.SchoolID)
	if fault.KindOf(err) == fault.NotFound {
		return c, fault.Form("class.invalid", fault.Wrong("school", "field.required"))
	}
	if err != nil {
		return c, err
	}
	c.Code, c.Name = classCode(c.Code), strings.Join(strings.Fields(c.Name), " ")
	if c.Name == "" {
		c.Name = c.Code
	}
	c.Teachers = distinct(c.Teachers)
	bad := c.wrong(at)
	for _, t := range c.Teachers {
		p, err := s.People.Store.Person(ctx, t.PersonID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return c, err
		}
		if err != nil || !p.At(people.Teacher, c.SchoolID) {
			bad = append(bad, fault.Wrong("teachers", "class.not_teacher_here", "username", p.Username))
		}
	}
	if err := fault.Form("class.invalid", bad...); err != nil {
		return c, err
	}
	note := "class changed"
	if c.ID == "" {
		c.ID, c.JoinCode, note = s.NewID(), NewJoinCode(), "class made"
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Classes.SaveClass(ctx, c); err != nil {
			return err
		}
		return s.note(ctx, by, c.ID, note)
	})
	if fault.Is(err, "class.code_taken") {
		err = fault.Form("class.invalid", fault.Wrong("code", "class.code_taken"))
	}
	return c, err
}

// Enrol puts a student into a class from today on; who is in another class of
// the year moves. Faults: "access.denied", "student.invalid" with fields.
func (s *Office) Enrol(ctx context.Context, by people.Person, class, code, name string) error {
	c, err := s.Class(ctx, by, people.ManageClass, class)
	if err != nil {
		return err
	}
	name = strings.Join(strings.Fields(name), " ")
	var bad []fault.Field
	if wrong, sign := wrongStudentCode(code); wrong != "" {
		bad = append(bad, fault.Wrong("code", wrong, "sign", sign))
	}
	if name != "" {
		bad = append(bad, wrongName("name", name, people.MaxName)...)
	}
	if err := fault.Form("student.invalid", bad...); err != nil {
		return err
	}
	today, key := s.Today(), s.Keys.Student(code)
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		known, err := s.Rosters.StudentsByKey(ctx, []string{key})
		if err != nil {
			return err
		}
		x, there := known[key]
		if !there {
			x = Student{PersonID: s.NewID(), Key: key}
		} else if now, err := s.Classes.ClassOfStudent(ctx, x.PersonID, today); err == nil &&
			now.SchoolID != c.SchoolID && !by.Is(people.Admin) {
			// Nobody takes a student out of another school's class.
			return fault.Form("student.invalid", fault.Wrong("code", "student.other_school"))
		} else if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if name != "" {
			x.Name = name
		}
		if err := s.Classes.SaveStudent(ctx, x, c.SchoolID, s.Now()); err != nil {
			return err
		}
		held, err := s.Rosters.EnrolmentsOf(ctx, []string{x.PersonID})
		if err != nil {
			return err
		}
		for _, e := range held[x.PersonID] {
			if e.To != "" && e.To < today {
				continue
			}
			other, err := s.Classes.Class(ctx, e.ClassID)
			if err != nil {
				return err
			}
			if e.ClassID == c.ID {
				return s.note(ctx, by, c.ID, "student named")
			}
			if other.Year != c.Year {
				continue
			}
			if e.To = DayBefore(today); e.To < e.From {
				e.To = e.From // began today: one day in both does no harm
			}
			if err := s.Classes.SaveEnrolment(ctx, e); err != nil {
				return err
			}
		}
		if err := s.Classes.SaveEnrolment(ctx,
			Enrolment{ClassID: c.ID, PersonID: x.PersonID, From: today}); err != nil {
			return err
		}
		return s.note(ctx, by, c.ID, "student added")
	})
}

// Leave ends a student's being in a class yesterday.
func (s *Office) Leave(ctx context.Context, by people.Person, class, person string) error {
	c, err := s.Class(ctx, by, people.ManageClass, class)
	if err != nil {
		return err
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		held, err := s.Rosters.EnrolmentsOf(ctx, []string{person})
		if err != nil {
			return err
		}
		today, found := s.Today(), false
		for _, e := range held[person] {
			if e.ClassID != c.ID || e.To != "" && e.To < today {
				continue
			}
			found = true
			if e.To = DayBefore(today); e.To < e.From {
				e.To = e.From
			}
			if err := s.Classes.SaveEnrolment(ctx, e); err != nil {
				return err
			}
		}
		if !found {
			return fault.New(fault.NotFound, "student.not_here")
		}
		if err := s.People.Store.EndSessions(ctx, person); err != nil {
			return err
		}
		return s.note(ctx, by, c.ID, "student left")
	})
}
