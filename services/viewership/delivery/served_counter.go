package delivery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"lenlop/services/production"
)

// ServedCounter counts the media that this server sends. Counting holds its lock
// briefly and writes nothing; Flush does, every few seconds and before the end.
type ServedCounter struct {
	store    Store
	location *time.Location

	mu      sync.Mutex
	sent    map[sentFile]int64
	dayName string
	dayFrom time.Time
	dayTo   time.Time

	flushing sync.Mutex
	meter    *mediaMeter
}

// NewServedCounter makes a counter whose days are those of a location.
func NewServedCounter(store Store, l Lengths, location *time.Location) *ServedCounter {
	return &ServedCounter{store: store, location: location, sent: map[sentFile]int64{}, meter: newMediaMeter(l)}
}

// Served counts bytes of a package's file that were sent.
func (c *ServedCounter) Served(o production.Object, at time.Time, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.Before(c.dayFrom) || !at.Before(c.dayTo) {
		y, m, d := at.In(c.location).Date()
		c.dayFrom = time.Date(y, m, d, 0, 0, 0, 0, c.location)
		c.dayTo, c.dayName = c.dayFrom.AddDate(0, 0, 1), c.dayFrom.Format(time.DateOnly)
	}
	c.sent[sentFile{o.Lesson, o.Package, o.Key, c.dayName}] += bytes
}

// Flush stores what was counted since the last flush. What cannot be stored is
// kept for the next one.
func (c *ServedCounter) Flush(ctx context.Context) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	sent := c.sent
	c.sent = map[sentFile]int64{}
	c.mu.Unlock()
	if len(sent) == 0 {
		return nil
	}
	list, err := c.meter.served(ctx, sent, OwnCounter)
	if err == nil {
		err = c.store.AddServed(ctx, list)
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		for k, n := range sent {
			c.sent[k] += n
		}
		return fmt.Errorf("media served: %w", err)
	}
	return nil
}

// Run flushes at an interval until ctx ends, and once more then. failed is
// called with the error of a flush.
func (c *ServedCounter) Run(ctx context.Context, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := c.Flush(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := c.Flush(last); err != nil {
				failed(err)
			}
			return
		}
	}
}
