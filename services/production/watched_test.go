package production

import (
	"testing"
	"time"
)

func TestWatchedKeepsOneEstimatePerRecording(t *testing.T) {
	now := time.Date(2020, 4, 1, 8, 0, 0, 0, time.UTC)
	w := &Watched{Now: func() time.Time { return now }}
	look := func(recording string, done float64) float64 { return w.SecondsLeft(recording, done) }
	if got := look("a", 0); got != -1 {
		t.Errorf("at first sight: %v", got)
	}
	for s := 1; s <= 60; s++ {
		now = now.Add(time.Second)
		look("a", float64(s)/120)
	}
	if got := look("a", 0.5); got < 55 || got > 65 {
		t.Errorf("half of two minutes done: %v s left", got)
	}
	if got := look("b", 0.5); got != -1 {
		t.Errorf("another recording: %v", got)
	}
	now = now.Add(forgetAfter + time.Minute)
	look("b", 0.6)
	if len(w.all) != 1 {
		t.Errorf("%d estimates are kept", len(w.all))
	}
}
