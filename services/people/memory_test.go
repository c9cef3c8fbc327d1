package people_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/test/memstore"
)

var (
	bg      = context.Background()
	start   = time.Date(2026, 4, 15, 2, 0, 0, 0, time.UTC)
	errDisk = errors.New("disk full")
	cheap   = people.Argon{Time: 1, Memory: 8, Threads: 1}
	admin   = with("quan", "", people.Admin)
)

// with is an active person with one role.
func with(id, school string, r people.Role) people.Person {
	return people.Person{ID: id, Username: id, Active: true, Grants: []people.Grant{{Role: r, School: school}}}
}

// memory keeps in memory what people.Service needs, at a time that tests set. The administrator "quan" is there.
type memory struct {
	people.Store
	persons  *memstore.Table[people.Person]
	sessions *memstore.Table[people.Session]
	tickets  *memstore.Table[people.Ticket]
	steps    *memstore.Table[people.SecondStep]
	links    *memstore.Table[people.Link]
	log      *memstore.AuditLog

	now     time.Time
	readErr error    // what reading a person by a name or a link, a ticket or a second step answers
	erased  []string // persons whose records were erased
	ids     int
}

func newMemory() (*people.Service, *memory) {
	m := &memory{
		persons:  memstore.NewTable[people.Person]("people.not_found"),
		sessions: memstore.NewTable[people.Session]("people.not_found"),
		tickets:  memstore.NewTable[people.Ticket]("people.not_found"),
		steps:    memstore.NewTable[people.SecondStep]("people.not_found"),
		links:    memstore.NewTable[people.Link]("people.not_found"),
		log:      &memstore.AuditLog{}, now: start,
	}
	m.add(admin)
	return &people.Service{
		Store: m, Atomic: memstore.NewAtomic(m.persons, m.sessions, m.tickets, m.steps, m.links, m.log), Audit: m.log,
		Secrets: m, Directory: m, Records: m, Key: []byte("key"), Params: cheap,
		Now:   func() time.Time { return m.now },
		NewID: func() string { m.ids++; return fmt.Sprintf("id-%03d", m.ids) },
	}, m
}

// add stores a person; password is that of everybody added so.
func (m *memory) add(ps ...people.Person) {
	for _, p := range ps {
		if p.PasswordHash == "" {
			p.PasswordHash = hashed
		}
		if err := m.persons.Save(p.ID, p); err != nil {
			panic(err)
		}
	}
}

const password = "mat-khau-cua-toi"

var hashed = func() string {
	h, err := people.HashPassword(password, cheap)
	if err != nil {
		panic(err)
	}
	return h
}()

// Person and the other readers give SecondStep as the database does: it is on when there is a key.
func (m *memory) Person(_ context.Context, id string) (people.Person, error) {
	p, err := m.persons.Get(id)
	_, off := m.steps.Get(id)
	p.SecondStep = err == nil && off == nil
	return p, err
}

func (m *memory) first(keep func(people.Person) bool) (people.Person, error) {
	if m.readErr != nil {
		return people.Person{}, m.readErr
	}
	for _, p := range m.persons.All(keep) {
		return m.Person(bg, p.ID)
	}
	return people.Person{}, fault.New(fault.NotFound, "people.not_found")
}

func (m *memory) ByUsername(_ context.Context, username string) (people.Person, error) {
	return m.first(func(p people.Person) bool { return p.Username == username })
}

func (m *memory) ByEmail(_ context.Context, email string) (people.Person, error) {
	return m.first(func(p people.Person) bool { return p.Email == email })
}

// SavePerson refuses a username or address that another has, as the database does.
func (m *memory) SavePerson(_ context.Context, p people.Person) error {
	for _, other := range m.persons.All(func(x people.Person) bool { return x.ID != p.ID }) {
		if other.Username == p.Username {
			return fault.New(fault.Conflict, "people.username_taken")
		}
		if p.Email != "" && other.Email == p.Email {
			return fault.New(fault.Conflict, "people.email_taken")
		}
	}
	return m.persons.Save(p.ID, p)
}

func (m *memory) SaveSession(_ context.Context, s people.Session) error {
	return m.sessions.Save(s.ID, s)
}

func (m *memory) SessionByHash(_ context.Context, hash string) (people.Session, error) {
	if m.readErr != nil {
		return people.Session{}, m.readErr
	}
	for _, s := range m.sessions.All(func(s people.Session) bool { return s.Hash == hash }) {
		return s, nil
	}
	return people.Session{}, fault.New(fault.NotFound, "people.not_found")
}

func (m *memory) sessionsOf(person string) []people.Session {
	return m.sessions.All(func(s people.Session) bool { return s.PersonID == person })
}

func (m *memory) Sessions(_ context.Context, person string) ([]people.Session, error) {
	return m.sessionsOf(person), nil
}

func (m *memory) EndSessions(_ context.Context, person string, ids ...string) error {
	for _, s := range m.sessionsOf(person) {
		if len(ids) == 0 || slices.Contains(ids, s.ID) {
			m.sessions.Delete(s.ID)
		}
	}
	return nil
}

func ticketKey(kind people.TicketKind, hash string) string { return string(kind) + " " + hash }

func (m *memory) SaveTicket(_ context.Context, t people.Ticket) error {
	return m.tickets.Save(ticketKey(t.Kind, t.Hash), t)
}

func (m *memory) Ticket(_ context.Context, kind people.TicketKind, hash string) (people.Ticket, error) {
	if m.readErr != nil {
		return people.Ticket{}, m.readErr
	}
	return m.tickets.Get(ticketKey(kind, hash))
}

func (m *memory) TakeTicket(ctx context.Context, kind people.TicketKind, hash string) (people.Ticket, error) {
	t, err := m.Ticket(ctx, kind, hash)
	m.tickets.Delete(ticketKey(kind, hash))
	return t, err
}

func (m *memory) EndTickets(_ context.Context, person string, kind people.TicketKind, over time.Time) error {
	for _, t := range m.tickets.All(nil) {
		if t.PersonID == person && t.Kind == kind || t.ExpiresAt.Before(over) {
			m.tickets.Delete(ticketKey(t.Kind, t.Hash))
		}
	}
	return nil
}

func (m *memory) SecondStep(_ context.Context, person string) (people.SecondStep, error) {
	if m.readErr != nil {
		return people.SecondStep{}, m.readErr
	}
	return m.steps.Get(person)
}

func (m *memory) SaveSecondStep(_ context.Context, s people.SecondStep) error {
	return m.steps.Save(s.PersonID, s)
}

func (m *memory) EndSecondStep(_ context.Context, person string) error {
	m.steps.Delete(person)
	return nil
}

func (m *memory) UseStep(_ context.Context, person string, step int64) (bool, error) {
	s := m.steps.Must(person)
	if step <= s.LastStep {
		return false, nil
	}
	s.LastStep = step
	return true, m.steps.Save(person, s)
}

func (m *memory) UseRecovery(_ context.Context, person, hash string) (bool, error) {
	s := m.steps.Must(person)
	i := slices.Index(s.Recovery, hash)
	if i < 0 {
		return false, nil
	}
	s.Recovery = slices.Delete(slices.Clone(s.Recovery), i, i+1)
	return true, m.steps.Save(person, s)
}

func (m *memory) ByLink(_ context.Context, issuer, subject string) (people.Person, error) {
	if m.readErr != nil {
		return people.Person{}, m.readErr
	}
	l, err := m.links.Get(issuer + " " + subject)
	if err != nil {
		return people.Person{}, err
	}
	return m.Person(bg, l.PersonID)
}

func (m *memory) SaveLink(_ context.Context, l people.Link) error {
	return m.links.Save(l.Issuer+" "+l.Subject, l)
}

func (m *memory) Machines(context.Context) (out []people.Machine, _ error) {
	for _, s := range m.sessions.All(func(s people.Session) bool { return s.Kind == people.MachineToken }) {
		out = append(out, people.Machine{Person: m.persons.Must(s.PersonID), Token: s})
	}
	return out, nil
}

func (m *memory) Export(_ context.Context, person string) (map[string][]map[string]any, error) {
	return map[string][]map[string]any{"person": {{"id": person}}}, m.readErr
}

func (m *memory) EraseSome(context.Context, string) (bool, error) { return false, m.readErr }

func (m *memory) Erase(_ context.Context, person string) error {
	m.erased = append(m.erased, person)
	return m.readErr
}

// wantFault checks the kind, the code and the wrong fields ("name: code") of a fault; an empty code wants no error.
func wantFault(t *testing.T, what string, err error, kind fault.Kind, code string, fields ...string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if !fault.Is(err, code) || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want kind %d code %s", what, err, kind, code)
		return
	}
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Name+": "+f.Code)
	}
	if len(fields) > 0 && !slices.Equal(got, fields) {
		t.Errorf("%s: fields %q, want %q", what, got, fields)
	}
}

// finder is a people.Finder that finds everybody.
type finder struct{ m *memory }

func (f finder) Find(context.Context, people.Search) ([]people.Person, error) {
	return f.m.persons.All(nil), nil
}
