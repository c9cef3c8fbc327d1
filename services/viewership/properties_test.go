package viewership

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"lenlop/services/schedule"
)

// TestReachBoundsNeverCross: whatever is known, low is at most high, high at
// most the population, and low what is known by name.
func TestReachBoundsNeverCross(t *testing.T) {
	outcomes := []schedule.Outcome{schedule.Planned, schedule.Aired, schedule.Partial, schedule.Moved, schedule.Dropped}
	rapid.Check(t, func(t *rapid.T) {
		n := func(most int64, name string) int64 { return rapid.Int64Range(0, most).Draw(t, name) }
		population := n(300, "population")
		known := Identified{TelevisionOnly: n(200, "television"), WebOnly: n(200, "web"), Both: n(200, "both")}
		var list []AiringFigures
		for range n(4, "airings") {
			a := AiringFigures{Airing: schedule.Airing{Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome")}}
			for range n(2, "figures") {
				a.Figures = append(a.Figures, Figure{
					Metric: rapid.SampledFrom([]string{Contacts, Viewers}).Draw(t, "metric"),
					Value:  rapid.Float64Range(0, 1e6).Draw(t, "value"),
					Unit:   rapid.SampledFrom([]string{Persons, Households, Plays}).Draw(t, "unit"),
					State:  rapid.SampledFrom([]FigureState{Counted, Held}).Draw(t, "state"),
					Grade:  rapid.SampledFrom([]Grade{GradeA, GradeB, GradeC, GradeD, GradeE}).Draw(t, "grade"),
				})
			}
			list = append(list, a)
		}
		low := rapid.Float64Range(0, 8).Draw(t, "low")
		r := NetReach(population, known, n(400, "viewers"), list, Range{low, low + rapid.Float64Range(0, 4).Draw(t, "more")})
		if r.Low < 0 || r.Low > r.High || r.High > population || r.Low > known.Either() {
			t.Fatalf("%+v of %d with %+v", r, population, known)
		}
	})
}

// TestTreeHidesTheSameEverywhere: in a random tree of areas and schools every
// count of few people is hidden; an area of which not even the sum may be
// shown is hidden among its neighbours; and no list beside a sum that is shown
// hides just one of its parts.
func TestTreeHidesTheSameEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := tree{below: map[string][]string{}, viewer: map[string]int64{}, people: map[string]bool{}, marks: map[string]Mark{}}
		areas := []string{""}
		for i := range rapid.IntRange(1, 14).Draw(t, "parts") {
			parent := rapid.SampledFrom(areas).Draw(t, "parent")
			key := fmt.Sprint("k", i)
			tr.below[parent] = append(tr.below[parent], key)
			tr.people[key] = true
			if rapid.Bool().Draw(t, "area") {
				areas = append(areas, key)
			} else {
				tr.viewer[key] = rapid.Int64Range(0, 30).Draw(t, "viewers")
			}
		}
		for i := len(areas) - 1; i > 0; i-- { // parents stand before their parts
			for _, k := range tr.below[areas[i]] {
				tr.viewer[areas[i]] += tr.viewer[k]
			}
		}
		sum := tr.conceal("")
		for _, a := range areas {
			if a != "" {
				sum = tr.marks[a]
			}
			hidden := 0
			for _, k := range tr.below[a] {
				m := tr.marks[k]
				if n := tr.viewer[k]; n > 0 && n < smallest && m == Shown {
					t.Fatalf("%d viewers of %s are shown: %+v", n, k, tr)
				}
				if m != Shown {
					hidden++
				}
			}
			if hidden == 1 && sum == Shown {
				t.Fatalf("the sum of %q gives its only hidden part away: %+v", a, tr)
			}
		}
	})
}
