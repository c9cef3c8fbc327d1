package stream

import (
	"context"
	"sync"
	"time"

	"lenlop/services/people"
)

// doorLife is how long a lesson's facts are believed without reading them
// again: players ask for a segment every few seconds, and a whole class at
// once. A withdrawn lesson stops being served within this time.
const doorLife = 2 * time.Second

// maxDoors bounds the memory that facts take.
const maxDoors = 10_000

// door is what decides who may watch a lesson.
type door struct {
	object people.Object
	making string // package in the making
	until  time.Time
}

type doors struct {
	mu sync.Mutex
	m  map[string]door
}

// of gives what is known of a lesson; known says that it was not read just now.
func (ds *doors) of(ctx context.Context, lessons Lessons, id string, now time.Time) (d door, known bool, err error) {
	ds.mu.Lock()
	d, ok := ds.m[id]
	ds.mu.Unlock()
	if ok && now.Before(d.until) {
		return d, true, nil
	}
	l, err := lessons.Lesson(ctx, id)
	if err != nil {
		return door{}, false, err
	}
	d = door{object: l.Object(), until: now.Add(doorLife)}
	if l.Media.MakingID != l.Media.PackageID {
		d.making = l.Media.MakingID
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.m) >= maxDoors {
		clear(ds.m)
	}
	ds.m[id] = d
	return d, false, nil
}

// forget makes the next look read the lesson.
func (ds *doors) forget(id string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	delete(ds.m, id)
}
