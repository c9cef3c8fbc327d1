package sqldb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// TestStudentsAndTheirCards: a student joins a class, signs in with a card, gets a
// new one, moves, and leaves; each time the card before is worth nothing.
func TestStudentsAndTheirCards(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newTown(t, db), context.Background()
		o := &school.Office{Schools: db.Schools(), Classes: db.Classes(), Cards: db.Classes(), Rosters: db.Rosters(),
			Years:  db.Schools(),
			People: w.Service, Keys: []byte("khoa"), Atomic: db, Audit: db.Audit(), Zone: time.UTC, Now: w.Service.Now,
			NewID: w.NewID}
		no := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"s1", "s2"} {
			no(db.Schools().SaveSchool(ctx,
				school.School{ID: id, Code: id, Name: "Trường", Level: school.Primary, CreatedAt: w.now}))
		}
		one := school.Class{ID: "k1", Code: "1A", SchoolID: "s1", Year: "2026-2027", Grade: 1, Name: "1A",
			JoinCode: "ABCDEF", Teachers: []school.ClassTeacher{{PersonID: "lan"}}}
		other := school.Class{ID: "k2", Code: "1A", SchoolID: "s2", Year: "2026-2027", Grade: 1, Name: "1A",
			JoinCode: "GHJKMN"}
		no(db.Classes().SaveClass(ctx, other))
		lan := people.Person{ID: "lan", Username: "lan", Name: "Lan", Active: true,
			Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}, CreatedAt: w.now}
		no(db.People().SavePerson(ctx, lan))
		no(db.Classes().SaveClass(ctx, one))
		head := people.Person{ID: "h2", Active: true, Grants: []people.Grant{{Role: people.Head, School: "s2"}}}

		w.refused(o.Enrol(ctx, head, "k1", "0123456789", "Mai"), "access.denied")
		w.refused(o.Enrol(ctx, lan, "k1", "1", ""), "student.invalid")
		no(o.Enrol(ctx, lan, "k1", "0123456789", "Vàng Thị  Mai"))
		no(o.Enrol(ctx, lan, "k1", "01 2345 6789", "Vàng Thị Mai")) // the same student again
		no(o.Enrol(ctx, lan, "k1", "9876543210", ""))
		roster, err := db.Classes().Roster(ctx, "k1", o.Today())
		no(err)
		if len(roster) != 2 || strings.Contains(roster[0].Key+roster[1].Key, "0123456789") {
			t.Fatalf("%+v", roster)
		}
		w.refused(o.Enrol(ctx, head, "k2", "0123456789", ""), "student.invalid") // not out of another school's class

		_, _, err = o.MakeCards(ctx, head, "k1")
		w.refused(err, "access.denied")
		_, cards, err := o.MakeCards(ctx, lan, "k1")
		no(err)
		var mai school.Card
		for _, c := range cards {
			if c.Student.Name == "Vàng Thị Mai" {
				mai = c
			}
		}
		if len(cards) != 2 || mai.Code == "" {
			t.Fatalf("%+v", cards)
		}
		in := func(joinCode, code string) (people.Person, string, error) {
			secret, _, p, err := o.SignIn(ctx, joinCode, code, "")
			return p, secret, err
		}
		p, secret, err := in(" abc-def ", strings.ToLower(mai.Code))
		if err != nil || p.ID != mai.Student.PersonID {
			t.Fatalf("%+v %v", p, err)
		}
		for _, x := range [][2]string{{"GHJKMN", mai.Code}, {"ABCDEF", "AAAA-AAAA"}, {"ABCDEF", ""}, {"", mai.Code},
			{"ABCDEF", mai.Code + "A"}, {"' OR 1=1", "%"}} {
			_, _, err := in(x[0], x[1])
			w.refused(err, "card.wrong")
		}
		// A new card ends the one before and what was opened with it.
		_, again, err := o.MakeCards(ctx, lan, "k1", p.ID)
		no(err)
		if _, _, err := w.Who(ctx, secret); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("signed in with the old card: %v", err)
		}
		_, _, err = in("ABCDEF", mai.Code)
		w.refused(err, "card.wrong")
		if _, _, err = in("ABCDEF", again[0].Code); err != nil || len(again) != 1 {
			t.Errorf("the new card: %v", err)
		}
		_, _, err = o.MakeCards(ctx, lan, "k1", "nobody")
		w.refused(err, "card.nobody")
		// Deactivated, a card opens nothing.
		gone, err := db.People().Person(ctx, p.ID)
		no(err)
		gone.Active = false
		no(db.People().SavePerson(ctx, gone))
		_, _, err = in("ABCDEF", again[0].Code)
		w.refused(err, "card.wrong")
		gone.Active = true
		no(db.People().SavePerson(ctx, gone))
		// Who left signs in no more from the next day on, and the card goes.
		_, secret, err = in("ABCDEF", again[0].Code)
		no(err)
		w.now = w.now.AddDate(0, 0, 1)
		w.refused(o.Leave(ctx, head, "k1", p.ID), "access.denied")
		no(o.Leave(ctx, lan, "k1", p.ID))
		w.refused(o.Leave(ctx, lan, "k1", p.ID), "student.not_here")
		if _, _, err := w.Who(ctx, secret); err == nil {
			t.Error("who left is still signed in")
		}
		_, _, err = in("ABCDEF", again[0].Code)
		w.refused(err, "card.wrong")
		no(o.EndCards(ctx))
		no(o.EndCards(ctx)) // twice is once
		left, err := db.Classes().CardsOf(ctx, "k1", o.Today())
		no(err)
		if _, has := left[p.ID]; has || len(left) != 1 {
			t.Errorf("cards %v", left)
		}
		var kept int
		no(db.Writer(ctx).NewRaw("SELECT COUNT(*) FROM cards").Scan(ctx, &kept))
		if kept != 1 {
			t.Errorf("%d cards are kept", kept)
		}
	})
}
