package viewership

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"time"

	"lenlop/services/production"
)

// OwnCounter is the source of what this house's own servers counted.
const OwnCounter = "own"

// Lengths knows how much media the files of a package hold, by media key
// (production.Lengths).
type Lengths interface {
	Lengths(ctx context.Context, packageID string) (map[string]production.Length, error)
}

// maxLengths bounds the memory of lengths: about 60 MB, several hundred lessons.
const maxLengths = 1_200_000

// measure turns bytes of files into media. It is not safe for use by several
// at once.
type measure struct {
	lengths Lengths
	seed    maphash.Seed
	known   map[string]map[uint64]production.Length // by package, then by hashed key
	size    int
	fresh   map[string]bool // packages read in this round
}

func newMeasure(l Lengths) *measure {
	return &measure{lengths: l, seed: maphash.MakeSeed(), known: map[string]map[uint64]production.Length{}}
}

// round lets packages that grow be read again once.
func (m *measure) round() { m.fresh = map[string]bool{} }

// of gives a file's length; ok is false for one that no package has.
func (m *measure) of(ctx context.Context, packageID, key string) (l production.Length, ok bool, err error) {
	h := maphash.String(m.seed, key)
	if l, ok = m.known[packageID][h]; ok || m.fresh[packageID] {
		return l, ok, nil
	}
	all, err := m.lengths.Lengths(ctx, packageID)
	if err != nil {
		return l, false, fmt.Errorf("package %s: lengths: %w", packageID, err)
	}
	if m.size > maxLengths {
		clear(m.known)
		m.size = 0
	}
	short := make(map[uint64]production.Length, len(all))
	for k, x := range all {
		short[maphash.String(m.seed, k)] = x
	}
	m.size += len(short) + 1
	m.known[packageID], m.fresh[packageID] = short, true
	l, ok = short[h]
	return l, ok, nil
}

// sentFile is a file of a lesson on a day.
type sentFile struct{ lesson, pkg, key, day string }

// served sums bytes of files into media by lesson and day. A file sent in
// ranges counts once for each whole of its bytes. Files that nobody knows give
// their bytes only.
func (m *measure) served(ctx context.Context, sent map[sentFile]int64, source string) ([]Served, error) {
	m.round()
	type lessonDay struct{ lesson, day string }
	type sum struct {
		millis float64
		bytes  int64
	}
	sums := map[lessonDay]*sum{}
	for f, n := range sent {
		l, _, err := m.of(ctx, f.pkg, f.key)
		if err != nil {
			return nil, err
		}
		k := lessonDay{f.lesson, f.day}
		if sums[k] == nil {
			sums[k] = &sum{}
		}
		sums[k].bytes += n
		if l.Bytes > 0 {
			sums[k].millis += float64(l.Millis) * float64(n) / float64(l.Bytes)
		}
	}
	list := make([]Served, 0, len(sums))
	for k, x := range sums {
		list = append(list, Served{LessonID: k.lesson, Day: k.day, Source: source, Seconds: int64(math.Round(x.millis)), Bytes: x.bytes})
	}
	return list, nil
}

// Tally counts the media that this server sends. Counting takes no lock for
// long and writes nothing; Flush does, every few seconds and before the end.
type Tally struct {
	store    ServedStore
	location *time.Location

	mu      sync.Mutex
	sent    map[sentFile]int64
	dayName string
	dayFrom time.Time
	dayTo   time.Time

	flushing sync.Mutex
	measure  *measure
}

// NewTally makes a tally whose days are those of a place.
func NewTally(store ServedStore, l Lengths, location *time.Location) *Tally {
	return &Tally{store: store, location: location, sent: map[sentFile]int64{}, measure: newMeasure(l)}
}

// Served notes bytes of a package's file that were sent.
func (t *Tally) Served(o production.Object, at time.Time, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.Before(t.dayFrom) || !at.Before(t.dayTo) {
		y, m, d := at.In(t.location).Date()
		t.dayFrom = time.Date(y, m, d, 0, 0, 0, 0, t.location)
		t.dayTo, t.dayName = t.dayFrom.AddDate(0, 0, 1), t.dayFrom.Format(day)
	}
	t.sent[sentFile{o.Lesson, o.Package, o.Key, t.dayName}] += bytes
}

// Flush writes down what was counted since the last time. What cannot be
// written is kept for the next time.
func (t *Tally) Flush(ctx context.Context) error {
	t.flushing.Lock()
	defer t.flushing.Unlock()
	t.mu.Lock()
	sent := t.sent
	t.sent = map[sentFile]int64{}
	t.mu.Unlock()
	if len(sent) == 0 {
		return nil
	}
	list, err := t.measure.served(ctx, sent, OwnCounter)
	if err == nil {
		err = t.store.AddServed(ctx, list)
	}
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		for k, n := range sent {
			t.sent[k] += n
		}
		return fmt.Errorf("media served: %w", err)
	}
	return nil
}

// Run flushes every few seconds until ctx ends, and a last time then.
func (t *Tally) Run(ctx context.Context, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := t.Flush(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := t.Flush(last); err != nil {
				failed(err)
			}
			return
		}
	}
}
