package people

import (
	"context"
	"net/mail"
	"strings"

	"lenlop/services/audit"
	"lenlop/services/fault"
)

// Records is everything that is stored about one person, wherever it stands.
type Records interface {
	// Export gives the rows that speak of the person, by table, without
	// passwords, keys and secrets.
	Export(ctx context.Context, person string) (map[string][]map[string]any, error)
	// EraseSome does a bounded part of Erase and reports whether there is more;
	// the person stays.
	EraseSome(ctx context.Context, person string) (more bool, err error)
	// Erase removes the rows that are the person's own, and puts ErasedID in
	// the person's place in rows that are also about something else. Lessons that
	// never were published lose their words and are beyond the bin's time.
	Erase(ctx context.Context, person string) error
}

// ErasedID stands where somebody was who is known no more.
const ErasedID = "erased"

// Export gives what is stored about a person.
func (s *Service) Export(ctx context.Context, by Person, id string) (map[string][]map[string]any, error) {
	if !May(by, ErasePerson, Object{}) {
		return nil, denied()
	}
	if _, err := s.Store.Person(ctx, id); err != nil {
		return nil, err
	}
	data, err := s.Records.Export(ctx, id)
	if err != nil {
		return nil, err
	}
	return data, s.note(ctx, by, ErasePerson, id, "data given out")
}

// Erase removes a person and all that is known of them. Counts that nobody can
// be told from stay; published lessons stay without a name. The audit keeps
// that it was done, with the identifier alone. Nobody erases themselves:
// fault.Conflict "people.not_yourself".
func (s *Service) Erase(ctx context.Context, by Person, id string) error {
	if !May(by, ErasePerson, Object{}) {
		return denied()
	}
	if by.ID == id || id == OperatorID || id == ErasedID {
		return fault.New(fault.Conflict, "people.not_yourself")
	}
	if _, err := s.Store.Person(ctx, id); err != nil {
		return err
	}
	// In pieces first: the person stays until all is gone, so that an erasure
	// that was interrupted can be repeated.
	for more := true; more; {
		var err error
		if more, err = s.Records.EraseSome(ctx, id); err != nil {
			return err
		}
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Records.Erase(ctx, id); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: audit.ErasedAction,
			Subject: "person:" + id})
	})
}

// SetEmail gives a person an address, or none. Faults: "people.invalid" with
// the field, "people.email_taken".
func (s *Service) SetEmail(ctx context.Context, by Person, id, email string) (p Person, err error) {
	if !May(by, ManagePeople, Object{}) {
		return Person{}, denied()
	}
	email = strings.ToLower(strings.TrimSpace(email))
	if a, err := mail.ParseAddress(email); email != "" && (err != nil || a.Address != email || len(email) > 200) {
		return Person{}, fault.Form("people.invalid", fault.Wrong("email", "people.bad_email"))
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if p, err = s.Store.Person(ctx, id); err != nil {
			return err
		}
		if p.Email != email { // a link that went to the former address must not open the account
			if err := s.Secrets.EndTickets(ctx, id, ResetTicket, s.Now()); err != nil {
				return err
			}
		}
		p.Email = email
		if err := s.Store.SavePerson(ctx, p); err != nil {
			return err
		}
		return s.log(ctx, by, id, "e-mail changed")
	})
	if fault.Is(err, "people.email_taken") {
		e := fault.New(fault.Conflict, "people.email_taken")
		e.Fields = []fault.Field{fault.Wrong("email", "people.email_taken")}
		err = e
	}
	return p, err
}
