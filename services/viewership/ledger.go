package viewership

import (
	"context"
	"fmt"
	"slices"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Codes of what a ledger does not know.
const (
	AiringWithoutFigures = "airing_without_figures"
	AiringWithoutAsRun   = "airing_without_as_run" // it is over, and no as-run says what happened
	FiguresHeld          = "figures_held"
)

// Ledger of one lesson: its web figures and its airings with theirs. perHome is
// the stated number of viewers of a home, which audiences of households need to
// bound the reach; zero when not stated. Faults: "access.denied",
// "lesson.not_found".
func (s *Service) Ledger(ctx context.Context, by people.Person, lessonID string, perHome Range) (Ledger, error) {
	l, err := s.readableLesson(ctx, by, lessonID)
	if err != nil {
		return Ledger{}, err
	}
	g := Ledger{LessonID: lessonID}
	if g.Web, err = s.web(ctx, playback.Scope{Lesson: lessonID}); err != nil {
		return g, err
	}
	if s.cfg.Downloads != nil {
		if g.Downloads, err = s.cfg.Downloads.CountDownloads(ctx, playback.Scope{Lesson: lessonID}); err != nil {
			return g, fmt.Errorf("lesson %s: %w", lessonID, err)
		}
	}
	airings, err := s.cfg.Schedule.Airings(ctx, schedule.Filter{Lesson: lessonID})
	if err != nil {
		return g, fmt.Errorf("lesson %s: airings: %w", lessonID, err)
	}
	if g.Airings, err = s.cfg.Television.AiringFigures(ctx, airings); err != nil {
		return g, fmt.Errorf("lesson %s: %w", lessonID, err)
	}
	g.Headlines = television.HeadlineViews(g.Airings)
	g.Missing = s.missing(g.Airings)
	if g.Reach, g.Identified, err = s.lessonReach(ctx, l, g, perHome); err != nil {
		return g, fmt.Errorf("lesson %s: reach: %w", lessonID, err)
	}
	return g, nil
}

// readableLesson reads a lesson whose ledger the person may read.
func (s *Service) readableLesson(ctx context.Context, by people.Person, lessonID string) (lesson.Lesson, error) {
	l, err := s.cfg.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return l, err
	}
	if !people.May(by, people.ReadLedger, l.Object()) {
		return l, denied()
	}
	return l, nil
}

// web gives the web's figures of a scope.
func (s *Service) web(ctx context.Context, scope playback.Scope) (WebFigures, error) {
	w := WebFigures{Rules: playback.Rules()}
	_, x, err := s.cfg.Reader.Grouped(ctx, ungrouped, scope)
	if err != nil {
		return w, fmt.Errorf("web figures: %w", err)
	}
	w.Views, w.Viewers, w.Completions = x.Views, x.Viewers, x.Completions
	w.OfflineViews, w.UnmatchedViews, w.WatchSeconds = x.OfflineViews, x.UnmatchedViews, float64(x.Watch)/1000
	left, err := s.cfg.Reader.Exclusions(ctx, scope)
	if err != nil {
		return w, fmt.Errorf("web figures: %w", err)
	}
	w.Excluded = byReason(left)
	return w, nil
}

// missing lists the codes of what is not known, each once.
func (s *Service) missing(airings []television.AiringFigures) []string {
	var out []string
	add := func(code string) {
		if !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	for _, a := range airings {
		switch {
		case a.Airing.Outcome.Happened() && !a.HasCounted():
			add(AiringWithoutFigures)
		case a.Airing.Outcome == schedule.Planned && a.Airing.EndsAt.Before(s.cfg.Now()):
			add(AiringWithoutAsRun)
		}
		if slices.ContainsFunc(a.Figures, func(f television.Figure) bool { return f.State == television.Held }) {
			add(FiguresHeld)
		}
	}
	return out
}
