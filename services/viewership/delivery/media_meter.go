package delivery

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"

	"lenlop/services/production"
)

// maxLengths bounds the memory of lengths: about 60 MB, several hundred lessons.
const maxLengths = 1_200_000

// mediaMeter converts bytes of files into media time. It is not safe for
// concurrent use.
type mediaMeter struct {
	lengths Lengths
	seed    maphash.Seed
	known   map[string]map[uint64]production.Length // by package, then by hashed key
	size    int
	fresh   map[string]bool // packages read since refresh
}

func newMediaMeter(l Lengths) *mediaMeter {
	return &mediaMeter{lengths: l, seed: maphash.MakeSeed(), known: map[string]map[uint64]production.Length{}}
}

// refresh allows each package, which may have grown, to be read once more.
func (m *mediaMeter) refresh() { m.fresh = map[string]bool{} }

// length gives a file's length; ok is false for a file that its package does not have.
func (m *mediaMeter) length(ctx context.Context, packageID, key string) (l production.Length, ok bool, err error) {
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
// ranges counts in proportion to its bytes. Unknown files add their bytes only.
func (m *mediaMeter) served(ctx context.Context, sent map[sentFile]int64, source string) ([]Served, error) {
	m.refresh()
	type lessonDay struct{ lesson, day string }
	type sum struct {
		millis float64
		bytes  int64
	}
	sums := map[lessonDay]*sum{}
	for f, n := range sent {
		l, _, err := m.length(ctx, f.pkg, f.key)
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
		list = append(list, Served{LessonID: k.lesson, Day: k.day, Source: source, Millis: int64(math.Round(x.millis)),
			Bytes: x.bytes})
	}
	return list, nil
}
