package people

import (
	"context"
	"time"
)

// TicketKind says what a ticket is good for.
type TicketKind string

// The kinds of ticket.
const (
	ResetTicket    TicketKind = "reset"    // choose a new password
	HalfwayTicket  TicketKind = "halfway"  // the password was right, the one-time code is still owed
	ExternalTicket TicketKind = "external" // somebody was sent to the province's own sign-in
)

// Lives of tickets. A mailed link is used at once or asked for again; a printed
// one waits until its person comes by.
const (
	MailedLife   = time.Hour
	PrintedLife  = 72 * time.Hour
	HalfwayLife  = 5 * time.Minute
	ExternalLife = 10 * time.Minute
)

// Ticket lets its bearer do one thing once. Only the SHA-256 of its secret is
// stored.
type Ticket struct {
	Hash      string // hex SHA-256 of the secret
	Kind      TicketKind
	PersonID  string // empty while nobody is known
	Data      string // what the kind needs to go on
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SecondStep is a person's key for one-time codes (RFC 6238, SHA-1, 6 digits,
// 30 s: what every authenticator takes).
type SecondStep struct {
	PersonID  string
	Secret    string // base32
	LastStep  int64  // the newest 30 s step whose code was used
	CreatedAt time.Time
	Recovery  []string // hashes of the codes that are left; written by SaveSecondStep
}

// Link ties a person to an account of the province's own sign-in.
type Link struct {
	Issuer, Subject string
	PersonID        string
	CreatedAt       time.Time
}

// Secrets keeps what lets people in beside their password. Missing rows are
// fault.NotFound "people.not_found".
type Secrets interface {
	SaveTicket(ctx context.Context, t Ticket) error
	Ticket(ctx context.Context, kind TicketKind, hash string) (Ticket, error)
	// TakeTicket removes the ticket and gives it; of two takers at once one
	// gets it.
	TakeTicket(ctx context.Context, kind TicketKind, hash string) (Ticket, error)
	// EndTickets removes a person's tickets of a kind, and every ticket that
	// was over before the moment.
	EndTickets(ctx context.Context, person string, kind TicketKind, over time.Time) error
	SecondSteps
}

// SecondSteps keeps the second steps of signing in.
type SecondSteps interface {
	SecondStep(ctx context.Context, person string) (SecondStep, error)
	// SaveSecondStep puts it in the place of one that was there.
	SaveSecondStep(ctx context.Context, s SecondStep) error
	EndSecondStep(ctx context.Context, person string) error
	// UseStep notes that the code of a step was used; false when that step or a
	// later one was used before. UseRecovery strikes a recovery code out; false
	// when it was not there.
	UseStep(ctx context.Context, person string, step int64) (bool, error)
	UseRecovery(ctx context.Context, person, hash string) (bool, error)
}

// Directory finds people by what others know them by.
type Directory interface {
	ByEmail(ctx context.Context, email string) (Person, error)
	ByLink(ctx context.Context, issuer, subject string) (Person, error)
	SaveLink(ctx context.Context, l Link) error
	// Machines lists the programs' accounts with the session that is the service
	// token of each, newest first.
	Machines(ctx context.Context) ([]Machine, error)
}

// Machine is a service token and the account it acts as.
type Machine struct {
	Person Person
	Token  Session
}
