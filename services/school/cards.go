package school

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
)

// Card is what a student signs in with, beside the class's joinCode. The code is
// known when it is made and never again.
type Card struct {
	Student Student
	Code    string // "K7PM-2QXA"
}

// KeptCard is what is kept of a card.
type KeptCard struct {
	PersonID, Hash string
	MadeAt         time.Time
}

// CardStore keeps cards. A card that no student of the class has is
// fault.NotFound "card.unknown".
type CardStore interface {
	SaveCards(ctx context.Context, cards []KeptCard) error
	CardsOf(ctx context.Context, class, day string) (map[string]time.Time, error)
	ByCard(ctx context.Context, joinCode, hash, day string) (person string, err error)
	EndCards(ctx context.Context, day string, limit int) (done bool, err error)
	// Left gives at most limit students who are nothing else, were made before
	// the moment, and have been in no class since its day.
	Left(ctx context.Context, before time.Time, day string, limit int) (persons []string, err error)
}

// Office is a school's own: its classes, who is in them, and students' cards.
type Office struct {
	Schools Store
	Classes ClassStore
	Cards   CardStore
	Rosters RosterStore
	Years   Calendar
	People  *people.Service
	Keys    Keys
	Atomic  job.Atomic
	Audit   audit.Log
	Zone    *time.Location
	Now     func() time.Time
	NewID   func() string
}

// Today is the local day.
func (s *Office) Today() string { return Day(s.Now(), s.Zone) }

// Class gives a class to those who may do the action to it. Faults:
// "class.not_found", "access.denied".
func (s *Office) Class(ctx context.Context, by people.Person, a people.Action, id string) (Class, error) {
	c, err := s.Classes.Class(ctx, id)
	if err != nil {
		return Class{}, err
	}
	if !people.May(by, a, c.Object()) {
		return Class{}, fault.New(fault.Forbidden, "access.denied")
	}
	return c, nil
}

// codeLength is 8 of 30 letters, 39 bits: guessing one of a class's codes at
// the rate that the joinCode allows takes longer than a school life.
const codeLength = 8

// spell parts a code in two, to be read and typed.
func spell(code string) string { return code[:codeLength/2] + "-" + code[codeLength/2:] }

// MakeCards makes new codes for the students of a class, all or the chosen
// ones; the codes before are worth nothing from then on, and who signed in
// with them is signed out. Faults: "access.denied", "class.not_found",
// "card.nobody".
func (s *Office) MakeCards(ctx context.Context, by people.Person, class string, chosen ...string) (Class,
	[]Card, error) {
	c, err := s.Class(ctx, by, people.ManageClass, class)
	if err != nil {
		return Class{}, nil, err
	}
	roster, err := s.Classes.Roster(ctx, c.ID, s.Today())
	if err != nil {
		return Class{}, nil, err
	}
	var cards []Card
	var keep []KeptCard
	taken := map[string]bool{}
	for _, x := range roster {
		if len(chosen) > 0 && !slices.Contains(chosen, x.PersonID) {
			continue
		}
		code := randomLetters(codeLength)
		for taken[code] {
			code = randomLetters(codeLength)
		}
		taken[code] = true
		cards = append(cards, Card{x, spell(code)})
		keep = append(keep, KeptCard{x.PersonID, s.Keys.Card(code), s.Now()})
	}
	if len(cards) == 0 {
		return c, nil, fault.New(fault.Conflict, "card.nobody")
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Cards.SaveCards(ctx, keep); err != nil {
			return err
		}
		for _, k := range keep {
			if err := s.People.Store.EndSessions(ctx, k.PersonID); err != nil {
				return err
			}
		}
		return s.note(ctx, by, c.ID, "cards made")
	})
	return c, cards, err
}

func (s *Office) note(ctx context.Context, by people.Person, class, detail string) error {
	return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(people.ManageClass),
		Subject: "class:" + class, Detail: detail})
}

// SignIn opens a session for the student with the code in the class with the
// joinCode. Every failure is fault.Unauthenticated "card.wrong".
func (s *Office) SignIn(ctx context.Context, joinCode, code, userAgent string) (secret string, _ people.Session,
	_ people.Person, _ error) {
	wrong := fault.New(fault.Unauthenticated, "card.wrong")
	joinCode, code = ParseJoinCode(joinCode), tidyCode(code)
	if joinCode == "" || len(code) != codeLength {
		return "", people.Session{}, people.Person{}, wrong
	}
	id, err := s.Cards.ByCard(ctx, joinCode, s.Keys.Card(code), s.Today())
	if fault.KindOf(err) == fault.NotFound {
		return "", people.Session{}, people.Person{}, wrong
	}
	if err != nil {
		return "", people.Session{}, people.Person{}, err
	}
	p, err := s.People.Store.Person(ctx, id)
	if err != nil {
		return "", people.Session{}, people.Person{}, err
	}
	if !p.Active || p.Staff() {
		// Staff have more to lose than a card protects.
		return "", people.Session{}, people.Person{}, wrong
	}
	secret, ses, err := s.People.Open(ctx, p, people.Browser, userAgent)
	return secret, ses, p, err
}

// ParseJoinCode is a class code as it is kept, of what was typed; "" when it cannot be
// one.
func ParseJoinCode(typed string) string {
	d := tidyCode(typed)
	if len(d) != 6 || strings.ContainsFunc(d, func(r rune) bool { return !strings.ContainsRune(joinCodeLetters, r) }) {
		return ""
	}
	return d
}

// EndCards removes the cards of those who are in no class any more.
func (s *Office) EndCards(ctx context.Context) error {
	for {
		if done, err := s.Cards.EndCards(ctx, s.Today(), 200); err != nil || done {
			return err
		}
	}
}

// ForgetLeft erases the students who have been in no class since a moment:
// names and keys of minors are not kept longer than what they watched.
func (s *Office) ForgetLeft(ctx context.Context, before time.Time) error {
	for {
		ids, err := s.Cards.Left(ctx, before, Day(before, s.Zone), 50)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := s.People.Erase(ctx, people.Operator(), id); err != nil {
				return fmt.Errorf("student %s who left: %w", id, err)
			}
		}
	}
}

// Where is the class that a signed-in student is in today; ok is false for
// everybody else.
func (s *Office) Where(ctx context.Context, p people.Person) (c Class, ok bool, err error) {
	if !p.Is(people.Student) {
		return Class{}, false, nil
	}
	c, err = s.Classes.ClassOfStudent(ctx, p.ID, s.Today())
	if fault.KindOf(err) == fault.NotFound {
		return Class{}, false, nil
	}
	return c, err == nil, err
}

// GradeOf is the grade of the class that a signed-in student is in today; 0
// for everybody else.
func (s *Office) GradeOf(ctx context.Context, p people.Person) (int, error) {
	c, _, err := s.Where(ctx, p)
	return c.Grade, err
}
