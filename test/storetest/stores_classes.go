package storetest

import (
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Classes tests an implementation of school.ClassStore.
func Classes(t *testing.T, open Open) {
	s := open(t)
	k := s.Classes
	for _, a := range []school.Area{{ID: "tinh"}, {ID: "xa", Parent: "tinh"}, {ID: "ban", Parent: "xa"}} {
		ok(t, s.Schools.SaveArea(bg, a))
	}
	ok(t, s.Schools.SaveSchool(bg, school.School{ID: "s1", Code: "1", AreaID: "ban"}))
	ok(t, s.Schools.SaveSchool(bg, school.School{ID: "s2", Code: "2", AreaID: "tinh"}))
	for _, id := range []string{"co-lan", "thay-pao"} {
		ok(t, s.People.SavePerson(bg, people.Person{ID: id, Username: id, Active: true}))
	}
	_, err := k.Class(bg, "none")
	wantFault(t, err, fault.NotFound, "class.not_found")
	a := school.Class{ID: "c1", Code: "3A", SchoolID: "s1", Year: "2026-2027", Grade: 3, Name: "3A", JoinCode: "ABC234",
		Teachers: []school.ClassTeacher{{PersonID: "thay-pao"}, {PersonID: "co-lan", Subject: "toan"},
			{PersonID: "thay-pao", Subject: "tieng-viet"}}}
	b := school.Class{ID: "c2", Code: "3A", SchoolID: "s1", Year: "2025-2026", Grade: 3, Name: "3A", JoinCode: "ABC235",
		Teachers: []school.ClassTeacher{{PersonID: "co-lan"}}}
	c := school.Class{ID: "c3", Code: "2B", SchoolID: "s1", Year: "2026-2027", Grade: 2, Name: "2B", JoinCode: "ABC236"}
	d := school.Class{ID: "c4", Code: "3A", SchoolID: "s2", Year: "2026-2027", Grade: 3, Name: "3A", JoinCode: "ABC237"}
	for _, x := range []school.Class{a, b, c, d} {
		ok(t, k.SaveClass(bg, x))
	}
	same(t, must(k.Class(bg, "c1"))(t), a)
	same(t, must(k.ClassesOf(bg, "s1", "2026-2027"))(t), []school.Class{c, a})
	same(t, must(k.ClassesOfTeacher(bg, "co-lan"))(t), []school.Class{a, b})
	if list := must(k.ClassesOfTeacher(bg, "none"))(t); len(list) != 0 {
		t.Errorf("classes of an unknown teacher: %v", list)
	}
	a.Teachers, a.Name = a.Teachers[:1], "3A1"
	ok(t, k.SaveClass(bg, a))
	same(t, must(k.Class(bg, "c1"))(t), a)
	taken := c
	taken.Code = "3A"
	wantFault(t, k.SaveClass(bg, taken), fault.Conflict, "class.code_taken")
	taken.Code, taken.JoinCode = "2B", "ABC234"
	wantFault(t, k.SaveClass(bg, taken), fault.Conflict, "class.door_taken")
	same(t, must(k.Class(bg, "c3"))(t), c)
	enrolments(t, s)
}

func enrolments(t *testing.T, s Stores) {
	k := s.Classes
	binh, an, nameless := school.Student{PersonID: "h1", Name: "Giàng Thị Bình", Key: "k1"},
		school.Student{PersonID: "h2", Name: "Lò Văn An", Key: "k2"}, school.Student{PersonID: "h3", Key: "k3"}
	for _, x := range []school.Student{binh, an, nameless} {
		ok(t, k.SaveStudent(bg, x, "s1", moment(0)))
		ok(t, k.SaveStudent(bg, x, "s1", moment(1)))
	}
	wantFault(t, k.SaveStudent(bg, school.Student{PersonID: "h4", Key: "k1"}, "s1", moment(0)), fault.Conflict,
		"student.key_taken")
	p := must(s.People.Person(bg, "h1"))(t)
	same(t, p.Grants, []people.Grant{{Role: people.Student, School: "s1"}})
	if p.PasswordHash != "" || !p.Active || p.Name != binh.Name || !p.CreatedAt.Equal(kept(moment(0))) {
		t.Errorf("the student's person is %+v", p)
	}
	for _, e := range []school.Enrolment{
		{ClassID: "c2", PersonID: "h1", From: "2025-09-05", To: "2026-05-31"},
		{ClassID: "c1", PersonID: "h1", From: "2026-09-05"},
		{ClassID: "c1", PersonID: "h2", From: "2026-09-05"},
		{ClassID: "c1", PersonID: "h3", From: "2026-09-05"},
	} {
		ok(t, k.SaveEnrolment(bg, e))
	}
	const before, on, after = "2026-09-04", "2026-09-05", "2026-11-02"
	same(t, must(k.Roster(bg, "c1", on))(t), []school.Student{nameless, an, binh})
	if list := must(k.Roster(bg, "c1", before))(t); len(list) != 0 {
		t.Errorf("the class has %v before it begins", list)
	}
	// A student moves to a class of another school.
	ok(t, k.SaveEnrolment(bg, school.Enrolment{ClassID: "c1", PersonID: "h2", From: "2026-09-05", To: "2026-11-01"}))
	ok(t, k.SaveEnrolment(bg, school.Enrolment{ClassID: "c4", PersonID: "h2", From: "2026-11-02"}))
	for day, want := range map[string]string{on: "c1", "2026-11-01": "c1", after: "c4"} {
		if c := must(k.ClassOfStudent(bg, "h2", day))(t); c.ID != want {
			t.Errorf("on %s in class %s, want %s", day, c.ID, want)
		}
	}
	_, err := k.ClassOfStudent(bg, "h2", before)
	wantFault(t, err, fault.NotFound, "class.not_found")
	for _, x := range []struct {
		scope school.Scope
		want  int
	}{
		{school.Scope{Day: on}, 3}, {school.Scope{Day: after}, 3}, {school.Scope{Day: before}, 0},
		{school.Scope{Day: "2026-01-01"}, 1},
		{school.Scope{Day: after, Class: "c1"}, 2}, {school.Scope{Day: after, School: "s1"}, 2},
		{school.Scope{Day: after, School: "s2", Grade: 3}, 1},
		{school.Scope{Day: after, Grade: 4}, 0}, {school.Scope{Day: after, Year: "2025-2026"}, 0},
		{school.Scope{Day: after, Area: "xa"}, 2}, {school.Scope{Day: after, Area: "tinh"}, 3},
		{school.Scope{Day: after, Area: "ban", Grade: 3}, 2}, {school.Scope{Day: after, Area: "none"}, 0},
	} {
		if n := must(k.Population(bg, x.scope))(t); n != x.want {
			t.Errorf("population of %+v is %d, want %d", x.scope, n, x.want)
		}
	}
}
