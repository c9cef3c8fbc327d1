package sqldb

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Secrets keeps tickets, keys of authenticators and links to the province's
// own sign-in: a people.Secrets and a people.Directory.
type Secrets struct{ db *DB }

// Secrets is the store of what lets people in beside their passwords.
func (d *DB) Secrets() *Secrets { return &Secrets{d} }

var (
	_ people.Secrets   = (*Secrets)(nil)
	_ people.Directory = (*Secrets)(nil)
)

type ticketRow struct {
	bun.BaseModel `bun:"table:tickets,alias:t"`

	Hash      string `bun:",pk"`
	Kind      string
	PersonID  string `bun:",nullzero"`
	Data      string
	CreatedAt stamp
	ExpiresAt stamp
}

func (r *ticketRow) ticket() people.Ticket {
	return people.Ticket{Hash: r.Hash, Kind: people.TicketKind(r.Kind), PersonID: r.PersonID, Data: r.Data,
		CreatedAt: r.CreatedAt.Time(), ExpiresAt: r.ExpiresAt.Time()}
}

// SaveTicket adds a ticket.
func (s *Secrets) SaveTicket(ctx context.Context, t people.Ticket) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(
		&ticketRow{Hash: t.Hash, Kind: string(t.Kind), PersonID: t.PersonID, Data: t.Data,
			CreatedAt: stamp(t.CreatedAt), ExpiresAt: stamp(t.ExpiresAt)}).Exec(ctx)
	return wrap(err, "ticket", string(t.Kind))
}

// Ticket reads one.
func (s *Secrets) Ticket(ctx context.Context, kind people.TicketKind, hash string) (people.Ticket, error) {
	var r ticketRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("hash = ? AND kind = ?", hash,
		string(kind)).Scan(ctx); err != nil {
		return people.Ticket{}, missing(err, "people.not_found", "ticket", string(kind))
	}
	return r.ticket(), nil
}

// TakeTicket removes one and gives it: whose delete counts a row has it.
func (s *Secrets) TakeTicket(ctx context.Context, kind people.TicketKind, hash string) (t people.Ticket, err error) {
	err = s.db.Atomically(ctx, func(ctx context.Context) error {
		if t, err = s.Ticket(ctx, kind, hash); err != nil {
			return err
		}
		took, err := one(s.db.Writer(ctx).NewDelete().Model((*ticketRow)(nil)).Where("hash = ? AND kind = ?", hash,
			string(kind)).Exec(ctx))
		if err == nil && !took {
			return fault.New(fault.NotFound, "people.not_found")
		}
		return wrap(err, "ticket", string(kind))
	})
	return t, err
}

// EndTickets removes a person's of a kind, and whatever is over.
func (s *Secrets) EndTickets(ctx context.Context, person string, kind people.TicketKind, over time.Time) error {
	_, err := s.db.Writer(ctx).NewDelete().Model((*ticketRow)(nil)).
		Where("(person_id = ? AND kind = ?) OR expires_at < ?", person, string(kind), stamp(over)).Exec(ctx)
	return wrap(err, "tickets of", person)
}

type secondStepRow struct {
	bun.BaseModel `bun:"table:second_steps,alias:x"`

	PersonID  string `bun:",pk"`
	Secret    string
	LastStep  int64
	CreatedAt stamp
}

type recoveryRow struct {
	bun.BaseModel `bun:"table:recovery_codes,alias:c"`

	PersonID string `bun:",pk"`
	Hash     string `bun:",pk"`
}

// SecondStep reads a person's key with the recovery codes that are left.
func (s *Secrets) SecondStep(ctx context.Context, person string) (people.SecondStep, error) {
	var r secondStepRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("person_id = ?", person).Scan(ctx); err != nil {
		return people.SecondStep{}, missing(err, "people.not_found", "second step of", person)
	}
	x := people.SecondStep{PersonID: r.PersonID, Secret: r.Secret, LastStep: r.LastStep, CreatedAt: r.CreatedAt.Time()}
	err := s.db.Reader(ctx).NewSelect().Model((*recoveryRow)(nil)).Column("hash").Where("person_id = ?",
		person).Order("hash").Scan(ctx, &x.Recovery)
	return x, wrap(err, "recovery codes of", person)
}

// SaveSecondStep writes the key and its recovery codes.
func (s *Secrets) SaveSecondStep(ctx context.Context, x people.SecondStep) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		_, err := w.NewInsert().Model(&secondStepRow{PersonID: x.PersonID, Secret: x.Secret, LastStep: x.LastStep,
			CreatedAt: stamp(x.CreatedAt)}).
			On("CONFLICT (person_id) DO UPDATE").Exec(ctx)
		if err != nil {
			return wrap(err, "second step of", x.PersonID)
		}
		if _, err := w.NewDelete().Model((*recoveryRow)(nil)).Where("person_id = ?", x.PersonID).Exec(ctx); err != nil {
			return wrap(err, "recovery codes of", x.PersonID)
		}
		if len(x.Recovery) == 0 {
			return nil
		}
		rows := make([]recoveryRow, len(x.Recovery))
		for i, h := range x.Recovery {
			rows[i] = recoveryRow{PersonID: x.PersonID, Hash: h}
		}
		_, err = w.NewInsert().Model(&rows).Exec(ctx)
		return wrap(err, "recovery codes of", x.PersonID)
	})
}

// EndSecondStep removes the key and its recovery codes.
func (s *Secrets) EndSecondStep(ctx context.Context, person string) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.db.Writer(ctx).NewDelete().Model((*recoveryRow)(nil)).Where("person_id = ?",
			person).Exec(ctx); err != nil {
			return wrap(err, "recovery codes of", person)
		}
		_, err := s.db.Writer(ctx).NewDelete().Model((*secondStepRow)(nil)).Where("person_id = ?", person).Exec(ctx)
		return wrap(err, "second step of", person)
	})
}

// UseStep notes a used step, unless it or a later one was used.
func (s *Secrets) UseStep(ctx context.Context, person string, step int64) (bool, error) {
	ok, err := one(s.db.Writer(ctx).NewUpdate().Model((*secondStepRow)(nil)).Set("last_step = ?", step).
		Where("person_id = ? AND last_step < ?", person, step).Exec(ctx))
	return ok, wrap(err, "second step of", person)
}

// UseRecovery strikes a recovery code out.
func (s *Secrets) UseRecovery(ctx context.Context, person, hash string) (bool, error) {
	ok, err := one(s.db.Writer(ctx).NewDelete().Model((*recoveryRow)(nil)).Where("person_id = ? AND hash = ?", person,
		hash).Exec(ctx))
	return ok, wrap(err, "recovery codes of", person)
}

// one reports whether a statement changed one row.
func one(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

type linkRow struct {
	bun.BaseModel `bun:"table:person_links,alias:k"`

	Issuer    string `bun:",pk"`
	Subject   string `bun:",pk"`
	PersonID  string
	CreatedAt stamp
}

// ByEmail reads the person with the address, which is lower case.
func (s *Secrets) ByEmail(ctx context.Context, email string) (people.Person, error) {
	if email == "" {
		return people.Person{}, fault.New(fault.NotFound, "people.not_found")
	}
	return s.db.People().one(ctx, "email", email)
}

// ByLink reads the person whom an account elsewhere is tied to.
func (s *Secrets) ByLink(ctx context.Context, issuer, subject string) (people.Person, error) {
	var r linkRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("issuer = ? AND subject = ?", issuer,
		subject).Scan(ctx); err != nil {
		return people.Person{}, missing(err, "people.not_found", "link")
	}
	return s.db.People().Person(ctx, r.PersonID)
}

// SaveLink ties an account elsewhere to a person.
func (s *Secrets) SaveLink(ctx context.Context, l people.Link) error {
	_, err := s.db.Writer(ctx).NewInsert().Model(&linkRow{Issuer: l.Issuer, Subject: l.Subject, PersonID: l.PersonID,
		CreatedAt: stamp(l.CreatedAt)}).
		On("CONFLICT (issuer, subject) DO UPDATE").Exec(ctx)
	return wrap(err, "link of", l.PersonID)
}

// Machines lists the programs' accounts with their tokens.
func (s *Secrets) Machines(ctx context.Context) ([]people.Machine, error) {
	var rows []sessionRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("kind = ?",
		string(people.MachineToken)).Order("created_at DESC", "id DESC").Scan(ctx)
	if err != nil {
		return nil, wrap(err, "service tokens")
	}
	list := make([]people.Machine, 0, len(rows))
	for i := range rows {
		p, err := s.db.People().Person(ctx, rows[i].PersonID)
		if err != nil {
			return nil, err
		}
		list = append(list, people.Machine{Person: p, Token: rows[i].session()})
	}
	return list, nil
}

// Forget removes sessions and tickets that are over.
func (s *People) Forget(ctx context.Context, now time.Time) error {
	for _, table := range []string{"sessions", "tickets"} {
		q := "DELETE FROM ?0 WHERE hash IN (SELECT hash FROM ?0 WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)"
		for n := forgetAtOnce; n == forgetAtOnce; {
			res, err := s.db.Writer(ctx).NewRaw(q, bun.Ident(table), stamp(now), forgetAtOnce).Exec(ctx)
			if err != nil {
				return wrap(err, "old", table)
			}
			gone, err := res.RowsAffected()
			if err != nil {
				return wrap(err, "old", table)
			}
			n = int(gone)
		}
	}
	return nil
}
