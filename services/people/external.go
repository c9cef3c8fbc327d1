package people

import (
	"context"
	"strings"

	"lenlop/services/fault"
)

// Claims are what the province's own sign-in says about somebody.
type Claims struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	Name            string
}

// External gives the account of somebody whom the province's own sign-in
// vouches for: the one linked to that subject before, else the one with that
// e-mail address if it was verified there, which links the two. No account is
// ever made here. Fault: Unauthenticated "signin.external_unknown".
func (s *Service) External(ctx context.Context, c Claims) (Person, error) {
	unknown := fault.New(fault.Unauthenticated, "signin.external_unknown")
	if c.Issuer == "" || c.Subject == "" {
		return Person{}, unknown
	}
	p, err := s.Directory.ByLink(ctx, c.Issuer, c.Subject)
	if fault.KindOf(err) == fault.NotFound {
		if c.Email == "" || !c.EmailVerified {
			return Person{}, unknown
		}
		p, err = s.link(ctx, c)
	}
	if fault.KindOf(err) == fault.NotFound || err == nil && (!p.Active || p.Machine) {
		return Person{}, unknown
	}
	return p, err
}

func (s *Service) link(ctx context.Context, c Claims) (p Person, err error) {
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if p, err = s.Directory.ByEmail(ctx, strings.ToLower(c.Email)); err != nil {
			return err
		}
		if !p.Active || p.Machine {
			return nil
		}
		if err := s.Directory.SaveLink(ctx,
			Link{Issuer: c.Issuer, Subject: c.Subject, PersonID: p.ID, CreatedAt: s.Now()}); err != nil {
			return err
		}
		return s.note(ctx, p, ManageSelf, p.ID, "linked to "+c.Issuer)
	})
	return p, err
}

// Leave keeps what must be known when somebody comes back from the province's
// own sign-in, under a state that is given to them once.
func (s *Service) Leave(ctx context.Context, data string) (state string, err error) {
	state, hash := NewSecret()
	now := s.Now()
	return state, s.Secrets.SaveTicket(ctx,
		Ticket{Hash: hash, Kind: ExternalTicket, Data: data, CreatedAt: now, ExpiresAt: now.Add(ExternalLife)})
}

// Return gives what Leave kept, once. Fault: Unauthenticated "signin.expired".
func (s *Service) Return(ctx context.Context, state string) (data string, err error) {
	t, err := s.Secrets.TakeTicket(ctx, ExternalTicket, HashSecret(state))
	if fault.KindOf(err) == fault.NotFound || err == nil && !s.Now().Before(t.ExpiresAt) {
		return "", fault.New(fault.Unauthenticated, "signin.expired")
	}
	return t.Data, err
}
