package television

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// MaxFigure is more than the population of the country: no airing has more.
const MaxFigure = 100_000_000

// maxWords bounds a figure's source and method, in characters.
const maxWords = 500

// AddFigure appends a television figure to an airing. It is held until as-run
// says what happened, and counts once the airing is known to have happened. Faults: "access.denied", "figure.invalid"
// with fields, "airing.not_found", "airing.not_started", "airing.did_not_happen",
// "figure.already_there" (args "figure": the row to replace),
// "figure.already_replaced".
func (s *Service) AddFigure(ctx context.Context, by people.Person, f Figure) (Figure, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return f, denied()
	}
	f.Source, f.Method = strings.TrimSpace(f.Source), strings.TrimSpace(f.Method)
	if err := f.Check(); err != nil {
		return f, err
	}
	err := s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		a, err := s.cfg.Schedule.Airing(ctx, f.AiringID)
		if err != nil {
			return err
		}
		// The channel's lock serialises figures and changes of as-run.
		if _, err := s.cfg.Schedule.LockChannel(ctx, a.ChannelID); err != nil {
			return err
		}
		if a, err = s.cfg.Schedule.Airing(ctx, f.AiringID); err != nil {
			return err
		}
		rows, err := s.cfg.Figures.FiguresOf(ctx, []string{a.ID})
		if err != nil {
			return err
		}
		f.ID, f.At, f.HandedInBy = s.cfg.NewID(), s.cfg.Now(), by.ID
		f.LessonID, f.ChannelID, f.ReplacedBy = a.LessonID, a.ChannelID, ""
		if err := conflict(f, a, rows); err != nil {
			return err
		}
		if err := s.cfg.Figures.AddFigures(ctx, []Figure{f}); err != nil {
			return err
		}
		f.State = Held
		if a.Outcome.Happened() {
			f.State = Counted
		}
		return s.cfg.Audit.Append(ctx, audit.Entry{
			ID: s.cfg.NewID(), At: f.At, Actor: by.ID, Action: string(people.WriteFigure), Subject: "airing:" + a.ID,
			Detail: f.Metric + " " + string(f.Grade) + " " + f.ID,
		})
	})
	return f, err
}

// Check validates a figure by itself: fault.Invalid "figure.invalid" with fields.
func (f Figure) Check() error {
	var bad []fault.Field
	if f.AiringID == "" {
		bad = append(bad, fault.Wrong("airingId", "field.required"))
	}
	whole := f.Metric == Contacts || f.Metric == Viewers
	if !slices.Contains([]string{Contacts, Viewers, AverageAudience, PeakAudience}, f.Metric) {
		bad = append(bad, fault.Wrong("metric", "figure.unknown_metric"))
	}
	switch {
	case !finite(f.Value) || f.Value < 0:
		bad = append(bad, fault.Wrong("value", "figure.bad_value"))
	case f.Value > MaxFigure:
		bad = append(bad, fault.Wrong("value", "figure.too_large", "max", MaxFigure))
	case whole && f.Value != math.Trunc(f.Value):
		bad = append(bad, fault.Wrong("value", "figure.not_whole"))
	}
	switch f.Unit {
	case Persons, Households:
	case Plays:
		if f.Metric != Contacts {
			bad = append(bad, fault.Wrong("unit", "figure.unit_not_of_metric"))
		}
	default:
		bad = append(bad, fault.Wrong("unit", "figure.unknown_unit"))
	}
	if !slices.Contains([]Grade{GradeA, GradeB, GradeC, GradeD, GradeE}, f.Grade) {
		bad = append(bad, fault.Wrong("grade", "figure.unknown_grade"))
	}
	bad = append(bad, wrongText("source", f.Source, true)...)
	measured := f.Grade == GradeA || f.Grade == GradeB || f.Grade == GradeC
	bad = append(bad, wrongText("method", f.Method, measured)...) // whose viewing was measured, and how
	return fault.Form("figure.invalid", bad...)
}

// wrongText is what keeps a field of text from being stored.
func wrongText(field, text string, required bool) []fault.Field {
	switch {
	case text == "" && required:
		return []fault.Field{fault.Wrong(field, "field.required")}
	case utf8.RuneCountInString(text) > maxWords:
		return []fault.Field{fault.Wrong(field, "field.too_long", "max", maxWords)}
	case !people.Legible(text):
		return []fault.Field{fault.Wrong(field, "field.bad_text")}
	}
	return nil
}

// conflict validates a figure against its airing and the existing rows.
func conflict(f Figure, a schedule.Airing, rows []Figure) error {
	switch {
	case a.Outcome == schedule.Dropped:
		return fault.New(fault.Conflict, "airing.did_not_happen")
	case a.Outcome == schedule.Planned && a.StartsAt.After(f.At):
		return fault.New(fault.Conflict, "airing.not_started")
	}
	standing := ResolveStates(true, false, rows)
	if f.Replaces != "" {
		i := slices.IndexFunc(standing, func(r Figure) bool { return r.ID == f.Replaces })
		switch {
		case i < 0:
			return fault.New(fault.NotFound, "figure.not_found")
		case standing[i].State == Replaced:
			return fault.New(fault.Conflict, "figure.already_replaced")
		}
	}
	for _, r := range standing {
		if r.State == Counted && r.ID != f.Replaces && sameEvidence(r, f) {
			return fault.New(fault.Conflict, "figure.already_there", "figure", r.ID, "value", r.Value)
		}
	}
	return nil
}

// sameEvidence reports whether two rows would count the same audience twice. An
// airing has one statement of the station; operators are distinguished by source.
func sameEvidence(a, b Figure) bool {
	return a.AiringID == b.AiringID && a.Metric == b.Metric && a.Unit == b.Unit && a.Grade == b.Grade &&
		(a.Grade == GradeE || strings.EqualFold(a.Source, b.Source))
}

// FigureStore keeps television's figures; rows are only ever appended. A
// second row that replaces the same one is fault.Conflict
// "figure.already_replaced"; a missing one fault.NotFound "figure.not_found".
type FigureStore interface {
	AddFigures(ctx context.Context, fs []Figure) error
	Figure(ctx context.Context, id string) (Figure, error)
	// FiguresOf lists the rows of airings, oldest first.
	FiguresOf(ctx context.Context, airings []string) ([]Figure, error)
}
