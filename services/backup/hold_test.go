package backup

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/test/memstore"
)

// TestRemovalsWaitWhileABackupRuns: what its copy of the database names must still be there when it is copied.
func TestRemovalsWaitWhileABackupRuns(t *testing.T) {
	p := full(t)
	guarded := Guard(p.files, p.holds, func() time.Time { return p.now })
	p.db.dumping = func() {
		if err := guarded.Delete(t.Context(), "imports/i", "uploads/u/1/0-5", "notices/n/a"); err != nil {
			t.Fatal(err)
		}
	}
	if res := p.write(t); res.Objects != 3 || res.Missing != nil {
		t.Errorf("copied %+v", res)
	}
	if len(p.files.Keys("uploads/")) != 0 {
		t.Error("a piece of an upload, which no backup copies, waits")
	}
	if _, ok := p.files.Text("imports/i"); !ok || !slices.Equal(p.holds.waiting, []string{"imports/i", "notices/n/a"}) {
		t.Errorf("waiting: %v", p.holds.waiting)
	}
	if err := Drop(t.Context(), p.files, p.holds, p.now); err != nil || len(p.holds.waiting) != 0 {
		t.Errorf("waiting after the backup: %v, %v", p.holds.waiting, err)
	}
	if keys := p.files.Keys(""); !slices.Equal(keys, []string{"lessons/l1/recordings/r"}) {
		t.Errorf("left %v", keys)
	}
	if err := guarded.Delete(t.Context(), "lessons/l1/recordings/r"); err != nil || len(p.files.Keys("")) != 0 {
		t.Errorf("nobody copies, and %v is left: %v", p.files.Keys(""), err)
	}
}

// TestDropWaitsForTheLastBackup and takes more keys than one request.
func TestDropWaitsForTheLastBackup(t *testing.T) {
	h, m := newHolds(), &memstore.Media{}
	h.Wait(t.Context(), make([]string, 2*dropAtOnce+1), begun)
	h.Hold(t.Context(), copying+"a", begun.Add(time.Minute))
	if err := Drop(t.Context(), m, h, begun); err != nil || m.Calls("Delete") != 0 {
		t.Errorf("%d removals while a backup runs: %v", m.Calls("Delete"), err)
	}
	m.Fail = func(string, string) error { return errDisk }
	if err := Drop(t.Context(), m, h, begun.Add(time.Minute)); !errors.Is(err, errDisk) || len(h.waiting) == 0 {
		t.Errorf("%d wait after storage failed: %v", len(h.waiting), err)
	}
	m.Fail = nil
	if err := Drop(t.Context(), m, h, begun.Add(time.Minute)); err != nil || len(h.waiting) != 0 {
		t.Errorf("%d wait after the hold's end: %v", len(h.waiting), err)
	}
}

type opening struct {
	*memstore.Media
	media.Opener
}

func TestGuardOpensFilesWhereStorageDoes(t *testing.T) {
	if _, ok := Guard(opening{Media: &memstore.Media{}}, newHolds(), time.Now).(media.Opener); !ok {
		t.Error("storage with files lost them")
	}
	if _, ok := Guard(&memstore.Media{}, newHolds(), time.Now).(media.Opener); ok {
		t.Error("storage without files says it has some")
	}
}

// TestHoldIsRenewed every ten minutes, for six hours each time.
func TestHoldIsRenewed(t *testing.T) {
	p := full(t)
	h := &holding{c: p.Copier, id: copying + "a"}
	for _, c := range []struct {
		after time.Duration
		times int
	}{{0, 1}, {10*time.Minute - 1, 1}, {1, 2}, {9 * time.Minute, 2}, {time.Hour, 3}} {
		p.now = p.now.Add(c.after)
		if err := h.renew(t.Context()); err != nil || p.holds.renewed[h.id] != c.times {
			t.Errorf("%v later: renewed %d times, %v", c.after, p.holds.renewed[h.id], err)
		}
	}
	if until := p.holds.until[h.id]; !until.Equal(p.now.Add(6 * time.Hour)) {
		t.Errorf("held until %v at %v", until, p.now)
	}
}

// TestBackupAndPruningExcludeEachOther; two backups do not.
func TestBackupAndPruningExcludeEachOther(t *testing.T) {
	for holder, code := range map[string]string{pruning + "x": "backup.busy", copying + "x": "", "reading x": ""} {
		p := full(t)
		p.holds.until[holder] = p.now.Add(time.Minute)
		_, err := p.Write(t.Context())
		if code == "" && err != nil || code != "" && (!fault.Is(err, code) || fault.As(err).Args["holder"] != holder) {
			t.Errorf("backup beside %q: %v", holder, err)
		}
		if left := slices.Collect(maps.Keys(p.holds.until)); !slices.Equal(left, []string{holder}) {
			t.Errorf("held after backup beside %q: %v", holder, left)
		}
		p.now = p.now.Add(time.Minute) // it was killed, and its hold ends
		if _, err := p.Write(t.Context()); err != nil {
			t.Errorf("after %q: %v", holder, err)
		}
	}
}

// TestWithoutHolds: a stopped server has nobody to hold up.
func TestWithoutHolds(t *testing.T) {
	p := full(t)
	p.Holds = nil
	p.write(t)
	if _, err := p.Prune(t.Context(), 1); err != nil || len(p.holds.renewed) != 0 {
		t.Error(err)
	}
}

// TestUnregisteredPrefixIsRefused: no backup would copy such an object, and fsck would not know its owner.
func TestUnregisteredPrefixIsRefused(t *testing.T) {
	p := full(t)
	guarded := Guard(p.files, p.holds, func() time.Time { return p.now })
	for key, want := range map[string]bool{
		"lessons/l/captions/vi.1.vtt": true, "uploads/u/00001/0-5": true, "notices/n/a": true,
		"lessons/l/exercises/e": false, "exercises/e": false, "": false,
	} {
		_, err := guarded.Put(t.Context(), key, strings.NewReader("x"), 1, media.PutOptions{})
		if _, there := p.files.Text(key); (err == nil) != want || there != want {
			t.Errorf("key %q: stored %v, error %v, want it stored: %v", key, there, err, want)
		}
	}
}
