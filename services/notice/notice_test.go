package notice

import (
	"testing"
	"time"

	"lenlop/services/people"
)

func TestWhomANoticeIsFor(t *testing.T) {
	person := func(r people.Role, school string) people.Person {
		return people.Person{ID: "p", Active: true, Grants: []people.Grant{{Role: r, School: school}}}
	}
	anybody, student, teacher := people.Person{}, person(people.Student, "s1"), person(people.Teacher, "s1")
	for _, c := range []struct {
		name string
		n    Notice
		r    Reader
		want bool
	}{
		{"all, anybody", Notice{}, Reader{Person: anybody}, true},
		{"grade 9, grade 9", Notice{Grades: []int{9}}, Reader{Person: anybody, Grade: 9}, true},
		{"grade 9, grade 8", Notice{Grades: []int{9}}, Reader{Person: anybody, Grade: 8}, false},
		{"grade 9, none chosen", Notice{Grades: []int{9}}, Reader{Person: anybody}, true},
		{"grade 9, teacher", Notice{Grades: []int{9}}, Reader{Person: teacher, Grade: 8}, true},
		{"staff, anybody", Notice{Staff: true}, Reader{Person: anybody}, false},
		{"staff, student", Notice{Staff: true}, Reader{Person: student}, false},
		{"staff, teacher", Notice{Staff: true}, Reader{Person: teacher}, true},
		{"school, anybody", Notice{SchoolID: "s1"}, Reader{Person: anybody}, false},
		{"school, its student", Notice{SchoolID: "s1"}, Reader{Person: student}, true},
		{"school, another's teacher", Notice{SchoolID: "s2"}, Reader{Person: teacher}, false},
		{"school, deactivated", Notice{SchoolID: "s1"}, Reader{Person: people.Person{ID: "p", Grants: teacher.Grants}},
			false},
		{"class, in it", Notice{SchoolID: "s1", Classes: []string{"c1"}},
			Reader{Person: student, Classes: []string{"c1"}},
			true},
		{"class, in another", Notice{SchoolID: "s1", Classes: []string{"c1"}}, Reader{Person: student,
			Classes: []string{"c2"}}, false},
		{"class, head", Notice{SchoolID: "s1", Classes: []string{"c1"}},
			Reader{Person: person(people.Head, "s1")}, true},
		{"school, department", Notice{SchoolID: "s1", Staff: true}, Reader{Person: person(people.Reviewer, "")}, true},
	} {
		if got := c.n.For(c.r); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWhenANoticeIsShown(t *testing.T) {
	at := time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		n    Notice
		want bool
	}{
		"just now":        {Notice{PublishAt: at}, true},
		"in a moment":     {Notice{PublishAt: at.Add(1)}, false},
		"ends now":        {Notice{PublishAt: at.Add(-1), EndsAt: at}, false},
		"ends in a blink": {Notice{PublishAt: at.Add(-1), EndsAt: at.Add(1)}, true},
		"withdrawn":       {Notice{PublishAt: at, WithdrawnAt: at}, false},
	} {
		if got := c.n.Shown(at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
