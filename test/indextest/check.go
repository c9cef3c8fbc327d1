package indextest

import (
	"context"
	"testing"
	"time"
)

var bg = context.Background()

// moment is n minutes into the day of the test, in a zone that is not UTC.
func moment(n int) time.Time {
	return time.Date(2026, 4, 6, 8, 0, 0, 123456789, time.FixedZone("ICT", 7*3600)).Add(time.Duration(n) * time.Minute)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
