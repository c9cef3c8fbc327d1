package schedule

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ParseDay reads 13/4/2020, 13-04-2020, 2020-04-13, or a spreadsheet's serial
// day (days since 30 December 1899): midnight of that day in loc.
func ParseDay(s string, loc *time.Location) (time.Time, bool) {
	s, _, _ = cutDay(s)
	for _, layout := range []string{"2/1/2006", "2-1-2006", "2.1.2006", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, true
		}
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 30_000 && n < 80_000 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, loc).AddDate(0, 0, int(n)), true
	}
	return time.Time{}, false
}

// cutDay parts a cell with a day and a time of it.
func cutDay(s string) (day, clock string, both bool) {
	s = strings.TrimSpace(s)
	if m := isoMoment.FindStringSubmatch(s); m != nil {
		return m[1], m[2], true
	}
	return strings.Cut(s, " ")
}

var isoMoment = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})T(.+)$`)

// ParseMoment reads the day and the time of a row: each in a cell of its own,
// or both in either. The day beside the time counts before that of the day's
// cell. known says which of the two was found.
func ParseMoment(date, clock string, loc *time.Location) (day time.Time, of time.Duration, hasDay, hasClock bool) {
	day, hasDay = ParseDay(date, loc)
	if own, rest, both := cutDay(clock); both {
		if d, ok := ParseDay(own, loc); ok {
			day, hasDay, clock = d, true, strings.TrimSpace(rest)
		}
	}
	if strings.TrimSpace(clock) == "" {
		if _, rest, both := cutDay(date); both {
			clock = rest
		}
	}
	of, hasClock = ParseClock(clock)
	return day, of, hasDay, hasClock
}

var (
	clockWords = regexp.MustCompile(`^(\d{1,2})\s*[:hg.]\s*(\d{2})?(?::(\d{2}))?(?:[:;.,]\d{1,3})?\s*(?:ph|p)?$`)
	halfWords  = regexp.MustCompile(`^(.*\d)\s*(am|pm|sa|ch)$`)
)

// lastHour is the latest that broadcasters write: 29:59 is 5:59 of the next day.
const lastHour = 29

// ParseClock reads a time of day: 8:05, 08:05:30, a time code's 08:05:30:12,
// 8h05, 8h, 8g05, 8:05 PM, 8:05:00 CH, or a spreadsheet's part of a day. Hours
// from 24 to 29 are the next day's.
func ParseClock(s string) (time.Duration, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if n, err := strconv.ParseFloat(s, 64); err == nil && strings.HasPrefix(s, "0.") && n > 0 && n < 1 {
		return (time.Duration(n*24*3600+0.5) * time.Second), true
	}
	half := ""
	if m := halfWords.FindStringSubmatch(s); m != nil {
		s, half = m[1], m[2]
	}
	m := clockWords.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	part := func(i int) time.Duration { n, _ := strconv.Atoi(m[i]); return time.Duration(n) }
	hour := part(1)
	if hour > lastHour || part(2) > 59 || part(3) > 59 || half != "" && (hour < 1 || hour > 12) && hour != 0 {
		return 0, false
	}
	switch half {
	case "am", "sa":
		hour %= 12
	case "pm", "ch":
		hour = hour%12 + 12
	}
	return hour*time.Hour + part(2)*time.Minute + part(3)*time.Second, true
}
