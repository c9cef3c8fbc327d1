package main

import (
	"context"
	"time"

	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/question"
	"lenlop/web/locale"
)

// forgetAsked ends questions and thumbs of a school term that is over.
type forgetAsked struct{}

// Kind names the worker.
func (forgetAsked) Kind() string { return "forget-asked" }

// asking wires questions under lessons, after the notices that tell of them.
func (h *house) asking() {
	h.questions = &question.Service{Store: h.db.Questions(), Thumbs: h.db.Questions(), Lessons: h.db.Lessons(), Classes: h.db.Classes(), Years: h.db.Schools(),
		Parts: h.captions, Viewers: h.viewership, Atomic: h.bell, Audit: h.db.Audit(), Notices: h.notices, Words: h.askWords, Now: h.now, NewID: newID, Zone: h.zone}
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ forgetAsked) error { return h.questions.Forget(ctx) })
	h.runner.Every(24*time.Hour, job.New{Args: forgetAsked{}, Key: "forget-asked", Priority: job.Idle})
}

// askWords are what people are told of questions: where to look, and none of
// the words that were asked.
func (h *house) askWords(about question.About, l lesson.Lesson) (title, body string) {
	p, key, path := h.book.Printer(locale.Vi), "question.notice_"+string(about), "/lessons/"+l.ID+"#questions"
	if about == question.AboutWaiting {
		path = "/teacher/lessons/" + l.ID + "/questions"
	}
	return p.T(key, "title", l.Title), p.T(key+"_body") + "\n\n[" + p.T("question.notice_open") + "](" + path + ")"
}
