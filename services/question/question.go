// Package question is what students ask under a lesson: off until the teacher turns it on, shown to nobody before the
// teacher has looked at it, deleted after the school term.
package question

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Longest texts, in characters.
const (
	MaxText   = 500
	MaxAnswer = 2000
	MaxReason = 300
)

// How much one person may ask: a class of 45 that is allowed to ask without
// end would bury the teacher.
const (
	MaxWaiting = 5  // unanswered questions of a person under one lesson
	MaxAnHour  = 10 // questions of a person, all lessons
)

// State is what became of a question.
type State string

// The states. A question with an answer is Shown.
const (
	Waiting State = "waiting" // seen by its asker and the moderators alone
	Shown   State = "shown"
	Hidden  State = "hidden" // its asker sees the reason
)

// States lists them in the order of a teacher's page.
var States = []State{Waiting, Shown, Hidden}

// NoMoment is the At of a question that is about the lesson as a whole.
const NoMoment = -1

// Question is one question and its answer.
type Question struct {
	ID, LessonID string
	PersonID     string // who asked; empty for readers who are not to know
	ClassID      string // that the asker was in; empty for a colleague
	Text         string
	At           float64 // seconds into the lesson; NoMoment: none
	State        State
	Answer       string
	Reason       string // why hidden
	CreatedAt    time.Time
	SettledBy    string // who showed, hid or answered it last
	SettledAt    time.Time
}

// Setting is whether questions may be asked under a lesson.
type Setting struct {
	LessonID string
	On       bool
	NoticeID string // the notice to the teacher that questions wait, or ""
	ByPerson string
	At       time.Time
}

// Filter of a list; zero values mean any.
type Filter struct {
	Lesson, Person string
	State          State
	Since          time.Time
	Before         string // id to continue behind
	Limit          int
}

// Store keeps questions. A missing one is fault.NotFound "question.not_found".
type Store interface {
	// Setting is the zero one, with its lesson, where nothing was set.
	Setting(ctx context.Context, lesson string) (Setting, error)
	SaveSetting(ctx context.Context, s Setting) error
	Question(ctx context.Context, id string) (Question, error)
	SaveQuestion(ctx context.Context, q Question) error
	DeleteQuestion(ctx context.Context, id string) error
	// Questions lists newest first.
	Questions(ctx context.Context, f Filter) ([]Question, error)
	// ForgetQuestions deletes questions that are older, at most limit of them, and returns how many it deleted.
	ForgetQuestions(ctx context.Context, before time.Time, limit int) (int, error)
}

// tidy is a text as it is kept: one kind of line break, no empty ends.
func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
}

// wrong lists what keeps a typed text from being taken.
func wrong(name, text string, most int) []fault.Field {
	switch {
	case text == "":
		return []fault.Field{fault.Wrong(name, "field.required")}
	case utf8.RuneCountInString(text) > most:
		return []fault.Field{fault.Wrong(name, "field.too_long", "max", most)}
	case !people.Legible(text):
		return []fault.Field{fault.Wrong(name, "field.bad_text")}
	}
	return nil
}

// inside reports whether a moment lies in a lesson of that length, in seconds;
// a length of 0 is not known yet.
func inside(at, length float64) bool {
	return at == NoMoment || at >= 0 && at <= 24*60*60 && (length <= 0 || at <= length)
}

// For gives the question as somebody else than its moderators sees it: others'
// names, and why theirs was hidden, are nobody's business.
func (q Question) For(by people.Person) Question {
	if by.ID == "" || q.PersonID != by.ID {
		q.PersonID, q.ClassID, q.Reason = "", "", ""
	}
	q.SettledBy = ""
	return q
}
