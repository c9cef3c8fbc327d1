package lesson

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Service moves lessons through their life. Every change, the jobs that follow
// from it, its audit entry and its place in the index commit together.
type Service struct {
	Store    Store
	Atomic   job.Atomic
	Jobs     job.Queue
	Audit    audit.Log
	Index    Index
	Subjects interface {
		Subjects(ctx context.Context) ([]school.Subject, error)
	}
	People interface {
		ByUsername(ctx context.Context, username string) (people.Person, error)
		Persons(ctx context.Context, r people.Role, after string, limit int) ([]people.Person, error)
	}
	// Histories keeps the steps of lessons; nil: nobody asks for them.
	Histories Histories
	// Settings and Schools say where heads look at lessons first; nil: nowhere.
	Settings Settings
	Schools  interface {
		School(ctx context.Context, id string) (school.School, error)
	}
	// Worksheets copies the files of one lesson to others (worksheet.Service); may be nil.
	Worksheets WorksheetCopier
	// WasAired reports whether an airing of the lesson has happened; nil: none has.
	WasAired func(ctx context.Context, lessonID string) (bool, error)
	// OnChange, when set, is called for every step, in its transaction.
	OnChange func(ctx context.Context, before, after Lesson) error
	// OnTakenDown, when set, is told of a take-down once it is committed.
	OnTakenDown func(lessonID string)
	// Work stops what is being made of the recordings of a lesson in the bin and
	// resumes it (production.BinnedWork); nil: nothing is ever being made.
	Work Work
	// ReceivedJobs are the jobs that must follow a received recording, and
	// PublishJob the one that publishes at a time (production supplies both).
	ReceivedJobs func(l Lesson, r Recording) []job.New
	PublishJob   func(l Lesson) job.New
	Now          func() time.Time
	NewID        func() string
}

// MaxReason is the longest reason for returning or withdrawing, in characters.
const MaxReason = 2000

// Draft makes a new lesson owned by the person, or by the teacher whose
// username is named: by a colleague of the same school, the station or an
// administrator, who then stays its uploader. Faults: "access.denied",
// "lesson.invalid" with fields.
func (s *Service) Draft(ctx context.Context, by people.Person, teacher string, t Text) (Lesson, error) {
	if !people.May(by, people.CreateLesson, people.Object{}) {
		return Lesson{}, denied()
	}
	if teacher == "" && !by.Is(people.Teacher) && !by.Is(people.Admin) {
		return Lesson{}, fault.Form("lesson.invalid", fault.Wrong("teacher", "lesson.choose_teacher"))
	}
	owner, uploader := by, ""
	if teacher != "" && teacher != by.Username {
		var err error
		if owner, err = s.People.ByUsername(ctx, teacher); err != nil {
			return Lesson{}, err
		}
		if !by.Is(people.Admin) && !mayName(by, owner) {
			return Lesson{}, denied()
		}
		uploader = by.ID
	}
	subjects, err := s.subjects(ctx)
	if err != nil {
		return Lesson{}, err
	}
	now := s.Now()
	l, err := Lesson{
		ID: s.NewID(), TeacherID: owner.ID, UploaderID: uploader, SchoolID: schoolOf(owner), Status: Draft,
		Media: Media{State: None}, CreatedAt: now, UpdatedAt: now,
	}.Apply(t, subjects)
	if err != nil {
		return Lesson{}, err
	}
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.Save(ctx, l); err != nil {
			return err
		}
		if err := s.recordHistory(ctx, by.ID, Lesson{}, l); err != nil {
			return err
		}
		return s.log(ctx, by, people.CreateLesson, l, "")
	})
	return l, err
}

// schoolOf is the school that a teacher's lessons belong to: where they teach,
// not where they lead or learn besides.
func schoolOf(p people.Person) string {
	if s := p.SchoolAs(people.Teacher); s != "" {
		return s
	}
	return p.School()
}

// Read gives a lesson that the person may read; one they may not read is
// fault.NotFound for the anonymous and fault.Forbidden for the signed-in.
func (s *Service) Read(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.allowed(ctx, by, people.ReadLesson, id, s.Store.Lesson)
}

// List gives the lessons a person may see under a filter: a teacher sees own
// ones, a head the school's, the department and the station every one; other
// people published ones.
func (s *Service) List(ctx context.Context, by people.Person, f Filter) ([]Lesson, string, error) {
	switch {
	case by.Is(people.Admin) || by.Is(people.Reviewer) || by.Is(people.Station):
	case by.Is(people.Teacher) && (f.Teacher == by.ID || f.CaredBy == by.ID):
		// Own lessons, at whichever school, and those recorded for others.
	case by.Is(people.Head) && by.SchoolAs(people.Head) != "":
		f.School = by.SchoolAs(people.Head)
	case by.Is(people.Teacher):
		f.Teacher = by.ID
	default:
		if f.Deleted {
			return nil, "", denied()
		}
		f.Status = []Status{Published}
	}
	return s.Store.Lessons(ctx, f)
}

// Edit changes the text.
func (s *Service) Edit(ctx context.Context, by people.Person, id string, t Text) (Lesson, error) {
	subjects, err := s.subjects(ctx)
	if err != nil {
		return Lesson{}, err
	}
	return s.change(ctx, by, people.EditLesson, id, "",
		func(_ context.Context, l Lesson) (Lesson, error) { return l.Apply(t, subjects) })
}

// Submit hands the lesson to the reviewers. It needs a recording that has at
// least arrived: fault.Conflict "lesson.no_recording" otherwise.
func (s *Service) Submit(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, id, "submit", func(_ context.Context, l Lesson) (Lesson, error) {
		switch l.Status {
		case Submitted:
			return l, nil
		case Draft, Returned, Withdrawn:
		default:
			return l, wrongStatus(l)
		}
		if !l.TakenDownAt.IsZero() {
			return l, fault.New(fault.Conflict, "lesson.taken_down")
		}
		switch l.Media.State {
		case Checking, Processing, Ready:
		default:
			return l, fault.New(fault.Conflict, "lesson.no_recording")
		}
		l.Status, l.SubmittedAt, l.ApprovedBy, l.PublishAt = Submitted, s.Now(), "", time.Time{}
		l.PreapprovedBy, l.PreapprovedAt = "", time.Time{}
		return l, nil
	})
}

// Return gives the lesson back to its teacher with a reason, at a time in the
// recording (seconds; 0: none).
func (s *Service) Return(ctx context.Context, by people.Person, id, reason string, at float64) (Lesson, error) {
	return s.change(ctx, by, people.ReviewLesson, id, "return", func(_ context.Context, l Lesson) (Lesson, error) {
		reason, err := checkReason(reason)
		if err != nil {
			return l, err
		}
		if l.Status != Submitted {
			return l, wrongStatus(l)
		}
		if !(at >= 0 && at <= 1e6) {
			at = 0
		}
		l.Status, l.ReturnNote, l.ReturnAt, l.ApprovedBy, l.PublishAt = Returned, reason, at, "", time.Time{}
		return l, nil
	})
}

// Approve publishes the lesson at once, or at publishAt when that is later
// than now. fault.Conflict "lesson.not_ready" until the recording is ready.
func (s *Service) Approve(ctx context.Context, by people.Person, id string, publishAt time.Time) (Lesson, error) {
	return s.change(ctx, by, people.ReviewLesson, id, "approve", func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Status == Published {
			return l, nil
		}
		if err := approvable(l); err != nil {
			return l, err
		}
		l.ApprovedBy, l.ReturnNote, l.ReturnAt, l.AfterAiring = by.ID, "", 0, false
		if now := s.Now(); publishAt.After(now) {
			l.PublishAt = publishAt
		} else {
			l.Status, l.PublishedAt, l.PublishAt = Published, now, time.Time{}
		}
		return l, nil
	})
}

// PublishDue publishes an approved lesson whose time has come; anything else
// is left as it is (the job may run twice, or late).
func (s *Service) PublishDue(ctx context.Context, id string) error {
	err := s.system(ctx, id, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Status == Submitted && l.ApprovedBy != "" && !l.PublishAt.IsZero() && !l.PublishAt.After(s.Now()) &&
			l.Media.State == Ready {
			l.Status, l.PublishedAt, l.PublishAt = Published, s.Now(), time.Time{}
		}
		return l, nil
	})
	return err
}

// Withdraw takes a published lesson off the web with a reason.
func (s *Service) Withdraw(ctx context.Context, by people.Person, id, reason string) (Lesson, error) {
	return s.change(ctx, by, people.WithdrawLesson, id, "withdraw", func(_ context.Context, l Lesson) (Lesson, error) {
		reason, err := checkReason(reason)
		if err != nil {
			return l, err
		}
		if l.Status == Withdrawn {
			return l, nil
		}
		if l.Status != Published {
			return l, wrongStatus(l)
		}
		l.Status, l.Reason, l.WithdrawnBy = Withdrawn, reason, by.ID
		return l, nil
	})
}

// Retry runs a failed recording through the pipeline again.
func (s *Service) Retry(ctx context.Context, by people.Person, id string) (Lesson, error) {
	l, err := s.allowed(ctx, by, people.EditLesson, id, s.Store.Lesson)
	if err != nil {
		return l, err
	}
	if l.Media.State != Failed || l.Media.RecordingID == "" {
		return l, fault.New(fault.Conflict, "lesson.nothing_to_retry")
	}
	r, err := s.Store.Recording(ctx, l.Media.RecordingID)
	if err != nil {
		return l, err
	}
	if !r.GoneAt.IsZero() {
		return l, fault.New(fault.Gone, "recording.gone")
	}
	r.State, r.FailureCode, r.FailureArgs, r.KeepUntil = Checking, "", nil, time.Time{}
	return s.Receive(ctx, by, r)
}

// change runs one allowed step on a locked lesson and commits it with
// everything that follows.
func (s *Service) change(ctx context.Context, by people.Person, a people.Action, id, note string,
	step func(context.Context, Lesson) (Lesson, error)) (Lesson, error) {
	var out Lesson
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		l, err := s.allowed(ctx, by, a, id, s.Store.Lock)
		if err != nil {
			return err
		}
		if out, err = s.commit(ctx, by.ID, l, step); err != nil {
			return err
		}
		return s.log(ctx, by, a, out, note)
	})
	return out, err
}

// system is change without a person: the pipeline's own steps.
func (s *Service) system(ctx context.Context, id string, step func(context.Context, Lesson) (Lesson, error)) error {
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		l, err := s.Store.Lock(ctx, id)
		if err != nil {
			return err
		}
		_, err = s.commit(ctx, "", l, step)
		return err
	})
}

// commit stores a step that somebody (by; "" the system itself) took, with its
// place in the history and whatever follows from it.
func (s *Service) commit(ctx context.Context, by string, before Lesson,
	step func(context.Context, Lesson) (Lesson, error)) (Lesson, error) {
	after, err := step(ctx, before)
	if err != nil {
		return before, err
	}
	after = follow(before, after, s.Now())
	after.UpdatedAt = s.Now()
	if err := s.Store.Save(ctx, after); err != nil {
		return before, err
	}
	if err := s.recordHistory(ctx, by, before, after); err != nil {
		return before, err
	}
	if !after.PublishAt.IsZero() && !after.PublishAt.Equal(before.PublishAt) {
		if err := s.Jobs.Add(ctx, s.PublishJob(after)); err != nil {
			return before, err
		}
	}
	if after.Object().Published || before.Object().Published {
		if err := s.Index.Changed(ctx, after.ID); err != nil {
			return before, fmt.Errorf("lesson %s: index: %w", after.ID, err)
		}
	}
	if s.OnChange != nil {
		if err := s.OnChange(ctx, before, after); err != nil {
			return before, err
		}
	}
	return after, nil
}

func (s *Service) allowed(ctx context.Context, by people.Person, a people.Action, id string,
	read func(context.Context, string) (Lesson, error)) (Lesson, error) {
	l, err := read(ctx, id)
	if err != nil {
		return Lesson{}, err
	}
	if !people.May(by, a, l.Object()) {
		if by.Anonymous() && a == people.ReadLesson {
			return Lesson{}, fault.New(fault.NotFound, "lesson.not_found")
		}
		return Lesson{}, denied()
	}
	return l, nil
}

func (s *Service) log(ctx context.Context, by people.Person, a people.Action, l Lesson, note string) error {
	return s.Audit.Append(ctx, audit.Entry{
		ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(a), Subject: "lesson:" + l.ID, Detail: note,
	})
}

// logRule writes down that the department changed how lessons are reviewed.
func (s *Service) logRule(ctx context.Context, by people.Person, before, after string) error {
	return s.Audit.Append(ctx, audit.Entry{
		ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(people.SetReviewRules),
		Subject: "setting:" + PreapproveSetting, Detail: "from " + before + " to " + after,
	})
}

func (s *Service) subjects(ctx context.Context) (map[string]school.Subject, error) {
	list, err := s.Subjects.Subjects(ctx)
	if err != nil {
		return nil, fmt.Errorf("subjects: %w", err)
	}
	m := make(map[string]school.Subject, len(list))
	for _, x := range list {
		m[x.Code] = x
	}
	return m, nil
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }

func wrongStatus(l Lesson) error {
	return fault.New(fault.Conflict, "lesson.wrong_status", "status", string(l.Status))
}

func checkReason(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return s, fault.Form("lesson.invalid", fault.Wrong("reason", "field.required"))
	case utf8.RuneCountInString(s) > MaxReason:
		return s, fault.Form("lesson.invalid", fault.Wrong("reason", "field.too_long", "max", MaxReason))
	case !people.Legible(s):
		return s, fault.Form("lesson.invalid", fault.Wrong("reason", "field.bad_text"))
	}
	return s, nil
}
