// Package bookmark keeps where a person stopped in a lesson, so that they can
// go on with it on any device they sign in on.
package bookmark

import (
	"context"
	"time"
)

// Bookmark is one person's place in one lesson.
type Bookmark struct {
	PersonID string
	LessonID string
	At       float64   // seconds into the lesson
	Length   float64   // the lesson's length then, seconds
	Seen     time.Time // when the person was there, by the server's clock
}

// Kept is how long a bookmark lives that nobody moves: a school term.
const Kept = 150 * 24 * time.Hour

// Rules of what is worth going on with, as the player has them: the first
// seconds are no place to return to, and the last are the end.
const (
	begunAfter   = 15.0 // seconds
	endsWithin   = 15.0 // seconds
	finishedFrom = 0.95 // share of the length
)

// Begun reports whether there is something to go on from.
func (b Bookmark) Begun() bool { return b.At >= begunAfter }

// Finished reports whether the lesson is as good as watched to its end.
func (b Bookmark) Finished() bool {
	return b.Length > 0 && (b.At >= finishedFrom*b.Length || b.Length-b.At < endsWithin)
}

// Place is what a device says: where the person was and when, both times by
// the device's own clock. Zero times mean now.
type Place struct {
	At     float64 // seconds into the lesson
	SeenAt time.Time
	SentAt time.Time
}

// seen is when the person was there by the server's clock. The device's clock
// may be years off, so only the time between its two moments counts. It is
// false when that lies too far back to matter.
func (p Place) seen(now time.Time) (time.Time, bool) {
	if p.SeenAt.IsZero() || p.SentAt.IsZero() {
		return now, true
	}
	ago := max(0, p.SentAt.Sub(p.SeenAt))
	return now.Add(-ago), ago < Kept
}

// Store keeps bookmarks.
type Store interface {
	// SaveBookmarks keeps each where it is newer than what is there; one whose
	// person or lesson is gone is left out. Finished ones are kept as such.
	SaveBookmarks(ctx context.Context, bs ...Bookmark) error
	// Bookmark gives a person's place in a lesson; the zero one when there is none.
	Bookmark(ctx context.Context, person, lesson string) (Bookmark, error)
	// Unfinished lists a person's bookmarks in lessons not finished, latest first.
	Unfinished(ctx context.Context, person string, limit int) ([]Bookmark, error)
	// ForgetBookmarks removes those not moved since the time, a bounded number
	// at once, and says how many went.
	ForgetBookmarks(ctx context.Context, before time.Time) (int, error)
}
