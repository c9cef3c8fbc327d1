package school_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// officeStore adds to memory what only an office and its cards ask for.
type officeStore struct {
	*memory
	cards map[string]string // person by hash
	ended []string          // persons whose sessions were ended
}

func (o *officeStore) School(_ context.Context, id string) (school.School, error) {
	return o.schools.Get(id)
}
func (o *officeStore) Class(_ context.Context, id string) (school.Class, error) {
	return o.classes.Get(id)
}
func (o *officeStore) Person(_ context.Context, id string) (people.Person, error) {
	return o.persons.Get(id)
}

func (o *officeStore) on(day string) []school.Enrolment {
	return o.spans.All(func(e school.Enrolment) bool { return e.From <= day && (e.To == "" || e.To >= day) })
}

func (o *officeStore) ClassOfStudent(_ context.Context, person, day string) (school.Class, error) {
	for _, e := range o.on(day) {
		if e.PersonID == person {
			return o.classes.Get(e.ClassID)
		}
	}
	return school.Class{}, fault.New(fault.NotFound, "class.not_found")
}

func (o *officeStore) Roster(_ context.Context, class, day string) (out []school.Student, _ error) {
	for _, e := range o.on(day) {
		if e.ClassID == class {
			out = append(out, school.Student{PersonID: e.PersonID})
		}
	}
	return out, nil
}

func (o *officeStore) ClassesOfTeacher(_ context.Context, id string) ([]school.Class, error) {
	return o.classes.All(func(c school.Class) bool { return slices.Contains(c.Object().ClassTeachers, id) }), nil
}

func (o *officeStore) SaveEnrolment(_ context.Context, e school.Enrolment) error {
	return o.spans.Save(spanKey(e), e)
}

func (o *officeStore) SaveStudent(_ context.Context, x school.Student, at string, _ time.Time) error {
	_ = o.persons.Save(x.PersonID, people.Person{ID: x.PersonID, Active: true,
		Grants: []people.Grant{{Role: people.Student, School: at}}})
	return o.students.Save(x.Key, x)
}

func (o *officeStore) EndSessions(_ context.Context, person string, _ ...string) error {
	o.ended = append(o.ended, person)
	return nil
}

func (o *officeStore) SaveSession(context.Context, people.Session) error { return nil }

func (o *officeStore) SaveCards(_ context.Context, cards []school.KeptCard) error {
	for _, c := range cards {
		o.cards[c.Hash] = c.PersonID
	}
	return nil
}

func (o *officeStore) CardsOf(context.Context, string, string) (map[string]time.Time, error) {
	return nil, nil
}

func (o *officeStore) ByCard(_ context.Context, joinCode, hash, _ string) (string, error) {
	if id := o.cards[hash]; id != "" && joinCode == "ABCDEF" {
		return id, nil
	}
	return "", fault.New(fault.NotFound, "card.unknown")
}

func (o *officeStore) EndCards(context.Context, string, int) (bool, error) { return true, nil }

func (o *officeStore) Left(context.Context, time.Time, string, int) ([]string, error) {
	return nil, nil
}

var headS1 = people.Person{ID: "hieu", Active: true, Grants: []people.Grant{{Role: people.Head, School: "s1"}}}

func newOffice() (*school.Office, *officeStore) {
	s, m := newMemory()
	o := &officeStore{memory: m, cards: map[string]string{}}
	_ = m.classes.Save("9Z", school.Class{ID: "9Z", Code: "9Z", SchoolID: "s2", Year: "2026-2027", Grade: 3})
	return &school.Office{
		Schools: o, Classes: o, Cards: o, Rosters: o, Years: o, Keys: s.Keys, Atomic: s.Atomic, Audit: m.log,
		Zone:  time.UTC,
		Now:   s.Now,
		NewID: s.NewID, People: &people.Service{Store: o, Now: s.Now, NewID: s.NewID},
	}, o
}

func TestEnrolMoveAndLeave(t *testing.T) {
	s, o := newOffice()
	enrol := func(by people.Person, class, code string) error { return s.Enrol(bg, by, class, code, "") }
	if err := enrol(headS1, "3A", "HS-0001"); err != nil {
		t.Fatal(err)
	}
	id := o.students.All(nil)[0].PersonID
	if err := enrol(admin, "9Z", "x"); !fault.Is(err, "student.invalid") {
		t.Errorf("a code of one letter: %v", err)
	}
	if err := enrol(headS1, "9Z", "HS-0002"); !fault.Is(err, "access.denied") {
		t.Errorf("another school's class: %v", err)
	}
	o.now = start.AddDate(0, 0, 3)
	if err := enrol(headS1, "3B", "hs 0001"); err != nil {
		t.Fatal(err)
	}
	headS2 := people.Person{ID: "ha", Active: true, Grants: []people.Grant{{Role: people.Head, School: "s2"}}}
	if err := enrol(headS2, "9Z", "HS-0001"); !fault.Is(err, "student.invalid") ||
		fault.As(err).Fields[0].Code != "student.other_school" {
		t.Errorf("taken out of another school's class: %v", err)
	}
	if c, ok, err := s.Where(bg, o.persons.Must(id)); err != nil || !ok || c.ID != "3B" {
		t.Errorf("in %s %v %v", c.ID, ok, err)
	}
	if e, _ := o.spans.Get(id + " 3A 2026-10-01"); e.To != "2026-10-03" {
		t.Errorf("in the old class until %q", e.To)
	}
	o.now = start.AddDate(0, 0, 5)
	if err := s.Leave(bg, headS1, "3B", id); err != nil || !slices.Equal(o.ended, []string{id}) {
		t.Errorf("%v, signed out %v", err, o.ended)
	}
	if e, _ := o.spans.Get(id + " 3B 2026-10-04"); e.To != "2026-10-05" {
		t.Errorf("in the class until %q", e.To)
	}
	if err := s.Leave(bg, headS1, "3B", id); !fault.Is(err, "student.not_here") {
		t.Errorf("again: %v", err)
	}
	if grade, err := s.GradeOf(bg, o.persons.Must(id)); grade != 0 || err != nil {
		t.Errorf("in grade %d after leaving: %v", grade, err)
	}
}

func TestCards(t *testing.T) {
	s, o := newOffice()
	if _, _, err := s.MakeCards(bg, headS1, "3A"); !fault.Is(err, "card.nobody") {
		t.Errorf("of an empty class: %v", err)
	}
	if err := s.Enrol(bg, headS1, "3A", "HS-0001", "Em Một"); err != nil {
		t.Fatal(err)
	}
	_, cards, err := s.MakeCards(bg, headS1, "3A")
	if err != nil || len(cards) != 1 || len(cards[0].Code) != 9 || len(o.ended) != 1 {
		t.Fatalf("%+v %v", cards, err)
	}
	for name, c := range map[string]struct {
		join, code string
		ok         bool
	}{
		"right": {"abc def", cards[0].Code, true}, "another class": {"ABCDEG", cards[0].Code, false},
		"look-alikes": {
			"ABCDE0", cards[0].Code, false}, "another code": {"ABCDEF", "AAAA-AAAA", false},
		"short": {"ABCDEF", "AAAA", false},
	} {
		_, _, p, err := s.SignIn(bg, c.join, c.code, "")
		if (err == nil) != c.ok || !c.ok && !fault.Is(err, "card.wrong") || (p.ID != "") != c.ok {
			t.Errorf("%s: %+v %v", name, p, err)
		}
	}
	p := o.persons.Must(cards[0].Student.PersonID)
	p.Grants = append(p.Grants, people.Grant{Role: people.Teacher, School: "s1"})
	_ = o.persons.Save(p.ID, p)
	if _, _, _, err := s.SignIn(bg, "ABCDEF", cards[0].Code, ""); !fault.Is(err, "card.wrong") {
		t.Errorf("staff sign in with a card: %v", err)
	}
}

func TestOfficeSavesClasses(t *testing.T) {
	s, _ := newOffice()
	good := school.Class{Code: "4 a", SchoolID: "s1", Year: "2026-2027", Grade: 4,
		Teachers: []school.ClassTeacher{{PersonID: "lan"}, {PersonID: "lan"}}}
	c, err := s.Save(bg, headS1, good)
	if err != nil || c.Code != "4A" || c.Name != "4A" || len(c.Teachers) != 1 ||
		school.ParseJoinCode(c.JoinCode) != c.JoinCode {
		t.Fatalf("%+v %v", c, err)
	}
	for field, change := range map[string]func(*school.Class){
		"grade": func(c *school.Class) { c.Grade = 6 }, "year": func(c *school.Class) { c.Year = "2026" },
		"teachers": func(c *school.Class) { c.Teachers = []school.ClassTeacher{{PersonID: "tu"}} },
	} {
		x := good
		change(&x)
		if _, err := s.Save(bg, headS1, x); !fault.Is(err, "class.invalid") || fault.As(err).Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if mine, err := s.Mine(bg, headS1, "2026-2027"); err != nil || len(mine) != 3 {
		t.Errorf("the head's: %d %v", len(mine), err)
	}
	lan := people.Person{ID: "lan", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	if mine, err := s.Mine(bg, lan, "2026-2027"); err != nil || len(mine) != 1 || mine[0].ID != c.ID {
		t.Errorf("lan's: %+v %v", mine, err)
	}
}
