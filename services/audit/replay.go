package audit

import (
	"context"
	"time"
)

// Replay is the answer that a person's write got under an idempotency key, so
// that the same write sent again gets the same answer and changes nothing.
type Replay struct {
	Person  string
	Key     string
	Request string // hex SHA-256 of the request
	Status  int    // HTTP status
	Header  map[string]string
	Body    []byte
	At      time.Time
}

// Reservation is the right to carry out the write of an idempotency key, until
// a lease on the database's clock ends. Whoever takes over an ended one gets the
// same Seed, so that what is stored under names made from it is stored once.
type Reservation struct {
	Person   string
	Key      string
	Request  string    // hex SHA-256 of the request
	Token    string    // changes with every holder
	Seed     string    // random; the same for all holders
	At       time.Time // of the first holder, by the database's clock
	Repeated bool      // an earlier holder did not finish
}

// KeepReplays is how long answers are kept: longer than any client retries.
const KeepReplays = 48 * time.Hour

// Replays keeps answers and reservations. Calls join the transaction in ctx.
type Replays interface {
	// Reserve takes the key for lease. It gives the answer instead when there is
	// one already. Faults, both fault.Conflict: "request.key_reused" when the key
	// belongs to another request, "request.key_in_use" (seconds) while another
	// holder's lease runs.
	Reserve(ctx context.Context, person, key, request string, lease time.Duration) (Reservation, *Replay, error)
	// Extend lengthens a lease to lease from now; fault.Conflict
	// "request.key_in_use" when the reservation has been taken over.
	Extend(ctx context.Context, r Reservation, lease time.Duration) error
	// Release ends the lease at once. With forget nothing was changed and the key
	// may be used for another request; without, the next holder gets the same
	// Seed. It does nothing to a reservation that has been taken over.
	Release(ctx context.Context, r Reservation, forget bool) error
	// Settle turns a reservation into its answer, in the transaction of the
	// write's effect; fault.Conflict "request.key_in_use" (seconds) when it has
	// been taken over: the transaction must then be given up.
	Settle(ctx context.Context, r Reservation, answer Replay) error
}
