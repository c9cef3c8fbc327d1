// Package disclosure suppresses small counts of people, so that a table of
// viewing figures does not reveal what single persons watched. It is
// security-critical: whoever knows the rules and reads every table must still
// have at least two possible values for each suppressed count.
package disclosure

import "math"

// SmallRule names the rule of this package. small-numbers/1, in older reports,
// showed parts of a hidden area, and a sum of few known by name that revealed them.
const SmallRule = "small-numbers/2"

// Threshold is the smallest count of people that is shown; 1 to 4 are shown as
// "<5", and zero as zero.
const Threshold = 5

// Mark is how a count of people is shown. The values are part of signed reports.
type Mark string

// The marks: the number itself; "<5" for 1 to 4 people; nothing, to protect
// another count.
const (
	Shown    Mark = ""
	Small    Mark = "small"
	Withheld Mark = "withheld"
)

// Conceal marks the counts of one table and their total. Counts from 1 to 4 are
// small. Where their sum (the total less what is shown) would reveal one of
// them, the next smallest count is withheld too, and when that is not enough the
// total. people tells which counts include persons, nil all of them: counts of
// devices alone are never small. Zero is shown, and protects nothing.
//
// Knowing this rule must not reveal more than the table itself: for every
// outcome below there are tables in which each small count has another value.
func Conceal(counts []int64, people []bool) (marks []Mark, total Mark) {
	marks = make([]Mark, len(counts))
	var small, sum int64
	next := -1 // index of the smallest other count
	for i, n := range counts {
		switch {
		case n <= 0:
		case n < Threshold && (people == nil || people[i]):
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
	low, high := small+Threshold+2, most(counts, next, marks)
	if high += small + 2; small == 1 {
		low, high = low+1, high-2 // 9 is 4 and 5; then one may be any of 1 to 4
	}
	if sum < low || sum > high {
		return marks, Withheld
	}
	return marks, Shown
}

// most is the largest value that the withheld count at an index may have, given
// those that are shown: of equal counts the first is withheld.
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

// blurred reports whether the sum of several small counts may be known because
// it is neither near all ones nor near all fours.
func blurred(small, sum int64) bool {
	return small > 1 && sum > small+2 && sum < small*(Threshold-1)
}

// TotalMark is the mark of a total whose parts were concealed elsewhere. When
// every part with people in it is hidden, the total is withheld as well;
// otherwise it would reveal them.
func TotalMark(anyHidden, anyShown bool, total Mark) Mark {
	if anyHidden && !anyShown && total == Shown {
		return Withheld
	}
	return total
}
