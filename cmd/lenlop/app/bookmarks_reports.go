package app

import (
	"context"
	"time"

	"lenlop/services/bookmark"
	"lenlop/services/feedback"
)

// bookmarksEvery is how often bookmarks that wait in memory are stored.
const bookmarksEvery = 3 * time.Second

// wireBookmarksAndReports wires the bookmarks of lessons, which are stored in the
// background until Close, and the reports of problems.
func (a *App) wireBookmarksAndReports() {
	a.Problems = &feedback.Service{Store: a.DB.Problems(), Lessons: a.Lessons, Atomic: a.notifier,
		Audit: a.DB.Audit(), Secret: a.secret, Limits: a.Limits,
		Now: a.Now, NewID: NewID}
	a.Bookmarks = bookmark.New(a.DB.Bookmarks(), a.Lessons, a.Now)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.Bookmarks.Run(ctx, bookmarksEvery, func(err error) {
			a.Log.Warn("bookmarks not stored; will retry", "error",
				err)
		})
	}()
	a.onClose(func() { stop(); <-done })
}
