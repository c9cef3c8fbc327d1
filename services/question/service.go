package question

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/viewership/playback"
)

// Service takes questions and gives them to those who may read them.
type Service struct {
	Store   Store
	Lessons lesson.Store
	Classes school.Rosters
	Years   Years
	Atomic  job.Atomic
	Audit   audit.Log
	// Notices tells one person something; nil: nobody is told.
	Notices Notices
	// Words are the title and body of a notice about a lesson of that title.
	Words func(about About, l lesson.Lesson) (title, body string)
	Now   func() time.Time
	NewID func() string
	Zone  *time.Location
}

// Years knows the school years (school.Calendar).
type Years interface {
	Years(ctx context.Context) ([]school.Year, error)
}

// Notices tells one person something, or takes it back (notice.Service).
type Notices interface {
	Tell(ctx context.Context, n notice.Notice) (notice.Notice, error)
	Recall(ctx context.Context, id string) error
	ForgetPersonal(ctx context.Context, before time.Time, limit int) (int, error)
}

// About is what a notice says.
type About string

// What people are told of.
const (
	AboutWaiting  About = "waiting"  // the teacher: a question waits
	AboutAnswered About = "answered" // the asker: there is an answer
)

// How long such a notice stays on show.
const (
	waitingShown  = 30 * 24 * time.Hour
	answeredShown = 14 * 24 * time.Hour
)

// Board is what somebody sees under a lesson.
type Board struct {
	On        bool
	Read, Ask bool       // the person may
	Moderate  bool       // the person settles what is asked
	Set       bool       // the person turns questions on and off
	Questions []Question // own ones that wait or were hidden first, then in the lesson's order
}

// shownAtOnce bounds how many questions stand under a lesson.
const shownAtOnce = 200

// Board gives what the person sees under a lesson that they may read. Where
// questions are off, or the person is not of the teacher's classes, it is empty.
func (s *Service) Board(ctx context.Context, by people.Person, lessonID string) (Board, error) {
	l, o, err := s.object(ctx, by, lessonID)
	if err != nil {
		return Board{}, err
	}
	return s.board(ctx, by, l, o)
}

// OfLesson returns Board for the page of a lesson that has been read for the person: it is not read again.
func (s *Service) OfLesson(ctx context.Context, by people.Person, l lesson.Lesson) (b Board, err error) {
	o := l.Object()
	if o.Together, err = s.together(ctx, by, l.TeacherID); err != nil {
		return b, err
	}
	return s.board(ctx, by, l, o)
}

func (s *Service) board(ctx context.Context, by people.Person, l lesson.Lesson, o people.Object) (Board, error) {
	b := Board{Read: people.May(by, people.ReadQuestions, o), Ask: people.May(by, people.AskQuestion, o),
		Moderate: people.May(by, people.ModerateQuestions, o), Set: people.May(by, people.SetQuestions, o)}
	if !b.Read && !b.Set {
		return b, nil
	}
	set, err := s.Store.Setting(ctx, l.ID)
	if err != nil {
		return b, err
	}
	if b.On = set.On; !b.On || !b.Read {
		return b, nil
	}
	shown, err := s.Store.Questions(ctx, Filter{Lesson: l.ID, State: Shown, Limit: shownAtOnce})
	if err != nil {
		return b, err
	}
	slices.SortStableFunc(shown, func(x, y Question) int {
		switch {
		case x.At < y.At:
			return -1
		case x.At > y.At:
			return 1
		}
		return x.CreatedAt.Compare(y.CreatedAt)
	})
	own, err := s.Store.Questions(ctx, Filter{Lesson: l.ID, Person: by.ID, Limit: shownAtOnce})
	if err != nil {
		return b, err
	}
	own = slices.DeleteFunc(own, func(q Question) bool { return q.State == Shown })
	for _, q := range append(own, shown...) {
		b.Questions = append(b.Questions, q.For(by))
	}
	return b, nil
}

// Ask takes a question; it waits for a moderator. The same text asked twice is
// one question. Faults: "question.off", "question.invalid" with fields,
// "question.wait_first", "question.too_many" with seconds, "access.denied".
func (s *Service) Ask(ctx context.Context, by people.Person, lessonID, text string, at float64) (Question, error) {
	l, o, err := s.object(ctx, by, lessonID)
	if err != nil {
		return Question{}, err
	}
	if err := allowed(by, people.AskQuestion, o); err != nil {
		return Question{}, err
	}
	text = tidy(text)
	bad := wrong("text", text, MaxText)
	if !inside(at, l.Media.Duration) {
		bad = append(bad, fault.Wrong("at", "question.outside"))
	}
	if err := fault.Form("question.invalid", bad...); err != nil {
		return Question{}, err
	}
	q := Question{LessonID: l.ID, PersonID: by.ID, Text: text, At: at, State: Waiting, CreatedAt: s.Now()}
	c, err := s.Classes.ClassOfStudent(ctx, by.ID, school.Day(s.Now(), s.Zone))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Question{}, err
	}
	q.ClassID = c.ID
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Lessons.Lock(ctx, l.ID); err != nil { // one after another, so that the limits hold
			return err
		}
		set, err := s.Store.Setting(ctx, l.ID)
		if err != nil {
			return err
		}
		if !set.On {
			return fault.New(fault.Conflict, "question.off")
		}
		twin, err := s.checkLimit(ctx, q)
		if err != nil || twin.ID != "" {
			q = twin
			return err
		}
		q.ID = s.NewID()
		if err := s.Store.SaveQuestion(ctx, q); err != nil {
			return err
		}
		return s.tellTeacher(ctx, l, set)
	})
	if err != nil {
		return Question{}, err
	}
	return q.For(by), nil
}

// checkLimit refuses a question too many, and finds the one that is the same.
func (s *Service) checkLimit(ctx context.Context, q Question) (twin Question, err error) {
	waiting, err := s.Store.Questions(ctx,
		Filter{Lesson: q.LessonID, Person: q.PersonID, State: Waiting, Limit: MaxWaiting})
	if err != nil {
		return twin, err
	}
	for _, x := range waiting {
		if x.Text == q.Text && x.At == q.At {
			return x, nil
		}
	}
	if len(waiting) >= MaxWaiting {
		return twin, fault.New(fault.Conflict, "question.wait_first", "max", MaxWaiting)
	}
	recent, err := s.Store.Questions(ctx,
		Filter{Person: q.PersonID, Since: q.CreatedAt.Add(-time.Hour), Limit: MaxAnHour})
	if err != nil {
		return twin, err
	}
	if len(recent) >= MaxAnHour {
		left := recent[len(recent)-1].CreatedAt.Add(time.Hour).Sub(q.CreatedAt)
		return twin, fault.New(fault.RateLimited, "question.too_many", "max", MaxAnHour, "seconds",
			int(left/time.Second)+1)
	}
	return twin, nil
}

// tellTeacher puts up one notice for all questions of a lesson that wait.
func (s *Service) tellTeacher(ctx context.Context, l lesson.Lesson, set Setting) error {
	if s.Notices == nil || set.NoticeID != "" || l.TeacherID == "" {
		return nil
	}
	title, body := s.Words(AboutWaiting, l)
	n, err := s.Notices.Tell(ctx, notice.Notice{PersonID: l.TeacherID, Title: title, Body: body, Letters: true,
		EndsAt: s.Now().Add(waitingShown)})
	if err != nil {
		return fmt.Errorf("lesson %s: %w", l.ID, err)
	}
	set.NoticeID = n.ID
	return s.Store.SaveSetting(ctx, set)
}

// object reads the lesson and what the policy must know of it and the person.
// A lesson that the person may not read is not there for them.
func (s *Service) object(ctx context.Context, by people.Person, lessonID string) (lesson.Lesson, people.Object, error) {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return l, people.Object{}, err
	}
	o := l.Object()
	if !people.May(by, people.ReadLesson, o) {
		if by.Anonymous() {
			return l, o, fault.New(fault.NotFound, "lesson.not_found")
		}
		return l, o, fault.New(fault.Forbidden, "access.denied")
	}
	o.Together, err = s.together(ctx, by, l.TeacherID)
	return l, o, err
}

// together reports whether a person is in, or teaches, a class of this year
// that the lesson's teacher teaches too.
func (s *Service) together(ctx context.Context, by people.Person, teacher string) (bool, error) {
	teaches := func(c school.Class) bool {
		return slices.ContainsFunc(c.Teachers, func(t school.ClassTeacher) bool { return t.PersonID == teacher })
	}
	if by.Anonymous() || teacher == "" {
		return false, nil
	}
	today := school.Day(s.Now(), s.Zone)
	if by.Is(people.Student) {
		c, err := s.Classes.ClassOfStudent(ctx, by.ID, today)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return false, err
		}
		if err == nil && teaches(c) {
			return true, nil
		}
	}
	if !by.Is(people.Teacher) {
		return false, nil
	}
	years, err := s.Years.Years(ctx)
	if err != nil {
		return false, err
	}
	year := school.YearOn(years, today).Code
	all, err := s.Classes.ClassesOfTeacher(ctx, by.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(all, func(c school.Class) bool {
		return teaches(c) && (year == "" || c.Year == year) && by.At(people.Teacher, c.SchoolID)
	}), nil
}

// allowed refuses what the policy does; the anonymous are asked to sign in.
func allowed(by people.Person, a people.Action, o people.Object) error {
	switch {
	case people.May(by, a, o):
		return nil
	case by.Anonymous():
		return fault.New(fault.Unauthenticated, "signin.needed")
	}
	return fault.New(fault.Forbidden, "access.denied")
}

// pieces bounds what one transaction of the clean-up removes.
const pieces = 500

// Forget deletes the questions of school terms that are over, and the notices about them.
func (s *Service) Forget(ctx context.Context) error {
	from := playback.TermFrom(s.Now().In(s.Zone))
	steps := []func(context.Context, time.Time, int) (int, error){s.Store.ForgetQuestions}
	if s.Notices != nil {
		steps = append(steps, s.Notices.ForgetPersonal)
	}
	for _, step := range steps {
		for {
			n, err := step(ctx, from, pieces)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}
