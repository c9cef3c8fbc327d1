package notice

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/job"
)

// Tell publishes a notice from the system itself to one person, in the
// transaction in ctx, and with Letters asks for an e-mail to them. Webhooks are
// not told of it.
func (s *Service) Tell(ctx context.Context, n Notice) (Notice, error) {
	now := s.Now()
	n.ID, n.PublishAt, n.CreatedAt, n.ChangedAt, n.SchoolID, n.AuthorID = s.NewID(), now, now, now, "", ""
	n.Title = strings.Join(strings.Fields(n.Title), " ")
	if utf8.RuneCountInString(n.Title) > MaxTitle {
		n.Title = string([]rune(n.Title)[:MaxTitle-1]) + "…"
	}
	if n.PersonID == "" || n.Title == "" || n.Body == "" {
		return n, fault.Form("notice.invalid", fault.Wrong("title", "field.required"))
	}
	return n, s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.SaveNotice(ctx, n); err != nil || !n.Letters {
			return err
		}
		return s.Jobs.Add(ctx, job.New{Args: PublishArgs{n.ID, n.PublishAt.UTC().Truncate(time.Microsecond)}, Key: n.ID,
			Subject: "notice:" + n.ID, MaxAttempts: 5})
	})
}

// Recall takes a notice to one person back; one that is gone is no error.
func (s *Service) Recall(ctx context.Context, id string) error {
	n, err := s.Store.Notice(ctx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && (n.PersonID == "" || !n.WithdrawnAt.IsZero()) {
		return nil
	}
	if err != nil {
		return err
	}
	n.WithdrawnAt = s.Now()
	return s.Store.SaveNotice(ctx, n)
}

// ForgetPersonal removes notices to single persons that went up earlier, at
// most so many, and says how many went.
func (s *Service) ForgetPersonal(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.Personal.ForgetPersonal(ctx, before, limit)
}
