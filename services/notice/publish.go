package notice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lenlop/services/people"
)

// PublishArgs tells the world of a notice when its time has come.
type PublishArgs struct {
	NoticeID string `json:"noticeId"`
	// Stamp is the notice's PublishAt; a later change of it makes this job void.
	Stamp time.Time `json:"stamp"`
}

// Kind names the worker.
func (PublishArgs) Kind() string { return "notice" }

// Publish tells webhooks and, by letter, staff of a notice whose time has
// come. Repeating it sends nobody a second letter, but one that was under way
// when the process died.
func (s *Service) Publish(ctx context.Context, a PublishArgs,
	step func(ctx context.Context, effects func(context.Context) error) error) error {
	n, err := s.Store.Notice(ctx, a.NoticeID)
	if err != nil {
		return err
	}
	if !n.Shown(s.Now()) || !n.PublishAt.UTC().Truncate(time.Microsecond).Equal(a.Stamp) {
		return nil
	}
	if n.Letters && s.Letter != nil {
		if err := s.letters(ctx, n); err != nil {
			return err
		}
	}
	return step(ctx, func(ctx context.Context) error { return s.announce(ctx, "notice.published", n) })
}

// letters writes to the staff with an address. One letter that fails keeps no
// other back; it is tried again with the job.
func (s *Service) letters(ctx context.Context, n Notice) error {
	done, err := s.Store.Lettered(ctx, n.ID)
	if err != nil {
		return err
	}
	var failed error
	err = s.staff(ctx, n, func(p people.Person) error {
		if p.Email == "" || done[p.ID] || ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.Letter(ctx, p, n); err != nil {
			failed = errors.Join(failed, fmt.Errorf("letter to person %s: %w", p.ID, err))
			return nil
		}
		return s.Store.SaveLettered(ctx, n.ID, p.ID, s.Now())
	})
	return errors.Join(err, failed)
}

// event is what a webhook is told of a notice.
type event struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	School    string    `json:"school,omitempty"`
	Staff     bool      `json:"staff"`
	Grades    []int     `json:"grades"`
	Classes   []string  `json:"classes"`
	PublishAt time.Time `json:"publishedAt"`
}

func (s *Service) announce(ctx context.Context, name string, n Notice) error {
	if s.Hook == nil || n.PersonID != "" {
		return nil
	}
	return s.Hook(ctx, name, event{n.ID, n.Title, n.Body, n.SchoolID, n.Staff, append([]int{}, n.Grades...),
		append([]string{}, n.Classes...), n.PublishAt.UTC()})
}
