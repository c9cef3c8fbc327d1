// Package audit records who did what to what, and when, beside the change
// itself: an entry commits with the change or not at all.
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
}

// Log keeps entries. Append joins the transaction in ctx when there is one.
type Log interface {
	Append(ctx context.Context, e Entry) error
	// BySubject lists entries newest first, at most limit.
	BySubject(ctx context.Context, subject string, limit int) ([]Entry, error)
}
