package viewership

import (
	"testing"
	"time"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		in    string
		whole bool
		want  float64
		ok    bool
	}{
		{"1600", true, 1600, true}, {"1.600", true, 1600, true}, {"1,600", true, 1600, true}, {"1 600", true, 1600, true},
		{"1\u00a0600", true, 1600, true}, {"1.234.567", false, 1234567, true}, {"12,5", false, 12.5, true}, {"12.5", false, 12.5, true},
		{"1.600", false, 0, false}, {"-5", true, 0, false}, {"1e9", true, 0, false}, {"", true, 0, false}, {"nhiều", true, 0, false},
		{"0x10", true, 0, false}, {"NaN", false, 0, false}, {"1.60", true, 1.6, true},
	} {
		if got, ok := parseNumber(c.in, c.whole); ok != c.ok || ok && got != c.want {
			t.Errorf("%q, whole %t: %v %t", c.in, c.whole, got, ok)
		}
	}
}

func TestParseDayAndClock(t *testing.T) {
	want := time.Date(2020, 4, 13, 0, 0, 0, 0, time.UTC)
	for _, s := range []string{"13/4/2020", "13/04/2020", "13-4-2020", "13.4.2020", "2020-04-13", "43934", "43934.354", "13/4/2020 00:00"} {
		if got, ok := parseDay(s, time.UTC); !ok || !got.Equal(want) {
			t.Errorf("%q: %v %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "4/13/2020", "2020", "hôm qua", "99999999"} {
		if got, ok := parseDay(s, time.UTC); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
	for s, want := range map[string]time.Duration{
		"8:05": 8*time.Hour + 5*time.Minute, "08:05:30": 8*time.Hour + 5*time.Minute + 30*time.Second, "8h05": 8*time.Hour + 5*time.Minute,
		"8h": 8 * time.Hour, "8H30": 8*time.Hour + 30*time.Minute, "0.3541666666666667": 8*time.Hour + 30*time.Minute, "20g15": 20*time.Hour + 15*time.Minute,
	} {
		if got, ok := parseClock(s); !ok || got != want {
			t.Errorf("%q: %v %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "24:00", "8:60", "tối", "1.5.5"} {
		if got, ok := parseClock(s); ok {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestTerm(t *testing.T) {
	for day, want := range map[string]string{
		"2019-08-01": "2019-1", "2019-12-31": "2019-1", "2020-01-15": "2019-1", "2020-01-16": "2019-2", "2020-07-31": "2019-2", "2020-08-01": "2020-1",
	} {
		at, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		if got := Term(at); got != want {
			t.Errorf("%s: %s", day, got)
		}
	}
}
