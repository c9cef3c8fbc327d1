package television

import "testing"

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		in    string
		whole bool
		want  float64
		ok    bool
	}{
		{"1600", true, 1600, true}, {"1.600", true, 1600, true}, {"1,600", true, 1600, true},
		{"1 600", true, 1600, true},
		{"1\u00a0600", true, 1600, true}, {"1.234.567", false, 1234567, true}, {"12,5", false, 12.5, true},
		{"12.5", false, 12.5, true},
		{"1.600", false, 0, false}, {"-5", true, 0, false}, {"1e9", true, 0, false}, {"", true, 0, false},
		{"nhiều", true, 0, false},
		{"0x10", true, 0, false}, {"NaN", false, 0, false}, {"1.60", true, 1.6, true},
	} {
		if got, ok := parseNumber(c.in, c.whole); ok != c.ok || ok && got != c.want {
			t.Errorf("%q, whole %t: %v %t", c.in, c.whole, got, ok)
		}
	}
}
