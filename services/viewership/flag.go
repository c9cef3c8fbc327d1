package viewership

import (
	"context"
	"fmt"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// Flags lists the viewers' days that web-flag/1 leaves out, and those that a
// person put back, newest first, at most 500.
func (s *Service) Flags(ctx context.Context, by people.Person, from, to time.Time) ([]Flag, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, denied()
	}
	scope := s.scope(Query{From: from, To: to})
	list, err := s.Reader.FlaggedDays(ctx, scope.From, scope.To, 500)
	if err != nil {
		return nil, fmt.Errorf("flags: %w", err)
	}
	return list, nil
}

// Restore undoes a flag, so that the viewer's day counts, or with restored
// false puts it back. Totals change with it. Faults: "access.denied",
// "flag.not_found", "flag.folded" when the day's sessions are no longer kept.
func (s *Service) Restore(ctx context.Context, by people.Person, viewer, day string, restored bool) error {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return denied()
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.LockViewers(ctx, []string{viewer}); err != nil {
			return fmt.Errorf("lock viewer: %w", err)
		}
		d := ViewerDay{viewer, day}
		bk, err := s.load(ctx, []ViewerDay{d})
		if err != nil {
			return err
		}
		p := bk.days[d]
		switch {
		case p.flag.Viewer == "":
			return fault.New(fault.NotFound, "flag.not_found")
		case p.restored == restored:
			return nil
		case len(p.sessions) == 0:
			return fault.New(fault.Conflict, "flag.folded")
		}
		p.restored, p.judged = restored, true
		p.flag.RestoredBy, p.flag.RestoredAt = "", time.Time{}
		if restored {
			p.flag.RestoredBy, p.flag.RestoredAt = by.ID, s.Now()
		}
		if err := s.finish(ctx, bk); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{
			ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(people.ReadViewing), Subject: "viewer:" + viewer,
			Detail: fmt.Sprintf("flag of %s undone: %t", day, restored),
		})
	})
}

// FoldAfter is how long session rows are kept after they began.
const FoldAfter = 60 * 24 * time.Hour

// foldStep bounds one transaction, so that heartbeats wait for it 50 ms at most.
const foldStep = 500

// Fold removes the session rows of days that are over 60 days old; what they
// count for stays in their viewers' credits and in the totals, so no page
// changes. It returns how many it removed; repeat it until that is 0.
func (s *Service) Fold(ctx context.Context) (int, error) {
	n, err := s.Store.Fold(ctx, s.day(s.Now().Add(-FoldAfter)), foldStep)
	if err != nil {
		return n, fmt.Errorf("fold sessions: %w", err)
	}
	return n, nil
}

// Purge removes viewers' rows of terms that ended over six months ago; totals
// stay, so only the distinct viewers of such a period can no longer be counted.
// It returns how many it removed; repeat it until that is 0.
func (s *Service) Purge(ctx context.Context) (int, error) {
	from := KeptFrom(s.Now().In(s.Location))
	n, err := s.Store.Purge(ctx, s.day(from), foldStep)
	if err != nil {
		return n, fmt.Errorf("purge viewers: %w", err)
	}
	if s.RollCalls == nil || n > 0 {
		return n, nil
	}
	// Names of roll calls end with the viewers; their counts stay.
	if n, err = s.RollCalls.PurgeNames(ctx, from, foldStep); err != nil {
		return n, fmt.Errorf("purge names: %w", err)
	}
	return n, nil
}
