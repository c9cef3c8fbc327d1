package schedule

import (
	"testing"
	"time"
)

func TestParseDayAndClock(t *testing.T) {
	want := time.Date(2020, 4, 13, 0, 0, 0, 0, time.UTC)
	for _, s := range []string{"13/4/2020", "13/04/2020", "13-4-2020", "13.4.2020", "2020-04-13", "43934", "43934.354",
		"13/4/2020 00:00"} {
		if got, ok := ParseDay(s, time.UTC); !ok || !got.Equal(want) {
			t.Errorf("%q: %v %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "4/13/2020", "2020", "hôm qua", "99999999"} {
		if got, ok := ParseDay(s, time.UTC); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
	for s, want := range map[string]time.Duration{
		"8:05": 8*time.Hour + 5*time.Minute, "08:05:30": 8*time.Hour + 5*time.Minute + 30*time.Second,
		"8h05": 8*time.Hour + 5*time.Minute,
		"8h":   8 * time.Hour, "8H30": 8*time.Hour + 30*time.Minute, "0.3541666666666667": 8*time.Hour + 30*time.Minute,
		"20g15": 20*time.Hour + 15*time.Minute, "08:05:30:12": 8*time.Hour + 5*time.Minute + 30*time.Second,
	} {
		if got, ok := ParseClock(s); !ok || got != want {
			t.Errorf("%q: %v %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "24:00", "8:60", "tối", "1.5.5"} {
		if got, ok := ParseClock(s); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
}
