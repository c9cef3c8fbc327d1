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
	Request string // hex SHA-256 of what was asked
	Status  int    // HTTP status
	Body    []byte
	At      time.Time
}

// KeepReplays is how long answers are kept: longer than any client retries.
const KeepReplays = 48 * time.Hour

// Replays keeps answers. Calls join the transaction in ctx.
type Replays interface {
	// Replay finds an answer; ok is false when there is none.
	Replay(ctx context.Context, person, key string) (rep Replay, ok bool, err error)
	// SaveReplay adds an answer and forgets those older than KeepReplays. One
	// that is there already is fault.Conflict "request.key_in_use": another
	// sender with the same key committed meanwhile.
	SaveReplay(ctx context.Context, r Replay) error
}
