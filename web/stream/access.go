package stream

import (
	"context"
	"sync"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// accessLife is how long a lesson's facts are believed without reading them
// again: players ask for a segment every few seconds, and a whole class at
// once. A withdrawn lesson stops being served within this time.
const accessLife = 2 * time.Second

// holderLife is how long a person behind a token is believed to be as they
// were: who is deactivated must be out everywhere within a second.
const holderLife = 500 * time.Millisecond

// maxCachedAccess bounds the memory that facts take.
const maxCachedAccess = 10_000

// access is what decides who may watch a lesson.
type access struct {
	object people.Object
	making string // package in the making
	until  time.Time
}

type accessCache struct {
	mu      sync.Mutex
	m       map[string]access
	holders map[string]holder
}

// holder is a person whom a token stands for.
type holder struct {
	person people.Person
	until  time.Time
}

// holder gives the person behind a token; somebody erased is nobody.
func (ds *accessCache) holder(ctx context.Context, from People, id string, now time.Time) (people.Person, error) {
	ds.mu.Lock()
	x, ok := ds.holders[id]
	ds.mu.Unlock()
	if ok && now.Before(x.until) {
		return x.person, nil
	}
	p, err := from.Person(ctx, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return people.Person{}, err
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.holders) >= maxCachedAccess {
		clear(ds.holders)
	}
	ds.holders[id] = holder{p, now.Add(holderLife)}
	return p, nil
}

// of gives what is known of a lesson; known says that it was not read just now.
func (ds *accessCache) of(ctx context.Context, lessons Lessons, id string, now time.Time) (d access,
	known bool, err error) {
	ds.mu.Lock()
	d, ok := ds.m[id]
	ds.mu.Unlock()
	if ok && now.Before(d.until) {
		return d, true, nil
	}
	l, err := lessons.Lesson(ctx, id)
	if err != nil {
		return access{}, false, err
	}
	d = access{object: l.Object(), until: now.Add(accessLife)}
	if l.Media.MakingID != l.Media.PackageID {
		d.making = l.Media.MakingID
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.m) >= maxCachedAccess {
		clear(ds.m)
	}
	ds.m[id] = d
	return d, false, nil
}

// forget makes the next look read the lesson.
func (ds *accessCache) forget(id string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	delete(ds.m, id)
}
