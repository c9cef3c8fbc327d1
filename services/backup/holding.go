package backup

import (
	"context"
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
)

// What holds are for; an id begins with it.
const (
	copying = "backup "
	pruning = "prune "
)

// holding keeps removals waiting for as long as a copy takes.
type holding struct {
	c    *Copier
	id   string
	last time.Time
}

func (h *holding) renew(ctx context.Context) error {
	now := h.c.Now()
	if h.c.Holds == nil || !h.last.IsZero() && now.Sub(h.last) < renewAfter {
		return nil
	}
	h.last = now
	return h.c.Holds.Hold(ctx, h.id, now.Add(holdFor))
}

func (h *holding) release(ctx context.Context) error {
	if h.c.Holds == nil {
		return nil
	}
	return h.c.Holds.Release(context.WithoutCancel(ctx), h.id, h.c.Now())
}

// alone refuses while somebody holds the data for one of these purposes: a
// copy relies on files of the target that pruning might remove. Each side
// writes its hold first and looks then, so that one of two sees the other.
// Faults: "backup.busy".
func (h *holding) alone(ctx context.Context, purposes ...string) error {
	if h.c.Holds == nil {
		return nil
	}
	list, err := h.c.Holds.Holders(ctx, h.c.Now())
	if err != nil {
		return err
	}
	for _, id := range list {
		if id != h.id && slices.ContainsFunc(purposes, func(p string) bool { return strings.HasPrefix(id, p) }) {
			return fault.New(fault.Conflict, "backup.busy", "holder", id)
		}
	}
	return nil
}
