package production

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
)

// onDisk is storage whose objects are files here.
type onDisk struct {
	*storage
	dir string
}

func (d onDisk) Open(_ context.Context, key string) (*os.File, media.Object, error) {
	f, err := os.Open(filepath.Join(d.dir, filepath.Base(key)))
	if err != nil {
		return nil, media.Object{}, fault.Wrap(err, fault.NotFound, "media.not_found")
	}
	info, err := f.Stat()
	if err != nil {
		return nil, media.Object{}, err
	}
	return f, media.Object{Key: key, Size: info.Size()}, nil
}

// TestRecordingsOnThisMachineAreReadInPlace, unless they are not what was received.
func TestRecordingsOnThisMachineAreReadInPlace(t *testing.T) {
	h := newFixture(t)
	defer h.Scratch.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "xR"), []byte("recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.Media = onDisk{h.store, dir}
	for size, ok := range map[int64]bool{9: true, 0: true /* not known */, 8: false, 10: false} {
		src, err := h.source(t.Context(), lesson.Recording{Key: media.Recording("L", "xR"), Size: size})
		if ok != (err == nil) {
			t.Errorf("%d bytes received: %v", size, err)
		}
		if err == nil {
			if src.path != filepath.Join(dir, "xR") {
				t.Errorf("read at %s", src.path)
			}
			src.release()
		}
	}
	if _, err := h.source(t.Context(), lesson.Recording{Key: "none"}); !fault.Is(err, "media.not_found") {
		t.Errorf("none: %v", err)
	}
	if len(h.store.gets) != 0 {
		t.Errorf("fetched %v", h.store.gets)
	}
}

// TestRecordingsThatCannotBeFetched leave nothing behind, and the next job tries again.
func TestRecordingsThatCannotBeFetched(t *testing.T) {
	h := newFixture(t)
	defer h.Scratch.Close()
	rec := lesson.Recording{Key: media.Recording("L", "xR"), Size: 9}
	left := func() int {
		list, err := os.ReadDir(h.Scratch.dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list) - 1 // the lock
	}
	if _, err := h.source(t.Context(), rec); !fault.Is(err, "media.not_found") || left() != 0 {
		t.Errorf("none: %v, %d folders", err, left())
	}
	h.store.objects[rec.Key] = []byte("short")
	if _, err := h.source(t.Context(), rec); err == nil || left() != 0 {
		t.Errorf("of another size: %v, %d folders", err, left())
	}
	h.store.objects[rec.Key] = []byte("recording")
	h.Media = endingEarly{h.store}
	if _, err := h.source(t.Context(), rec); !fault.Is(err, "media.unavailable") || left() != 0 {
		t.Errorf("that ends early: %v, %d folders", err, left())
	}
	h.Media = h.store
	h.Scratch.Limit = 1
	if err := os.WriteFile(filepath.Join(h.Scratch.dir, "big"), make([]byte, 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.source(t.Context(), rec); fault.KindOf(err) != fault.Unavailable || !fault.Is(err, "scratch.full") {
		t.Errorf("without space: %v", err)
	}
	h.Scratch.Limit = 1 << 30
	a, err := h.source(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.source(t.Context(), rec)
	if err != nil || a.path != b.path {
		t.Errorf("two jobs of one recording read %s and %s, %v", a.path, b.path, err)
	}
	a.release()
	b.release()
	if data, err := os.ReadFile(a.path); err != nil || string(data) != "recording" {
		t.Errorf("the copy used last: %q, %v", data, err)
	}
	h.store.objects["other"] = []byte("o")
	if _, err := h.source(t.Context(), lesson.Recording{Key: "other", Size: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a copy that nobody uses stays beside the next: %v", err)
	}
}

// endingEarly says more bytes than it gives.
type endingEarly struct{ media.Store }

func (e endingEarly) Get(ctx context.Context, key string, r media.Range) (body io.ReadCloser, o media.Object,
	err error) {
	body, o, err = e.Store.Get(ctx, key, r)
	if err == nil {
		_, err = body.Read(make([]byte, 1))
	}
	return body, o, err
}

// TestScratchIsLimited: new work waits while the folder is over its limit.
func TestScratchIsLimited(t *testing.T) {
	s, err := OpenScratch(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir, err := s.folder("x")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, code := range map[int64]string{0: "", 1 << 20: "", 64 << 10: "scratch.full", 1: "scratch.full"} {
		s.Limit = limit
		if err := s.checkSpace(); code == "" && err != nil || code != "" && !fault.Is(err, code) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	s.Limit = 64 << 10
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.folder("y"); err != nil {
		t.Errorf("after the work has gone: %v", err)
	}
	if _, err := OpenScratch(filepath.Join(s.dir, "lock")); err == nil {
		t.Error("a file passes for a folder")
	}
}
