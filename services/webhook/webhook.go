// Package webhook tells other systems what happens here (a notice was
// published, a lesson was published), so that a province can connect its own
// channels, such as a Zalo account.
package webhook

import (
	"context"
	"time"
)

// Hook is one address that wants to be told.
type Hook struct {
	ID      string
	Name    string
	URL     string
	Secret  string   // signs every delivery
	Events  []string // of Events
	Active  bool
	MadeBy  string
	MadeAt  time.Time
	EndedAt time.Time
}

// Events that can be asked for.
var Events = []string{"notice.published", "notice.withdrawn", "lesson.published", "lesson.withdrawn"}

// State of a delivery.
type State string

// The states; a failed delivery has been tried to its end.
const (
	Waiting State = "waiting"
	Arrived State = "arrived"
	Failed  State = "failed"
)

// Delivery is one event on its way to one hook.
type Delivery struct {
	ID        string
	HookID    string
	Event     string
	Body      string // JSON, exactly as it is sent
	State     State
	Attempts  int
	Status    int // of the last answer; 0: none came
	CreatedAt time.Time
	TriedAt   time.Time
}

// Store keeps hooks and deliveries. Missing rows are fault.NotFound
// "webhook.not_found".
type Store interface {
	Hook(ctx context.Context, id string) (Hook, error)
	Hooks(ctx context.Context) ([]Hook, error)
	SaveHook(ctx context.Context, h Hook) error
	Delivery(ctx context.Context, id string) (Delivery, error)
	SaveDelivery(ctx context.Context, d Delivery) error
	// Deliveries of a hook, newest first.
	Deliveries(ctx context.Context, hook string, limit int) ([]Delivery, error)
	// Forget removes deliveries made before a time, at most limit.
	Forget(ctx context.Context, before time.Time, limit int) (int, error)
}

// Sender posts one delivery and gives the answer's status.
type Sender interface {
	Post(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error)
	// Check refuses addresses that must not be called: inside this network, or
	// without TLS.
	Check(url string) error
}
