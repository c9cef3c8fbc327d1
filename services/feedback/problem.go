// Package feedback holds what viewers report of a lesson. Problems are what is wrong with it: no sound, a bad picture,
// a mistake; its teacher and the department see and answer them. Thumbs are whether viewers understood a chapter.
package feedback

import (
	"context"
	"slices"
	"time"
)

// Kind says what is wrong.
type Kind string

// The kinds, in the order in which they are offered.
const (
	Sound   Kind = "sound"
	Picture Kind = "picture"
	Content Kind = "content"
	Other   Kind = "other"
)

// Kinds are all of them.
var Kinds = []Kind{Sound, Picture, Content, Other}

func (k Kind) known() bool { return slices.Contains(Kinds, k) }

// State says whether somebody has seen to it.
type State string

// The states.
const (
	Open     State = "open"
	Answered State = "answered"
)

// Kept is how long a report is kept, answered or not.
const Kept = 90 * 24 * time.Hour

// MaxText is the longest text of a report and of an answer, in characters.
const MaxText = 500

// Problem is one viewer's report. The same viewer's next about the same is no
// new one while it is open.
type Problem struct {
	ID       string
	LessonID string
	Kind     Kind
	Text     string
	Times    int    // how often this viewer said so
	Reporter string // tells viewers apart, and names nobody
	PersonID string // of somebody signed in; shown to nobody
	First    time.Time
	Last     time.Time

	State      State
	Answer     string
	AnsweredBy string
	AnsweredAt time.Time
}

// Group is what several viewers say is wrong with one lesson.
type Group struct {
	LessonID string
	Kind     Kind
	State    State
	Viewers  int
	Last     time.Time
	Answer   string // the latest, when answered
}

// Filter of a list; the zero one finds nothing.
type Filter struct {
	All     bool     // of every lesson
	Owner   string   // of lessons this person teaches or uploaded
	Schools []string // of these schools' lessons
	State   State
	Limit   int
	Offset  int
}

// Store keeps problems.
type Store interface {
	// Report adds a problem, or counts it to the reporter's open one of the
	// same lesson and kind: its newest text stays.
	Report(ctx context.Context, p Problem) error
	// OpenOf counts a lesson's open problems.
	OpenOf(ctx context.Context, lesson string) (int, error)
	// Answer closes a lesson's open problems of a kind and says how many.
	Answer(ctx context.Context, lesson string, k Kind, by, answer string, at time.Time) (int, error)
	// Groups lists by lesson and kind, latest first.
	Groups(ctx context.Context, f Filter) ([]Group, error)
	// Said lists what viewers wrote in a group, latest first; empty texts are left out.
	Said(ctx context.Context, lesson string, k Kind, s State, limit int) ([]Problem, error)
	// OfPerson lists a person's own in a lesson, latest first.
	OfPerson(ctx context.Context, lesson, person string, limit int) ([]Problem, error)
	// ForgetProblems removes those first reported before the time, a bounded
	// number at once, and says how many went.
	ForgetProblems(ctx context.Context, before time.Time) (int, error)
}
