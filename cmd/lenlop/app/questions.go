package app

import (
	"context"
	"errors"
	"time"

	"lenlop/services/feedback"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/question"
	"lenlop/web/locale"
)

// forgetAsked deletes the questions and thumbs of school terms that are over.
type forgetAsked struct{}

// Kind names the worker.
func (forgetAsked) Kind() string { return "forget-asked" }

// wireQuestions wires questions under lessons and the viewers' thumbs; notices, which announce questions, come first.
func (a *App) wireQuestions() {
	a.Thumbs = &feedback.Thumbs{Store: a.DB.Thumbs(), Lessons: a.Lessons, Parts: a.Captions, Viewers: a.Playback,
		Now: a.Now, Zone: a.Zone}
	a.Questions = &question.Service{Store: a.DB.Questions(), Lessons: a.DB.Lessons(),
		Classes: a.DB.Classes(), Years: a.DB.Schools(), Atomic: a.notifier, Audit: a.DB.Audit(), Notices: a.Notices,
		Words: a.questionNotice, Now: a.Now, NewID: NewID, Zone: a.Zone}
	job.Register(a.Runner, job.Options{},
		func(ctx context.Context, _ *job.Run, _ forgetAsked) error {
			return errors.Join(a.Questions.Forget(ctx), a.Thumbs.Forget(ctx))
		})
	a.Runner.Every(24*time.Hour, job.New{Args: forgetAsked{}, Key: "forget-asked", Priority: job.Idle})
}

// questionNotice is the notice about a question: it says where to look and does not
// repeat the question.
func (a *App) questionNotice(about question.About, l lesson.Lesson) (title, body string) {
	p, key, path := a.Locales.Printer(locale.Vi), "question.notice_"+string(about), "/lessons/"+l.ID+"#questions"
	if about == question.AboutWaiting {
		path = "/teacher/lessons/" + l.ID + "/questions"
	}
	return p.T(key, "title", l.Title), p.T(key+"_body") + "\n\n[" + p.T("question.notice_open") + "](" + path + ")"
}
