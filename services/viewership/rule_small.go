package viewership

// SmallRule names the rule of this file.
const SmallRule = "small-numbers/1"

// smallest count of people that is shown; below it, but for none at all, "<5"
// stands.
const smallest = 5

// Hidden tells which of a table's counts of people must not be shown, when
// their total is: those from 1 to 4, and where the total would give a single
// hidden one away, the next smallest too. Counts of devices are not hidden.
func Hidden(counts []int64) []bool {
	out := make([]bool, len(counts))
	hidden := 0
	for i, n := range counts {
		if n > 0 && n < smallest {
			out[i] = true
			hidden++
		}
	}
	if hidden != 1 {
		return out
	}
	next := -1
	for i, n := range counts {
		// None at all protects nothing: it is known to be none.
		if !out[i] && n > 0 && (next < 0 || n < counts[next]) {
			next = i
		}
	}
	if next >= 0 {
		out[next] = true
	}
	return out
}

// HideTotal reports whether the total itself must be hidden: it is small, or
// it is the only way to protect a single hidden count.
func HideTotal(counts []int64, hidden []bool) bool {
	var total int64
	n := 0
	for i, c := range counts {
		total += c
		if hidden[i] {
			n++
		}
	}
	return total > 0 && total < smallest || n == 1
}
