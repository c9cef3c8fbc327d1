package television

import (
	"slices"
	"strings"
)

// ResolveStates sets every figure's state from the airing's outcome and from the
// rows that replace others, and puts the current ones first.
func ResolveStates(happened, planned bool, figures []Figure) []Figure {
	by := map[string]string{}
	for _, f := range figures {
		if f.Replaces != "" {
			by[f.Replaces] = f.ID
		}
	}
	out := slices.Clone(figures)
	for i := range out {
		f := &out[i]
		f.ReplacedBy = by[f.ID]
		switch {
		case f.ReplacedBy != "":
			f.State = Replaced
		case happened:
			f.State = Counted
		case planned:
			f.State = Held
		default:
			f.State = Rejected
		}
	}
	slices.SortStableFunc(out, func(a, b Figure) int {
		return replacedLast(a) - replacedLast(b)
	})
	return out
}

func replacedLast(f Figure) int {
	if f.State == Replaced {
		return 1
	}
	return 0
}

// AddContacts adds the counted contacts of airings, separately by grade and
// unit. Contacts may be added over airings; people and averages must not.
func AddContacts(airings []AiringFigures) []Headline {
	type key struct {
		g Grade
		u string
	}
	sums := map[key]*Headline{}
	for _, a := range airings {
		here := map[key]float64{}
		for _, f := range a.Figures {
			if f.State == Counted && f.Metric == Contacts {
				here[key{f.Grade, f.Unit}] += f.Value
			}
		}
		// Persons recorded by check-in or roll call: each is one contact of an
		// airing. A figure handed in for the same people is not added to them.
		if n := float64(a.NamedPersons()); n > 0 && a.Airing.Outcome.Happened() {
			k := key{GradeA, Persons}
			here[k] = max(here[k], n)
		}
		if a.Codes > 0 && a.Airing.Outcome.Happened() {
			here[key{GradeB, Codes}] += float64(a.Codes)
		}
		for k, v := range here {
			if sums[k] == nil {
				sums[k] = &Headline{Grade: k.g, Unit: k.u}
			}
			sums[k].Value += v
			sums[k].Airings++
		}
	}
	out := make([]Headline, 0, len(sums))
	for _, h := range sums {
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b Headline) int {
		return strings.Compare(string(a.Grade)+a.Unit, string(b.Grade)+b.Unit)
	})
	return out
}

// HeadlineViews are a lesson's television views: the contacts stated by
// operators (grade D), or when there are none by the station (E).
func HeadlineViews(airings []AiringFigures) []Headline {
	all := AddContacts(airings)
	for _, g := range []Grade{GradeD, GradeE} {
		var out []Headline
		for _, h := range all {
			if h.Grade == g {
				out = append(out, h)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}
