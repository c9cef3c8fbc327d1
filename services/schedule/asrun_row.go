package schedule

import (
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
)

// AsRunRule names how a log's times become an outcome: near the plan and at
// least nine tenths of it is aired, less of it is partial, and more than ten
// minutes off is moved.
const AsRunRule = "as-run/1"

const nearPlan = 10 * time.Minute

// Inferred is the outcome of an airing that a log says was on air.
func Inferred(a Airing, start, end time.Time) Outcome {
	switch {
	case start.Sub(a.StartsAt).Abs() > nearPlan:
		return Moved
	case 10*end.Sub(start) < 9*a.EndsAt.Sub(a.StartsAt):
		return Partial
	}
	return Aired
}

// outcomeWords are what stations write; empty means that the times tell.
var outcomeWords = map[string]Outcome{
	"aired": Aired, "ok": Aired, "played": Aired, "đã phát": Aired, "phát": Aired,
	"partial": Partial, "phát một phần": Partial, "một phần": Partial,
	"moved": Moved, "dời giờ": Moved, "đổi giờ": Moved, "lùi giờ": Moved,
	"dropped": Dropped, "missed": Dropped, "không phát": Dropped, "bỏ": Dropped, "hủy": Dropped, "huỷ": Dropped,
}

// logRow says what becomes of one row. taken is what earlier rows say of
// their airings.
func (s *Service) logRow(l logLine, plan dayPlan, taken map[string]AsRun, loc *time.Location) AsRunRow {
	r := AsRunRow{Row: l.number}
	refuse := func(column, code string) AsRunRow {
		r.Column, r.Code = column, code
		return r
	}
	if l.code != "" {
		return refuse(l.column, l.code)
	}
	d, clock, hasDay, hasClock := ParseMoment(l.cells[LogDate], l.cells[LogStart], loc)
	switch {
	case !hasDay:
		return refuse(LogDate, "import.bad_date")
	case !hasClock:
		return refuse(LogStart, "import.bad_time")
	}
	start := d.Add(clock)
	a, found := plan.nearest(l.cells[LogHouseNumber], d, start)
	if !found {
		return refuse(LogStart, "airing.not_found")
	}
	r.Airing = a
	end, column := endOf(l, d, start, a)
	if column != "" {
		return refuse(column, "import.bad_time")
	}
	word := strings.ToLower(strings.Join(strings.Fields(l.cells[LogOutcome]), " "))
	o, known := outcomeWords[word]
	switch {
	case word == "":
		o = Inferred(a, start, end)
	case !known:
		return refuse(LogOutcome, "airing.unknown_outcome")
	}
	r.AsRun = AsRun{Outcome: o, StartedAt: start, EndedAt: end}
	if before, twice := taken[a.ID]; twice {
		if before != r.AsRun {
			r.Airing, r.AsRun = Airing{}, AsRun{}
			return refuse(LogStart, "asrun.row_twice")
		}
		r.Same = true // the row once more
		return r
	}
	after, err := a.Reported(r.AsRun, s.Now())
	if err != nil {
		return refuse(LogStart, fault.As(err).Code)
	}
	r.Same = a.Outcome == after.Outcome && a.StartedAt.Equal(after.StartedAt) && a.EndedAt.Equal(after.EndedAt)
	return r
}

// dayPlan finds airings by the station's number and by time.
type dayPlan struct {
	airings  []Airing // by start
	byNumber map[string][]Airing
}

func newDayPlan(airings []Airing) dayPlan {
	airings = slices.SortedStableFunc(slices.Values(airings),
		func(a, b Airing) int { return a.StartsAt.Compare(b.StartsAt) })
	p := dayPlan{airings, map[string][]Airing{}}
	for _, a := range airings {
		if a.HouseNumber != "" {
			k := strings.ToLower(a.HouseNumber)
			p.byNumber[k] = append(p.byNumber[k], a)
		}
	}
	return p
}

// otherDay is how far from a row's time an airing with the station's number may
// be planned on another day than the row's.
const otherDay = 6 * time.Hour

// nearest finds the airing of a row: of those with the station's number the one
// planned nearest, or without a number the one within ten minutes.
func (p dayPlan) nearest(houseNumber string, day, start time.Time) (a Airing, found bool) {
	take := func(x Airing) {
		if !found || x.StartsAt.Sub(start).Abs() < a.StartsAt.Sub(start).Abs() {
			a, found = x, true
		}
	}
	if houseNumber != "" {
		for _, x := range p.byNumber[strings.ToLower(houseNumber)] {
			sameDay := !x.StartsAt.Before(day) && x.StartsAt.Before(day.AddDate(0, 0, 1))
			if sameDay || x.StartsAt.Sub(start).Abs() <= otherDay {
				take(x)
			}
		}
	}
	from, _ := slices.BinarySearchFunc(p.airings, start.Add(-nearPlan),
		func(x Airing, t time.Time) int { return x.StartsAt.Compare(t) })
	for _, x := range p.airings[from:] {
		if x.StartsAt.Sub(start) > nearPlan {
			break
		}
		if houseNumber == "" || x.HouseNumber == "" {
			take(x)
		}
	}
	return a, found
}

// endOf is when a row says the airing ended: by its end, its length, or as long
// as planned. day is the row's, from which hours past midnight count. column names the cell that is not understood.
func endOf(l logLine, day, start time.Time, a Airing) (end time.Time, column string) {
	if text := l.cells[LogEnd]; text != "" {
		own, clock, hasDay, ok := ParseMoment("", text, start.Location())
		if !ok {
			return end, LogEnd
		}
		if hasDay {
			return own.Add(clock), ""
		}
		end = day.Add(clock)
		if end.Before(start) { // over midnight
			end = end.AddDate(0, 0, 1)
		}
		return end, ""
	}
	if text := l.cells[LogLength]; text != "" {
		length, ok := ParseClock(text)
		if !ok {
			return end, LogLength
		}
		return start.Add(length), ""
	}
	return start.Add(a.EndsAt.Sub(a.StartsAt)), ""
}
