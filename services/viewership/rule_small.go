package viewership

import "math"

// SmallRule names the rule of this file.
const SmallRule = "small-numbers/1"

// smallest count of people that is shown; below it, but for none at all, "<5"
// stands.
const smallest = 5

// Mark says how a count of people is shown.
type Mark string

// The marks: a number as it is; "<5" for 1 to 4 people; nothing, to protect
// another one.
const (
	Shown    Mark = ""
	Small    Mark = "small"
	Withheld Mark = "withheld"
)

// Conceal marks the counts of one table and their total. Those from 1 to 4 are
// small. Where their sum, total less what is shown, would give one of them away,
// the next smallest count is withheld too, and when that is not enough the
// total. people tells which counts have people in them: counts of devices alone
// are never small. None at all is shown, and protects nothing.
//
// Who knows this rule must not learn more from what it did than from what it
// shows: every outcome below has tables in which each small count is another.
func Conceal(counts []int64, people []bool) (marks []Mark, total Mark) {
	marks = make([]Mark, len(counts))
	var small, sum int64
	next := -1 // the smallest of the others
	for i, n := range counts {
		switch {
		case n <= 0:
		case people[i] && n < smallest:
			marks[i] = Small
			small, sum = small+1, sum+n
		case next < 0 || n < counts[next]:
			next = i
		}
	}
	if small == 0 || blurred(small, sum) {
		return marks, Shown
	}
	if next < 0 {
		if small == 1 {
			return marks, Small // the total is the count
		}
		return marks, Withheld
	}
	marks[next] = Withheld
	sum += counts[next]
	// The withheld count is at least 5, and at most what may stand beside it.
	low, high := small+smallest+2, most(counts, next, marks)
	if high += small + 2; small == 1 {
		low, high = low+1, high-2 // 9 is 4 and 5; then one may be any of 1 to 4
	}
	if sum < low || sum > high {
		return marks, Withheld
	}
	return marks, Shown
}

// most is the largest that the withheld count at an index may be, judging by
// those that are shown: the first of equal ones is withheld.
func most(counts []int64, at int, marks []Mark) int64 {
	m := int64(math.MaxInt32)
	for i, n := range counts {
		switch {
		case marks[i] != Shown || n <= 0:
		case i < at:
			m = min(m, n-1)
		default:
			m = min(m, n)
		}
	}
	return m
}

// blurred reports whether the sum of several small counts may be known: it is
// neither near all ones nor all fours.
func blurred(small, sum int64) bool {
	return small > 1 && sum > small+2 && sum < small*(smallest-1)
}

// Hidden tells which of a table's counts of people must not be shown (Conceal).
func Hidden(counts []int64) []bool {
	marks, _ := Conceal(counts, everybody(len(counts)))
	out := make([]bool, len(counts))
	for i, m := range marks {
		out[i] = m != Shown
	}
	return out
}

func everybody(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	return out
}
