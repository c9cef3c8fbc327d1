package question

import (
	"context"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/notice"
	"lenlop/services/people"
)

// Set turns questions under a lesson on or off. What was asked before stays
// with the moderators while they are off.
func (s *Service) Set(ctx context.Context, by people.Person, lessonID string, on bool) error {
	l, o, err := s.object(ctx, by, lessonID)
	if err != nil {
		return err
	}
	if err := allowed(by, people.SetQuestions, o); err != nil {
		return err
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Lessons.Lock(ctx, l.ID); err != nil {
			return err
		}
		set, err := s.Store.Setting(ctx, l.ID)
		if err != nil || set.On == on {
			return err
		}
		set.LessonID, set.On, set.ByPerson, set.At = l.ID, on, by.ID, s.Now()
		if err := s.Store.SaveSetting(ctx, set); err != nil {
			return err
		}
		detail := "questions off"
		if on {
			detail = "questions on"
		}
		return s.log(ctx, by, people.SetQuestions, "lesson:"+l.ID, detail)
	})
}

// List gives a lesson's questions in a state to its moderators, newest first.
func (s *Service) List(ctx context.Context, by people.Person, lessonID string, st State, before string,
	limit int) ([]Question, error) {
	_, o, err := s.object(ctx, by, lessonID)
	if err != nil {
		return nil, err
	}
	if err := allowed(by, people.ModerateQuestions, o); err != nil {
		return nil, err
	}
	return s.Store.Questions(ctx, Filter{Lesson: lessonID, State: st, Before: before, Limit: limit})
}

// Show lets the others see a question, with or without an answer.
func (s *Service) Show(ctx context.Context, by people.Person, id string) (Question, error) {
	return s.settle(ctx, by, id, "shown", nil, func(q *Question) bool {
		changed := q.State != Shown
		q.State, q.Reason = Shown, ""
		return changed
	})
}

// Hide keeps a question from the others; its asker reads the reason. Fault:
// "question.invalid" with the field.
func (s *Service) Hide(ctx context.Context, by people.Person, id, reason string) (Question, error) {
	reason = tidy(reason)
	return s.settle(ctx, by, id, "hidden", wrong("reason", reason, MaxReason), func(q *Question) bool {
		changed := q.State != Hidden || q.Reason != reason
		q.State, q.Reason = Hidden, reason
		return changed
	})
}

// Answer answers a question and shows both; a second answer replaces the
// first. Fault: "question.invalid" with the field.
func (s *Service) Answer(ctx context.Context, by people.Person, id, text string) (Question, error) {
	text = tidy(text)
	return s.settle(ctx, by, id, "answered", wrong("answer", text, MaxAnswer), func(q *Question) bool {
		changed := q.State != Shown || q.Answer != text
		q.State, q.Answer, q.Reason = Shown, text, ""
		return changed
	})
}

// settle changes one question for a moderator; change says whether it did.
func (s *Service) settle(ctx context.Context, by people.Person, id, detail string, bad []fault.Field,
	change func(*Question) bool) (Question, error) {
	old, l, err := s.mine(ctx, by, id)
	if err != nil {
		return Question{}, err
	}
	if err := fault.Form("question.invalid", bad...); err != nil {
		return old, err
	}
	q := old
	err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Lessons.Lock(ctx, l.ID); err != nil {
			return err
		}
		if q, err = s.Store.Question(ctx, id); err != nil {
			return err
		}
		unanswered := q.Answer == ""
		if !change(&q) {
			return nil
		}
		q.SettledBy, q.SettledAt = by.ID, s.Now()
		if err := s.Store.SaveQuestion(ctx, q); err != nil {
			return err
		}
		if err := s.log(ctx, by, people.ModerateQuestions, "question:"+id, detail+", lesson "+l.ID); err != nil {
			return err
		}
		if unanswered && q.Answer != "" {
			if err := s.tellAsker(ctx, l, q); err != nil {
				return err
			}
		}
		return s.settled(ctx, l.ID)
	})
	return q, err
}

// Moderated reads a question for somebody who moderates its lesson.
func (s *Service) Moderated(ctx context.Context, by people.Person, id string) (Question, error) {
	q, _, err := s.mine(ctx, by, id)
	return q, err
}

// mine reads a question for somebody who moderates its lesson; to others it
// is not there.
func (s *Service) mine(ctx context.Context, by people.Person, id string) (Question, lesson.Lesson, error) {
	q, err := s.Store.Question(ctx, id)
	if err != nil {
		return q, lesson.Lesson{}, err
	}
	l, o, err := s.object(ctx, by, q.LessonID)
	if err != nil {
		return q, l, fault.New(fault.NotFound, "question.not_found")
	}
	return q, l, allowed(by, people.ModerateQuestions, o)
}

// Delete removes a question: its asker may, and a moderator. Who may not is
// told that it is not there.
func (s *Service) Delete(ctx context.Context, by people.Person, id string) error {
	q, err := s.Store.Question(ctx, id)
	if err != nil {
		return err
	}
	_, o, err := s.object(ctx, by, q.LessonID)
	asker := by.ID == q.PersonID && people.May(by, people.ManageSelf, people.Object{})
	switch {
	case asker:
	case err != nil, !people.May(by, people.ModerateQuestions, o):
		if by.Anonymous() {
			return fault.New(fault.Unauthenticated, "signin.needed")
		}
		return fault.New(fault.NotFound, "question.not_found")
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if _, err := s.Lessons.Lock(ctx, q.LessonID); err != nil {
			return err
		}
		if err := s.Store.DeleteQuestion(ctx, id); err != nil {
			return err
		}
		detail := "deleted by a moderator"
		if asker {
			detail = "deleted by its asker"
		}
		if err := s.log(ctx, by, people.ModerateQuestions, "question:"+id, detail+", lesson "+q.LessonID); err != nil {
			return err
		}
		return s.settled(ctx, q.LessonID)
	})
}

// tellAsker says that there is an answer. The notice says neither question nor
// answer: they stand under the lesson alone.
func (s *Service) tellAsker(ctx context.Context, l lesson.Lesson, q Question) error {
	if s.Notices == nil {
		return nil
	}
	title, body := s.Words(AboutAnswered, l)
	_, err := s.Notices.Tell(ctx, notice.Notice{PersonID: q.PersonID, Title: title, Body: body,
		EndsAt: s.Now().Add(answeredShown)})
	return err
}

// settled takes the teacher's notice back when nothing waits any more.
func (s *Service) settled(ctx context.Context, lessonID string) error {
	set, err := s.Store.Setting(ctx, lessonID)
	if err != nil || set.NoticeID == "" {
		return err
	}
	left, err := s.Store.Questions(ctx, Filter{Lesson: lessonID, State: Waiting, Limit: 1})
	if err != nil || len(left) > 0 {
		return err
	}
	if s.Notices != nil {
		if err := s.Notices.Recall(ctx, set.NoticeID); err != nil {
			return err
		}
	}
	set.NoticeID = ""
	return s.Store.SaveSetting(ctx, set)
}

func (s *Service) log(ctx context.Context, by people.Person, a people.Action, subject, detail string) error {
	return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(a),
		Subject: subject, Detail: detail})
}
