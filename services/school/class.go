package school

import (
	"context"
	"slices"
	"time"

	"lenlop/services/people"
)

// Class is one class of one school in one school year; every year makes new
// ones. Code is the ministry's, or the school's own, and is unique in the
// school and year; students sign in with JoinCode, which is unique everywhere.
type Class struct {
	ID, Code, SchoolID string
	Year               string // school year, "2026-2027"
	Grade              int
	Name               string // "3A"
	JoinCode           string // class code on the students' cards
	Teachers           []ClassTeacher
}

// ClassTeacher is one teacher of a class: of one subject, or its homeroom
// teacher (Subject empty), who may be both.
type ClassTeacher struct {
	PersonID string
	Subject  string // subject code; empty: homeroom
}

// Homeroom reports whether it is the homeroom teacher.
func (t ClassTeacher) Homeroom() bool { return t.Subject == "" }

// Object gives the class's facts to the policy function.
func (c Class) Object() people.Object {
	o := people.Object{School: c.SchoolID}
	for _, t := range c.Teachers {
		if t.Homeroom() {
			o.Homeroom = append(o.Homeroom, t.PersonID)
		}
		if !slices.Contains(o.ClassTeachers, t.PersonID) {
			o.ClassTeachers = append(o.ClassTeachers, t.PersonID)
		}
	}
	return o
}

// Student is one person of a class's roster. Name may be empty: a school may
// keep codes only.
type Student struct {
	PersonID, Name string
	Key            string // keyed hash of the ministry's student code, hex
}

// Enrolment says that a student belongs to a class from one local day to
// another, both counted; To empty: still.
type Enrolment struct {
	ClassID, PersonID string
	From, To          string // "2026-09-05"
}

// Day is the local day of a moment as it is stored, "2026-09-05".
func Day(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// Scope narrows a population: empty fields do not. Area takes in the areas
// below it; Day is the day on which students are counted and always given.
type Scope struct {
	Day                       string
	Grade                     int // 0: all
	Class, School, Area, Year string
}

// Rosters reads classes and who is in them. Missing classes are fault.NotFound
// "class.not_found". Every list of classes comes with its teachers.
type Rosters interface {
	Class(ctx context.Context, id string) (Class, error)
	// ClassesOf lists a school's classes of a year by grade and name; an
	// empty school or year means all.
	ClassesOf(ctx context.Context, school, year string) ([]Class, error)
	// ClassesOfTeacher lists the classes that the person teaches, of all
	// years, latest first.
	ClassesOfTeacher(ctx context.Context, person string) ([]Class, error)
	// ClassOfStudent is the class that the student is in on the day;
	// fault.NotFound "class.not_found" when in none.
	ClassOfStudent(ctx context.Context, person, day string) (Class, error)
	// Roster lists the class's students on the day by name, then by key.
	Roster(ctx context.Context, class, day string) ([]Student, error)
	// Population counts the different students of the scope.
	Population(ctx context.Context, s Scope) (int, error)
}

// ClassStore keeps classes beside reading them.
type ClassStore interface {
	Rosters
	// SaveClass adds a class or changes it, with its teachers. A code that
	// another class of the school and year has is fault.Conflict
	// "class.code_taken"; a join code that another class has "class.door_taken".
	SaveClass(ctx context.Context, c Class) error
	// SaveEnrolment adds an enrolment, or changes the end of the one that
	// began in that class on that day.
	SaveEnrolment(ctx context.Context, e Enrolment) error
	// SaveStudent keeps the student's name and key; the person is made, with
	// the role at the school, when new. A key that another person has is
	// fault.Conflict "student.key_taken".
	SaveStudent(ctx context.Context, s Student, school string, at time.Time) error
}
