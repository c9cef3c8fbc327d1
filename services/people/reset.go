package people

import (
	"context"
	"strings"
	"time"

	"lenlop/services/fault"
)

// IssueReset makes a single-use secret with which a person chooses a new
// password; an administrator prints it. Earlier ones stop working.
func (s *Service) IssueReset(ctx context.Context, by Person, id string) (p Person, secret string,
	until time.Time, err error) {
	if !May(by, ManagePeople, Object{}) {
		return Person{}, "", time.Time{}, denied()
	}
	if p, err = s.Store.Person(ctx, id); err != nil {
		return Person{}, "", time.Time{}, err
	}
	if p.Machine || !p.Active {
		return Person{}, "", time.Time{}, fault.New(fault.Conflict, "people.not_active")
	}
	secret, until, err = s.issueReset(ctx, by, p, PrintedLife, "reset link made")
	return p, secret, until, err
}

// MailedReset makes one for whoever says to have forgotten the password of a
// username or e-mail address. ok is false when nothing is to be sent, which
// the asker must not learn.
func (s *Service) MailedReset(ctx context.Context, account string) (p Person, secret string, ok bool, err error) {
	account = strings.ToLower(strings.TrimSpace(account))
	if strings.Contains(account, "@") {
		p, err = s.Directory.ByEmail(ctx, account)
	} else {
		p, err = s.Store.ByUsername(ctx, account)
	}
	if fault.KindOf(err) == fault.NotFound || err == nil && (!p.Active || p.Email == "" || p.Machine) {
		return Person{}, "", false, nil
	}
	if err != nil {
		return Person{}, "", false, err
	}
	secret, _, err = s.issueReset(ctx, p, p, MailedLife, "reset link mailed")
	return p, secret, err == nil, err
}

func (s *Service) issueReset(ctx context.Context, by, p Person, life time.Duration, detail string) (string,
	time.Time, error) {
	secret, hash := NewSecret()
	now := s.Now()
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Secrets.EndTickets(ctx, p.ID, ResetTicket, now); err != nil {
			return err
		}
		if err := s.Secrets.SaveTicket(ctx, Ticket{Hash: hash, Kind: ResetTicket, PersonID: p.ID, CreatedAt: now,
			ExpiresAt: now.Add(life)}); err != nil {
			return err
		}
		return s.log(ctx, by, p.ID, detail)
	})
	return secret, now.Add(life), err
}

// ResetOf tells whose password a secret changes, without using it up.
// Fault: Gone "signin.reset_gone".
func (s *Service) ResetOf(ctx context.Context, secret string) (Person, error) {
	t, err := s.Secrets.Ticket(ctx, ResetTicket, HashSecret(secret))
	if err == nil && !s.Now().Before(t.ExpiresAt) {
		return Person{}, resetGone()
	}
	p, err := s.ticketed(ctx, t, err)
	if fault.KindOf(err) == fault.NotFound {
		return Person{}, resetGone()
	}
	return p, err
}

// Reset sets a new password, uses the secret up and ends every session of the
// person. Faults: "signin.reset_gone", "people.invalid" with the field.
func (s *Service) Reset(ctx context.Context, secret, password string) (Person, error) {
	if len(password) < MinPassword || len(password) > MaxPassword {
		return Person{}, fault.Form("people.invalid",
			fault.Wrong("password", "people.bad_password", "min", MinPassword))
	}
	// The hash is made before the transaction: it takes a tenth of a second.
	p, err := s.ResetOf(ctx, secret)
	if err != nil {
		return Person{}, err
	}
	if strings.EqualFold(password, p.Username) {
		return Person{}, fault.Form("people.invalid", fault.Wrong("password", "people.password_is_name"))
	}
	hash, err := HashPassword(password, s.Params)
	if err != nil {
		return Person{}, err
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		t, err := s.Secrets.TakeTicket(ctx, ResetTicket, HashSecret(secret))
		if fault.KindOf(err) == fault.NotFound {
			return resetGone()
		}
		if p, err = s.ticketed(ctx, t, err); err != nil {
			return err
		}
		p.PasswordHash = hash
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		if err := s.endPassword(ctx, p.ID); err != nil {
			return err
		}
		return s.log(ctx, p, p.ID, "password chosen by reset link")
	})
	return p, err
}

// ticketed is the person of a ticket that was read with err; one who was
// deactivated meanwhile is not found.
func (s *Service) ticketed(ctx context.Context, t Ticket, err error) (Person, error) {
	if err != nil {
		return Person{}, err
	}
	p, err := s.Store.Person(ctx, t.PersonID)
	if err == nil && (!p.Active || p.Machine) {
		return Person{}, fault.New(fault.NotFound, "people.not_found")
	}
	return p, err
}

func resetGone() error { return fault.New(fault.Gone, "signin.reset_gone") }
