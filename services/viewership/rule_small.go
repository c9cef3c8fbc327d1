package viewership

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
// small; where the total and the marks would still give one of them away, the
// next smallest counts are withheld too, and when none is left the total
// itself. people tells which counts have people in them: counts of devices
// alone are never small. None at all is shown, and protects nothing.
func Conceal(counts []int64, people []bool) (marks []Mark, total Mark) {
	marks = make([]Mark, len(counts))
	var small, sum, all int64
	anybody := false
	for i, n := range counts {
		all += n
		anybody = anybody || people[i] && n > 0
		if people[i] && n > 0 && n < smallest {
			marks[i] = Small
			small, sum = small+1, sum+n
		}
	}
	if anybody && all > 0 && all < smallest {
		// Four counts of one each: "<5" over four "<5" would say so.
		if total = Small; small == all && small > 1 {
			total = Withheld
		}
		return marks, total
	}
	var withheld int64
	for given(small, withheld, sum) {
		next := -1
		for i, n := range counts {
			if marks[i] == Shown && n > 0 && (next < 0 || n < counts[next]) {
				next = i
			}
		}
		if next < 0 {
			return marks, Withheld
		}
		marks[next] = Withheld
		withheld, sum = withheld+1, sum+counts[next]
	}
	return marks, Shown
}

// given reports whether the sum of the hidden counts says what one of them is:
// each small one is 1 to 4, each withheld one at least 5.
func given(small, withheld, sum int64) bool {
	if small == 0 {
		return false
	}
	low := small + smallest*withheld
	if withheld == 0 {
		return sum == low || sum == small*(smallest-1) || small == 1
	}
	// Right above the least they can be, who knows the rule has one choice.
	return sum <= low+1
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
