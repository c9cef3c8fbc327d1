package playback

import (
	"context"
	"time"
)

// ViewerDay is one viewer's local day: what the rules look at together.
type ViewerDay struct{ Viewer, Day string }

// ViewerPackage is a viewer and one package of a lesson.
type ViewerPackage struct{ Viewer, Package string }

// Flag is web-flag/1's mark on a viewer's day, and its undoing.
type Flag struct {
	Viewer, Day string
	Reason      string
	At          time.Time
	RestoredBy  string // person id; "" while the flag stands
	RestoredAt  time.Time
	Sessions    int64 // of the day, when listed
}

// Store keeps the web's sessions and what they add up to. Calls join the
// transaction in ctx; rules stay out of it.
type Store interface {
	// LockViewers keeps others from changing these viewers' rows until the
	// transaction in ctx ends. Ids come sorted, so that nobody waits in a ring.
	LockViewers(ctx context.Context, viewers []string) error
	// SessionStarts gives the id, day and beginning of those that exist.
	SessionStarts(ctx context.Context, ids []string) ([]Session, error)
	// Sessions gives every session of the viewers' days, and Flags their flags.
	Sessions(ctx context.Context, days []ViewerDay) ([]Session, error)
	Flags(ctx context.Context, days []ViewerDay) ([]Flag, error)
	// Credits gives the viewers' credits for their packages, on all days.
	Credits(ctx context.Context, of []ViewerPackage) ([]Credit, error)
	// Put inserts or replaces rows and adds changes to totals; rows come sorted.
	Put(ctx context.Context, c Changes) error
	// FlaggedDays lists flags of local days from, to exclusive, newest first.
	FlaggedDays(ctx context.Context, from, to string, limit int) ([]Flag, error)
}

// Retention removes rows whose time has passed.
type Retention interface {
	// Fold removes session rows of days before the given one, at most limit,
	// and returns how many: their credits hold all that is still needed.
	Fold(ctx context.Context, before string, limit int) (int, error)
	// Purge removes credits and flags of days before the given one, at most
	// limit, then viewers without any row left, and returns how many credits.
	Purge(ctx context.Context, before string, limit int) (int, error)
}

// OfflineDownloads records which viewers downloaded which lessons to watch offline.
type OfflineDownloads interface {
	// AddDownload may be repeated: renewing a grant is not another download.
	AddDownload(ctx context.Context, lessonID, viewer, day string) error
}

// Changes are what a batch of heartbeats writes.
type Changes struct {
	Sessions   []Session
	Credits    []Credit
	Flags      []Flag // with an empty Reason: the flag is gone
	Totals     []Total
	Exclusions []ExclusionTotal
	Seen       []SetChange
}

// SetChange says that a viewer has a view of a lesson on a day, or no longer.
type SetChange struct {
	LessonID, Day, Viewer string
	In                    bool
}
