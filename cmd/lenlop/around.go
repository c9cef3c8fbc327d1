package main

import (
	"context"
	"time"

	"lenlop/services/bookmark"
	"lenlop/services/feedback"
)

// bookmarksEvery is how often bookmarks that wait are looked through.
const bookmarksEvery = 3 * time.Second

// aroundLessons opens what stands around a lesson: where people stopped, and
// what they say is wrong. Bookmarks are written until the house closes.
func (h *house) aroundLessons() {
	h.problems = &feedback.Service{Store: h.db.Problems(), Lessons: h.lessons, Atomic: h.bell, Audit: h.db.Audit(), Secret: h.secret, Limits: h.limits, Now: h.now, NewID: newID}
	h.bookmarks = bookmark.New(h.db.Bookmarks(), h.lessons, h.now)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.bookmarks.Run(ctx, bookmarksEvery, func(err error) { h.log.Warn("bookmarks are not written yet", "error", err) })
	}()
	h.closing(func() { stop(); <-done })
}
