package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"lenlop/services/fault"
	"lenlop/services/lesson"
)

// Batch sizes. A write transaction on SQLite must not exceed 50 ms, because
// heartbeats wait for it.
const (
	readBatch   = 200
	repairBatch = 10
)

// Difference lists the lessons that the index lacks, that it holds although
// students must not find them, and that it holds in an outdated form. Unverified
// are those that a release without fingerprints indexed: they may be outdated.
type Difference struct {
	Missing, Extra, Stale, Unverified []string
}

// None reports whether no difference is known.
func (d Difference) None() bool {
	return len(d.Missing)+len(d.Extra)+len(d.Stale) == 0
}

// Check compares the index with the database without changing anything.
func (s *Service) Check(ctx context.Context) (Difference, error) {
	var d Difference
	known := &nameCache{}
	indexed, err := s.Index.Fingerprints(ctx)
	if err != nil {
		return d, fmt.Errorf("index: %w", err)
	}
	f := lesson.Filter{Status: []lesson.Status{lesson.Published}, Limit: readBatch}
	for {
		ls, next, err := s.Lessons.Lessons(ctx, f)
		if err != nil {
			return d, fmt.Errorf("published lessons: %w", err)
		}
		if err := s.compare(ctx, ls, known, indexed, &d); err != nil {
			return d, err
		}
		if next == "" {
			break
		}
		f.After = next
	}
	d.Extra = slices.Sorted(maps.Keys(indexed))
	return d, nil
}

// compare adds one page of lessons to the difference and removes them from
// indexed. It reads the versions of captions and not their texts.
func (s *Service) compare(
	ctx context.Context, ls []lesson.Lesson, known *nameCache, indexed map[string]string, d *Difference,
) error {
	var ids []string
	for _, l := range ls {
		if visible(l) {
			ids = append(ids, l.ID)
		}
	}
	versions := map[string]string{}
	if s.Captions != nil && len(ids) > 0 {
		list, err := s.Captions.Captions(ctx, ids...)
		if err != nil {
			return fmt.Errorf("captions: %w", err)
		}
		versions = captionsVersions(list)
	}
	for _, l := range ls {
		if !visible(l) {
			continue // if indexed, it stays there and is extra
		}
		was, ok := indexed[l.ID]
		delete(indexed, l.ID)
		switch {
		case !ok:
			d.Missing = append(d.Missing, l.ID)
			continue
		case was == "":
			d.Unverified = append(d.Unverified, l.ID)
			continue
		}
		e, err := s.facts(ctx, l, known)
		if err != nil {
			return err
		}
		e.CaptionsVersion = versions[l.ID]
		if was != e.Fingerprint() {
			d.Stale = append(d.Stale, l.ID)
		}
	}
	return nil
}

// Rebuild makes the index equal to the database and returns what differed. It
// may run while lessons change: each is read and indexed in one transaction.
func (s *Service) Rebuild(ctx context.Context) (Difference, error) {
	d, err := s.Check(ctx)
	if err != nil {
		return d, err
	}
	missing := slices.Clone(d.Missing)
	slices.Reverse(missing) // oldest first: indexes take the latest put for the newest
	ids := slices.Concat(d.Extra, d.Stale, d.Unverified, missing)
	for len(ids) > 0 {
		n := min(repairBatch, len(ids))
		err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
			for _, id := range ids[:n] {
				if _, err := s.Lessons.Lock(ctx, id); err != nil && fault.KindOf(err) != fault.NotFound {
					return err
				}
				if err := s.Changed(ctx, id); err != nil {
					return fmt.Errorf("lesson %s: index: %w", id, err)
				}
			}
			return nil
		})
		if err != nil {
			return d, err
		}
		ids = ids[n:]
	}
	return d, nil
}
