package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/services/media"
)

// describe lists every object with its size, ETag and content type.
func describe(t *testing.T, h *house) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := h.media.List(t.Context(), "", func(o media.Object) bool {
		o, err := h.media.Head(t.Context(), o.Key)
		if err != nil {
			t.Error(err)
		}
		all[o.Key] = strings.Join([]string{o.ETag, o.ContentType}, " ")
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestCopiedFolder: what docs/operations.md says of copying a stopped server's
// data folder: whole with its extended attributes, not without them.
func TestCopiedFolder(t *testing.T) {
	dir := t.TempDir()
	original := folderFlags(filepath.Join(dir, "original"))
	var rows kept
	var objects map[string]string
	first, err := openPlace(t.Context(), original, quietLogger(), true, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.close()
	look(t, original, func(h *house) {
		furnish(t, h.db)
		for key, body := range map[string]string{"lessons/l1/recordings/r": "một bản ghi", "lessons/l1/packages/p/master.m3u8": "#EXTM3U\n"} {
			_, err := h.media.Put(t.Context(), key, strings.NewReader(body), int64(len(body)), media.PutOptions{ContentType: "application/x-test"})
			if err != nil {
				t.Fatal(err)
			}
		}
		rows, objects = keptBy(t, h), describe(t, h)
	})
	cp := func(option, name string) serveFlags {
		to := filepath.Join(dir, name)
		if out, err := exec.Command("cp", option, original.Data, to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return folderFlags(to)
	}
	look(t, cp("-a", "whole"), func(h *house) {
		rows.same(t, keptBy(t, h))
		for key, want := range objects {
			if got := describe(t, h)[key]; got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
	})
	look(t, cp("-r", "without-attributes"), func(h *house) {
		got := describe(t, h)
		for key, want := range objects {
			if got[key] == want {
				t.Errorf("%s has its ETag and type without extended attributes; docs/operations.md asks for them", key)
			}
		}
	})
}
