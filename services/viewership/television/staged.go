package television

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

// StagedFigures keeps the figures of an import until all of them are seen at
// once. Rows of a batch are seen from CommitStaged on, before and after they
// are settled.
type StagedFigures interface {
	// StageFigures stores a piece of a batch; repeating it changes nothing.
	StageFigures(ctx context.Context, batch string, fs []Figure) error
	// CommitStaged makes a batch of i.Added rows visible and the import
	// committed. fault.Conflict "import.changed" when the batch is not whole
	// or the import has been committed, "import.already" for another import of
	// the same file.
	CommitStaged(ctx context.Context, i Import, batch string) error
	// SettleFigures moves up to limit rows of visible batches to the figures.
	SettleFigures(ctx context.Context, limit int) (int, error)
	// DropStaged removes up to limit rows of a batch that is not visible,
	// DropAbandoned those of all that were begun before a moment.
	DropStaged(ctx context.Context, batch string, limit int) (int, error)
	DropAbandoned(ctx context.Context, before time.Time, limit int) (int, error)
}

const (
	stagedAtOnce = 250       // rows of one transaction
	commitTries  = 5         // while others change the channel's airings or figures
	abandoned    = time.Hour // longer than any import takes
)

// commitFigures makes the figures of an import visible all at once. plan reads
// the file against the airings and figures of now and gives what is to be
// added; it runs again when those change before all is written. A kill at any
// point leaves the import either whole or not there; TidyImports removes the rest.
func (s *Service) commitFigures(
	ctx context.Context, by people.Person, i Import, noun string, plan func(ctx context.Context) ([]Figure, error),
) (Import, error) {
	for range commitTries {
		done, err := s.tryCommit(ctx, by, i, noun, plan)
		if !fault.Is(err, "import.changed") {
			return done, err
		}
		now, err := s.cfg.Imports.Import(ctx, i.ID)
		if err != nil || !now.Committed.IsZero() { // by another request
			return now, err
		}
	}
	return i, fault.New(fault.Conflict, "import.changed")
}

func (s *Service) tryCommit(
	ctx context.Context, by people.Person, i Import, noun string, plan func(ctx context.Context) ([]Figure, error),
) (Import, error) {
	revision, err := s.cfg.Schedule.Revision(ctx, i.Defaults.ChannelID)
	if err != nil {
		return i, fmt.Errorf("import %s: %w", i.ID, err)
	}
	fs, err := plan(ctx)
	if err != nil {
		return i, err
	}
	batch := s.cfg.NewID()
	for k := range fs {
		fs[k].ID, fs[k].At, fs[k].HandedInBy, fs[k].ImportID = s.cfg.NewID(), s.cfg.Now(), by.ID, i.ID
	}
	i.Committed, i.Added = s.cfg.Now(), len(fs)
	err = s.stage(ctx, batch, fs)
	if err == nil {
		err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
			if err := s.unchanged(ctx, i, revision); err != nil {
				return err
			}
			if err := s.cfg.Staged.CommitStaged(ctx, i, batch); err != nil {
				return err
			}
			return s.cfg.Audit.Append(ctx, audit.Entry{
				ID: s.cfg.NewID(), At: i.Committed, Actor: by.ID, Action: string(people.WriteFigure),
				Subject: "import:" + i.ID,
				Detail:  fmt.Sprintf("%d %s, file %s", len(fs), noun, i.Hash[:12]),
			})
		})
	}
	if err != nil {
		return i, errors.Join(err, s.dropBatch(context.WithoutCancel(ctx), batch))
	}
	if err := s.settle(ctx); err != nil { // housekeeping goes on with it
		slog.WarnContext(ctx, "figures of import not settled; will retry", "import", i.ID, "error", err)
	}
	return i, nil
}

// unchanged reports whether the plan still holds, inside the transaction that
// commits it.
func (s *Service) unchanged(ctx context.Context, i Import, revision int64) error {
	if err := s.lockChannels(ctx); err != nil { // one import at a time
		return err
	}
	old, found, err := s.cfg.Imports.CommittedByHash(ctx, i.Defaults.ChannelID, i.Hash)
	switch {
	case err != nil:
		return fmt.Errorf("import %s: %w", i.ID, err)
	case found && old.ID != i.ID:
		return fault.New(fault.Conflict, "import.already", "import", old.ID, "at", old.Committed)
	}
	now, err := s.cfg.Schedule.Revision(ctx, i.Defaults.ChannelID)
	if err != nil {
		return fmt.Errorf("import %s: %w", i.ID, err)
	}
	if now != revision {
		return fault.New(fault.Conflict, "import.changed")
	}
	return nil
}

func (s *Service) stage(ctx context.Context, batch string, fs []Figure) error {
	for part := range slices.Chunk(fs, stagedAtOnce) {
		if err := s.cfg.Staged.StageFigures(ctx, batch, part); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) dropBatch(ctx context.Context, batch string) error {
	return untilNone(func() (int, error) { return s.cfg.Staged.DropStaged(ctx, batch, stagedAtOnce) })
}

func (s *Service) settle(ctx context.Context) error {
	return untilNone(func() (int, error) { return s.cfg.Staged.SettleFigures(ctx, stagedAtOnce) })
}

// TidyImports finishes the imports that a crash interrupted after their commit,
// and removes what one before it left. It may run at any time.
func (s *Service) TidyImports(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	before := s.cfg.Now().Add(-abandoned)
	return untilNone(func() (int, error) { return s.cfg.Staged.DropAbandoned(ctx, before, stagedAtOnce) })
}

// untilNone repeats a step until it finds nothing to do.
func untilNone(step func() (int, error)) error {
	for {
		if n, err := step(); err != nil || n == 0 {
			return err
		}
	}
}
