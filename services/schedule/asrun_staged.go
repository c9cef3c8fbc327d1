package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
)

// StagedReports keeps what a log says about airings until all of it is seen at
// once. Airings are read as a visible batch says, before and after its rows
// are settled.
type StagedReports interface {
	// Revision changes whenever the channel's airings or figures do.
	Revision(ctx context.Context, channelID string) (int64, error)
	// StageReports stores a piece of a batch; repeating it changes nothing.
	StageReports(ctx context.Context, batch string, as []Airing) error
	// CommitReports makes a batch of i.Reported rows visible and the log
	// committed. fault.Conflict "import.changed" when the batch is not whole,
	// the log has been committed, or another one of the channel is not settled;
	// "asrun.already" for another log of the same file.
	CommitReports(ctx context.Context, i AsRunImport, batch string) error
	// UnsettledChannels lists the channels that have visible batches.
	UnsettledChannels(ctx context.Context) ([]string, error)
	// SettleReports moves up to limit rows of a channel's visible batch to
	// their airings; inside a transaction that holds the channel.
	SettleReports(ctx context.Context, channelID string, limit int) ([]SettledReport, error)
	// DropReports removes up to limit rows of a batch that is not visible,
	// DropAbandonedReports those of all that were begun before a moment.
	DropReports(ctx context.Context, batch string, limit int) (int, error)
	DropAbandonedReports(ctx context.Context, before time.Time, limit int) (int, error)
}

// SettledReport is an airing whose row says now what the log says. Superseded:
// it has been reported again since the log became visible, and the row says that.
type SettledReport struct {
	Airing     Airing
	Superseded bool
}

const (
	stagedAtOnce  = 250       // rows of one transaction that only stores them
	settledAtOnce = 15        // with all that follows from each report
	settledInline = 20        // pieces that the request itself settles
	commitTries   = 5         // while others change the channel's airings
	abandoned     = time.Hour // longer than any import takes
)

// commitLog makes what a log says visible all at once. A kill at any point
// leaves it either whole or not there; TidyLogs removes the rest.
func (s *Service) commitLog(
	ctx context.Context, by people.Person, i AsRunImport, lines []logLine,
) (AsRunPreview, error) {
	for range commitTries {
		p, err := s.tryLog(ctx, by, i, lines)
		if !fault.Is(err, "import.changed") {
			return p, err
		}
		now, err := s.Logs.AsRun(ctx, i.ID)
		if err != nil || !now.Committed.IsZero() { // by another request
			return AsRunPreview{Import: now, Good: now.Reported}, err
		}
	}
	return AsRunPreview{Import: i}, fault.New(fault.Conflict, "import.changed")
}

func (s *Service) tryLog(ctx context.Context, by people.Person, i AsRunImport, lines []logLine) (AsRunPreview, error) {
	// An earlier log of the channel is settled first: an airing has one report at a time.
	if err := s.settleChannel(ctx, i.ChannelID, -1); err != nil {
		return AsRunPreview{Import: i}, err
	}
	revision, err := s.Staged.Revision(ctx, i.ChannelID)
	if err != nil {
		return AsRunPreview{Import: i}, err
	}
	p, err := s.readLog(ctx, i, lines)
	if err != nil {
		return p, err
	}
	var as []Airing
	for _, r := range p.Rows {
		if r.Code != "" || r.Same {
			continue
		}
		a, err := r.Airing.Reported(r.AsRun, s.Now())
		if err != nil {
			return p, fmt.Errorf("as-run log %s: row %d: %w", i.ID, r.Row, err)
		}
		a.ReportedBy = by.ID
		as = append(as, a)
	}
	batch := s.NewID()
	p.Import.Committed, p.Import.Reported = s.Now(), len(as)
	err = s.stageReports(ctx, batch, as)
	if err == nil {
		err = s.Atomic.Atomically(ctx, func(ctx context.Context) error {
			if err := s.logUnchanged(ctx, i, revision); err != nil {
				return err
			}
			if err := s.Staged.CommitReports(ctx, p.Import, batch); err != nil {
				return err
			}
			return s.log(ctx, by, people.ReportAsRun, "asrun:"+i.ID,
				fmt.Sprintf("%d airings, file %s", p.Good, i.Hash[:12]))
		})
	}
	if err != nil {
		ctx = context.WithoutCancel(ctx)
		drop := func() (int, error) { return s.Staged.DropReports(ctx, batch, stagedAtOnce) }
		return p, errors.Join(err, untilNone(drop))
	}
	if err := s.settleChannel(ctx, i.ChannelID, settledInline); err != nil { // housekeeping goes on with it
		slog.WarnContext(ctx, "as-run log not settled; will retry", "import", i.ID, "error", err)
	}
	return p, nil
}

// logUnchanged reports whether what a log was checked against still holds,
// inside the transaction that commits it.
func (s *Service) logUnchanged(ctx context.Context, i AsRunImport, revision int64) error {
	if _, err := s.Store.LockChannel(ctx, i.ChannelID); err != nil {
		return err
	}
	old, found, err := s.Logs.CommittedAsRun(ctx, i.ChannelID, i.Hash)
	switch {
	case err != nil:
		return fmt.Errorf("as-run log %s: %w", i.ID, err)
	case found && old.ID != i.ID:
		return fault.New(fault.Conflict, "asrun.already", "import", old.ID, "at", old.Committed)
	}
	now, err := s.Staged.Revision(ctx, i.ChannelID)
	if err != nil {
		return err
	}
	if now != revision {
		return fault.New(fault.Conflict, "import.changed")
	}
	return nil
}

func (s *Service) stageReports(ctx context.Context, batch string, as []Airing) error {
	for part := range slices.Chunk(as, stagedAtOnce) {
		if err := s.Staged.StageReports(ctx, batch, part); err != nil {
			return err
		}
	}
	return nil
}

// settleChannel moves a channel's visible reports to their airings, in up to
// pieces transactions (-1: all). What follows from a report happens with it.
func (s *Service) settleChannel(ctx context.Context, channelID string, pieces int) error {
	for ; pieces != 0; pieces-- {
		var n int
		err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
			if _, err := s.Store.LockChannel(ctx, channelID); err != nil {
				return err
			}
			list, err := s.Staged.SettleReports(ctx, channelID, settledAtOnce)
			if err != nil {
				return err
			}
			n = len(list)
			for _, r := range list {
				if err := s.settled(ctx, r); err != nil {
					return fmt.Errorf("airing %s: %w", r.Airing.ID, err)
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

func (s *Service) settled(ctx context.Context, r SettledReport) error {
	if s.OnAsRun != nil && !r.Superseded {
		if err := s.OnAsRun(ctx, r.Airing); err != nil {
			return err
		}
	}
	return s.Audit.Append(ctx, audit.Entry{
		ID: s.NewID(), At: s.Now(), Actor: r.Airing.ReportedBy, Action: string(people.ReportAsRun),
		Subject: "airing:" + r.Airing.ID, Detail: string(r.Airing.Outcome),
	})
}

// TidyLogs finishes the logs that are visible and not settled, and removes what
// an interrupted commit left. It may run at any time.
func (s *Service) TidyLogs(ctx context.Context) error {
	channels, err := s.Staged.UnsettledChannels(ctx)
	if err != nil {
		return err
	}
	for _, c := range channels {
		if err := s.settleChannel(ctx, c, -1); err != nil {
			return err
		}
	}
	before := s.Now().Add(-abandoned)
	return untilNone(func() (int, error) { return s.Staged.DropAbandonedReports(ctx, before, stagedAtOnce) })
}

// untilNone repeats a step until it finds nothing to do.
func untilNone(step func() (int, error)) error {
	for {
		if n, err := step(); err != nil || n == 0 {
			return err
		}
	}
}
