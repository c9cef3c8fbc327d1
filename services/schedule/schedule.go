// Package schedule is the television side's plan and log: channels, planned
// airings of lessons, clashes, and what was really transmitted.
package schedule

import (
	"context"
	"time"
)

// Channel is a linear television service; Own when the province schedules it.
type Channel struct {
	ID        string
	Name      string
	Own       bool
	Timezone  string // IANA
	CreatedAt time.Time
}

// Outcome says what became of an airing.
type Outcome string

// The outcomes; Planned until as-run says otherwise.
const (
	Planned Outcome = "planned"
	Aired   Outcome = "aired"
	Partial Outcome = "partial"
	Moved   Outcome = "moved"
	Dropped Outcome = "dropped"
)

// Happened reports whether the lesson was on air, at least partly.
func (o Outcome) Happened() bool { return o == Aired || o == Partial || o == Moved }

// Airing is one planned transmission of a lesson on a channel.
type Airing struct {
	ID          string
	ChannelID   string
	LessonID    string
	CopyID      string // broadcast copy, or ""
	HouseNumber string // the station's own number for the item
	StartsAt    time.Time
	EndsAt      time.Time
	Outcome     Outcome
	StartedAt   time.Time // as-run
	EndedAt     time.Time
	Note        string
	ReportedBy  string
	ReportedAt  time.Time
	CreatedBy   string
	CreatedAt   time.Time
	RepeatOf    string // the first airing that this one repeats, or ""
}

// AsRun is what really happened. Aired needs no times (the plan's are taken);
// partial and moved need both.
type AsRun struct {
	Outcome            Outcome
	StartedAt, EndedAt time.Time
	Note               string
}

// Filter of airings; zero values mean any. From and To bound StartsAt, To left out.
type Filter struct {
	Channel, Lesson string
	From, To        time.Time
	Outcome         Outcome
	Limit           int
}

// ChannelStore keeps channels.
type ChannelStore interface {
	Channel(ctx context.Context, id string) (Channel, error)
	Channels(ctx context.Context) ([]Channel, error)
	SaveChannel(ctx context.Context, c Channel) error
	// LockChannel keeps others from changing the channel's airings until the
	// transaction in ctx ends, so that two bookings cannot both see a free slot.
	LockChannel(ctx context.Context, id string) (Channel, error)
}

// Store keeps channels and airings. Missing rows are fault.NotFound
// "channel.not_found" or "airing.not_found".
type Store interface {
	ChannelStore
	Airing(ctx context.Context, id string) (Airing, error)
	Airings(ctx context.Context, f Filter) ([]Airing, error)
	SaveAiring(ctx context.Context, a Airing) error
	DeleteAiring(ctx context.Context, id string) error
	// Held reports whether anything was handed in for an airing: figures,
	// check-ins, roll calls or a draw of classes.
	Held(ctx context.Context, airingID string) (bool, error)
}
