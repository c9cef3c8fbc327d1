package indextest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// same fails unless both are equal in every field.
func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}
