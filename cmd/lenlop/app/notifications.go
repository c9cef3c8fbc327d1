package app

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

// forgetDeliveries deletes old webhook deliveries.
type forgetDeliveries struct{}

// Kind names the worker.
func (forgetDeliveries) Kind() string { return "forget-deliveries" }

// wireNotifications wires notices, e-mail letters and webhooks.
func (a *App) wireNotifications() error {
	a.Webhooks = &webhook.Service{Store: a.DB.Webhooks(), Sender: hook.New(a.Settings.WebhookPrivate),
		Atomic: a.notifier, Jobs: a.notifier, Audit: a.DB.Audit(),
		Now: a.Now, NewID: NewID}
	a.Notices = &notice.Service{Store: a.DB.Notices(), People: a.DB.People(), Classes: a.DB.Classes(),
		Atomic: a.notifier, Jobs: a.notifier, Audit: a.DB.Audit(),
		Files: a.Media, Now: a.Now, NewID: NewID, Zone: a.Zone, Hook: a.Webhooks.Tell, Personal: a.DB.Notices()}
	a.Lessons.OnChange = a.notifyOfLesson
	if a.Settings.SMTPURL != "" {
		sender, err := mail.New(a.Settings.SMTPURL)
		if err != nil {
			return err
		}
		a.Notices.Letter = func(ctx context.Context, to people.Person, n notice.Notice) error {
			return sender.Send(ctx, to.Email, n.Title, a.letter(n))
		}
	}
	job.Register(a.Runner, job.Options{Timeout: time.Hour},
		func(ctx context.Context, run *job.Run, args notice.PublishArgs) error {
			return a.Notices.Publish(ctx, args, run.Commit)
		})
	job.Register(a.Runner, job.Options{Concurrency: 4, Timeout: time.Minute},
		func(ctx context.Context, run *job.Run, args webhook.DeliverArgs) error {
			return a.Webhooks.Deliver(ctx, args.DeliveryID, run.Commit)
		})
	job.Register(a.Runner, job.Options{},
		func(ctx context.Context, _ *job.Run, _ forgetDeliveries) error { return a.Webhooks.Forget(ctx) })
	a.Runner.Every(24*time.Hour, job.New{Args: forgetDeliveries{}, Key: "forget-deliveries", Priority: job.Idle})
	a.wireQuestions()
	return nil
}

// letter is the text of a notice as an e-mail, with its address on the site.
func (a *App) letter(n notice.Notice) string {
	text := notice.Plain(n.Body)
	if a.Settings.PublicURL != "" {
		text += "\n\n" + a.Locales.Printer(locale.Vi).T("notice.letter_end", "url",
			strings.TrimSuffix(a.Settings.PublicURL, "/")+"/notices/"+n.ID)
	}
	return text
}

// notifyOfLesson calls the webhooks for a lesson that was published or withdrawn.
func (a *App) notifyOfLesson(ctx context.Context, before, after lesson.Lesson) error {
	was, is := before.Object().Published, after.Object().Published
	if was == is {
		return nil
	}
	event := "lesson.withdrawn"
	if is {
		event = "lesson.published"
	}
	return a.Webhooks.Tell(ctx, event, struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		Subject string `json:"subject"`
		Grade   int    `json:"grade"`
		Path    string `json:"path"`
	}{after.ID, after.Title, after.Subject, after.Grade, "/lessons/" + after.ID})
}
