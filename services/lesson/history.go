package lesson

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// StepKind names a step of a lesson's life in its history.
type StepKind string

// The kinds of steps.
const (
	StepCreated     StepKind = "created"
	StepRecording   StepKind = "recording" // a recording arrived
	StepRefused     StepKind = "refused"   // and was refused
	StepSubmitted   StepKind = "submitted"
	StepPreapproved StepKind = "preapproved"
	StepReturned    StepKind = "returned"
	StepApproved    StepKind = "approved" // to be published later
	StepLapsed      StepKind = "lapsed"   // the approval, because what was approved has changed
	StepPublished   StepKind = "published"
	StepWithdrawn   StepKind = "withdrawn"
	StepEdited      StepKind = "edited"    // after it was submitted
	StepAgain       StepKind = "again"     // changed so that a reviewer must look again
	StepConfirmed   StepKind = "confirmed" // who looked again lets it be
	StepConsent     StepKind = "consent"
	StepTakenDown   StepKind = "taken_down"
	StepPutBack     StepKind = "put_back"
	StepTeacher     StepKind = "teacher" // given to another teacher
	StepBinned      StepKind = "binned"
	StepRestored    StepKind = "restored"
)

// Step is one step of a lesson's life: who, when, what, and their words.
type Step struct {
	ID       string
	LessonID string
	At       time.Time
	By       string // person id; "": the system itself
	Kind     StepKind
	Note     string    // a person's words, or the Parts that changed, joined by ","
	Moment   float64   // seconds into the recording that the words are about; 0: none
	Until    time.Time // when it is to be published
}

// Queued is what waits for the reviewers in one subject.
type Queued struct {
	Subject string
	Lessons int
	Oldest  time.Time // when the one that waits longest was submitted
}

// Histories keeps the steps of lessons, and counts what waits for reviewers.
type Histories interface {
	// SaveStep adds a step, or replaces the one with its id.
	SaveStep(ctx context.Context, s Step) error
	// Steps of a lesson, newest first, at most limit.
	Steps(ctx context.Context, lessonID string, limit int) ([]Step, error)
	ForgetSteps(ctx context.Context, lessonID string) error
	// Queue counts lessons that wait for a decision, by subject, longest
	// waiting first; school narrows it, "" does not.
	Queue(ctx context.Context, school string) ([]Queued, error)
}

// Parts of a lesson whose change a history names.
const (
	PartTitle       = "title"
	PartDescription = "description"
	PartSubject     = "subject"
	PartGrade       = "grade"
	PartWeek        = "week"
	PartLanguage    = "language"
	PartRecording   = "recording"
	PartWorksheets  = "worksheets"
)

// mostSteps is how many steps of a lesson are shown: years of care.
const mostSteps = 500

// oneSitting is how long edits of one person count as one step.
const oneSitting = 10 * time.Minute

// History gives the steps of a lesson's life, newest first.
func (s *Service) History(ctx context.Context, by people.Person, id string) ([]Step, error) {
	if _, err := s.allowed(ctx, by, people.ReadHistory, id, s.Store.Lesson); err != nil {
		return nil, err
	}
	if s.Histories == nil {
		return nil, nil
	}
	return s.Histories.Steps(ctx, id, mostSteps)
}

// edited are the parts of the text that differ.
func edited(before, after Lesson) []string {
	var parts []string
	for _, x := range []struct {
		part string
		same bool
	}{
		{PartTitle, before.Title == after.Title}, {PartDescription, before.Description == after.Description},
		{PartSubject, before.Subject == after.Subject}, {PartGrade, before.Grade == after.Grade},
		{PartWeek, before.Week == after.Week}, {PartLanguage, before.Language == after.Language},
	} {
		if !x.same {
			parts = append(parts, x.part)
		}
	}
	return parts
}

// judged are the parts a reviewer has judged the lesson by that differ: what
// the recording shows, and whom it is offered to. Wording, week, captions and
// chapters are the teacher's own care.
func judged(before, after Lesson) []string {
	var parts []string
	if before.Media.PackageID != after.Media.PackageID && before.Media.PackageID != "" && after.Media.PackageID != "" {
		parts = append(parts, PartRecording)
	}
	if before.Subject != after.Subject {
		parts = append(parts, PartSubject)
	}
	if before.Grade != after.Grade {
		parts = append(parts, PartGrade)
	}
	return parts
}

// follow is what a change brings with it. An approval is of what was seen:
// it lapses with another recording, subject or grade. What is published stays
// so, and goes before a reviewer again.
func follow(before, after Lesson, now time.Time) Lesson {
	replaced := before.Media.RecordingID != "" && before.Media.RecordingID != after.Media.RecordingID
	changed := len(judged(before, after)) > 0 || replaced
	if before.Status == Submitted && after.Status == Submitted && changed {
		if before.ApprovedBy == after.ApprovedBy {
			after.ApprovedBy, after.PublishAt, after.AfterAiring = "", time.Time{}, false
		}
		if before.PreapprovedBy == after.PreapprovedBy {
			after.PreapprovedBy, after.PreapprovedAt = "", time.Time{}
		}
	}
	if before.Status == Published && after.Status == Published {
		if parts := judged(before, after); len(parts) > 0 {
			after.RereviewSince, after.RereviewReasons = now, joinParts(before.RereviewReasons, parts)
		}
	}
	if after.Status != Published {
		after.RereviewSince, after.RereviewReasons = time.Time{}, ""
	}
	if after.Status != Submitted {
		after.AfterAiring = false
	}
	return after
}

// joinParts adds parts to a list of them, each once.
func joinParts(list string, parts []string) string {
	all := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	for _, p := range parts {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return strings.Join(all, ",")
}

// stepsBetween are the steps that led from one state of a lesson to the next.
func stepsBetween(before, after Lesson) []Step {
	if after.Media.State == Erased {
		return nil // erasing forgets the history, and is no edit of the description
	}
	var out []Step
	add := func(when bool, s Step) {
		if when {
			out = append(out, s)
		}
	}
	add(before.ID == "", Step{Kind: StepCreated})
	if before.ID == "" {
		return out
	}
	add(before.TeacherID != after.TeacherID, Step{Kind: StepTeacher})
	add(after.Media.RecordingID != "" && before.Media.RecordingID != after.Media.RecordingID, Step{Kind: StepRecording})
	add(before.Media.State != Failed && after.Media.State == Failed, Step{Kind: StepRefused})
	if parts := edited(before, after); after.Status == Submitted || after.Status == Published {
		add(len(parts) > 0, Step{Kind: StepEdited, Note: strings.Join(parts, ",")})
	}
	add(before.Consent != after.Consent && after.Consent.Minors != "",
		Step{Kind: StepConsent, Note: string(after.Consent.Minors)})
	add(before.PreapprovedBy != after.PreapprovedBy && after.PreapprovedBy != "", Step{Kind: StepPreapproved})
	later := !after.PublishAt.IsZero() || after.AfterAiring
	add(after.Status == Submitted && before.Status != Submitted, Step{Kind: StepSubmitted})
	add(after.Status == Submitted && after.ApprovedBy != "" && later &&
		(before.ApprovedBy != after.ApprovedBy || !before.PublishAt.Equal(after.PublishAt) ||
			before.AfterAiring != after.AfterAiring), Step{Kind: StepApproved, Until: after.PublishAt})
	add(before.Status == Submitted && after.Status == Submitted && before.ApprovedBy != "" && after.ApprovedBy == "",
		Step{Kind: StepLapsed})
	add(after.Status == Returned && before.Status != Returned,
		Step{Kind: StepReturned, Note: after.ReturnNote, Moment: after.ReturnAt})
	add(after.Status == Published && before.Status != Published, Step{Kind: StepPublished})
	down := before.TakenDownAt.IsZero() && !after.TakenDownAt.IsZero()
	add(after.Status == Withdrawn && before.Status != Withdrawn && !down, Step{Kind: StepWithdrawn, Note: after.Reason})
	add(down, Step{Kind: StepTakenDown, Note: after.Reason})
	add(!before.TakenDownAt.IsZero() && after.TakenDownAt.IsZero(), Step{Kind: StepPutBack})
	add(!after.RereviewSince.IsZero() && before.RereviewReasons != after.RereviewReasons,
		Step{Kind: StepAgain, Note: after.RereviewReasons})
	add(!before.RereviewSince.IsZero() && after.RereviewSince.IsZero() && after.Status == Published,
		Step{Kind: StepConfirmed})
	add(before.DeletedAt.IsZero() && !after.DeletedAt.IsZero(), Step{Kind: StepBinned})
	add(!before.DeletedAt.IsZero() && after.DeletedAt.IsZero(), Step{Kind: StepRestored})
	return out
}

// recordHistory stores the steps of a change, in the change's transaction.
func (s *Service) recordHistory(ctx context.Context, by string, before, after Lesson) error {
	if s.Histories == nil {
		return nil
	}
	for _, x := range stepsBetween(before, after) {
		x.ID, x.LessonID, x.At, x.By = s.NewID(), after.ID, s.Now(), by
		if x.Kind == StepEdited {
			last, err := s.Histories.Steps(ctx, after.ID, 1)
			if err != nil {
				return fmt.Errorf("history of lesson %s: %w", after.ID, err)
			}
			if len(last) == 1 && last[0].Kind == StepEdited && last[0].By == by && x.At.Sub(last[0].At) < oneSitting {
				x.ID, x.Note = last[0].ID, joinParts(last[0].Note, strings.Split(x.Note, ","))
			}
		}
		if err := s.Histories.SaveStep(ctx, x); err != nil {
			return fmt.Errorf("history of lesson %s: %w", after.ID, err)
		}
	}
	return nil
}

// Queue counts what waits for a decision, by subject.
func (s *Service) Queue(ctx context.Context, by people.Person) ([]Queued, error) {
	if !people.May(by, people.ReviewLesson, people.Object{}) {
		return nil, denied()
	}
	if s.Histories == nil {
		return nil, nil
	}
	return s.Histories.Queue(ctx, "")
}

// MarkForRereview marks a published lesson for review again: a part beside the text has
// changed. It takes part in the transaction of that change.
func (s *Service) MarkForRereview(ctx context.Context, by people.Person, id, part string) error {
	l, err := s.Store.Lock(ctx, id)
	if err != nil {
		return err
	}
	if l.Media.State == Erased {
		return fault.New(fault.Gone, "lesson.erased")
	}
	_, err = s.commit(ctx, by.ID, l, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Status == Published {
			l.RereviewSince, l.RereviewReasons = s.Now(), joinParts(l.RereviewReasons, []string{part})
		}
		return l, nil
	})
	return err
}
