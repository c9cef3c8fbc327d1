// Package audit records who did what to what, when and from where, beside the
// change itself: an entry commits with the change or not at all. Entries are
// chained by hashes, so that one changed or taken out later is found.
package audit

import (
	"context"
	"time"
)

// Entry is one thing that somebody did. Subject is "noun:id" ("lesson:0192...").
// Before and After are small JSON documents, or empty.
type Entry struct {
	ID      string
	At      time.Time
	Actor   string // person id, or "system"
	Action  string // people.Action or a job kind
	Subject string
	Detail  string // short facts, never a secret and never a student's name
	Before  string
	After   string
	// Place is the address it was done from; empty takes the one in the
	// context (FromPlace), and stays empty for the system's own work. It is kept for
	// KeepPlaces.
	Place string
	// Number is the entry's place in the chain, from 1; the log gives it.
	Number int64
}

// KeepPlaces is how long the address is kept that something was done from:
// long enough to look into a break-in that is noticed late.
const KeepPlaces = 365 * 24 * time.Hour

// Log keeps entries. Append joins the transaction in ctx when there is one.
type Log interface {
	Append(ctx context.Context, e Entry) error
	// BySubject lists entries newest first, at most limit.
	BySubject(ctx context.Context, subject string, limit int) ([]Entry, error)
}

// Filter narrows what is read; the zero Filter is everything.
type Filter struct {
	Subject, Actor, Action string
	From, To               time.Time // [From, To)
	Before                 int64     // only entries with smaller numbers; 0: from the newest
}

// Reader reads the whole log.
type Reader interface {
	// Entries lists newest first, at most limit.
	Entries(ctx context.Context, f Filter, limit int) ([]Entry, error)
	// Sealed lists the chain in its order after a number, at most limit.
	Sealed(ctx context.Context, after int64, limit int) ([]Sealed, error)
	// Head is the newest number and hash of the chain.
	Head(ctx context.Context) (number int64, hash string, err error)
}

type placeKey struct{}

// FromPlace puts into ctx the address that what follows is done from.
func FromPlace(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, placeKey{}, address)
}

// PlaceOf is the address in ctx, or "".
func PlaceOf(ctx context.Context) string {
	s, _ := ctx.Value(placeKey{}).(string)
	return s
}
