package disclosure

import (
	"fmt"
	"strings"
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
		total := tree.Conceal()
		sum := total
		for _, a := range areas {
			if a != "" {
				sum = tree.Mark(a)
			}
			hidden, within := 0, int64(0)
			for _, k := range children[a] {
				m := tree.Mark(k)
				within += counts[k]
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
			if hidden == 0 && a != "" && sum != Shown && within > 0 {
				t.Fatalf("the parts of %q reveal its hidden sum: %+v", a, tree)
			}
		}
		hidden := 0
		for _, k := range keys {
			if len(children[k]) == 0 && tree.Mark(k) != Shown {
				hidden++
			}
		}
		if hidden == 1 && total == Shown {
			t.Fatalf("the list of all schools reveals the only hidden one: %+v", tree)
		}
	})
}

// TestTreeWithholdsWithin: a hidden area hides as many of its schools as it takes
// for 1 to 4 to be possible beside them, and no more.
func TestTreeWithholdsWithin(t *testing.T) {
	for _, x := range []struct {
		schools []int64 // of the area beside one of two viewers
		want    string
	}{
		{[]int64{9, 30, 31}, "withheld, shown, shown"}, {[]int64{30, 9, 31}, "shown, withheld, shown"},
		{[]int64{8, 30, 31}, "withheld, withheld, shown"}, {[]int64{0, 40}, "shown, withheld"},
	} {
		tree := NewTree()
		var sum int64
		for i, n := range x.schools {
			tree.Add("large", fmt.Sprint("s", i), n, true)
			sum += n
		}
		tree.Add("", "large", sum, true)
		tree.Add("", "larger", 1000, true)
		tree.Add("larger", "s", 1000, true)
		tree.Add("", "small", 2, true)
		if m := tree.Conceal(); m != Shown || tree.Mark("large") != Withheld || tree.Mark("small") != Small ||
			tree.Mark("larger") != Shown || tree.Mark("s") != Shown {
			t.Fatalf("%v: %q, %+v", x.schools, m, tree)
		}
		var got []string
		for i := range x.schools {
			m := string(tree.Mark(fmt.Sprint("s", i)))
			if m == "" {
				m = "shown"
			}
			got = append(got, m)
		}
		if strings.Join(got, ", ") != x.want {
			t.Errorf("%v: %v", x.schools, got)
		}
	}
}
