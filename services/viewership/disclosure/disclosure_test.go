package disclosure

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestConceal(t *testing.T) {
	const s, w = Small, Withheld
	for _, c := range []struct {
		counts []int64
		want   []Mark
		total  Mark
	}{
		{[]int64{10, 20}, []Mark{Shown, Shown}, Shown},
		{[]int64{4, 20, 7}, []Mark{s, Shown, w}, Shown},
		{[]int64{4, 3, 7}, []Mark{s, s, Shown}, Shown},
		{[]int64{4, 0, 0}, []Mark{s, Shown, Shown}, s},
		{[]int64{5, 0}, []Mark{Shown, Shown}, Shown},
		{[]int64{1, 2}, []Mark{s, s}, w},
		{[]int64{1, 1, 9, 30}, []Mark{s, s, w, Shown}, Shown}, // two of at least one each: both are one
		{[]int64{4, 4, 9}, []Mark{s, s, w}, Shown},            // two of at most four
		{[]int64{4, 4}, []Mark{s, s}, w},
		{[]int64{1, 5, 7, 80}, []Mark{s, w, Shown, Shown}, w}, // 1 and 5 are the least they can be
		{[]int64{4, 9, 9}, []Mark{s, w, Shown}, w},            // 9 is the most that can be withheld
		{[]int64{1, 1, 1, 1}, []Mark{s, s, s, s}, w},
		{nil, []Mark{}, Shown},
	} {
		got, total := Conceal(c.counts, nil)
		if !slices.Equal(got, c.want) || total != c.total {
			t.Errorf("%v: %q, total %q; want %q, %q", c.counts, got, total, c.want, c.total)
		}
	}
	if got, total := Conceal([]int64{2, 30}, []bool{false, true}); got[0] != Shown || got[1] != Shown ||
		total != Shown {
		t.Errorf("two devices: %q %q", got, total)
	}
}

// TestConcealedCannotBeComputed: whoever knows the rule and sees everything that
// is shown, including total, marks and zeros, still has at least two possible
// values for every count of 1 to 4. All tables of one to four counts are tried.
func TestConcealedCannotBeComputed(t *testing.T) {
	const top, checked = 20, 11 // neighbours of what is checked are tried too
	for n := 1; n <= 4; n++ {
		possible := map[string][]map[int64]bool{}
		counts := make([]int64, n)
		each := func(fn func()) {
			clear(counts)
			for {
				fn()
				i := 0
				for i < n && counts[i] == top {
					counts[i] = 0
					i++
				}
				if i == n {
					return
				}
				counts[i]++
			}
		}
		each(func() {
			key := seen(counts)
			if possible[key] == nil {
				possible[key] = make([]map[int64]bool, n)
			}
			for i, c := range counts {
				if possible[key][i] == nil {
					possible[key][i] = map[int64]bool{}
				}
				possible[key][i][c] = true
			}
		})
		each(func() {
			if slices.Max(counts) > checked {
				return
			}
			key := seen(counts)
			for i, c := range counts {
				if c > 0 && c < Threshold && len(possible[key][i]) < 2 {
					t.Fatalf("%v is shown as %s: count %d is revealed", counts, key, i)
				}
			}
		})
	}
}

// seen is what a reader of the table sees.
func seen(counts []int64) string {
	marks, total := Conceal(counts, nil)
	var sum int64
	out := ""
	for i, c := range counts {
		sum += c
		out += show(c, marks[i]) + " "
	}
	return out + "= " + show(sum, total)
}

func show(n int64, m Mark) string {
	switch m {
	case Small:
		return "<5"
	case Withheld:
		return "-"
	}
	return fmt.Sprint(n)
}

// TestHiddenStaysHidden: no count of 1 to 4 is ever shown, and a single hidden
// count has a hidden total.
func TestHiddenStaysHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Int64Range(0, 40), 0, 12).Draw(t, "counts")
		marks, total := Conceal(counts, nil)
		hidden := 0
		for i, c := range counts {
			if c > 0 && c < Threshold && marks[i] != Small || c >= Threshold && marks[i] == Small || c == 0 &&
				marks[i] != Shown {
				t.Fatalf("%v: %q", counts, marks)
			}
			if marks[i] != Shown {
				hidden++
			}
		}
		if hidden == 1 && total == Shown {
			t.Fatalf("%v: the total reveals the only hidden count", counts)
		}
	})
}
