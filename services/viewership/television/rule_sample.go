package television

import (
	"math"
	"slices"
)

// SampleRule names the rule of this file.
const SampleRule = "class-sample/1"

// minClasses that must have been drawn at random and asked before anything is
// projected from them.
const minClasses = 10

// ClassCount is one class that was asked about an airing.
type ClassCount struct {
	Asked, Watched int64
}

// Estimate is the share of students that watched, from a random sample of
// classes, with a 95 % interval from the differences between classes; and what
// it means for a population. All bounds stay between none and everybody.
type Estimate struct {
	Classes         int
	Share, Low, Up  float64
	Persons         int64
	LowPersons      int64
	UpPersons       int64
	Observed        int64 // students who watched in the classes that were asked
	Projected       bool  // false: fewer than ten random classes; only Observed may be shown
	PopulationTaken int64
}

// EstimateShare is class-sample/1, the ratio estimate for clusters of unequal
// size (Cochran, Sampling Techniques, chapter 6): watched over asked, its
// variance from the classes' differences from that ratio. random says that the
// classes were drawn; without that, or with fewer than ten, nothing is
// projected. population is the number of students of the schools drawn from.
func EstimateShare(classes []ClassCount, random bool, population int64) Estimate {
	e := Estimate{PopulationTaken: population}
	var asked, watched float64
	for _, c := range classes {
		if c.Asked <= 0 {
			continue
		}
		e.Classes++
		e.Observed += c.Watched
		asked, watched = asked+float64(c.Asked), watched+float64(c.Watched)
	}
	if !random || e.Classes < minClasses {
		return e
	}
	e.Projected, e.Share = true, watched/asked
	n := float64(e.Classes)
	mean := asked / n
	var sum float64
	for _, c := range classes {
		if c.Asked > 0 {
			d := float64(c.Watched) - e.Share*float64(c.Asked)
			sum += d * d
		}
	}
	half := student95(e.Classes-1) * math.Sqrt(sum/(n*(n-1))) / mean
	e.Low, e.Up = max(0, e.Share-half), min(1, e.Share+half)
	of := func(share float64) int64 { return int64(math.Round(share * float64(population))) }
	e.Persons, e.LowPersons, e.UpPersons = of(e.Share), of(e.Low), of(e.Up)
	return e
}

// student95 is the 97.5 % point of Student's t, from the tables; between two
// entries the one with fewer degrees of freedom, which is the wider.
func student95(freedom int) float64 {
	table := []struct {
		df int
		t  float64
	}{
		{9, 2.262}, {10, 2.228}, {11, 2.201}, {12, 2.179}, {13, 2.160}, {14, 2.145}, {15, 2.131}, {16, 2.120},
		{17, 2.110}, {18, 2.101},
		{19, 2.093}, {20, 2.086}, {25, 2.060}, {30, 2.042}, {40, 2.021}, {60, 2.000}, {120, 1.980},
	}
	i := len(table) - 1
	for i > 0 && table[i].df > freedom {
		i--
	}
	return table[i].t
}

// MinuteAudience is what an operator's count of every minute adds up to: the
// mean over the airing's minutes, and the highest.
func MinuteAudience(perMinute []float64) (average, peak float64) {
	if len(perMinute) == 0 {
		return 0, 0
	}
	var sum float64
	for _, n := range perMinute {
		sum += n
	}
	return sum / float64(len(perMinute)), slices.Max(perMinute)
}
