package playback

import (
	"context"
	"fmt"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// flagsShown bounds the list of flags.
const flagsShown = 500

// Flags lists the viewers' days that web-flag/1 excludes, and those that a
// person restored, newest first, at most 500.
func (s *Service) Flags(ctx context.Context, by people.Person, from, to time.Time) ([]Flag, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, denied()
	}
	var first, end string
	if !from.IsZero() {
		first = s.localDay(from)
	}
	if !to.IsZero() {
		end = s.localDay(to)
	}
	list, err := s.cfg.Store.FlaggedDays(ctx, first, end, flagsShown)
	if err != nil {
		return nil, fmt.Errorf("flags: %w", err)
	}
	return list, nil
}

// Restore undoes a flag, so that the viewer's day counts; with restored false
// it sets the flag again. Totals change accordingly. Faults: "access.denied",
// "flag.not_found", "flag.folded" when the day's sessions are no longer kept.
func (s *Service) Restore(ctx context.Context, by people.Person, viewer, day string, restored bool) error {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return denied()
	}
	return s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.LockViewers(ctx, []string{viewer}); err != nil {
			return fmt.Errorf("lock viewer: %w", err)
		}
		d := ViewerDay{viewer, day}
		batch, err := s.load(ctx, []ViewerDay{d})
		if err != nil {
			return err
		}
		p := batch.days[d]
		switch {
		case p.flag.Viewer == "":
			return fault.New(fault.NotFound, "flag.not_found")
		case p.restored == restored:
			return nil
		case len(p.sessions) == 0:
			return fault.New(fault.Conflict, "flag.folded")
		}
		p.restored, p.reviewed = restored, true
		p.flag.RestoredBy, p.flag.RestoredAt = "", time.Time{}
		if restored {
			p.flag.RestoredBy, p.flag.RestoredAt = by.ID, s.cfg.Now()
		}
		if err := s.finish(ctx, batch); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx, audit.Entry{
			ID: s.cfg.NewID(), At: s.cfg.Now(), Actor: by.ID, Action: string(people.ReadViewing),
			Subject: "viewer:" + viewer,
			Detail:  fmt.Sprintf("flag of %s undone: %t", day, restored),
		})
	})
}

// FoldAfter is how long session rows are kept after they began.
const FoldAfter = 60 * 24 * time.Hour

// foldStep bounds one transaction, so that heartbeats wait at most 50 ms for it.
const foldStep = 500

// Fold removes the session rows of days that are over 60 days old; what they
// count for stays in their viewers' credits and in the totals, so no figure
// changes. It returns how many it removed; repeat it until that is 0.
func (s *Service) Fold(ctx context.Context) (int, error) {
	if s.cfg.Retention == nil {
		return 0, nil
	}
	n, err := s.cfg.Retention.Fold(ctx, s.localDay(s.cfg.Now().Add(-FoldAfter)), foldStep)
	if err != nil {
		return n, fmt.Errorf("fold sessions: %w", err)
	}
	return n, nil
}

// Purge removes viewers' rows of terms that ended over six months ago; totals
// stay, so only the distinct viewers of such a period can no longer be counted.
// It returns how many it removed; repeat it until that is 0.
func (s *Service) Purge(ctx context.Context) (int, error) {
	if s.cfg.Retention == nil {
		return 0, nil
	}
	n, err := s.cfg.Retention.Purge(ctx, s.localDay(KeptFrom(s.cfg.Now().In(s.cfg.Location))), foldStep)
	if err != nil {
		return n, fmt.Errorf("purge viewers: %w", err)
	}
	return n, nil
}
