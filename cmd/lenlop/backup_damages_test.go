package main

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
)

// damages harms data by hand, one thing at a time; each is found and named.
func damages(t *testing.T, f app.Settings) {
	succeeds(t, fsckCmd{Settings: f}.Run, "no problems found")
	var recordingKey, segmentKey, lessonID string
	look(t, f, func(h *app.App) {
		for q, v := range map[string]*string{"SELECT storage_key FROM recordings": &recordingKey,
			"SELECT id FROM lessons": &lessonID,
			"SELECT storage_key FROM segments WHERE position = 0 LIMIT 1": &segmentKey} {
			if err := h.DB.Reader(t.Context()).NewRaw(q).Scan(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
	})
	file := func(key string) string {
		return filepath.Join(f.Data, "objects", "buckets", "lenlop", filepath.FromSlash(key))
	}
	run := func(q string, args ...any) func(t *testing.T) {
		return func(t *testing.T) {
			db, err := sql.Open("sqlite", f.DSN())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if res, err := db.Exec(q, args...); err != nil {
				t.Fatal(err)
			} else if n, err := res.RowsAffected(); n == 0 || err != nil {
				t.Fatalf("%s changed nothing: %v", q, err)
			}
		}
	}
	old := time.Now().Add(-60 * 24 * time.Hour)
	stray := file("lessons/" + lessonID + "/packages/ma/la.bin")
	for _, d := range []struct {
		name       string
		harm, mend func(t *testing.T)
		quick      bool // sizes are enough to see it
		mends      bool // --mend puts it right
		want       string
	}{
		{"changed bytes", flip(file(recordingKey)), flip(file(recordingKey)), false, false, "I1  recording"},
		{"lost recording", move(file(recordingKey)), back(file(recordingKey)), true, false, "storage does not have it"},
		{"lost segment", move(file(segmentKey)), back(file(segmentKey)), true, false, "I3  segment " + segmentKey},
		{"short segment", run("UPDATE segments SET size = size + 1 WHERE storage_key = ?", segmentKey),
			run("UPDATE segments SET size = size - 1 WHERE storage_key = ?", segmentKey), true, false,
			"I3  segment " + segmentKey},
		{"stuck", run("UPDATE lessons SET media_state = 'processing', updated_at = '2020-04-13 00:00:00+00:00'"),
			run("UPDATE lessons SET media_state = 'ready'"), true, false, "no job prepares it"},
		{"total", run("UPDATE view_totals SET views = views + 1"),
			run("UPDATE view_totals SET views = views - 1"), true, false,
			"the number of views is kept as 2, and the rules make it 1"},
		{"credit", run("UPDATE view_credits SET watch_ms = watch_ms + 7"),
			run("UPDATE view_credits SET watch_ms = watch_ms - 7"), true, false,
			"a viewer of lesson " + lessonID},
		{"index", run("UPDATE lessons SET title = 'Tên khác'"), nil, true, true, "shows it as it no longer is"},
		{"stray object", func(t *testing.T) {
			if err := errors.Join(os.MkdirAll(filepath.Dir(stray), 0o750), os.WriteFile(stray, []byte("la"), 0o640),
				os.Chtimes(stray, old, old)); err != nil {
				t.Fatal(err)
			}
		}, nil, true, true, "the database does not know it"},
	} {
		t.Run(d.name, func(t *testing.T) {
			d.harm(t)
			out, err := outputOf(t, fsckCmd{Settings: f, Quick: d.quick}.Run)
			if !errors.Is(err, app.ErrReported) || !strings.Contains(out, d.want) {
				t.Errorf("%v, %q does not say %q", err, out, d.want)
			}
			if d.mends {
				succeeds(t, fsckCmd{Settings: f, Quick: true, Mend: true}.Run, "all repaired")
			} else {
				d.mend(t)
			}
			succeeds(t, fsckCmd{Settings: f}.Run, "no problems found")
		})
	}
}

// flip changes a file's last byte and leaves its size.
func flip(name string) func(t *testing.T) {
	return func(t *testing.T) {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		var b [1]byte
		if _, err := f.ReadAt(b[:], st.Size()-1); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := f.WriteAt(b[:], st.Size()-1); err != nil {
			t.Fatal(err)
		}
	}
}

func move(name string) func(t *testing.T) { return rename(name, awayFrom(name)) }
func back(name string) func(t *testing.T) { return rename(awayFrom(name), name) }

// awayFrom is a place outside the bucket.
func awayFrom(name string) string {
	dir, _, _ := strings.Cut(name, "/objects/buckets/")
	return filepath.Join(dir, "away")
}

func rename(from, to string) func(t *testing.T) {
	return func(t *testing.T) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
}
