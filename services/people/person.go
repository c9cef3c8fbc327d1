// Package people is who uses the product: persons, their roles at schools,
// signing in, and the one policy function that says who may do what.
package people

import (
	"context"
	"slices"
	"time"
)

// Role is what a person may be. One person may hold several at several schools.
type Role string

// The roles of docs/architecture (product words).
const (
	Student  Role = "student"
	Teacher  Role = "teacher"
	Head     Role = "head"     // school head
	Reviewer Role = "reviewer" // education department
	Station  Role = "station"  // television station operator
	Admin    Role = "admin"
)

// Roles lists all of them, in the order shown on screens.
var Roles = []Role{Student, Teacher, Head, Reviewer, Station, Admin}

// Grant is one role held at one school; School is empty for roles of the
// province (reviewer, station, admin).
type Grant struct {
	Role   Role
	School string
}

// Person is an account. The zero Person (empty ID) is the anonymous visitor.
type Person struct {
	ID           string
	Username     string // lower case, unique
	Name         string
	Grants       []Grant
	PasswordHash string // argon2id, PHC string form; empty: cannot sign in by password
	Email        string // lower case, unique when given; staff only: for resets and the province's own sign-in
	Active       bool   // false ends every session within a second
	Demo         bool   // made by --demo
	CreatedAt    time.Time

	// Machine is a program's account: service tokens act as it, and nobody
	// signs in to it.
	Machine bool
	// SecondStep says that signing in takes a one-time code too. It is read with the
	// person and changed by Secrets only.
	SecondStep bool
	// Scopes, when there are any, are all that the credential in use may be used
	// for: those of a personal or service token. They are never stored here.
	Scopes []Action
}

// Anonymous reports whether nobody is signed in.
func (p Person) Anonymous() bool { return p.ID == "" }

// Is reports whether the person is active and holds the role anywhere.
func (p Person) Is(r Role) bool {
	return p.Active && slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role == r })
}

// At reports whether the person is active and holds the role at the school.
func (p Person) At(r Role, school string) bool {
	return p.Active && school != "" && slices.Contains(p.Grants, Grant{r, school})
}

// School is the school of the person's first grant that has one, or "".
func (p Person) School() string {
	for _, g := range p.Grants {
		if g.School != "" {
			return g.School
		}
	}
	return ""
}

// SchoolAs is the school of the person's first grant of a role, or "": who
// leads one school may teach, or learn, at another.
func (p Person) SchoolAs(r Role) string {
	for _, g := range p.Grants {
		if g.Role == r && g.School != "" {
			return g.School
		}
	}
	return ""
}

// Staff reports whether the person is anything but a student: staff's own
// plays are counted apart.
func (p Person) Staff() bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role != Student })
}

// SessionKind tells a browser's session from a script's token.
type SessionKind string

// The kinds of session.
const (
	Browser      SessionKind = "browser"
	Token        SessionKind = "token"    // a script that signed in with a password
	Personal     SessionKind = "personal" // made by its person, with scopes
	MachineToken SessionKind = "service"  // made by an administrator for a machine, with scopes
)

// Session is one sign-in. Only the SHA-256 of its secret is stored.
type Session struct {
	ID        string
	Hash      string // hex SHA-256 of the secret
	PersonID  string
	Kind      SessionKind
	UserAgent string
	Name      string   // of personal and service tokens
	Scopes    []Action // empty: whatever the person may
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Store keeps persons and sessions. Missing rows are fault.NotFound
// "people.not_found"; a taken username is fault.Conflict "people.username_taken".
type Store interface {
	Person(ctx context.Context, id string) (Person, error)
	ByUsername(ctx context.Context, username string) (Person, error)
	SavePerson(ctx context.Context, p Person) error
	// Persons lists those that hold the role (empty: all), by name, after the
	// given id ("" from the start), at most limit.
	Persons(ctx context.Context, r Role, after string, limit int) ([]Person, error)
	// SaveSession adds a session or changes it. One that was seen after it
	// began is only changed: a request under way while its session was ended
	// must not bring it back.
	SaveSession(ctx context.Context, s Session) error
	SessionByHash(ctx context.Context, hash string) (Session, error)
	Sessions(ctx context.Context, person string) ([]Session, error)
	// EndSessions removes the person's sessions with the ids; none means all.
	EndSessions(ctx context.Context, person string, ids ...string) error
}
