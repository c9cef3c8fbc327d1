package system_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/upload"
)

// smallDisk mounts a file system of the size in memory, or skips where that is
// forbidden; TestEveryFailingWrite (infra/s3embedded) breaks every write anywhere.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		if errors.Is(err, syscall.EPERM) && os.Getenv("LENLOP_TEST_REQUIRE") != "1" {
			t.Skipf("mounting is forbidden here: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all space of a disk but that much; the file is removed to free it.
func fill(t *testing.T, disk string, leave int64) (file string) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(disk, &s); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := int64(s.Bavail)*s.Bsize - leave; n > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, n); err != nil {
			t.Fatal(err)
		}
	}
	return f.Name()
}

// TestUploadOnAFullDisk: a disk that is full at any moment of an upload, for the
// space check or for the writes, loses nothing of it, and the client's own
// repetition ends it with the same bytes once there is space.
func TestUploadOnAFullDisk(t *testing.T) {
	file := fileOf(2*upload.MinPartSize + 12_345)
	size := int64(len(file))
	for name, c := range map[string]struct {
		leave   int64 // bytes while the parts are joined
		unaware bool  // the service does not look at the space: the writes fail
	}{
		"no space at all":             {0, false},
		"not enough to join":          {size / 2, false},
		"a join that fails at once":   {0, true},
		"in its first part":           {upload.MinPartSize / 2, true},
		"in its second part":          {upload.MinPartSize + 100<<10, true},
		"in its last part":            {2*upload.MinPartSize + 4<<10, true},
		"one page before it is whole": {size &^ 4095, true},
	} {
		t.Run(name, func(t *testing.T) {
			disk := smallDisk(t, "size=64m")
			h := openUploadsAt(t, t.TempDir(), filepath.Join(disk, "objects"))
			if c.unaware {
				h.uploads.Space = nil
			}
			l := h.draft(t)
			u, err := h.uploads.Begin(t.Context(), h.teacher, l.ID, "bài.mp4", size)
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= u.PartCount; n++ {
				if err := h.sendPart(t.Context(), u, file, n, 0, h.teacher); err != nil {
					t.Fatal(err)
				}
			}
			filler := fill(t, disk, c.leave)
			for range 2 {
				if _, err := h.uploads.Complete(t.Context(), h.teacher, u.ID, ""); fault.KindOf(err) != fault.Full ||
					!fault.Is(err, "storage.full") {
					t.Fatalf("on a full disk: %v", err)
				}
				if u, parts, err := h.uploads.Get(t.Context(), h.teacher, u.ID); err != nil ||
					u.Status != upload.Open ||
					len(parts) != u.PartCount {
					t.Fatalf("kept: %v, %d parts, %v", u.Status, len(parts), err)
				}
			}
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			if _, err := h.uploads.Complete(t.Context(), h.teacher, u.ID, ""); err != nil {
				t.Fatal(err)
			}
			h.checkReceived(t, l.ID, file)
		})
	}
}

// TestFullDiskRefusesParts: parts that the disk does not take are refused, those
// that it took before are kept, and new uploads are not begun.
func TestFullDiskRefusesParts(t *testing.T) {
	disk := smallDisk(t, "size=48m")
	h := openUploadsAt(t, t.TempDir(), filepath.Join(disk, "objects"))
	l := h.draft(t)
	file := fileOf(3 * upload.MinPartSize)
	u, err := h.uploads.Begin(t.Context(), h.teacher, l.ID, "bài.mp4", int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.sendPart(t.Context(), u, file, 1, 0, h.teacher); err != nil {
		t.Fatal(err)
	}
	for _, leave := range []int64{0, 64 << 10, upload.MinPartSize - 8<<10} {
		filler := fill(t, disk, leave)
		if err := h.sendPart(t.Context(), u, file, 2, 0, h.teacher); err == nil || err.Error() != "part 2: status 507" {
			t.Errorf("%d bytes left: %v", leave, err)
		}
		if _, parts, err := h.uploads.Get(t.Context(), h.teacher, u.ID); err != nil || len(parts) != 1 {
			t.Errorf("%d bytes left: %d parts, %v", leave, len(parts), err)
		}
		_, err := h.uploads.Begin(t.Context(), h.teacher, l.ID, "b.mp4", 6<<20)
		if !fault.Is(err, "upload.no_space") || fault.KindOf(err) != fault.Full {
			t.Errorf("%d bytes left: a new upload: %v", leave, err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	for n := 2; n <= u.PartCount; n++ {
		if err := h.sendPart(t.Context(), u, file, n, 0, h.teacher); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.uploads.Complete(t.Context(), h.teacher, u.ID, ""); err != nil {
		t.Fatal(err)
	}
	h.checkReceived(t, l.ID, file)
}
