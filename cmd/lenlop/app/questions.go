package app

import (
	"context"
	"time"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/question"
	"lenlop/web/locale"
)

// forgetAsked deletes the questions and thumbs of school terms that are over.
type forgetAsked struct{}

// Kind names the worker.
func (forgetAsked) Kind() string { return "forget-asked" }

// wireQuestions wires questions under lessons; notices, which announce them, come first.
func (a *App) wireQuestions() {
	a.Questions = &question.Service{Store: a.DB.Questions(), Thumbs: a.DB.Questions(), Lessons: a.DB.Lessons(),
		Classes: a.DB.Classes(), Years: a.DB.Schools(),
		Parts: a.Captions, Viewers: a.Playback, Atomic: a.notifier, Audit: a.DB.Audit(), Notices: a.Notices,
		Words: a.questionNotice, Now: a.Now, NewID: NewID, Zone: a.Zone}
	job.Register(a.Runner, job.Options{},
		func(ctx context.Context, _ *job.Run, _ forgetAsked) error { return a.Questions.Forget(ctx) })
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
