package people

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
)

// Most days that a token may live, and how many one person may have.
const (
	MaxTokenDays  = 366
	maxTokens     = 50
	maxTokenName  = 80
	hoursOfTheDay = 24 * time.Hour
)

// NewToken is what is asked of a token.
type NewToken struct {
	Name   string
	Days   int // from now
	Scopes []Action
	// Of a service token: the role its account holds, and where.
	Role   Role
	School string
}

func (n *NewToken) check() []fault.Field {
	n.Name = strings.Join(strings.Fields(n.Name), " ")
	var bad []fault.Field
	switch {
	case n.Name == "":
		bad = append(bad, fault.Wrong("name", "field.required"))
	case utf8.RuneCountInString(n.Name) > maxTokenName:
		bad = append(bad, fault.Wrong("name", "field.too_long", "max", maxTokenName))
	case !Legible(n.Name):
		bad = append(bad, fault.Wrong("name", "field.bad_text"))
	}
	if n.Days < 1 || n.Days > MaxTokenDays {
		bad = append(bad, fault.Wrong("days", "token.bad_days", "max", MaxTokenDays))
	}
	return bad
}

// MakeToken makes a personal token with scopes; its secret is given once.
// Faults: "access.denied", "token.invalid" with fields, "token.too_many".
func (s *Service) MakeToken(ctx context.Context, by Person, n NewToken) (secret string, _ Session, _ error) {
	if !May(by, ManageSelf, Object{}) {
		return "", Session{}, denied()
	}
	if err := fault.Form("token.invalid", append(n.check(), checkScopes(by, n.Scopes)...)...); err != nil {
		return "", Session{}, err
	}
	secret, ses := s.token(by, Personal, n)
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		all, err := s.Store.Sessions(ctx, by.ID)
		if err != nil {
			return err
		}
		if len(slices.DeleteFunc(all, func(x Session) bool { return x.Kind != Personal })) >= maxTokens {
			return fault.New(fault.Conflict, "token.too_many", "max", maxTokens)
		}
		if err := s.Store.SaveSession(ctx, ses); err != nil {
			return err
		}
		return s.note(ctx, by, ManageSelf, by.ID, "personal token made: "+scopeText(n.Scopes))
	})
	return secret, ses, err
}

// MakeServiceToken makes an account for a machine with one role, and the token
// it works with. Faults as MakeToken.
func (s *Service) MakeServiceToken(ctx context.Context, by Person, n NewToken) (secret string, m Machine, _ error) {
	if !May(by, ManageTokens, Object{}) {
		return "", Machine{}, denied()
	}
	bad := n.check()
	p := Person{ID: s.NewID(), Name: n.Name, Active: true, Machine: true, CreatedAt: s.Now(),
		Grants: []Grant{{Role: n.Role, School: n.School}}}
	p.Username = "may-" + p.ID
	switch {
	case !slices.Contains(Roles, n.Role) || n.Role == Student:
		bad = append(bad, fault.Wrong("role", "people.unknown_role"))
	case AtSchool(n.Role) && n.School == "":
		bad = append(bad, fault.Wrong("school", "people.needs_school"))
	case !AtSchool(n.Role) && n.School != "":
		bad = append(bad, fault.Wrong("school", "people.no_school"))
	default:
		bad = append(bad, checkScopes(p, n.Scopes)...)
	}
	if err := fault.Form("token.invalid", bad...); err != nil {
		return "", Machine{}, err
	}
	secret, ses := s.token(p, MachineToken, n)
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		if err := s.Store.SaveSession(ctx, ses); err != nil {
			return err
		}
		return s.note(ctx, by, ManageTokens, p.ID, "service token made: "+string(n.Role)+": "+scopeText(n.Scopes))
	})
	return secret, Machine{p, ses}, err
}

// EndServiceToken ends a machine's token and account.
func (s *Service) EndServiceToken(ctx context.Context, by Person, id string) error {
	if !May(by, ManageTokens, Object{}) {
		return denied()
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		p, err := s.Store.Person(ctx, id)
		if err != nil {
			return err
		}
		if !p.Machine {
			return fault.New(fault.NotFound, "people.not_found")
		}
		p.Active = false
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		if err := s.Store.EndSessions(ctx, id); err != nil {
			return err
		}
		return s.note(ctx, by, ManageTokens, id, "service token ended")
	})
}

// ServiceTokens lists machines with their tokens.
func (s *Service) ServiceTokens(ctx context.Context, by Person) ([]Machine, error) {
	if !May(by, ManageTokens, Object{}) {
		return nil, denied()
	}
	return s.Directory.Machines(ctx)
}

func (s *Service) token(p Person, kind SessionKind, n NewToken) (string, Session) {
	secret, hash := NewSecret()
	now := s.Now()
	return secret, Session{ID: s.NewID(), Hash: hash, PersonID: p.ID, Kind: kind, Name: n.Name, Scopes: n.Scopes,
		CreatedAt: now, SeenAt: now,
		ExpiresAt: now.Add(time.Duration(n.Days) * hoursOfTheDay)}
}

func scopeText(scopes []Action) string {
	words := make([]string, len(scopes))
	for i, a := range scopes {
		words[i] = string(a)
	}
	return strings.Join(words, " ")
}
