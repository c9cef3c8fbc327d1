package playback

import (
	"slices"
	"time"
)

// FlagRule names the rule below.
const FlagRule = "web-flag/1"

// Limits of web-flag/1.
const (
	maxSessionsAnHour = 60
	maxCreditedADay   = int64(24 * time.Hour / time.Millisecond)
)

// Reasons of web-flag/1.
const (
	FlagSessions = "sessions_in_an_hour"
	FlagHours    = "hours_in_a_day"
)

// Flagged is web-flag/1 for one viewer and day: over 60 sessions begun within
// an hour, or over 24 hours credited (the plausible sessions' totals).
func Flagged(sessions []Session) (reason string) {
	begun := make([]int64, 0, len(sessions))
	var credited int64
	for _, s := range sessions {
		begun = append(begun, s.Issued)
		if Plausible(s) {
			credited += s.Total()
		}
	}
	slices.Sort(begun)
	hour := int64(time.Hour / time.Millisecond)
	for i := maxSessionsAnHour; i < len(begun); i++ {
		if begun[i]-begun[i-maxSessionsAnHour] < hour {
			return FlagSessions
		}
	}
	if credited > maxCreditedADay {
		return FlagHours
	}
	return ""
}
