// Package notice is guidance from the department or a school: written once,
// shown to the grades, classes or staff that it is for, sent to staff by
// e-mail, and receipted by those who have read it.
package notice

import (
	"context"
	"slices"
	"time"

	"lenlop/services/people"
)

// Notice is one piece of guidance.
type Notice struct {
	ID       string
	Title    string
	Body     string // Markdown; shown as HTML made safe
	SchoolID string // empty: from the department, to the whole province
	PersonID string // for this person alone, from the system itself; nobody else reads it
	AuthorID string

	// Whom it is for. Without any of the three it is for everybody, or
	// everybody at the school.
	Staff   bool // staff only
	Grades  []int
	Classes []string // class ids

	Letters     bool // also sent to staff by e-mail
	PublishAt   time.Time
	EndsAt      time.Time // zero: stays until withdrawn
	CreatedAt   time.Time
	ChangedAt   time.Time
	WithdrawnAt time.Time
}

// Open reports whether anybody may read it at that time, signed in or not.
func (n Notice) Open(at time.Time) bool {
	return n.Shown(at) && !n.Staff && n.SchoolID == "" && n.PersonID == "" && len(n.Classes) == 0
}

// Shown reports whether it is on show at that time to those it is for.
func (n Notice) Shown(at time.Time) bool {
	return !n.PublishAt.After(at) && n.WithdrawnAt.IsZero() && (n.EndsAt.IsZero() || at.Before(n.EndsAt))
}

// Object gives the notice's facts to the policy function.
func (n Notice) Object(at time.Time) people.Object {
	return people.Object{Owner: n.AuthorID, School: n.SchoolID, Published: n.Open(at)}
}

// Reader is somebody who looks for notices.
type Reader struct {
	Person  people.Person
	Grade   int      // chosen on the device, or of the student's class; 0: any
	Classes []string // that the person belongs to or teaches
}

// For reports whether a notice on show concerns the reader.
func (n Notice) For(r Reader) bool {
	staff := r.Person.Active && r.Person.Staff()
	here := n.SchoolID == "" || slices.ContainsFunc(r.Person.Grants,
		func(g people.Grant) bool { return g.School == n.SchoolID }) && r.Person.Active
	office := r.Person.Is(people.Reviewer) || r.Person.Is(people.Admin)
	switch {
	case n.PersonID != "":
		return r.Person.Active && r.Person.ID == n.PersonID
	case office:
		return true
	case !here:
		return false
	case n.Staff:
		return staff
	case len(n.Classes) > 0:
		return n.SchoolID != "" && r.Person.At(people.Head, n.SchoolID) ||
			slices.ContainsFunc(n.Classes, func(c string) bool { return slices.Contains(r.Classes, c) })
	case len(n.Grades) > 0 && r.Grade > 0 && !staff:
		return slices.Contains(n.Grades, r.Grade)
	}
	return true
}

// Attachment is a file that belongs to a notice, checked by content.
type Attachment struct {
	ID, NoticeID, Name, Type, Key string
	Size                          int64
	CreatedAt                     time.Time
}

// Receipt says that a member of staff has read a notice as it then was.
type Receipt struct {
	NoticeID, PersonID string
	At                 time.Time
}

// Filter of a list; zero values mean any.
type Filter struct {
	School   string
	Author   string
	Person   string    // those for this person as well; nobody's without
	At       time.Time // only those on show at the time; zero: all
	Province bool      // only the department's
	Before   string    // id to continue behind
	Limit    int
}

// Store keeps notices. Missing rows are fault.NotFound "notice.not_found".
type Store interface {
	Notice(ctx context.Context, id string) (Notice, error)
	SaveNotice(ctx context.Context, n Notice) error
	// Notices lists newest first by PublishAt.
	Notices(ctx context.Context, f Filter) ([]Notice, error)
	SaveAttachment(ctx context.Context, a Attachment) error
	Attachments(ctx context.Context, notice string) ([]Attachment, error)
	// Read keeps a receipt; the first of a person stays.
	Read(ctx context.Context, r Receipt) error
	Receipts(ctx context.Context, notice string) ([]Receipt, error)
	Letters
}

// Letters keeps which notices went out by e-mail.
type Letters interface {
	// Lettered gives the persons that a letter has gone out to.
	Lettered(ctx context.Context, notice string) (map[string]bool, error)
	SaveLettered(ctx context.Context, notice, person string, at time.Time) error
}
