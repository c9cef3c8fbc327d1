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
