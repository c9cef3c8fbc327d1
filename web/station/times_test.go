package station

import (
	"testing"
	"time"
)

func TestCountReadsNumbersAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]float64{
		"0": 0, "5700": 5700, "5.700": 5700, "5,700": 5700, "5 700": 5700, "5\u00a0700": 5700, "1.234.567": 1234567,
		"1,5": 1.5, "1.5": 1.5, "0.125": 0.125, "1234.567": 1234.567, "12.34": 12.34, "-5": -5,
	} {
		if got, ok := count(in); !ok || got != want {
			t.Errorf("count(%q) = %v, %v, want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "nhiều", "1.2.3", "1,2,3", "12a", "0x10", "1e", "NaN", "Inf", "1_000", "--1"} {
		if got, ok := count(in); ok {
			t.Errorf("count(%q) = %v, want no number", in, got)
		}
	}
}

func TestMondayIsTheLocalWeeksBeginning(t *testing.T) {
	zone := time.FixedZone("+07", 7*60*60)
	want := time.Date(2026, 4, 13, 0, 0, 0, 0, zone)
	for _, at := range []time.Time{
		want, time.Date(2026, 4, 12, 17, 0, 0, 0, time.UTC), // already Monday here
		time.Date(2026, 4, 19, 23, 59, 59, 0, zone), time.Date(2026, 4, 15, 9, 0, 0, 0, zone),
	} {
		if got := monday(at, zone); !got.Equal(want) {
			t.Errorf("monday(%v) = %v", at, got)
		}
	}
	if got := monday(time.Date(2026, 4, 12, 16, 59, 59, 0, time.UTC), zone); !got.Equal(want.AddDate(0, 0, -7)) {
		t.Errorf("Sunday's last second belongs to %v", got)
	}
}

func TestLocalReadsWhatBrowsersSend(t *testing.T) {
	zone := time.FixedZone("+07", 7*60*60)
	want := time.Date(2026, 4, 15, 1, 5, 0, 0, time.UTC)
	for _, in := range []string{"2026-04-15T08:05", "2026-04-15T08:05:00"} {
		if got, wrong := local("startedAt", in, zone); wrong != nil || !got.Equal(want) {
			t.Errorf("local(%q) = %v, %v", in, got, wrong)
		}
	}
	for _, in := range []string{"2026-04-15", "08:05", "2026-02-30T08:05", "15/04/2026 08:05"} {
		if got, wrong := local("startedAt", in, zone); wrong == nil || wrong.Name != "startedAt" || !got.IsZero() {
			t.Errorf("local(%q) = %v, %v, want a wrong field", in, got, wrong)
		}
	}
	if got, wrong := local("startedAt", "", zone); wrong != nil || !got.IsZero() {
		t.Errorf("nothing typed = %v, %v", got, wrong)
	}
}
