package upload

import (
	"errors"
	"testing"

	"lenlop/services/fault"
)

func TestSpace(t *testing.T) {
	const mb, gb = 1 << 20, 1 << 30
	for _, c := range []struct {
		name              string
		size, free, total int64
		new, join         bool // there is space
	}{
		{"a large disk", 20 * gb, 100 * gb, 1000 * gb, true, true},
		{"twice its size and the reserve", 10 * gb, 21 * gb, 1000 * gb, true, true},
		{"a byte less", 10 * gb, 21*gb - 1, 1000 * gb, false, true},
		{"once its size and half the reserve", 10 * gb, 10*gb + gb/2, 1000 * gb, false, true},
		{"not even to join", 10 * gb, 10*gb + gb/2 - 1, 1000 * gb, false, false},
		{"a small disk reserves less", 14 * mb, 32 * mb, 64 * mb, true, true},
		{"a small disk that is nearly full", 14 * mb, 20 * mb, 64 * mb, false, true},
		{"a full disk", 1, 0, 1000 * gb, false, false},
		{"one that is gone", 1, 0, 0, false, false},
	} {
		if got := lacking(c.size, c.free, c.total) == 0; got != c.new {
			t.Errorf("%s: a new upload: %v, want %v", c.name, got, c.new)
		}
		if got := lackingToJoin(c.size, c.free, c.total) == 0; got != c.join {
			t.Errorf("%s: joining: %v, want %v", c.name, got, c.join)
		}
	}
}

// TestFullDisk: a recording that arrived is kept while there is no space to join
// it, and received by the same call once there is; new ones are refused.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	u := w.begin(t)
	w.send(t, u, 1, 2, 3)
	const total = 100 << 30
	free, broken := u.Size, error(nil)
	w.Space = func() (int64, int64, error) { return free, total, broken }
	for range 3 {
		_, err := w.Complete(t.Context(), teacher, u.ID, "")
		wantCode(t, err, "storage.full")
		if fault.KindOf(err) != fault.Full || w.uploads[u.ID].Status != Open || len(w.parts[u.StorageID]) != 3 {
			t.Fatalf("kind %v, upload %v, parts %v", fault.KindOf(err), w.uploads[u.ID].Status, w.parts)
		}
	}
	_, err := w.Begin(t.Context(), teacher, "l1", "a.mp4", 1<<20)
	wantCode(t, err, "upload.no_space")
	if broken = errors.New("disk gone"); fault.KindOf(w.spaceFor(1)) != fault.Unavailable {
		t.Error("without knowing the space")
	}
	free, broken = total, nil
	if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.checkReceived(t, u)
}

// TestShortObject: what a failed join left in place of the object is made again
// from the parts, which are still there.
func TestShortObject(t *testing.T) {
	for name, left := range map[string]int64{
		"nothing of it": 0, "half of it": DefaultPartSize, "more than all": 1 << 40,
	} {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		w.objects[u.Key] = left
		if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.checkReceived(t, u)
		if w.objects[u.Key] != u.Size {
			t.Errorf("%s: %d bytes stored", name, w.objects[u.Key])
		}
	}
}

// TestStorageFailsToJoin: whatever storage answers, the parts stay and the upload
// is open.
func TestStorageFailsToJoin(t *testing.T) {
	for _, step := range []string{"head", "parts", "join", "commit"} {
		w := newWorld(t)
		u := w.begin(t)
		w.send(t, u, 1, 2, 3)
		w.die = step
		if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err == nil {
			t.Fatalf("%s: no error", step)
		}
		if w.uploads[u.ID].Status != Open {
			t.Fatalf("%s: %v", step, w.uploads[u.ID].Status)
		}
		if _, err := w.Complete(t.Context(), teacher, u.ID, ""); err != nil {
			t.Fatalf("%s: again: %v", step, err)
		}
		w.checkReceived(t, u)
	}
}
