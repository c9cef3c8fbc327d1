package television

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

// stated is a figure that the station hands in for an airing.
func stated(airing string, value float64) Figure {
	return Figure{
		AiringID: airing, Metric: Contacts, Value: value, Unit: Persons, Grade: GradeE, Source: "Phiếu của đài",
	}
}

// TestFigureCheck: every field at its boundary.
func TestFigureCheck(t *testing.T) {
	long := strings.Repeat("đ", 500)
	for _, x := range []struct {
		name   string
		change func(*Figure)
		want   string
	}{
		{"contacts of persons", func(*Figure) {}, ""},
		{"no airing", func(f *Figure) { f.AiringID = "" }, "airingId field.required"},
		{"another metric", func(f *Figure) { f.Metric = "reach" }, "metric figure.unknown_metric"},
		{"nobody", func(f *Figure) { f.Value = 0 }, ""},
		{"fewer than nobody", func(f *Figure) { f.Value = -1 }, "value figure.bad_value"},
		{"no number", func(f *Figure) { f.Value = math.NaN() }, "value figure.bad_value"},
		{"no end", func(f *Figure) { f.Value = math.Inf(1) }, "value figure.bad_value"},
		{"100 million", func(f *Figure) { f.Value = 100_000_000 }, ""},
		{"one more", func(f *Figure) { f.Value = 100_000_001 }, "value figure.too_large"},
		{"half a contact", func(f *Figure) { f.Value = 1.5 }, "value figure.not_whole"},
		{"half a viewer", func(f *Figure) { f.Value, f.Metric = 1.5, Viewers }, "value figure.not_whole"},
		{"half a viewer on average", func(f *Figure) { f.Value, f.Metric = 1.5, AverageAudience }, ""},
		{"half a viewer at the peak", func(f *Figure) { f.Value, f.Metric = 1.5, PeakAudience }, ""},
		{"households", func(f *Figure) { f.Unit = Households }, ""},
		{"plays as contacts", func(f *Figure) { f.Unit = Plays }, ""},
		{"plays as viewers", func(f *Figure) { f.Unit, f.Metric = Plays, Viewers }, "unit figure.unit_not_of_metric"},
		{"codes are counted, not handed in", func(f *Figure) { f.Unit = Codes }, "unit figure.unknown_unit"},
		{"no unit", func(f *Figure) { f.Unit = "" }, "unit figure.unknown_unit"},
		{"no grade", func(f *Figure) { f.Grade = "F" }, "grade figure.unknown_grade"},
		{"no source", func(f *Figure) { f.Source = "" }, "source field.required"},
		{"a source of 500 letters", func(f *Figure) { f.Source = long }, ""},
		{"a source of 501 letters", func(f *Figure) { f.Source = long + "đ" }, "source field.too_long"},
		{"a source of control characters", func(f *Figure) { f.Source = "a\x00b" }, "source field.bad_text"},
		{"operator without a method", func(f *Figure) { f.Grade = GradeD }, ""},
		{"identified without a method", func(f *Figure) { f.Grade = GradeA }, "method field.required"},
		{"codes without a method", func(f *Figure) { f.Grade = GradeB }, "method field.required"},
		{"sampled without a method", func(f *Figure) { f.Grade = GradeC }, "method field.required"},
		{"sampled", func(f *Figure) { f.Grade, f.Method = GradeC, "12 lớp rút thăm" }, ""},
		{"a method of 500 letters", func(f *Figure) { f.Method = long }, ""},
		{"a method of 501 letters", func(f *Figure) { f.Method = long + "đ" }, "method field.too_long"},
		{"a method of control characters", func(f *Figure) { f.Method = "a\x00b" }, "method field.bad_text"},
		{"several", func(f *Figure) { f.Unit, f.Source = "", "" }, "unit figure.unknown_unit, source field.required"},
	} {
		f := stated("a8", 1600)
		x.change(&f)
		err := f.Check()
		got := fields(err)
		if got != x.want || (err == nil) != (x.want == "") || err != nil && code(err) != "figure.invalid" {
			t.Errorf("%s: %s, %v", x.name, got, err)
		}
	}
}

// TestAddFigure: when a figure of an airing is taken, and whether it counts.
func TestAddFigure(t *testing.T) {
	for _, x := range []struct {
		name, airing string
		change       func(*memory, *Figure)
		want         string // fault
		state        FigureState
	}{
		{"aired", "a8", nil, "", Counted},
		{"aired partly", "a9", nil, "", Counted},
		{"dropped", "a10", nil, "airing.did_not_happen", ""},
		{"not reported yet", "a11", nil, "", Held},
		{"at the planned start", "a11", func(m *memory, _ *Figure) { m.now = m.airings[3].StartsAt }, "", Held},
		{"before the planned start", "a11", func(m *memory, _ *Figure) {
			m.now = m.airings[3].StartsAt.Add(-time.Nanosecond)
		}, "airing.not_started", ""},
		{"no such airing", "a12", nil, "airing.not_found", ""},
		{"a wrong figure", "a8", func(_ *memory, f *Figure) { f.Source = " \t" }, "figure.invalid", ""},
		{"replaces nothing there", "a8", func(_ *memory, f *Figure) { f.Replaces = "x" }, "figure.not_found", ""},
	} {
		m, s := newService(t)
		f := stated(x.airing, 1600)
		f.Source = " Phiếu của đài "
		if x.change != nil {
			x.change(m, &f)
		}
		got, err := s.AddFigure(t.Context(), station, f)
		if code(err) != x.want {
			t.Errorf("%s: %v", x.name, err)
		}
		if x.want != "" {
			if len(m.figures)+len(m.audit) != 0 {
				t.Errorf("%s: %v remain", x.name, m.figures)
			}
			continue
		}
		if got.State != x.state || got.LessonID != "l" || got.ChannelID != "tv1" || got.HandedInBy != "dai" ||
			got.At != m.now || got.Source != "Phiếu của đài" {
			t.Errorf("%s: %+v", x.name, got)
		}
		if len(m.audit) != 1 || m.audit[0].Subject != "airing:"+x.airing || m.audit[0].Detail != "contacts E "+got.ID {
			t.Errorf("%s: %+v", x.name, m.audit)
		}
		if fmt.Sprint(m.locked) != "[tv1]" {
			t.Errorf("%s: locked %v", x.name, m.locked)
		}
	}
}

func TestAddFigureRefused(t *testing.T) {
	for name, by := range outsiders() {
		m, s := newService(t)
		if _, err := s.AddFigure(t.Context(), by, stated("a8", 1)); code(err) != "access.denied" ||
			len(m.figures) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, method := range []string{"LockChannel", "FiguresOf", "AddFigures", "Append"} {
		m, s := newService(t)
		m.fail[method] = errStore
		if _, err := s.AddFigure(t.Context(), station, stated("a8", 1)); !errors.Is(err, errStore) ||
			len(m.figures) != 0 {
			t.Errorf("%s fails: %v, %v", method, err, m.figures)
		}
	}
	// As-run that changes before the channel is locked is seen.
	m, s := newService(t)
	inner := s.cfg.Schedule
	s.cfg.Schedule = droppedWhenLocked{inner, m}
	if _, err := s.AddFigure(t.Context(), station, stated("a8", 1)); code(err) != "airing.did_not_happen" {
		t.Errorf("dropped meanwhile: %v", err)
	}
}

type droppedWhenLocked struct {
	Schedule
	m *memory
}

func (d droppedWhenLocked) LockChannel(ctx context.Context, id string) (schedule.Channel, error) {
	d.m.airings[0].Outcome = schedule.Dropped
	return d.Schedule.LockChannel(ctx, id)
}

// TestSameEvidence: the same audience is never counted twice: one statement of
// the station for an airing and metric, one of each operator.
func TestSameEvidence(t *testing.T) {
	operator := func(source string) Figure {
		f := stated("a8", 900)
		f.Grade, f.Unit, f.Source = GradeD, Households, source
		return f
	}
	other := func(f Figure, change func(*Figure)) Figure { change(&f); return f }
	for _, x := range []struct {
		name   string
		first  Figure
		second Figure
		want   string
	}{
		{"the station twice", stated("a8", 5),
			other(stated("a8", 6), func(f *Figure) { f.Source = "Thư" }), "figure.already_there"},
		{"the same value again", stated("a8", 5), stated("a8", 5), "figure.already_there"},
		{"another airing", stated("a8", 5), stated("a9", 5), ""},
		{"another metric", stated("a8", 5), other(stated("a8", 5), func(f *Figure) { f.Metric = Viewers }), ""},
		{"another unit", stated("a8", 5), other(stated("a8", 5), func(f *Figure) { f.Unit = Households }), ""},
		{"another grade", stated("a8", 5), operator("VNPT"), ""},
		{"an operator twice", operator("VNPT"), operator("vnpt"), "figure.already_there"},
		{"two operators", operator("VNPT"), operator("Viettel"), ""},
	} {
		_, s := newService(t)
		first, err := s.AddFigure(t.Context(), station, x.first)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.AddFigure(t.Context(), station, x.second)
		if code(err) != x.want {
			t.Errorf("%s: %v", x.name, err)
		}
		if x.want != "" && (fault.As(err).Args["figure"] != first.ID || fault.As(err).Args["value"] != first.Value) {
			t.Errorf("%s: %+v", x.name, fault.As(err).Args)
		}
	}
}

// TestReplacedFigures: a correction replaces the current row, once.
func TestReplacedFigures(t *testing.T) {
	m, s := newService(t)
	first, err := s.AddFigure(t.Context(), station, stated("a8", 5))
	if err != nil {
		t.Fatal(err)
	}
	f := stated("a8", 6)
	f.Replaces, f.ReplacedBy = first.ID, "nonsense"
	second, err := s.AddFigure(t.Context(), station, f)
	if err != nil || second.ReplacedBy != "" {
		t.Fatalf("%+v, %v", second, err)
	}
	if _, err = s.AddFigure(t.Context(), station, f); code(err) != "figure.already_replaced" {
		t.Errorf("replaced twice: %v", err)
	}
	f.Replaces = second.ID
	if _, err = s.AddFigure(t.Context(), station, f); err != nil {
		t.Errorf("a second correction: %v", err)
	}
	var got []string
	for _, f := range ResolveStates(true, false, m.figures) {
		got = append(got, fmt.Sprint(f.ID, " ", f.State, " ", f.ReplacedBy))
	}
	if want := "[id6 counted , id1 replaced id3, id3 replaced id6]"; "["+strings.Join(got, ", ")+"]" != want {
		t.Errorf("%v", got)
	}
}

func TestResolveStates(t *testing.T) {
	rows := []Figure{{ID: "1"}, {ID: "2", Replaces: "1"}, {ID: "3"}}
	for _, x := range []struct {
		happened, planned bool
		want              FigureState
	}{{true, false, Counted}, {false, true, Held}, {false, false, Rejected}} {
		out := ResolveStates(x.happened, x.planned, rows)
		ids := []string{out[0].ID, out[1].ID, out[2].ID}
		if !slices.Equal(ids, []string{"2", "3", "1"}) ||
			out[0].State != x.want || out[1].State != x.want || out[2].State != Replaced {
			t.Errorf("%+v: %+v", x, out)
		}
	}
	if rows[0].State != "" {
		t.Errorf("changes its argument: %+v", rows)
	}
}

// TestAddContacts: contacts of airings are added by grade and unit, never
// across, and only of figures and check-ins that count.
func TestAddContacts(t *testing.T) {
	figure := func(g Grade, unit, metric string, v float64, s FigureState) Figure {
		return Figure{Grade: g, Unit: unit, Metric: metric, Value: v, State: s}
	}
	aired := schedule.Airing{Outcome: schedule.Aired}
	airings := []AiringFigures{
		{Airing: aired, Codes: 4, CheckIns: CheckInCount{Persons: 3}, Survey: ClassSurvey{Named: 2}, Figures: []Figure{
			figure(GradeE, Persons, Contacts, 100, Counted), figure(GradeE, Households, Contacts, 30, Counted),
			figure(GradeE, Persons, Viewers, 999, Counted), figure(GradeE, Persons, AverageAudience, 999, Counted),
			figure(GradeE, Persons, Contacts, 999, Replaced), figure(GradeD, Households, Contacts, 20, Counted),
			figure(GradeD, Households, Contacts, 25, Counted), // of another operator
		}},
		{Airing: aired, Survey: ClassSurvey{Named: 6}, Figures: []Figure{
			figure(GradeE, Persons, Contacts, 50, Counted),
			figure(GradeA, Persons, Contacts, 10, Counted), // the same people as those named
		}},
		{Airing: schedule.Airing{Outcome: schedule.Planned}, Codes: 9, CheckIns: CheckInCount{Persons: 9},
			Figures: []Figure{figure(GradeE, Persons, Contacts, 999, Held)}},
		{Airing: schedule.Airing{Outcome: schedule.Dropped}, Codes: 9, Survey: ClassSurvey{Named: 9},
			Figures: []Figure{figure(GradeE, Persons, Contacts, 999, Rejected)}},
	}
	want := []Headline{
		{Grade: GradeA, Unit: Persons, Value: 5 + 10, Airings: 2}, {Grade: GradeB, Unit: Codes, Value: 4, Airings: 1},
		{Grade: GradeD, Unit: Households, Value: 45, Airings: 1},
		{Grade: GradeE, Unit: Households, Value: 30, Airings: 1},
		{Grade: GradeE, Unit: Persons, Value: 150, Airings: 2},
	}
	if got := AddContacts(airings); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := HeadlineViews(airings); !slices.Equal(got, want[2:3]) {
		t.Errorf("operators stated: %+v", got)
	}
	station := []Headline{{Grade: GradeE, Unit: Persons, Value: 50, Airings: 1}}
	if got := HeadlineViews(airings[1:]); !slices.Equal(got, station) {
		t.Errorf("only the station stated: %+v", got)
	}
	if got := HeadlineViews(airings[2:]); got != nil {
		t.Errorf("no data is not zero: %+v", got)
	}
	for i, want := range []bool{true, true, false, false} {
		if airings[i].HasCounted() != want {
			t.Errorf("airing %d has a figure that counts: %t", i, !want)
		}
	}
}
