package backup

import (
	"context"
	"fmt"
	"io"
	"time"

	"lenlop/services/media"
)

// Holds remembers which backups are running: what their copy of the
// database names must not be removed before they have it.
type Holds interface {
	Hold(ctx context.Context, id string, until time.Time) error
	Release(ctx context.Context, id string, now time.Time) error
	Held(ctx context.Context, now time.Time) (bool, error)
	// Holders names those whose hold lasts.
	Holders(ctx context.Context, now time.Time) ([]string, error)
	// Wait notes keys whose removal waits; Waiting lists them, Gone forgets them.
	Wait(ctx context.Context, keys []string, now time.Time) error
	Waiting(ctx context.Context, limit int) ([]string, error)
	Gone(ctx context.Context, keys []string) error
}

// holdFor is how long a hold lasts unless it is renewed: longer than the
// largest recording takes to copy. A copy that was killed delays removals by as much.
const (
	holdFor    = 6 * time.Hour
	renewAfter = 10 * time.Minute
	dropAtOnce = 500
)

type guard struct {
	media.Store
	holds Holds
	now   func() time.Time
}

type openGuard struct {
	*guard
	media.Opener
}

// Guard gives storage whose Delete waits while a backup is running, and which
// takes no object below a prefix that is not registered: no backup would copy
// it, and fsck would remove it. Objects that no backup copies go at once.
func Guard(s media.Store, h Holds, now func() time.Time) media.Store {
	g := &guard{s, h, now}
	if o, ok := s.(media.Opener); ok {
		return openGuard{g, o}
	}
	return g
}

// Put stores an object below a registered prefix.
func (g *guard) Put(ctx context.Context, key string, body io.ReadSeeker, size int64,
	o media.PutOptions) (media.Object, error) {
	if _, ok := media.PrefixOf(key); !ok {
		return media.Object{}, fmt.Errorf("object %s: its prefix is not registered (media.Prefixes)", key)
	}
	return g.Store.Put(ctx, key, body, size, o)
}

// Delete removes keys now, or notes them to be removed when nobody copies.
func (g *guard) Delete(ctx context.Context, keys ...string) error {
	var now, later []string
	for _, k := range keys {
		if p, ok := media.PrefixOf(k); ok && p.NotBackedUp != "" {
			now = append(now, k)
		} else {
			later = append(later, k)
		}
	}
	if len(later) > 0 {
		held, err := g.holds.Held(ctx, g.now())
		if err != nil {
			return err
		}
		if held {
			if err := g.holds.Wait(ctx, later, g.now()); err != nil {
				return err
			}
		} else {
			now = append(now, later...)
		}
	}
	if len(now) == 0 {
		return nil
	}
	return g.Store.Delete(ctx, now...)
}

// Drop removes what waited, once nobody copies any more.
func Drop(ctx context.Context, s media.Store, h Holds, now time.Time) error {
	for {
		if held, err := h.Held(ctx, now); err != nil || held {
			return err
		}
		keys, err := h.Waiting(ctx, dropAtOnce)
		if err != nil || len(keys) == 0 {
			return err
		}
		if err := s.Delete(ctx, keys...); err != nil {
			return fmt.Errorf("held objects: %w", err)
		}
		if err := h.Gone(ctx, keys); err != nil {
			return err
		}
	}
}
