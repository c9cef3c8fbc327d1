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
		"24:00": 24 * time.Hour, "29:59:59": 30*time.Hour - time.Second, "8:05:00 SA": 8*time.Hour + 5*time.Minute,
		"12:30 AM": 30 * time.Minute, "8:05 CH": 20*time.Hour + 5*time.Minute, "12:00 pm": 12 * time.Hour,
		"08:05:30.120": 8*time.Hour + 5*time.Minute + 30*time.Second,
		"08:05:30;12":  8*time.Hour + 5*time.Minute + 30*time.Second,
		"20g15":        20*time.Hour + 15*time.Minute, "08:05:30:12": 8*time.Hour + 5*time.Minute + 30*time.Second,
	} {
		if got, ok := ParseClock(s); !ok || got != want {
			t.Errorf("%q: %v %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "30:00", "13:00 PM", "8:60", "tối", "1.5.5"} {
		if got, ok := ParseClock(s); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// TestParseMoment: the day and the time stand in two cells, or both in one.
func TestParseMoment(t *testing.T) {
	day := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		date, clock string
		want        time.Time
	}{
		{"28/11/2026", "8:00", day.Add(8 * time.Hour)},
		{"28/11/2026 00:00", "28/11/2026 08:00:00", day.Add(8 * time.Hour)},
		{"28/11/2026 0:00", "8:00:00 SA", day.Add(8 * time.Hour)},
		{"28/11/2026 8:00:00 CH", "", day.Add(20 * time.Hour)},
		{"", "2026-11-28 09:00:00", day.Add(9 * time.Hour)}, {"", "2026-11-28T09:00:00", day.Add(9 * time.Hour)},
		{"27/11/2026", "24:30", day.Add(30 * time.Minute)},
		{"27/11/2026", "28/11/2026 0:30", day.Add(30 * time.Minute)},
	} {
		d, of, ok1, ok2 := ParseMoment(c.date, c.clock, time.UTC)
		if got := d.Add(of); !ok1 || !ok2 || !got.Equal(c.want) {
			t.Errorf("%q %q: %v %t %t", c.date, c.clock, got, ok1, ok2)
		}
	}
	for _, c := range [][2]string{{"", "8:00"}, {"28/11/2026", ""}, {"28/11/2026", "tối"}, {"tổng", "8:00"}} {
		if _, _, ok1, ok2 := ParseMoment(c[0], c[1], time.UTC); ok1 && ok2 {
			t.Errorf("%q is read", c)
		}
	}
}
