package backup

import (
	"context"
	"testing"
	"time"
)

// listing is a target that only lists names.
type listing struct {
	Target
	names []string
}

func (l listing) List(_ context.Context, _ string, each func(name string)) error {
	for _, n := range l.names {
		each(n)
	}
	return nil
}

func TestBackupsOfOneSecondGetNamesOfTheirOwn(t *testing.T) {
	at := time.Date(2025, 12, 31, 23, 59, 59, 900e6, time.UTC)
	for want, names := range map[string][]string{
		"20251231T235959Z": {"snapshots/20251231T235958Z/complete.json"},
		"20260101T000000Z": {"snapshots/20251231T235959Z/database.age"}, // also when the other is not whole yet
		"20260101T000001Z": {"snapshots/20251231T235959Z/complete.json", "snapshots/20260101T000000Z/complete.json"},
	} {
		c := Copier{Target: listing{names: names}}
		if got, err := c.freeName(t.Context(), at); err != nil || got != want {
			t.Errorf("beside %v: %s, %v; want %s", names, got, err, want)
		}
	}
}
