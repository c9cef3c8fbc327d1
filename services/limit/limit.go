// Package limit counts what a sender may do only so often (wrong passwords,
// wrong codes, reports), for all processes that share a database.
package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"sync"
	"time"
)

// Rule is how the events of a key are forgotten.
type Rule struct {
	// Window is how long after its last event a count is forgotten.
	Window time.Duration
	// Fixed counts Window from the first event instead.
	Fixed bool
	// Leak is how many events are forgotten each second.
	Leak float64
}

// Count is how many events of a key count at a moment.
type Count struct {
	N           float64
	First, Last time.Time
}

// Now returns what of a count is not forgotten yet.
func (r Rule) Now(c Count, now time.Time) Count {
	if c.N == 0 || !now.Before(r.expiry(c)) {
		return Count{}
	}
	c.N = max(0, c.N-now.Sub(c.Last).Seconds()*r.Leak)
	return c
}

// Add returns a count with one more event.
func (r Rule) Add(c Count, now time.Time) Count {
	c = r.Now(c, now)
	if c.First.IsZero() {
		c.First = now
	}
	c.N, c.Last = c.N+1, now
	return c
}

func (r Rule) expiry(c Count) time.Time {
	if r.Fixed {
		return c.First.Add(r.Window)
	}
	return c.Last.Add(r.Window)
}

// Key names what is counted. Name may be an address or a user name: it is
// stored only as a keyed hash, and not longer than Rule.Window.
type Key struct {
	Kind, Name string
	Rule       Rule
}

// Event is a key as the Store knows it.
type Event struct {
	Key  string
	Rule Rule
}

// Store is the shared state (infra/sqldb).
type Store interface {
	// Counts returns the counts of keys, as they were after their last event.
	// A key without a count is left out.
	Counts(ctx context.Context, keys []string) (map[string]Count, error)
	// Add counts an event for each key and returns the counts.
	Add(ctx context.Context, now time.Time, events []Event) (map[string]Count, error)
	// Forget removes the counts of keys.
	Forget(ctx context.Context, keys []string) error
}

// maxKnown is how many counts one process holds in memory.
const maxKnown = 100_000

// Counter counts in this process and, with a Store, in all that share it. What
// this process knows answers without a query where that is enough, and takes
// over while the Store fails.
type Counter struct {
	Store  Store        // nil: this process only
	Secret []byte       // of the hashes, the same in every process
	Log    *slog.Logger // nil: failures of the Store are not logged
	Clock  func() time.Time

	mu    sync.Mutex
	known map[string]known
}

type known struct {
	count Count
	rule  Rule
}

// Known returns the counts that this process knows, without a query. Other
// processes may have counted more.
func (c *Counter) Known(keys ...Key) []Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.knownOf(keys)
}

func (c *Counter) knownOf(keys []Key) []Count {
	now, counts := c.Clock(), make([]Count, len(keys))
	for i, k := range keys {
		counts[i] = k.Rule.Now(c.known[c.hash(k)].count, now)
	}
	return counts
}

// Read returns the counts of all processes.
func (c *Counter) Read(ctx context.Context, keys ...Key) []Count {
	if c.Store == nil {
		return c.Known(keys...)
	}
	hashes := make([]string, len(keys))
	for i, k := range keys {
		hashes[i] = c.hash(k)
	}
	stored, err := c.Store.Counts(ctx, hashes)
	if err != nil {
		c.failed("read", err)
		return c.Known(keys...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range keys {
		c.remember(hashes[i], known{stored[hashes[i]], k.Rule})
	}
	return c.knownOf(keys)
}

// Add counts one event for each key and returns the counts.
func (c *Counter) Add(ctx context.Context, keys ...Key) []Count {
	now, events := c.Clock(), make([]Event, len(keys))
	for i, k := range keys {
		events[i] = Event{c.hash(k), k.Rule}
	}
	var stored map[string]Count
	if c.Store != nil {
		var err error
		if stored, err = c.Store.Add(ctx, now, events); err != nil {
			c.failed("add", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		count, ok := stored[e.Key]
		if !ok {
			count = e.Rule.Add(c.known[e.Key].count, now)
		}
		c.remember(e.Key, known{count, e.Rule})
	}
	return c.knownOf(keys)
}

// Forget removes the counts of keys that have one.
func (c *Counter) Forget(ctx context.Context, keys ...Key) {
	var hashes []string
	c.mu.Lock()
	for _, k := range keys {
		hash := c.hash(k)
		hashes = append(hashes, hash)
		delete(c.known, hash)
	}
	c.mu.Unlock()
	if c.Store == nil {
		return
	}
	if err := c.Store.Forget(ctx, hashes); err != nil {
		c.failed("forget", err)
	}
}

// remember keeps a count in memory. The bound holds whatever senders do: counts
// that are forgotten anyway go first, then any.
func (c *Counter) remember(hash string, k known) {
	if c.known == nil {
		c.known = map[string]known{}
	}
	if k.count.N == 0 {
		delete(c.known, hash)
		return
	}
	if _, ok := c.known[hash]; !ok && len(c.known) >= maxKnown {
		now := c.Clock()
		for h, old := range c.known {
			if old.rule.Now(old.count, now).N == 0 {
				delete(c.known, h)
			}
		}
		for h := range c.known {
			if len(c.known) < maxKnown*3/4 {
				break
			}
			delete(c.known, h)
		}
	}
	c.known[hash] = k
}

// hash is what a key is stored by: without the secret nobody can find out
// which address or name it stands for.
func (c *Counter) hash(k Key) string {
	h := hmac.New(sha256.New, c.Secret)
	h.Write([]byte("limit\x00" + k.Kind + "\x00" + k.Name))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func (c *Counter) failed(what string, err error) {
	if c.Log != nil {
		c.Log.Warn("shared limits not available; counting in this process only", "step", what, "error", err)
	}
}
