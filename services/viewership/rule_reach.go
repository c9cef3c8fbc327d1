package viewership

import (
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/television"
)

// ReachRule names the rules of this file.
const ReachRule = "net-reach/1"

// Range is a stated number with its uncertainty, for example viewers per home.
type Range struct{ Low, High float64 }

// Identified are the numbers of persons known by name; they are exact.
type Identified struct {
	TelevisionOnly, WebOnly, Both int64
}

// Either is how many were reached at all.
func (i Identified) Either() int64 { return i.TelevisionOnly + i.WebOnly + i.Both }

// Overlap compares the persons reached by television and by the web.
func Overlap(television, web map[string]bool) Identified {
	var i Identified
	for p := range television {
		if web[p] {
			i.Both++
		} else {
			i.TelevisionOnly++
		}
	}
	i.WebOnly = int64(len(web)) - i.Both
	return i
}

// Reach is how many different students of a population were reached, between
// bounds: the evidence allows no more.
type Reach struct {
	Low, High  int64
	Population int64
	Identified Identified
	// Assumed are codes of what the bounds rest on: "one_viewer_a_device",
	// "viewers_a_home".
	Assumed []string
	// Marks hide few persons of an area: television only, web only, both,
	// either; a hidden number is zero here.
	Marks [4]disclosure.Mark
	// Unbounded means that television's audience is not known, so that only the
	// population bounds it.
	Unbounded bool
}

// Codes of what bounds rest on.
const (
	AssumedDevices = "one_viewer_a_device"
	AssumedHomes   = "viewers_a_home"
)

// NetReach bounds the reach in a population: at least those known by name; at
// most television's persons and the web's viewers together, if nobody is in
// both, and never more than the population. Audiences of households count by the
// viewers of a home, when that number is stated.
func NetReach(population int64, known Identified, webViewers int64, airings []television.AiringFigures,
	perHome Range) Reach {
	r := Reach{Population: population, Identified: known, Low: min(known.Either(), population),
		Assumed: []string{AssumedDevices}}
	var onAir float64
	for _, a := range airings {
		if !a.Airing.Outcome.Happened() {
			continue
		}
		n, homes, ok := audience(a, perHome)
		if !ok {
			r.Unbounded = true
		}
		if homes && len(r.Assumed) == 1 {
			r.Assumed = append(r.Assumed, AssumedHomes)
		}
		onAir += n // of different airings: an upper bound of different people
	}
	r.High = population
	if most := onAir + float64(webViewers); !r.Unbounded && most < float64(population) {
		r.High = int64(most)
	}
	r.High = max(r.High, r.Low)
	return r
}

// Conceal hides the numbers of few persons.
func (r *Reach) Conceal() {
	counts := []int64{r.Identified.TelevisionOnly, r.Identified.WebOnly, r.Identified.Both}
	marks, total := disclosure.Conceal(counts, nil)
	for i, n := range []*int64{&r.Identified.TelevisionOnly, &r.Identified.WebOnly, &r.Identified.Both} {
		if r.Marks[i] = marks[i]; marks[i] != disclosure.Shown {
			*n = 0
		}
	}
	if r.Marks[3] = total; total != disclosure.Shown {
		r.Low = 0
	}
}

// audience is the largest statement of one airing's persons; contacts bound the
// people in them.
func audience(a television.AiringFigures, perHome Range) (persons float64, homes, ok bool) {
	for _, f := range a.Figures {
		if f.State != television.Counted || f.Metric != television.Contacts && f.Metric != television.Viewers {
			continue
		}
		switch {
		case f.Unit == television.Persons || f.Unit == television.Plays:
			persons, ok = max(persons, f.Value), true
		case f.Unit == television.Households && perHome.High > 0:
			persons, homes, ok = max(persons, f.Value*perHome.High), true, true
		}
	}
	return persons, homes, ok
}

// Unreached is a roster without those who were reached, in the roster's order.
func Unreached(roster []string, reached map[string]bool) []string {
	var out []string
	for _, p := range roster {
		if !reached[p] {
			out = append(out, p)
		}
	}
	return out
}
