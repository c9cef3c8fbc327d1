package api

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"lenlop/services/lesson"
)

// How often followed lessons are read. While nothing changes the pause grows
// from minPollPause to maxPollPause; while the database fails, to
// failedPollPause.
const (
	minPollPause    = 500 * time.Millisecond
	maxPollPause    = 2 * time.Second
	failedPollPause = 30 * time.Second
	pollTimeout     = 10 * time.Second
)

// ProgressConfig is what Progress reads; each function is one query.
type ProgressConfig struct {
	// Lessons returns those of the ids that exist.
	Lessons func(ctx context.Context, ids []string) ([]lesson.Lesson, error)
	// Sessions returns those of the ids whose sessions have not ended.
	Sessions func(ctx context.Context, ids []string) ([]string, error)
	Log      *slog.Logger
}

// Progress reads the lessons that people follow, for all of them together: one
// query a tick in each process, however many follow how many lessons. Ticks
// read lessons and sessions alternately. It runs only while somebody follows.
type Progress struct {
	ProgressConfig

	mu        sync.Mutex
	followers map[*follower]bool
	running   bool
	wake      chan struct{} // a new follower ends a long pause

	// Of the polling goroutine.
	sessionsNext bool
	pause        time.Duration
	last         map[string]lesson.Lesson
}

// follower is one stream. lessons holds the newest unread state and is closed
// when the lesson is gone or the session has ended.
type follower struct {
	lesson  string
	session string // "": not checked
	lessons chan lesson.Lesson
}

// NewProgress returns a Progress that nobody follows.
func NewProgress(c ProgressConfig) *Progress {
	return &Progress{ProgressConfig: c, followers: map[*follower]bool{}, wake: make(chan struct{}, 1)}
}

// follow delivers a lesson's state after each reading until stop is called.
func (p *Progress) follow(lessonID, session string) (states <-chan lesson.Lesson, stop func()) {
	f := &follower{lesson: lessonID, session: session, lessons: make(chan lesson.Lesson, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.followers[f] = true
	if !p.running {
		p.running = true
		go p.run()
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return f.lessons, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.followers, f)
	}
}

// run polls until nobody follows.
func (p *Progress) run() {
	p.pause = minPollPause
	for {
		select {
		case <-time.After(p.pause):
		case <-p.wake:
			p.pause = minPollPause
			time.Sleep(minPollPause) // the limit of one query a tick holds for newcomers too
		}
		p.mu.Lock()
		if len(p.followers) == 0 {
			p.running, p.last = false, nil
			p.mu.Unlock()
			return
		}
		followers := slices.Collect(maps.Keys(p.followers))
		p.mu.Unlock()
		p.poll(followers)
	}
}

// poll asks one query, delivers its result and sets the next pause.
func (p *Progress) poll(followers []*follower) {
	ctx, cancel := context.WithTimeout(context.Background(), pollTimeout)
	defer cancel()
	sessions := p.sessionsNext
	p.sessionsNext = !p.sessionsNext
	var changed bool
	var err error
	if ids := sessionsOf(followers); sessions && len(ids) > 0 {
		err = p.pollSessions(ctx, followers, ids)
	} else {
		changed, err = p.pollLessons(ctx, followers)
	}
	switch {
	case err != nil:
		p.Log.Warn("progress not read; will retry", "error", err)
		p.pause = min(p.pause*2, failedPollPause)
	case changed:
		p.pause = minPollPause
	default:
		p.pause = min(p.pause*5/4, maxPollPause)
	}
}

func sessionsOf(followers []*follower) []string {
	var ids []string
	for _, f := range followers {
		if f.session != "" {
			ids = append(ids, f.session)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (p *Progress) pollSessions(ctx context.Context, followers []*follower, ids []string) error {
	open, err := p.Sessions(ctx, ids)
	if err != nil {
		return err
	}
	for _, f := range followers {
		if f.session != "" && !slices.Contains(open, f.session) {
			p.end(f)
		}
	}
	return nil
}

func (p *Progress) pollLessons(ctx context.Context, followers []*follower) (changed bool, err error) {
	var ids []string
	for _, f := range followers {
		ids = append(ids, f.lesson)
	}
	slices.Sort(ids)
	list, err := p.Lessons(ctx, slices.Compact(ids))
	if err != nil {
		return false, err
	}
	lessons := make(map[string]lesson.Lesson, len(list))
	for _, l := range list {
		lessons[l.ID] = l
		changed = changed || !reflect.DeepEqual(p.last[l.ID], l)
	}
	p.last = lessons
	for _, f := range followers {
		if l, ok := lessons[f.lesson]; ok {
			p.deliver(f, l)
		} else {
			p.end(f)
		}
	}
	return changed, nil
}

// deliver replaces an unread state: a slow reader skips states, and holds
// nobody up. Only the polling goroutine sends.
func (p *Progress) deliver(f *follower, l lesson.Lesson) {
	select {
	case <-f.lessons:
	default:
	}
	f.lessons <- l
}

func (p *Progress) end(f *follower) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.followers[f] {
		delete(p.followers, f)
		close(f.lessons)
	}
}
