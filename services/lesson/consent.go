package lesson

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Minors says whether students can be seen or heard in a recording, and whether
// their families agreed.
type Minors string

// What is known of minors in a recording.
const (
	MinorsUnknown Minors = ""
	MinorsNone    Minors = "none"    // there are none
	MinorsAgreed  Minors = "agreed"  // there are, and their families agreed
	MinorsMissing Minors = "missing" // there are, and nobody has agreed yet
)

// Consent is what was noted about the people in a recording: the paper itself
// stays at the school.
type Consent struct {
	Minors Minors
	Note   string // where the agreements are kept; never a student's name
	By     string // person id of who noted it
	At     time.Time
}

// MaxConsentNote is the longest note, in characters.
const MaxConsentNote = 500

// NoteConsent notes who can be seen in the recording. A lesson without the
// families' agreement can be prepared, but not approved.
func (s *Service) NoteConsent(ctx context.Context, by people.Person, id string, m Minors, note string) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, id, "consent "+string(m),
		func(_ context.Context, l Lesson) (Lesson, error) {
			note := strings.TrimSpace(note)
			var bad []fault.Field
			switch m {
			case MinorsNone, MinorsAgreed, MinorsMissing:
			default:
				bad = append(bad, fault.Wrong("minors", "field.required"))
			}
			if utf8.RuneCountInString(note) > MaxConsentNote {
				bad = append(bad, fault.Wrong("note", "field.too_long", "max", MaxConsentNote))
			} else if !people.Legible(note) {
				bad = append(bad, fault.Wrong("note", "field.bad_text"))
			}
			if err := fault.Form("lesson.invalid", bad...); err != nil {
				return l, err
			}
			if m != l.Consent.Minors || note != l.Consent.Note {
				l.Consent = Consent{Minors: m, Note: note, By: by.ID, At: s.Now()}
			}
			return l, nil
		})
}

// TakeDown takes a lesson off for everybody at once, whatever its status: its
// page, playlists, files and worksheets are refused, also to who holds a token
// for them. Reviewers and administrators can still look at it. A reason is
// needed, and kept.
func (s *Service) TakeDown(ctx context.Context, by people.Person, id, reason string) (Lesson, error) {
	l, err := s.change(ctx, by, people.TakeDownLesson, id, "take down",
		func(_ context.Context, l Lesson) (Lesson, error) {
			reason, err := checkReason(reason)
			if err != nil {
				return l, err
			}
			if !l.TakenDownAt.IsZero() {
				return l, nil
			}
			l.TakenDownAt, l.TakenDownBy, l.Reason = s.Now(), by.ID, reason
			if l.Status == Published || l.Status == Submitted {
				l.Status, l.WithdrawnBy = Withdrawn, by.ID
			}
			l.ApprovedBy, l.PublishAt, l.AfterAiring = "", time.Time{}, false
			return l, nil
		})
	if err == nil && s.OnTakenDown != nil {
		s.OnTakenDown(id)
	}
	return l, err
}

// PutBack ends a take-down. The lesson stays off the web until it has been
// submitted and approved again.
func (s *Service) PutBack(ctx context.Context, by people.Person, id string) (Lesson, error) {
	return s.change(ctx, by, people.PutBackLesson, id, "put back", func(_ context.Context, l Lesson) (Lesson, error) {
		l.TakenDownAt, l.TakenDownBy = time.Time{}, ""
		return l, nil
	})
}
