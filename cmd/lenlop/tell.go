package main

import (
	"context"
	"strings"
	"time"

	"lenlop/infra/hook"
	"lenlop/infra/mail"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/webhook"
	"lenlop/web/locale"
)

// forgetDeliveries ends what is kept of old webhook deliveries.
type forgetDeliveries struct{}

// Kind names the worker.
func (forgetDeliveries) Kind() string { return "forget-deliveries" }

// telling wires what leaves the house: notices, letters and webhooks.
func (h *house) telling() error {
	h.hooks = &webhook.Service{Store: h.db.Webhooks(), Sender: hook.New(h.flags.WebhookPrivate), Atomic: h.bell, Jobs: h.bell, Audit: h.db.Audit(),
		Now: h.now, NewID: newID}
	h.notices = &notice.Service{Store: h.db.Notices(), People: h.db.People(), Classes: h.db.Classes(), Atomic: h.bell, Jobs: h.bell, Audit: h.db.Audit(),
		Files: h.media, Now: h.now, NewID: newID, Zone: h.zone, Hook: h.hooks.Tell, Personal: h.db.Notices()}
	h.lessons.Told = h.tellOfLesson
	if h.flags.SMTPURL != "" {
		sender, err := mail.New(h.flags.SMTPURL)
		if err != nil {
			return err
		}
		h.notices.Letter = func(ctx context.Context, to people.Person, n notice.Notice) error {
			return sender.Send(ctx, to.Email, n.Title, h.letter(n))
		}
	}
	job.Register(h.runner, job.Options{Timeout: time.Hour}, func(ctx context.Context, run *job.Run, a notice.PublishArgs) error {
		return h.notices.Publish(ctx, a, run.Commit)
	})
	job.Register(h.runner, job.Options{Concurrency: 4, Timeout: time.Minute}, func(ctx context.Context, run *job.Run, a webhook.DeliverArgs) error {
		return h.hooks.Deliver(ctx, a.DeliveryID, run.Commit)
	})
	job.Register(h.runner, job.Options{}, func(ctx context.Context, _ *job.Run, _ forgetDeliveries) error { return h.hooks.Forget(ctx) })
	h.runner.Every(24*time.Hour, job.New{Args: forgetDeliveries{}, Key: "forget-deliveries", Priority: job.Idle})
	h.asking()
	return nil
}

// letter is a notice as an e-mail: the text, and where it stands on the site.
func (h *house) letter(n notice.Notice) string {
	text := notice.Plain(n.Body)
	if h.flags.PublicURL != "" {
		text += "\n\n" + h.book.Printer(locale.Vi).T("notice.letter_end", "url", strings.TrimSuffix(h.flags.PublicURL, "/")+"/notices/"+n.ID)
	}
	return text
}

// tellOfLesson tells webhooks that a lesson appeared, or went.
func (h *house) tellOfLesson(ctx context.Context, before, after lesson.Lesson) error {
	was, is := before.Object().Published, after.Object().Published
	if was == is {
		return nil
	}
	event := "lesson.withdrawn"
	if is {
		event = "lesson.published"
	}
	return h.hooks.Tell(ctx, event, struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		Subject string `json:"subject"`
		Grade   int    `json:"grade"`
		Path    string `json:"path"`
	}{after.ID, after.Title, after.Subject, after.Grade, "/lessons/" + after.ID})
}
