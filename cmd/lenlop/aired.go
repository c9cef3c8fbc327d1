package main

import (
	"context"

	"lenlop/services/schedule"
)

// onAsRun passes on what a station said of an airing, in its transaction: to
// the figures, and to a lesson that was to follow it on the web.
func (h *house) onAsRun(ctx context.Context, a schedule.Airing) error {
	if err := h.viewership.AsRun(ctx, a); err != nil {
		return err
	}
	if !a.Outcome.Happened() {
		return nil
	}
	return h.lessons.Aired(ctx, a.LessonID)
}

// wasAired reports whether an airing of a lesson has happened.
func (h *house) wasAired(ctx context.Context, lessonID string) (bool, error) {
	list, err := h.db.Schedule().Airings(ctx, schedule.Filter{Lesson: lessonID})
	for _, a := range list {
		if a.Outcome.Happened() {
			return true, nil
		}
	}
	return false, err
}
