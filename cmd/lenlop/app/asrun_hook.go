package app

import (
	"context"

	"lenlop/services/schedule"
)

// onAsRun passes a station's report of an airing on, in the report's transaction:
// to the figures, and to a lesson that is published on the web after its airing.
func (a *App) onAsRun(ctx context.Context, airing schedule.Airing) error {
	if err := a.Television.ReevaluateCheckIns(ctx, airing); err != nil {
		return err
	}
	if !airing.Outcome.Happened() {
		return nil
	}
	return a.Lessons.Aired(ctx, airing.LessonID)
}

// wasAired reports whether an airing of a lesson has happened.
func (a *App) wasAired(ctx context.Context, lessonID string) (bool, error) {
	list, err := a.DB.Schedule().Airings(ctx, schedule.Filter{Lesson: lessonID})
	for _, airing := range list {
		if airing.Outcome.Happened() {
			return true, nil
		}
	}
	return false, err
}
