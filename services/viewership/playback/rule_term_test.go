package playback

import (
	"testing"
	"time"
)

func TestTerm(t *testing.T) {
	for day, want := range map[string]string{
		"2019-08-01": "2019-1", "2019-12-31": "2019-1", "2020-01-15": "2019-1", "2020-01-16": "2019-2",
		"2020-07-31": "2019-2", "2020-08-01": "2020-1",
	} {
		at, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		if got := Term(at); got != want {
			t.Errorf("%s: %s", day, got)
		}
	}
	for day, want := range map[string]string{
		"2020-07-15": "2019-08-01", "2020-07-16": "2020-01-16", "2021-01-31": "2020-01-16", "2021-02-01": "2020-08-01",
		"2021-07-16": "2021-01-16",
	} {
		at, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		if got := KeptFrom(at).Format("2006-01-02"); got != want {
			t.Errorf("on %s kept from %s, want %s", day, got, want)
		}
	}
}
