package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/media"
	"lenlop/test/system/harness"
)

// describe lists every object with its size, ETag and content type.
func describe(t *testing.T, h *app.App) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := h.Media.List(t.Context(), "", func(o media.Object) bool {
		o, err := h.Media.Head(t.Context(), o.Key)
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

// TestCopiedFolder: a copy of a stopped server's data folder is complete with its
// extended attributes and not without them, as docs/operations.md says.
func TestCopiedFolder(t *testing.T) {
	dir := t.TempDir()
	original := harness.FolderSettings(filepath.Join(dir, "original"))
	var rows kept
	var objects map[string]string
	first, err := app.OpenData(t.Context(), app.Config{Settings: original, Log: harness.QuietLogger()},
		app.OpenOptions{Alone: true, Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.DB.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Close()
	look(t, original, func(h *app.App) {
		harness.AddAccounts(t, h.DB)
		for key, body := range map[string]string{"lessons/l1/recordings/r": "một bản ghi",
			"lessons/l1/packages/p/master.m3u8": "#EXTM3U\n"} {
			_, err := h.Media.Put(t.Context(), key, strings.NewReader(body), int64(len(body)),
				media.PutOptions{ContentType: "application/x-test"})
			if err != nil {
				t.Fatal(err)
			}
		}
		rows, objects = keptBy(t, h), describe(t, h)
	})
	cp := func(option, name string) app.Settings {
		to := filepath.Join(dir, name)
		if out, err := exec.Command("cp", option, original.Data, to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return harness.FolderSettings(to)
	}
	look(t, cp("-a", "whole"), func(h *app.App) {
		rows.same(t, keptBy(t, h))
		for key, want := range objects {
			if got := describe(t, h)[key]; got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
	})
	look(t, cp("-r", "without-attributes"), func(h *app.App) {
		got := describe(t, h)
		for key, want := range objects {
			if got[key] == want {
				t.Errorf("%s has its ETag and type without extended attributes; docs/operations.md asks for them", key)
			}
		}
	})
}
