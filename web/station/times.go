package station

import (
	"strconv"
	"strings"
	"time"

	"lenlop/services/fault"
)

// How browsers write what was chosen in inputs of type date, time and
// datetime-local.
const (
	dayLayout    = "2006-01-02"
	clockLayout  = "15:04"
	momentLayout = "2006-01-02T15:04"
)

// monday is the local midnight at which the week of t begins.
func monday(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	back := (int(t.Weekday()) + 6) % 7
	return time.Date(t.Year(), t.Month(), t.Day()-back, 0, 0, 0, 0, zone)
}

// moment reads a local date and time of day; both empty is the zero time.
func moment(field, day, clock string, zone *time.Location) (time.Time, *fault.Field) {
	if day == "" || clock == "" {
		return time.Time{}, nil // the rule says that it is needed
	}
	return local(field, day+"T"+clock, zone)
}

// local reads what a datetime-local input sends, with or without seconds.
func local(field, s string, zone *time.Location) (time.Time, *fault.Field) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{momentLayout, momentLayout + ":05"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	bad := fault.Wrong(field, "field.bad_time")
	return time.Time{}, &bad
}

// count reads a number as people here write it: 5700, 5.700 and 5 700 are the
// same; a comma (or a lone point with other than three digits after it) is
// the decimal mark.
func count(s string) (float64, bool) {
	s = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(s)
	if grouped(s, ".") || grouped(s, ",") {
		s = strings.NewReplacer(".", "", ",", "").Replace(s)
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", "."), 64)
	if err != nil || strings.ContainsAny(s, "xXnNiI_") {
		return 0, false
	}
	return f, true
}

// grouped reports whether mark separates thousands in s: 1.600, 12.345.678.
func grouped(s, mark string) bool {
	parts := strings.Split(s, mark)
	if len(parts) < 2 || len(parts[0]) < 1 || len(parts[0]) > 3 || parts[0] == "0" {
		return false
	}
	for i, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 64); err != nil || i > 0 && len(p) != 3 {
			return false
		}
	}
	return true
}
