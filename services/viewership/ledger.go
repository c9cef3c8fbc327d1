package viewership

import (
	"context"
	"fmt"
	"slices"

	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// Codes of what a ledger does not know.
const (
	AiringWithoutFigures = "airing_without_figures"
	AiringWithoutAsRun   = "airing_without_as_run" // it is over, and nobody said what happened
	FiguresHeld          = "figures_held"
)

// Ledger of one lesson: its web figures and its airings with theirs.
func (s *Service) Ledger(ctx context.Context, by people.Person, lessonID string) (Ledger, error) {
	return s.LedgerStating(ctx, by, lessonID, Range{})
}

// LedgerStating is the ledger with the stated number of viewers of a home,
// which audiences of households need to bound the reach.
func (s *Service) LedgerStating(ctx context.Context, by people.Person, lessonID string, perHome Range) (Ledger, error) {
	l, err := s.mayRead(ctx, by, lessonID)
	if err != nil {
		return Ledger{}, err
	}
	g := Ledger{LessonID: lessonID}
	if g.Web, err = s.web(ctx, Scope{Lesson: lessonID}); err != nil {
		return g, err
	}
	if s.Keeps != nil {
		if g.Downloads, err = s.Keeps.Kept(ctx, Scope{Lesson: lessonID}); err != nil {
			return g, fmt.Errorf("lesson %s: %w", lessonID, err)
		}
	}
	airings, err := s.Schedule.Airings(ctx, schedule.Filter{Lesson: lessonID})
	if err != nil {
		return g, fmt.Errorf("lesson %s: airings: %w", lessonID, err)
	}
	if g.Airings, err = s.withFigures(ctx, airings); err != nil {
		return g, fmt.Errorf("lesson %s: %w", lessonID, err)
	}
	g.Headlines = HeadlineViews(g.Airings)
	g.Missing = s.missing(g.Airings)
	if g.Reach, g.Identified, err = s.lessonReach(ctx, l, g, perHome); err != nil {
		return g, fmt.Errorf("lesson %s: reach: %w", lessonID, err)
	}
	return g, nil
}

func (s *Service) mayRead(ctx context.Context, by people.Person, lessonID string) (lesson.Lesson, error) {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return l, err
	}
	if !people.May(by, people.ReadLedger, l.Object()) {
		return l, denied()
	}
	return l, nil
}

// web gives the web's figures of a scope.
func (s *Service) web(ctx context.Context, scope Scope) (WebFigures, error) {
	w := WebFigures{Rules: Rules()}
	_, x, err := s.Reader.Grouped(ctx, byAll, scope)
	if err != nil {
		return w, fmt.Errorf("web figures: %w", err)
	}
	w.Views, w.Viewers, w.Completions = x.Views, x.Viewers, x.Completions
	w.OfflineViews, w.UnmatchedViews, w.WatchSeconds = x.OfflineViews, x.UnmatchedViews, float64(x.Watch)/1000
	left, err := s.Reader.LeftOut(ctx, scope)
	if err != nil {
		return w, fmt.Errorf("web figures: %w", err)
	}
	w.Excluded = byReason(left)
	return w, nil
}

// withFigures puts each airing beside its channel and figures.
func (s *Service) withFigures(ctx context.Context, airings []schedule.Airing) ([]AiringFigures, error) {
	channels, err := s.Schedule.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	ids := make([]string, len(airings))
	for i, a := range airings {
		ids[i] = a.ID
	}
	rows, err := s.Figures.FiguresOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	of := map[string][]Figure{}
	for _, f := range rows {
		of[f.AiringID] = append(of[f.AiringID], f)
	}
	var counts map[string]CheckInCount
	if s.CheckIns != nil {
		if counts, err = s.CheckIns.CountCheckIns(ctx, ids); err != nil {
			return nil, fmt.Errorf("check-ins: %w", err)
		}
	}
	said, err := s.askings(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]AiringFigures, len(airings))
	for i, a := range airings {
		out[i] = AiringFigures{Airing: a, Figures: Standing(a.Outcome.Happened(), a.Outcome == schedule.Planned, of[a.ID])}
		out[i].CheckIns, out[i].Asking = counts[a.ID], said[a.ID]
		out[i].Codes = counts[a.ID].Devices
		if k := slices.IndexFunc(channels, func(c schedule.Channel) bool { return c.ID == a.ChannelID }); k >= 0 {
			out[i].Channel = channels[k]
		}
	}
	return out, nil
}

// missing names what is not known, each once.
func (s *Service) missing(airings []AiringFigures) []string {
	var out []string
	add := func(code string) {
		if !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	for _, a := range airings {
		switch {
		case a.Airing.Outcome.Happened() && !a.known():
			add(AiringWithoutFigures)
		case a.Airing.Outcome == schedule.Planned && a.Airing.EndsAt.Before(s.Now()):
			add(AiringWithoutAsRun)
		}
		if slices.ContainsFunc(a.Figures, func(f Figure) bool { return f.State == Held }) {
			add(FiguresHeld)
		}
	}
	return out
}

// known reports whether somebody handed in a figure that counts.
func (a AiringFigures) known() bool {
	return slices.ContainsFunc(a.Figures, func(f Figure) bool { return f.State == Counted })
}

// Retention of one lesson's playing package: for each bin the viewers whose
// union over all days covers it, and the plays.
func (s *Service) Retention(ctx context.Context, by people.Person, lessonID string) ([]Bin, error) {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return nil, err
	}
	if !people.May(by, people.ReadLedger, l.Object()) {
		return nil, denied()
	}
	duration := millis(l.Media.Duration)
	if l.Media.PackageID == "" || duration <= 0 {
		return nil, nil
	}
	width := BinWidth(duration)
	bins := make([]Bin, BinCount(duration))
	for i := range bins {
		bins[i].From = float64(int64(i)*width) / 1000
		bins[i].To = float64(min(int64(i+1)*width, duration)) / 1000
	}
	var viewer string
	var union Spans
	var viewers int64
	closeViewer := func() {
		if union.Length() == 0 {
			return
		}
		viewers++
		for i, seen := range Seen(union, duration) {
			if seen {
				bins[i].Viewers++
			}
		}
	}
	err = s.Reader.Coverage(ctx, l.Media.PackageID, func(c Credit) error {
		if c.Viewer != viewer {
			closeViewer()
			viewer, union = c.Viewer, nil
		}
		union = Union(union, c.Coverage)
		for i, n := range c.Heat[:min(len(c.Heat), len(bins))] {
			bins[i].Plays += int64(n)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lesson %s: retention: %w", lessonID, err)
	}
	closeViewer()
	for i := range bins {
		if viewers > 0 {
			bins[i].Share = float64(bins[i].Viewers) / float64(viewers)
		}
	}
	return bins, nil
}
