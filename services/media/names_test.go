package media

import (
	"regexp"
	"testing"
	"time"
)

var uuidV7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

var testTime = time.Date(2026, 11, 30, 23, 59, 59, 999_400_000, time.UTC)

func TestNamesOfOneWriteRepeatAndSortByTime(t *testing.T) {
	at := testTime
	a, later := NewNames("seed", at, false), NewNames("another seed", at.Add(time.Millisecond), false)
	for _, purpose := range []string{"lesson", "worksheet", "lesson 1"} {
		id := a.ID(purpose)
		if !uuidV7.MatchString(id) {
			t.Errorf("%s: %s is no UUID of version 7", purpose, id)
		}
		if again := NewNames("seed", at.In(time.FixedZone("", 7*3600)), true).ID(purpose); again != id {
			t.Errorf("%s: %s the first time, %s the second", purpose, id, again)
		}
		if next := later.ID(purpose); next <= id {
			t.Errorf("%s: %s is listed before the earlier %s", purpose, next, id)
		}
		if other := NewNames("another seed", at, false).ID(purpose); other == id {
			t.Errorf("%s: two seeds give %s", purpose, id)
		}
	}
	if a.ID("lesson") == a.ID("worksheet") || a.Secret("lesson") == a.Secret("worksheet") {
		t.Error("two purposes share a name")
	}
}
