package people

import (
	"context"
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
)

// NewPerson is what an administrator says about a person who gets an account.
type NewPerson struct {
	Username string
	Name     string
	Password string // empty: one is made and given back once
	Role     Role
	School   string // for roles held at a school; empty for the province's
}

// MaxName is the longest name, in characters.
const MaxName = 100

// usernames are typed on small phones: Latin letters, digits, dot, dash and
// underscore only.
var usernames = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

// AtSchool reports whether a role is held at a school; the others are the
// province's.
func AtSchool(r Role) bool { return r == Student || r == Teacher || r == Head }

// check gives the account that n asks for, without identifier and password,
// or a Form fault "people.invalid".
func (n NewPerson) check() (Person, error) {
	p := Person{
		Username: strings.ToLower(strings.TrimSpace(n.Username)),
		Name:     strings.Join(strings.Fields(n.Name), " "),
		Grants:   []Grant{{Role: n.Role, School: n.School}}, Active: true,
	}
	var bad []fault.Field
	switch {
	case p.Username == "":
		bad = append(bad, fault.Wrong("username", "field.required"))
	case !usernames.MatchString(p.Username):
		bad = append(bad, fault.Wrong("username", "people.bad_username"))
	}
	switch {
	case p.Name == "":
		bad = append(bad, fault.Wrong("name", "field.required"))
	case utf8.RuneCountInString(p.Name) > MaxName:
		bad = append(bad, fault.Wrong("name", "field.too_long", "max", MaxName))
	case !Legible(p.Name):
		bad = append(bad, fault.Wrong("name", "field.bad_text"))
	}
	if n.Password != "" {
		if len(n.Password) < MinPassword || len(n.Password) > MaxPassword {
			bad = append(bad, fault.Wrong("password", "people.bad_password", "min", MinPassword))
		}
	}
	switch {
	case !slices.Contains(Roles, n.Role):
		bad = append(bad, fault.Wrong("role", "people.unknown_role"))
	case AtSchool(n.Role) && n.School == "":
		bad = append(bad, fault.Wrong("school", "people.needs_school"))
	case !AtSchool(n.Role) && n.School != "":
		bad = append(bad, fault.Wrong("school", "people.no_school"))
	}
	return p, fault.Form("people.invalid", bad...)
}

// Create makes an account. The password comes back only when the service made
// it, to be shown once. Faults: "access.denied", "people.invalid" with fields,
// "people.username_taken".
func (s *Service) Create(ctx context.Context, by Person, n NewPerson) (p Person, password string, err error) {
	if !May(by, ManagePeople, Object{}) {
		return Person{}, "", denied()
	}
	if p, err = n.check(); err != nil {
		return Person{}, "", err
	}
	if n.Password == "" {
		n.Password = EasyPassword()
		password = n.Password
	}
	if p.PasswordHash, err = HashPassword(n.Password, s.Params); err != nil {
		return Person{}, "", err
	}
	p.ID, p.CreatedAt = s.NewID(), s.Now()
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		_, err := s.Store.ByUsername(ctx, p.Username)
		switch {
		case err == nil:
			return taken()
		case fault.KindOf(err) != fault.NotFound:
			return err
		}
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		return s.log(ctx, by, p.ID, "created "+string(n.Role))
	})
	if fault.Is(err, "people.username_taken") {
		err = taken()
	}
	if err != nil {
		return Person{}, "", err
	}
	return p, password, nil
}

// SetActive deactivates a person, which ends every session, or lets them in
// again. Nobody deactivates themselves: fault.Conflict "people.not_yourself".
func (s *Service) SetActive(ctx context.Context, by Person, id string, active bool) (Person, error) {
	if !May(by, ManagePeople, Object{}) {
		return Person{}, denied()
	}
	if by.ID == id && !active {
		return Person{}, fault.New(fault.Conflict, "people.not_yourself")
	}
	var p Person
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Store.Person(ctx, id); err != nil {
			return err
		}
		if p.Active == active {
			return nil
		}
		p.Active = active
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		note := "activated"
		if !active {
			note = "deactivated"
			if err := s.Store.EndSessions(ctx, id); err != nil {
				return err
			}
		}
		return s.log(ctx, by, id, note)
	})
	return p, err
}

// ResetPassword makes a new password, ends every session of the person and
// gives the password back, to be shown once.
func (s *Service) ResetPassword(ctx context.Context, by Person, id string) (p Person, password string, err error) {
	if !May(by, ManagePeople, Object{}) {
		return Person{}, "", denied()
	}
	password = EasyPassword()
	hash, err := HashPassword(password, s.Params)
	if err != nil {
		return Person{}, "", err
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if p, err = s.Store.Person(ctx, id); err != nil {
			return err
		}
		p.PasswordHash = hash
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		if err := s.endPassword(ctx, id); err != nil {
			return err
		}
		return s.log(ctx, by, id, "password reset")
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, password, nil
}

// endPassword ends what was opened, begun or mailed while another password held:
// sessions, sign-ins that still owe a code, and links that set a new one.
func (s *Service) endPassword(ctx context.Context, id string) error {
	for _, kind := range []TicketKind{ResetTicket, HalfwayTicket} {
		if err := s.Secrets.EndTickets(ctx, id, kind, s.Now()); err != nil {
			return err
		}
	}
	return s.Store.EndSessions(ctx, id)
}

// EasyPassword makes a password that can be read out over the telephone: four
// groups of four letters and digits without look-alikes, 79 bits.
func EasyPassword() string {
	s := easyLetters(16)
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// easyLetters makes random letters and digits without look-alikes.
func easyLetters(n int) string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789" // 31: no i, l, o, 0, 1
	b := make([]byte, 0, n)
	var r [1]byte
	for len(b) < n {
		rand.Read(r[:]) // never fails since Go 1.24
		if int(r[0]) < 256/len(letters)*len(letters) {
			b = append(b, letters[int(r[0])%len(letters)])
		}
	}
	return string(b)
}

func (s *Service) log(ctx context.Context, by Person, id, detail string) error {
	return s.note(ctx, by, ManagePeople, id, detail)
}

func (s *Service) note(ctx context.Context, by Person, a Action, id, detail string) error {
	return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
		Action: string(a), Subject: "person:" + id, Detail: detail})
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }

// taken points at the field, so that the form can mark it.
func taken() error {
	e := fault.New(fault.Conflict, "people.username_taken")
	e.Fields = []fault.Field{fault.Wrong("username", "people.username_taken")}
	return e
}
