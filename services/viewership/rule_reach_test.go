package viewership

import (
	"testing"

	"pgregory.net/rapid"

	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
)

// TestReachBoundsNeverCross: whatever is known, low is at most high, high at
// most the population, and low what is known by name.
func TestReachBoundsNeverCross(t *testing.T) {
	outcomes := []schedule.Outcome{schedule.Planned, schedule.Aired, schedule.Partial, schedule.Moved, schedule.Dropped}
	rapid.Check(t, func(t *rapid.T) {
		n := func(most int64, name string) int64 { return rapid.Int64Range(0, most).Draw(t, name) }
		population := n(300, "population")
		known := Identified{TelevisionOnly: n(200, "television"), WebOnly: n(200, "web"), Both: n(200, "both")}
		var list []television.AiringFigures
		for range n(4, "airings") {
			a := television.AiringFigures{Airing: schedule.Airing{Outcome: rapid.SampledFrom(outcomes).Draw(
				t, "outcome")}}
			for range n(2, "figures") {
				a.Figures = append(a.Figures, television.Figure{
					Metric: rapid.SampledFrom([]string{television.Contacts, television.Viewers}).Draw(t, "metric"),
					Value:  rapid.Float64Range(0, 1e6).Draw(t, "value"),
					Unit: rapid.SampledFrom([]string{television.Persons, television.Households,
						television.Plays}).Draw(t, "unit"),
					State: rapid.SampledFrom([]television.FigureState{television.Counted,
						television.Held}).Draw(t, "state"),
					Grade: rapid.SampledFrom([]television.Grade{television.GradeA, television.GradeB,
						television.GradeC, television.GradeD, television.GradeE}).Draw(t, "grade"),
				})
			}
			list = append(list, a)
		}
		low := rapid.Float64Range(0, 8).Draw(t, "low")
		r := NetReach(population, known, n(400, "viewers"), list,
			Range{low, low + rapid.Float64Range(0, 4).Draw(t, "more")})
		if r.Low < 0 || r.Low > r.High || r.High > population || r.Low > known.Either() {
			t.Fatalf("%+v of %d with %+v", r, population, known)
		}
	})
}
