package viewership

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestHidden(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		want   []bool
		total  bool
	}{
		{[]int64{10, 20}, []bool{false, false}, false},
		{[]int64{4, 20, 7}, []bool{true, false, true}, false},
		{[]int64{4, 3, 7}, []bool{true, true, false}, false},
		{[]int64{4, 0, 0}, []bool{true, false, false}, true},
		{[]int64{5, 0}, []bool{false, false}, false},
		{[]int64{1, 2}, []bool{true, true}, true},
		{nil, nil, false},
	} {
		got := Hidden(c.counts)
		if !slices.Equal(got, c.want) || HideTotal(c.counts, got) != c.total {
			t.Errorf("%v: %v, total hidden %t", c.counts, got, HideTotal(c.counts, got))
		}
	}
}

// TestHiddenStaysHidden: nobody can work out a small count from what is shown.
func TestHiddenStaysHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Int64Range(0, 12), 0, 8).Draw(t, "counts")
		hidden := Hidden(counts)
		n := 0
		for i, c := range counts {
			if c > 0 && c < 5 && !hidden[i] {
				t.Fatalf("%v shows %d", counts, c)
			}
			if hidden[i] {
				n++
			}
		}
		if n == 1 && !HideTotal(counts, hidden) {
			t.Fatalf("%v: the total gives the only hidden one away", counts)
		}
	})
}
