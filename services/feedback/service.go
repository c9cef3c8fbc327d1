package feedback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/limit"
	"lenlop/services/people"
)

// maxOpen is how many open problems one lesson takes: by then its teacher
// knows, and a crowd cannot fill the database.
const maxOpen = 200

// Service takes reports and lets those who answer for a lesson close them.
type Service struct {
	Store   Store
	Lessons Lessons
	Atomic  job.Atomic
	Audit   audit.Log
	Secret  []byte // makes reporters' marks, so that they say nothing by themselves
	Now     func() time.Time
	NewID   func() string
	// Limits count reports by who sent them.
	Limits *limit.Counter
}

// Lessons reads lessons that the person may read (lesson.Service).
type Lessons interface {
	Read(ctx context.Context, by people.Person, id string) (lesson.Lesson, error)
}

// Report is what a viewer says.
type Report struct {
	LessonID string
	Kind     Kind
	Text     string
	Viewer   string // the device's own mark; "" when it has none
	Network  string // address or network it comes from
	Agent    string // what the browser calls itself
}

// Report takes one. Anybody who may watch the lesson may. Faults:
// "lesson.not_found", "problem.invalid" with the fields, "problem.too_many",
// "problem.enough".
func (s *Service) Report(ctx context.Context, by people.Person, r Report) error {
	l, err := s.readable(ctx, by, r.LessonID)
	if err != nil {
		return err
	}
	text := clean(r.Text)
	var wrong []fault.Field
	if !r.Kind.known() {
		wrong = append(wrong, fault.Wrong("kind", "problem.choose_kind"))
	}
	if utf8.RuneCountInString(text) > MaxText {
		wrong = append(wrong, fault.Wrong("text", "problem.too_long", "max", MaxText))
	} else if r.Kind == Other && text == "" {
		wrong = append(wrong, fault.Wrong("text", "problem.say_what"))
	}
	if err := fault.Form("problem.invalid", wrong...); err != nil {
		return err
	}
	now := s.Now()
	who := s.reporter(by, r, now)
	if wait := s.admit(ctx, who, r.Network); wait > 0 {
		return fault.New(fault.RateLimited, "problem.too_many", "seconds", int(wait/time.Second)+1)
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		n, err := s.Store.OpenOf(ctx, l.ID)
		if err != nil {
			return err
		}
		if n >= maxOpen {
			return fault.New(fault.Conflict, "problem.enough")
		}
		return s.Store.Report(ctx, Problem{ID: s.NewID(), LessonID: l.ID, Kind: r.Kind, Text: text, Times: 1,
			Reporter: who, PersonID: by.ID,
			First: now, Last: now, State: Open})
	})
}

func (s *Service) readable(ctx context.Context, by people.Person, id string) (lesson.Lesson, error) {
	l, err := s.Lessons.Read(ctx, by, id)
	if err != nil {
		return l, err
	}
	if !people.May(by, people.WatchLesson, l.Object()) {
		return l, fault.New(fault.Forbidden, "access.denied")
	}
	return l, nil
}

// reporter tells viewers apart: by person, else by device, else by where the
// request came from that day.
func (s *Service) reporter(by people.Person, r Report, now time.Time) string {
	who := "n:" + r.Network + "\x00" + r.Agent + "\x00" + now.UTC().Format(time.DateOnly)
	if r.Viewer != "" {
		who = "d:" + r.Viewer
	}
	if !by.Anonymous() {
		who = "p:" + by.ID
	}
	m := hmac.New(sha256.New, s.Secret)
	m.Write([]byte("problem\x00" + who))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// clean takes out what no keyboard makes.
func clean(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d') {
			return -1
		}
		return r
	}, s))
}

// filter is whose problems a person answers for; false: nobody's.
func filter(by people.Person) (Filter, bool) {
	f := Filter{All: people.May(by, people.AnswerProblem, people.Object{})}
	if !f.All && people.May(by, people.AnswerProblem, people.Object{Owner: by.ID, Uploader: by.ID}) {
		f.Owner = by.ID
	}
	for _, g := range by.Grants {
		if g.School != "" && people.May(by, people.AnswerProblem, people.Object{School: g.School}) {
			f.Schools = append(f.Schools, g.School)
		}
	}
	return f, f.All || f.Owner != "" || len(f.Schools) > 0
}

// List gives the problems that a person answers for, by lesson and kind,
// latest first. Faults: "access.denied".
func (s *Service) List(ctx context.Context, by people.Person, state State, limit, offset int) ([]Group, error) {
	f, ok := filter(by)
	if !ok {
		return nil, fault.New(fault.Forbidden, "access.denied")
	}
	f.State, f.Limit, f.Offset = state, limit, offset
	return s.Store.Groups(ctx, f)
}

// Answer closes a lesson's open problems of a kind; the text is for those who
// reported them signed in. There being none is no error. Faults:
// "lesson.not_found", "access.denied", "problem.invalid" with the fields.
func (s *Service) Answer(ctx context.Context, by people.Person, lessonID string, k Kind, answer string) error {
	l, err := s.Lessons.Read(ctx, by, lessonID)
	if err != nil {
		return err
	}
	if !people.May(by, people.AnswerProblem, l.Object()) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	answer = clean(answer)
	var wrong []fault.Field
	if !k.known() {
		wrong = append(wrong, fault.Wrong("kind", "problem.choose_kind"))
	}
	if utf8.RuneCountInString(answer) > MaxText {
		wrong = append(wrong, fault.Wrong("answer", "problem.too_long", "max", MaxText))
	}
	if err := fault.Form("problem.invalid", wrong...); err != nil {
		return err
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		n, err := s.Store.Answer(ctx, l.ID, k, by.ID, answer, s.Now())
		if err != nil || n == 0 {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.AnswerProblem), Subject: "lesson:" + l.ID,
			Detail: fmt.Sprintf("%d reports (%s) answered", n, k)})
	})
}

// Mine is the latest of a person's own reports in a lesson; false: none, or
// nobody is signed in.
func (s *Service) Mine(ctx context.Context, by people.Person, lessonID string) (Problem, bool, error) {
	if by.Anonymous() {
		return Problem{}, false, nil
	}
	list, err := s.Store.OfPerson(ctx, lessonID, by.ID, 1)
	if err != nil || len(list) == 0 {
		return Problem{}, false, err
	}
	return list[0], true, nil
}

// Forget removes reports whose time is over.
func (s *Service) Forget(ctx context.Context) error {
	for {
		n, err := s.Store.ForgetProblems(ctx, s.Now().Add(-Kept))
		if err != nil || n == 0 {
			return err
		}
	}
}
