package disclosure

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestTreeConcealsAlikeEverywhere: in a random tree of areas and schools every
// count of few people is hidden; an area whose sum must not be shown is hidden
// among its neighbours; and no list beside a sum that is shown hides exactly one
// of its parts.
func TestTreeConcealsAlikeEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		children, counts := map[string][]string{}, map[string]int64{}
		areas, keys := []string{""}, []string{}
		parents := map[string]string{}
		for i := range rapid.IntRange(1, 14).Draw(t, "parts") {
			key := fmt.Sprint("k", i)
			parents[key] = rapid.SampledFrom(areas).Draw(t, "parent")
			children[parents[key]] = append(children[parents[key]], key)
			keys = append(keys, key)
			if rapid.Bool().Draw(t, "area") {
				areas = append(areas, key)
			} else {
				counts[key] = rapid.Int64Range(0, 30).Draw(t, "viewers")
			}
		}
		for i := len(areas) - 1; i > 0; i-- { // a parent comes before its parts
			for _, k := range children[areas[i]] {
				counts[areas[i]] += counts[k]
			}
		}
		tree := NewTree()
		for _, k := range keys {
			tree.Add(parents[k], k, counts[k], true)
		}
		sum := tree.Conceal()
		for _, a := range areas {
			if a != "" {
				sum = tree.Mark(a)
			}
			hidden := 0
			for _, k := range children[a] {
				m := tree.Mark(k)
				if n := counts[k]; n > 0 && n < Threshold && m == Shown {
					t.Fatalf("%d viewers of %s are shown: %+v", n, k, tree)
				}
				if m != Shown {
					hidden++
				}
			}
			if hidden == 1 && sum == Shown {
				t.Fatalf("the sum of %q reveals its only hidden part: %+v", a, tree)
			}
		}
	})
}
