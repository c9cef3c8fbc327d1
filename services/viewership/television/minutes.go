package television

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/schedule"
)

// Columns of an operator's file, by their usual headers, folded.
var (
	minuteHeaders    = []string{"minute", "time", "phut", "gio", "thoi diem"}
	householdHeaders = []string{"households", "homes", "so ho", "ho"}
	dateHeaders      = []string{"date", "ngay"}
)

// enoughMinutes is the part of an airing that an operator's file must have, in tenths.
const enoughMinutes = 9

// AddMinutes reads an operator's file of households by minute (grade D) for an
// airing whose as-run is known, and appends the average and the peak of its
// minutes. share is the part of homes that the operator covers, 0 to 1; it is
// written into the method, never multiplied in. Faults: those of AddFigure,
// "airing.not_reported", "minutes.bad_share", "minutes.missing" (args "have",
// "need"), "import.unreadable", "import.missing_column".
func (s *Service) AddMinutes(ctx context.Context, by people.Person, airingID, source string, share float64,
	filename string, data []byte) ([]Figure, error) {
	if !people.May(by, people.WriteFigure, people.Object{}) {
		return nil, denied()
	}
	switch {
	case !(share > 0 && share <= 1):
		return nil, fault.Form("figure.invalid", fault.Wrong("share", "minutes.bad_share"))
	case len(data) > MaxImportBytes:
		return nil, fault.New(fault.TooLarge, "import.too_large", "max", MaxImportBytes)
	}
	a, err := s.cfg.Schedule.Airing(ctx, airingID)
	if err != nil {
		return nil, err
	}
	if a.Outcome == schedule.Dropped {
		return nil, fault.New(fault.Conflict, "airing.did_not_happen")
	}
	if !a.Outcome.Happened() {
		return nil, fault.New(fault.Conflict, "airing.not_reported")
	}
	homes, err := s.minutesOf(ctx, a, filename, data)
	if err != nil {
		return nil, err
	}
	average, peak := MinuteAudience(homes)
	method := fmt.Sprintf("%d min; %s %%", len(homes), strconv.FormatFloat(math.Round(share*1000)/10, 'f', -1, 64))
	var out []Figure
	err = s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		out = out[:0]
		for _, f := range []Figure{{Metric: AverageAudience, Value: average}, {Metric: PeakAudience, Value: peak}} {
			f.AiringID, f.Unit, f.Grade, f.Source, f.Method = airingID, Households, GradeD, source, method
			f, err := s.AddFigure(ctx, by, f)
			if err != nil {
				return err
			}
			out = append(out, f)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// minutesOf reads the households of the airing's minutes.
func (s *Service) minutesOf(ctx context.Context, a schedule.Airing, filename string, data []byte) ([]float64, error) {
	sheets, err := s.sheets(ctx, filename, data)
	if err != nil {
		return nil, err
	}
	var cells [][]string
	if len(sheets) > 0 {
		cells = sheets[0].Texts()
	}
	find := func(row []string, names []string) int {
		return slices.IndexFunc(row, func(h string) bool { return slices.Contains(names, foldHeader(h)) })
	}
	head := slices.IndexFunc(cells[:min(len(cells), 20)], func(row []string) bool {
		return find(row, minuteHeaders) >= 0 && find(row, householdHeaders) >= 0
	})
	if head < 0 {
		return nil, fault.New(fault.Invalid, "import.missing_column", "column", Households)
	}
	minute, homes, date := find(cells[head], minuteHeaders), find(cells[head], householdHeaders),
		find(cells[head], dateHeaders)
	first := a.StartedAt.Truncate(time.Minute)
	need := int(a.EndedAt.Sub(first).Minutes())
	byMinute := map[int]float64{}
	for _, row := range cells[head+1:] {
		at, ok := s.minuteAt(a, row, minute, date)
		if !ok || homes >= len(row) {
			continue
		}
		n, ok := parseNumber(row[homes], true)
		if k := int(math.Floor(at.Sub(first).Minutes())); ok && n <= MaxFigure && k >= 0 && k < need {
			byMinute[k] = n
		}
	}
	if len(byMinute) == 0 || 10*len(byMinute) < enoughMinutes*need {
		return nil, fault.New(fault.Invalid, "minutes.missing", "have", len(byMinute), "need", need)
	}
	out := make([]float64, 0, len(byMinute))
	for _, n := range byMinute {
		out = append(out, n)
	}
	slices.Sort(out) // a sum of decimals depends on its order; a map has none
	return out, nil
}

// minuteAt is a row's moment: a time of day on the row's date, or on the
// airing's day when the file has no dates.
func (s *Service) minuteAt(a schedule.Airing, row []string, minute, date int) (time.Time, bool) {
	if minute >= len(row) {
		return time.Time{}, false
	}
	clock, ok := schedule.ParseClock(row[minute])
	if !ok {
		return time.Time{}, false
	}
	d := s.midnight(a.StartedAt)
	if date >= 0 && date < len(row) {
		if d, ok = schedule.ParseDay(row[date], s.cfg.Location); !ok {
			return time.Time{}, false
		}
	}
	return d.Add(clock), true
}
