package bookmark

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// Every is the least time between two writes of one person's bookmarks: what
// comes sooner waits in memory, the newest of each lesson, and a process that
// dies loses no more than that.
const Every = 15 * time.Second

const (
	maxPersons = 100_000 // whose bookmarks wait at most
	maxLessons = 20      // of one person
	batch      = 200     // bookmarks in one transaction, to stay under 50 ms on SQLite
)

// Service takes bookmarks and gives them back. It writes on its own time and
// shares nothing with heartbeats: neither can hold the other up.
type Service struct {
	store   Store
	lessons Lessons
	now     func() time.Time

	mu      sync.Mutex
	waiting map[string]map[string]Bookmark // by person and lesson
	written map[string]time.Time           // by person: the last write
}

// Lessons reads a lesson that a person may read (lesson.Service).
type Lessons interface {
	Read(ctx context.Context, by people.Person, id string) (lesson.Lesson, error)
}

// New makes a Service; Run writes what it takes.
func New(store Store, lessons Lessons, now func() time.Time) *Service {
	return &Service{store: store, lessons: lessons, now: now, waiting: map[string]map[string]Bookmark{},
		written: map[string]time.Time{}}
}

// Keep takes where a person is in a lesson. An older place than the one known
// changes nothing. Faults: "signin.needed", "lesson.not_found", "access.denied",
// "bookmark.invalid" with the field, "bookmark.busy".
func (s *Service) Keep(ctx context.Context, by people.Person, lessonID string, p Place) error {
	if by.Anonymous() {
		return fault.New(fault.Unauthenticated, "signin.needed")
	}
	l, err := s.lessons.Read(ctx, by, lessonID)
	if err != nil {
		return err
	}
	if !people.May(by, people.WatchLesson, l.Object()) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	seen, timely := p.seen(s.now())
	switch length := l.Media.Duration; {
	case math.IsNaN(p.At) || p.At < 0 || p.At > length+1:
		return fault.Form("bookmark.invalid", fault.Wrong("position", "bookmark.bad_position"))
	case !timely:
		return fault.Form("bookmark.invalid", fault.Wrong("seenAt", "bookmark.too_old"))
	default:
		return s.hold(Bookmark{PersonID: by.ID, LessonID: lessonID, At: min(p.At, length), Length: length, Seen: seen})
	}
}

// hold puts a bookmark among those that wait.
func (s *Service) hold(b Bookmark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.waiting[b.PersonID]
	if mine == nil {
		mine = map[string]Bookmark{}
	}
	_, known := mine[b.LessonID]
	if len(s.waiting) >= maxPersons && len(mine) == 0 || len(mine) >= maxLessons && !known {
		return fault.New(fault.RateLimited, "bookmark.busy", "seconds", int(Every/time.Second))
	}
	if known && !b.Seen.After(mine[b.LessonID].Seen) {
		return nil
	}
	mine[b.LessonID] = b
	s.waiting[b.PersonID] = mine
	return nil
}

// Of is a person's place in a lesson; the zero one when there is none.
func (s *Service) Of(ctx context.Context, by people.Person, lessonID string) (Bookmark, error) {
	if by.Anonymous() {
		return Bookmark{}, nil
	}
	b, err := s.store.Bookmark(ctx, by.ID, lessonID)
	if err != nil {
		return Bookmark{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.waiting[by.ID][lessonID]; ok && w.Seen.After(b.Seen) {
		return w, nil
	}
	return b, nil
}

// GoOn are the lessons that a person has begun and not finished, latest first.
func (s *Service) GoOn(ctx context.Context, by people.Person, limit int) ([]Bookmark, error) {
	if by.Anonymous() {
		return nil, nil
	}
	s.mu.Lock()
	waiting := make(map[string]Bookmark, len(s.waiting[by.ID]))
	maps.Copy(waiting, s.waiting[by.ID])
	s.mu.Unlock()
	stored, err := s.store.Unfinished(ctx, by.ID, limit+len(waiting))
	if err != nil {
		return nil, err
	}
	var list []Bookmark
	for _, b := range stored {
		if w, ok := waiting[b.LessonID]; !ok || b.Seen.After(w.Seen) {
			list = append(list, b)
			delete(waiting, b.LessonID)
		}
	}
	for _, w := range waiting {
		list = append(list, w)
	}
	list = slices.DeleteFunc(list, func(b Bookmark) bool { return b.Finished() || !b.Begun() })
	slices.SortFunc(list, func(a, b Bookmark) int { return b.Seen.Compare(a.Seen) })
	return list[:min(limit, len(list))], nil
}

// Run writes what waits until ctx ends, and then all of it. What could not be
// written is told to failed and tried again.
func (s *Service) Run(ctx context.Context, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.Flush(ctx, false); err != nil && ctx.Err() == nil {
				failed(err)
			}
		case <-ctx.Done():
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer stop()
			if err := s.Flush(last, true); err != nil {
				failed(err)
			}
			return
		}
	}
}

// Flush writes the bookmarks of everybody whose last write is long enough
// ago; of all, when all is said.
func (s *Service) Flush(ctx context.Context, all bool) error {
	due := s.take(all)
	for len(due) > 0 {
		some := due[:min(batch, len(due))]
		if err := s.store.SaveBookmarks(ctx, some...); err != nil {
			for _, b := range due {
				_ = s.hold(b) // a newer one that came meanwhile stays
			}
			return err
		}
		due = due[len(some):]
	}
	return nil
}

// take empties what is due, and forgets whose last write no longer matters.
func (s *Service) take(all bool) []Bookmark {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for p, at := range s.written {
		if now.Sub(at) >= Every {
			delete(s.written, p)
		}
	}
	var due []Bookmark
	for p, mine := range s.waiting {
		if _, lately := s.written[p]; lately && !all {
			continue
		}
		for _, b := range mine {
			due = append(due, b)
		}
		delete(s.waiting, p)
		s.written[p] = now
	}
	return due
}

// Forget removes bookmarks whose time is over.
func (s *Service) Forget(ctx context.Context) error {
	for {
		n, err := s.store.ForgetBookmarks(ctx, s.now().Add(-Kept))
		if err != nil || n == 0 {
			return err
		}
	}
}
