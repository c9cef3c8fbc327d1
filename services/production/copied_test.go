package production

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lenlop/services/lesson"
	"lenlop/transcoder"
	"lenlop/transcoder/ladder"
	"lenlop/transcoder/probe"
)

// ownGroups are pictures of 60 s in groups of two.
func ownGroups() *probe.Groups {
	g := &probe.Groups{Pictures: 1500}
	for k := int64(0); k < 1500; k += 50 {
		g.Keys, g.Bytes = append(g.Keys, k), append(g.Bytes, 1000)
	}
	return g
}

// TestRepackagedRunsAhead: the whole lesson plays in its own pictures while
// the low rungs are still being made.
func TestRepackagedRunsAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.groups = ownGroups()
		h.machine.before(func(ctx context.Context, _ string, task transcoder.Task) error {
			took := time.Second
			if task.Group != ladder.Same {
				took = 20 * time.Second
			}
			select {
			case <-time.After(took):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(50 * time.Second)
		l := h.lesson("L")
		if !l.Media.Playable || l.Media.State != lesson.Processing {
			t.Fatalf("%+v", l.Media)
		}
		if first := strings.SplitN(h.playlist("L", l.Media.PackageID, "master.m3u8"), "\n",
			6); !strings.HasPrefix(first[4], "360p") {
			t.Errorf("players would begin with %s", first[4])
		}
		top, low := h.playlist("L", l.Media.PackageID, "720p.event.m3u8"),
			h.playlist("L", l.Media.PackageID, "360p.event.m3u8")
		if t1, l1 := strings.Count(top, "#EXTINF"), strings.Count(low, "#EXTINF"); t1 != 12 || l1 >= t1 {
			t.Errorf("%d of 12 segments of the repackaged rung are there, %d of 360p", t1, l1)
		}
		pass(10 * time.Minute)
		if l := h.lesson("L"); l.Media.State != lesson.Ready {
			t.Errorf("%+v", l.Media)
		}
	})
}

// TestUnfitForRepackagingIsEncoded: when its pictures turn out unfit on the
// way, the recording is planned again and encoded, and the lesson is ready.
func TestUnfitForRepackagingIsEncoded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		h.machine.groups = ownGroups()
		var found atomic.Int32
		h.machine.before(func(_ context.Context, _ string, task transcoder.Task) error {
			if task.Group == ladder.Same && task.Piece == 1 {
				found.Add(1)
				return fmt.Errorf("piece 1: %w: broken pictures", transcoder.ErrCopy)
			}
			return nil
		})
		defer h.start()()
		h.receive("L", "R", "recording", "")
		pass(10 * time.Minute)
		l := h.lesson("L")
		if l.Media.State != lesson.Ready || found.Load() != 1 {
			t.Fatalf("found %d times, %+v", found.Load(), l.Media)
		}
		ps, err := h.pkgs.Packages(t.Context(), "L")
		if err != nil || len(ps) != 2 {
			t.Fatalf("%v, %d packages", err, len(ps))
		}
		for _, p := range ps {
			if copied := strings.Contains(string(p.Plan), `"copy":true`); copied != (p.State == Broken) ||
				copied == (p.ID == l.Media.PackageID) {
				t.Errorf("package %s: %s, repackaged %v", p.ID, p.State, copied)
			}
		}
	})
}
