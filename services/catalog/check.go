package catalog

import (
	"context"
	"fmt"
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
// students must not find them, and that it holds in an outdated form.
type Difference struct {
	Missing, Extra, Stale []string
}

// None reports whether index and database are equal.
func (d Difference) None() bool {
	return len(d.Missing)+len(d.Extra)+len(d.Stale) == 0
}

// Check compares the index with the database without changing anything.
func (s *Service) Check(ctx context.Context) (Difference, error) {
	var d Difference
	known := &nameCache{}
	ids, err := s.Index.IDs(ctx)
	if err != nil {
		return d, fmt.Errorf("index: %w", err)
	}
	left := make(map[string]bool, len(ids))
	for _, id := range ids {
		left[id] = true
	}
	f := lesson.Filter{Status: []lesson.Status{lesson.Published}, Limit: readBatch}
	for {
		ls, next, err := s.Lessons.Lessons(ctx, f)
		if err != nil {
			return d, fmt.Errorf("published lessons: %w", err)
		}
		if err := s.compare(ctx, ls, known, left, &d); err != nil {
			return d, err
		}
		if next == "" {
			break
		}
		f.After = next
	}
	for _, id := range ids {
		if left[id] {
			d.Extra = append(d.Extra, id)
		}
	}
	return d, nil
}

// compare adds one page of lessons to the difference and removes them from
// left, the indexed lessons not seen yet.
func (s *Service) compare(ctx context.Context, ls []lesson.Lesson, known *nameCache, left map[string]bool, d *Difference) error {
	var ids []string
	for _, l := range ls {
		if visible(l) {
			ids = append(ids, l.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	have, err := s.Index.Entries(ctx, ids...)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	kept := make(map[string]string, len(have))
	for _, e := range have {
		kept[e.LessonID] = e.fingerprint()
	}
	for _, l := range ls {
		if !visible(l) {
			continue // if indexed, it stays in left and is extra
		}
		delete(left, l.ID)
		was, ok := kept[l.ID]
		if !ok {
			d.Missing = append(d.Missing, l.ID)
			continue
		}
		e, err := s.entry(ctx, l, known)
		if err != nil {
			return err
		}
		if was != e.fingerprint() {
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
	ids := slices.Concat(d.Extra, d.Stale, missing)
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
