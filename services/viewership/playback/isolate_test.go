package playback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
)

var errRow = errors.New("invalid character in a row")

// rows is a database of which some viewers' rows cannot be read.
type rows struct {
	bad     map[string]bool
	err     error // of every commit; nil: none
	commits int
	stored  map[string]int
}

func (r *rows) commit(_ context.Context, beats []beat) ([]string, error) {
	r.commits++
	for _, b := range beats {
		if r.bad[b.session.Viewer] {
			return nil, errRow
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	codes := make([]string, len(beats))
	for i, b := range beats {
		r.stored[b.session.Viewer]++
		codes[i] = "code of " + b.session.ID
	}
	return codes, nil
}

// thousand is a batch of 500 viewers with two heartbeats each.
func thousand() (beats []beat) {
	for n := range 1000 {
		beats = append(beats, beat{session: Session{ID: fmt.Sprint("b", n), Viewer: fmt.Sprint("v", n%500)}})
	}
	return beats
}

// TestIsolate: of 1,000 heartbeats those of one viewer cannot be committed; the
// others are, and the viewer is named in the log.
func TestIsolate(t *testing.T) {
	var log bytes.Buffer
	r := &rows{bad: map[string]bool{"v123": true}, stored: map[string]int{}}
	i := &isolator{commit: r.commit, log: slog.New(slog.NewTextHandler(&log, nil))}
	beats := thousand()
	check := func() {
		t.Helper()
		refused, errs := i.store(beats)
		for n, b := range beats {
			switch bad := r.bad[b.session.Viewer]; {
			case bad && (!errors.Is(errs[n], errRow) || fault.KindOf(errs[n]) != fault.Unavailable):
				t.Fatalf("%s: %v", b.session.ID, errs[n])
			case !bad && (errs[n] != nil || refused[n] != "code of "+b.session.ID):
				t.Fatalf("%s: %q, %v", b.session.ID, refused[n], errs[n])
			}
		}
	}
	check()
	if len(r.stored) != 499 || r.stored["v0"] != 2 || strings.Count(log.String(), "viewer=v123") != 1 {
		t.Errorf("%d viewers stored: %s", len(r.stored), &log)
	}
	if r.commits > 60 {
		t.Errorf("%d commits to find one viewer of 500", r.commits)
	}
	// From now on the viewer is committed alone.
	r.commits = 0
	if check(); r.commits > 1+attempts {
		t.Errorf("%d commits while the viewer is known", r.commits)
	}
	// And not any more once the row is repaired.
	r.bad = nil
	check()
	r.commits = 0
	if check(); r.commits != 1 {
		t.Errorf("%d commits after the repair", r.commits)
	}
}

// TestIsolateGivesUp: a database that takes nothing is not asked again for each
// viewer.
func TestIsolateGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		most int
	}{
		"away":      {fault.New(fault.Unavailable, "database.unavailable"), attempts},
		"too slow":  {fmt.Errorf("lock: %w", context.DeadlineExceeded), attempts},
		"disk full": {errors.New("database or disk is full"), 100},
	} {
		r := &rows{err: c.err, stored: map[string]int{}}
		i := &isolator{commit: r.commit, log: slog.New(slog.DiscardHandler)}
		_, errs := i.store(thousand())
		for n, err := range errs {
			if fault.KindOf(err) != fault.Unavailable {
				t.Fatalf("%s: heartbeat %d: %v", name, n, err)
			}
		}
		if r.commits > c.most {
			t.Errorf("%s: %d commits, want at most %d", name, r.commits, c.most)
		}
	}
}

// TestSuspectsAreForgotten and bounded.
func TestSuspectsAreForgotten(t *testing.T) {
	i := &isolator{log: slog.New(slog.DiscardHandler)}
	for n := range 2 * maxSuspects {
		i.suspect(fmt.Sprint("v", n), errRow)
	}
	if len(i.suspects) > maxSuspects {
		t.Errorf("%d suspects", len(i.suspects))
	}
	if until := i.suspects[fmt.Sprint("v", 2*maxSuspects-1)]; time.Until(until) > suspectLife {
		t.Errorf("suspected until %v", until)
	}
}
