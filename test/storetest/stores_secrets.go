package storetest

import (
	"sync"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// SignIns are the stores of one database that are used for signing in.
type SignIns struct {
	People    people.Store
	Secrets   people.Secrets
	Directory people.Directory
}

// Secrets tests implementations of people.Secrets and people.Directory.
func Secrets(t *testing.T, open func(t *testing.T) SignIns) {
	t.Run("Tickets", func(t *testing.T) { tickets(t, open(t)) })
	t.Run("SecondStep", func(t *testing.T) { secondStep(t, open(t)) })
	t.Run("Directory", func(t *testing.T) { directory(t, open(t)) })
}

func tickets(t *testing.T, s SignIns) {
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p1", Username: "a"}))
	a := people.Ticket{Hash: "ha", Kind: people.ResetTicket, PersonID: "p1", Data: "x", CreatedAt: moment(0),
		ExpiresAt: moment(60)}
	nobody := people.Ticket{Hash: "hn", Kind: people.ExternalTicket, Data: "y", CreatedAt: moment(0),
		ExpiresAt: moment(10)}
	ok(t, s.Secrets.SaveTicket(bg, a))
	ok(t, s.Secrets.SaveTicket(bg, nobody))
	a.CreatedAt, a.ExpiresAt = kept(a.CreatedAt), kept(a.ExpiresAt)
	same(t, must(s.Secrets.Ticket(bg, people.ResetTicket, "ha"))(t), a)
	// A ticket is valid for its own kind only.
	_, err := s.Secrets.TakeTicket(bg, people.HalfwayTicket, "ha")
	wantFault(t, err, fault.NotFound, "people.not_found")
	// Of concurrent attempts to redeem it exactly one succeeds.
	var group sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for range 4 {
		group.Go(func() {
			taken, err := s.Secrets.TakeTicket(bg, people.ResetTicket, "ha")
			mu.Lock()
			defer mu.Unlock()
			if err == nil && taken.PersonID == "p1" {
				got++
			} else if fault.KindOf(err) != fault.NotFound {
				t.Errorf("a taker got %v", err)
			}
		})
	}
	group.Wait()
	if got != 1 {
		t.Errorf("%d takers got one ticket", got)
	}
	b, c := a, a
	b.Hash, c.Hash, c.Kind = "hb", "hc", people.HalfwayTicket
	ok(t, s.Secrets.SaveTicket(bg, b))
	ok(t, s.Secrets.SaveTicket(bg, c))
	ok(t, s.Secrets.EndTickets(bg, "p1", people.ResetTicket, moment(5)))
	_, err = s.Secrets.Ticket(bg, people.ResetTicket, "hb")
	wantFault(t, err, fault.NotFound, "people.not_found")
	must(s.Secrets.Ticket(bg, people.HalfwayTicket, "hc"))(t)
	must(s.Secrets.Ticket(bg, people.ExternalTicket, "hn"))(t)
	ok(t, s.Secrets.EndTickets(bg, "p1", people.ResetTicket, moment(11)))
	_, err = s.Secrets.Ticket(bg, people.ExternalTicket, "hn")
	wantFault(t, err, fault.NotFound, "people.not_found")
}

func secondStep(t *testing.T, s SignIns) {
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p1", Username: "a"}))
	_, err := s.Secrets.SecondStep(bg, "p1")
	wantFault(t, err, fault.NotFound, "people.not_found")
	if used := must(s.Secrets.UseStep(bg, "p1", 1))(t); used {
		t.Error("a step was used where there is none")
	}
	x := people.SecondStep{PersonID: "p1", Secret: "ABC", LastStep: 10, CreatedAt: moment(0),
		Recovery: []string{"r1", "r2"}}
	ok(t, s.Secrets.SaveSecondStep(bg, x))
	x.CreatedAt = kept(x.CreatedAt)
	same(t, must(s.Secrets.SecondStep(bg, "p1"))(t), x)
	if p := must(s.People.Person(bg, "p1"))(t); !p.SecondStep {
		t.Error("the person is not known to have a second step")
	}
	// Saving an older copy of the person does not remove it.
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p1", Username: "a", Name: "Đổi tên"}))
	if list := must(s.People.Persons(bg, "", "", 10))(t); len(list) != 1 || !list[0].SecondStep {
		t.Errorf("list %+v", list)
	}
	for _, y := range []struct {
		step int64
		want bool
	}{{10, false}, {9, false}, {11, true}, {11, false}, {12, true}} {
		if got := must(s.Secrets.UseStep(bg, "p1", y.step))(t); got != y.want {
			t.Errorf("step %d: %v, want %v", y.step, got, y.want)
		}
	}
	for _, y := range []struct {
		hash string
		want bool
	}{{"none", false}, {"r1", true}, {"r1", false}} {
		if got := must(s.Secrets.UseRecovery(bg, "p1", y.hash))(t); got != y.want {
			t.Errorf("recovery %s: %v, want %v", y.hash, got, y.want)
		}
	}
	same(t, must(s.Secrets.SecondStep(bg, "p1"))(t).Recovery, []string{"r2"})
	ok(t, s.Secrets.EndSecondStep(bg, "p1"))
	if p := must(s.People.Person(bg, "p1"))(t); p.SecondStep {
		t.Error("an ended second step is still asked for")
	}
}

func directory(t *testing.T, s SignIns) {
	a := people.Person{ID: "p1", Username: "a", Email: "a@truong.example", Active: true}
	ok(t, s.People.SavePerson(bg, a))
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p2", Username: "b"}))
	ok(t, s.People.SavePerson(bg, people.Person{ID: "p3", Username: "c"})) // empty addresses do not conflict
	err := s.People.SavePerson(bg, people.Person{ID: "p2", Username: "b", Email: a.Email})
	wantFault(t, err, fault.Conflict, "people.email_taken")
	same(t, must(s.Directory.ByEmail(bg, a.Email))(t).ID, "p1")
	for _, none := range []string{"", "b@truong.example"} {
		_, err = s.Directory.ByEmail(bg, none)
		wantFault(t, err, fault.NotFound, "people.not_found")
	}
	ok(t, s.Directory.SaveLink(bg,
		people.Link{Issuer: "https://so.example", Subject: "1", PersonID: "p2", CreatedAt: moment(0)}))
	same(t, must(s.Directory.ByLink(bg, "https://so.example", "1"))(t).ID, "p2")
	_, err = s.Directory.ByLink(bg, "https://khac.example", "1")
	wantFault(t, err, fault.NotFound, "people.not_found")

	m := people.Person{ID: "m1", Username: "may", Machine: true, Active: true,
		Grants: []people.Grant{{Role: people.Station}}}
	ok(t, s.People.SavePerson(bg, m))
	token := people.Session{ID: "t1", Hash: "h", PersonID: "m1", Kind: people.MachineToken, Name: "Máy phát",
		Scopes:    []people.Action{people.ReadSchedule, people.ReportAsRun},
		CreatedAt: moment(0), SeenAt: moment(0), ExpiresAt: moment(9)}
	ok(t, s.People.SaveSession(bg, token))
	got := must(s.Directory.Machines(bg))(t)
	if len(got) != 1 || got[0].Person.ID != "m1" {
		t.Fatalf("machines %+v", got)
	}
	token.CreatedAt, token.SeenAt, token.ExpiresAt = kept(token.CreatedAt), kept(token.SeenAt), kept(token.ExpiresAt)
	same(t, got[0].Token, token)
	for _, p := range must(s.People.Persons(bg, "", "", 10))(t) {
		if p.Machine {
			t.Error("a machine stands among people")
		}
	}
}
