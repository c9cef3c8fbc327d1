package school

import (
	"context"
	"regexp"
	"time"
)

// Year is a school year with the days it lasts, both counted.
type Year struct {
	Code     string // "2026-2027"
	From, To string // local days
}

// Week is one teaching week of a year, Number from MinWeek to MaxWeek.
type Week struct {
	Year     string
	Number   int
	From, To string // local days
}

// Named is one entry of a list that an administrator may change: kinds of
// area, textbook series, grades.
type Named struct {
	List, Code   string
	Name, NameEn string
	Order        int
}

// The lists.
const (
	AreaKinds      = "area-kind"
	TextbookSeries = "textbook"
	Grades         = "grade"
)

// Lists names them in the order shown.
var Lists = []string{AreaKinds, TextbookSeries, Grades}

// Calendar keeps school years, their weeks and the other lists.
type Calendar interface {
	Years(ctx context.Context) ([]Year, error) // latest first
	SaveYear(ctx context.Context, y Year, weeks []Week) error
	Weeks(ctx context.Context, year string) ([]Week, error)
	Named(ctx context.Context, list string) ([]Named, error)
	SaveNamed(ctx context.Context, n Named) error
}

var yearCode = regexp.MustCompile(`^(20\d\d)-(20\d\d)$`)

// YearOK reports whether a code is that of a school year: two years in a row.
func YearOK(code string) bool {
	m := yearCode.FindStringSubmatch(code)
	if m == nil {
		return false
	}
	a, _ := time.Parse("2006", m[1])
	b, _ := time.Parse("2006", m[2])
	return b.Year() == a.Year()+1
}

// YearOn is the year that a day belongs to: the latest that has begun by then,
// or the earliest of all; zero when there is none.
func YearOn(years []Year, day string) (found Year) {
	for _, y := range years { // latest first
		found = y
		if y.From <= day {
			return y
		}
	}
	return found
}

// DayOK reports whether s is a day as it is stored.
func DayOK(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// DayBefore is the day before a day.
func DayBefore(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

// PlanWeeks gives a year's teaching weeks from the Monday of week 1, leaving
// out the Mondays named as holidays (Tết).
func PlanWeeks(year, monday string, holidays ...string) []Week {
	t, err := time.Parse(time.DateOnly, monday)
	if err != nil {
		return nil
	}
	off := map[string]bool{}
	for _, h := range holidays {
		off[h] = true
	}
	var list []Week
	for ; len(list) < MaxWeek; t = t.AddDate(0, 0, 7) {
		from := t.Format(time.DateOnly)
		if off[from] {
			continue
		}
		list = append(list, Week{Year: year, Number: len(list) + MinWeek, From: from,
			To: t.AddDate(0, 0, 6).Format(time.DateOnly)})
	}
	return list
}
