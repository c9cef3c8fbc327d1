package schedule

import (
	"cmp"
	"slices"
)

// SlotRule names the rule of this file.
const SlotRule = "weekly-slots/1"

// UsualSlots is how many a week each grade and subject has at least.
const UsualSlots = 2

// Slots says how many a week a grade's subject must have on our channels.
// Without grade and subject it is what all must have that have no rule of their
// own; a rule of 0 then frees one of it.
type Slots struct {
	Grade   int
	Subject string
	AtLeast int
}

// forAll reports whether the rule is the one for every grade and subject.
func (r Slots) forAll() bool { return r.Grade == 0 && r.Subject == "" }

// Spread puts the rule for all in the place of the rules that grades and
// subjects do not have. taught lists what is taught; its AtLeast is not looked at.
func Spread(rules, taught []Slots) []Slots {
	var out []Slots
	all := 0
	own := map[Slots]bool{}
	for _, r := range rules {
		if r.forAll() {
			all = r.AtLeast
			continue
		}
		own[Slots{Grade: r.Grade, Subject: r.Subject}] = true
		if r.AtLeast > 0 {
			out = append(out, r)
		}
	}
	for _, p := range taught {
		if all > 0 && !own[Slots{Grade: p.Grade, Subject: p.Subject}] {
			out = append(out, Slots{p.Grade, p.Subject, all})
		}
	}
	return out
}

// Slot is one airing of a lesson of a grade and subject.
type Slot struct {
	LessonID string
	Grade    int
	Subject  string
}

// Shortfall is a rule that a week breaks.
type Shortfall struct {
	Slots
	Has     int
	Repeats int // of lessons that have a slot in the week already; they do not count
}

// Broken lists the rules that a week's airings break, by grade and subject. A
// repeat of a lesson helps who missed it but is not another slot.
func Broken(rules []Slots, week []Slot) []Shortfall {
	type key struct {
		grade   int
		subject string
	}
	has, repeats := map[key]int{}, map[key]int{}
	seen := map[string]bool{}
	for _, s := range week {
		k := key{s.Grade, s.Subject}
		if seen[s.LessonID] {
			repeats[k]++
			continue
		}
		seen[s.LessonID] = true
		has[k]++
	}
	var out []Shortfall
	for _, r := range rules {
		k := key{r.Grade, r.Subject}
		if has[k] < r.AtLeast {
			out = append(out, Shortfall{r, has[k], repeats[k]})
		}
	}
	slices.SortFunc(out, func(a, b Shortfall) int {
		return cmp.Or(cmp.Compare(a.Grade, b.Grade), cmp.Compare(a.Subject, b.Subject))
	})
	return out
}
