package inspection

import (
	"context"
	"fmt"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Follower is a search server that follows the index in the database.
type Follower interface {
	// Differences lists the lessons that it holds otherwise; fault.Unavailable when
	// it does not answer.
	Differences(ctx context.Context) ([]string, error)
	// Repair makes it equal and returns how many lessons differed.
	Repair(ctx context.Context) (int, error)
}

// follower looks at the search server. What is published in this moment is on
// its way there, so what differs is looked at once more after a rest.
func (i *Inspection) follower(ctx context.Context) error {
	if i.Follower == nil {
		return nil
	}
	ids, err := i.Follower.Differences(ctx)
	if err == nil && len(ids) > 0 {
		if i.Rest != nil {
			i.Rest(ctx)
		}
		var again []string
		again, err = i.Follower.Differences(ctx)
		ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(again, id) })
	}
	if fault.KindOf(err) == fault.Unavailable {
		i.seen.Notes = append(i.seen.Notes,
			"the search server does not answer, so it was not compared; the database's own index was")
		return nil
	}
	if err != nil {
		return fmt.Errorf("search server: %w", err)
	}
	for _, id := range ids {
		i.report("I5", "lesson "+id, "the search server has it otherwise than the database's index")
	}
	return nil
}

// decode has some of the finished packages read and decoded, spread evenly
// over all there are.
func (i *Inspection) decode(ctx context.Context) error {
	if i.Decode == nil || i.Sample <= 0 {
		return nil
	}
	n := min(i.Sample, len(i.finished))
	for k := range n {
		p := i.finished[k*len(i.finished)/n]
		i.seen.Decoded++
		if err := i.Decode(ctx, p); err != nil {
			if ctx.Err() != nil || fault.KindOf(err) == fault.Unavailable {
				return fmt.Errorf("package %s: %w", p.ID, err)
			}
			i.report("I3", "package "+p.ID, "it does not play: %v", err)
		}
	}
	return nil
}

// pending looks for uploads that storage keeps parts of and the database does
// not know.
func (i *Inspection) pending(ctx context.Context) error {
	if i.Parts == nil {
		return nil
	}
	list, err := i.Parts.Pending(ctx, media.Lessons)
	if err != nil {
		return fmt.Errorf("pending uploads: %w", err)
	}
	known, err := i.Book.OpenUploads(ctx)
	if err != nil {
		return err
	}
	for _, p := range list {
		if !known[p.UploadID] && i.Now().Sub(p.StartedAt) >= media.OpenUploads+margin {
			i.report("I6", p.Key, "storage keeps parts of an upload that the database does not know")
			i.stale = append(i.stale, p)
		}
	}
	return nil
}

// abort gives back what pending found.
func (i *Inspection) abort(ctx context.Context) error {
	for _, p := range i.stale {
		if err := i.Parts.Abort(ctx, p.Key, p.UploadID); err != nil {
			return fmt.Errorf("pending upload of %s: %w", p.Key, err)
		}
	}
	return nil
}

// Parts are storage's unfinished uploads (media.Multipart).
type Parts interface {
	Pending(ctx context.Context, prefix string) ([]media.Pending, error)
	Abort(ctx context.Context, key, uploadID string) error
}
