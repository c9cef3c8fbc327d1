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
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
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

var clockWords = regexp.MustCompile(`^(\d{1,2})\s*[:hg.]\s*(\d{2})?(?::(\d{2}))?(?:[:;.]\d{2})?\s*(?:ph|p)?$`)

// ParseClock reads a time of day: 8:05, 08:05:30, a time code's 08:05:30:12,
// 8h05, 8h, 8g05, or a spreadsheet's part of a day.
func ParseClock(s string) (time.Duration, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if n, err := strconv.ParseFloat(s, 64); err == nil && strings.HasPrefix(s, "0.") && n > 0 && n < 1 {
		return (time.Duration(n*24*3600+0.5) * time.Second), true
	}
	m := clockWords.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	part := func(i int) time.Duration { n, _ := strconv.Atoi(m[i]); return time.Duration(n) }
	if part(1) > 23 || part(2) > 59 || part(3) > 59 {
		return 0, false
	}
	return part(1)*time.Hour + part(2)*time.Minute + part(3)*time.Second, true
}
