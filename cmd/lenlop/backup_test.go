package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/s3"
	"lenlop/services/backup"
	"lenlop/services/media"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
)

// kept is what a house holds: the rows of each table, and every object's SHA-256.
type kept struct {
	rows    map[string]int64
	objects map[string]string
}

func keptBy(t *testing.T, h *app.App) kept {
	t.Helper()
	k := kept{objects: map[string]string{}}
	var err error
	if k.rows, err = h.DB.Counts(t.Context()); err != nil {
		t.Fatal(err)
	}
	var keys []string
	if err := h.Media.List(t.Context(), "",
		func(o media.Object) bool { keys = append(keys, o.Key); return true }); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if k.objects[key], _, err = backup.Sum(t.Context(), h.Media, key); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// same wants all that was kept. A running installation writes jobs of its own.
func (k kept) same(t *testing.T, other kept) {
	t.Helper()
	for _, rows := range []map[string]int64{k.rows, other.rows} {
		delete(rows, "jobs")
	}
	if !maps.Equal(k.rows, other.rows) {
		t.Errorf("rows %v, want %v", other.rows, k.rows)
	}
	if !maps.Equal(k.objects, other.objects) {
		t.Errorf("objects %v, want %v", other.objects, k.objects)
	}
}

// outputOf runs a command and gives what it wrote.
func outputOf(t *testing.T, run func(context.Context, io.Writer) error) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), &out)
	return out.String(), err
}

// succeeds wants a command to succeed and to print something.
func succeeds(t *testing.T, run func(context.Context, io.Writer) error, want ...string) {
	t.Helper()
	out, err := outputOf(t, run)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("%q does not say %q", out, w)
		}
	}
}

// look opens a place that nobody has open and shows it.
func look(t *testing.T, f app.Settings, do func(h *app.App)) {
	t.Helper()
	h, err := app.OpenData(t.Context(), app.Config{Settings: f, Log: harness.QuietLogger()},
		app.OpenOptions{Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	do(h)
}

// fill makes a lesson that was watched, aired and written about.
func fill(t *testing.T, h *harness.System) harness.Lesson {
	teacher, reviewer, student := h.As("giao-vien"), h.As("chuyen-vien"), h.As("")
	l := teacher.Draft("Hằng đẳng thức \"đáng nhớ\" <7>")
	teacher.Upload(l.ID, harness.Recording(t, 4))
	l = teacher.Until(l.ID, 2*time.Minute, harness.Settled)
	teacher.OK("POST", "/lessons/"+l.ID+"/submit", nil, 200, &l)
	reviewer.OK("POST", "/lessons/"+l.ID+"/approve", map[string]any{}, 200, &l)
	student.Until(l.ID, time.Minute, func(l harness.Lesson) bool { return l.Playback != nil && l.Playback.Board != "" })
	var s struct{ Token string }
	student.OK("POST", "/lessons/"+l.ID+"/playback-sessions", map[string]any{}, 201, &s)
	student.OK("POST", "/heartbeats", map[string]any{"token": s.Token, "sequence": 1, "played": [][2]float64{{0, 4}},
		"seconds": 4, "position": 4, "rate": 1}, 202, nil)
	return l
}

// workDone waits until nothing is left to do that takes long.
func workDone(t *testing.T, h *app.App) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var n int
		err := h.DB.Reader(t.Context()).NewRaw(
			"SELECT COUNT(*) FROM jobs WHERE state IN ('waiting', 'running') AND subject <> ''").Scan(t.Context(), &n)
		if err != nil || time.Now().After(end) {
			t.Fatalf("%d jobs left: %v", n, err)
		}
		if n == 0 {
			return
		}
	}
}

// TestBackup copies an installation while it runs, restores it in a folder and at
// scale, killed in the middle, and moves it; everything is the same each time.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	locked := vaultFlags{Key: filepath.Join(dir, "key"), work: 10}
	if err := os.WriteFile(locked.Key, []byte("con mèo trèo cây cau\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to, again := filepath.Join(dir, "copies"), filepath.Join(dir, "again")
	var was kept
	t.Run("while it runs", func(t *testing.T) { was = backUp(t, locked, to) })
	if was.rows["view_sessions"] != 1 || len(was.objects) < 10 {
		t.Fatalf("not much data: %v", was)
	}
	t.Run("folder", func(t *testing.T) {
		t.Chdir(dir) // storage changes the working directory: names are made whole before
		restore := restoreCmd{Settings: harness.FolderSettings(again), vaultFlags: locked, From: filepath.Base(to)}
		succeeds(t, restore.Run, "no problems found")
		look(t, harness.FolderSettings(again), func(h *app.App) { was.same(t, keptBy(t, h)) })
		if _, err := outputOf(t, restore.Run); err == nil || !strings.Contains(app.Explain(err), "not empty") {
			t.Errorf("restored over existing data: %v", err)
		}
		wrong := locked
		wrong.Key = filepath.Join(dir, "wrong")
		if err := os.WriteFile(wrong.Key, []byte("con khác\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := outputOf(t, restoreCmd{Settings: harness.FolderSettings(t.TempDir()), vaultFlags: wrong,
			From: to}.Run); err == nil || !strings.Contains(app.Explain(err), "passphrase is not") {
			t.Errorf("a wrong passphrase: %v", err)
		}
	})
	t.Run("scale, killed and repeated", func(t *testing.T) { restoreAtScale(t, locked, to, was) })
	t.Run("move", func(t *testing.T) {
		f := harness.FolderSettings(t.TempDir())
		f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = pgtest.Postgres(t), harness.S3Server(t),
			"examaccess", "examsecret"
		file := filepath.Join(t.TempDir(), "settings")
		text := fmt.Sprintf(
			"LENLOP_DATABASE=%s\nLENLOP_S3_ENDPOINT=%s\nLENLOP_S3_ACCESS_KEY=examaccess\nLENLOP_S3_SECRET_KEY=examsecret\n", f.Database, f.S3Endpoint)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		move := migrateCmd{DataSettings: harness.FolderSettings(again).DataSettings, To: file}
		succeeds(t, move.Run, "every hash compared", "no problems found")
		look(t, f, func(h *app.App) { was.same(t, keptBy(t, h)) })
		if _, err := outputOf(t, move.Run); err == nil || !strings.Contains(app.Explain(err), "not empty") {
			t.Errorf("moved over existing data: %v", err)
		}
		toBucket(t, f, was)
	})
	t.Run("fsck", func(t *testing.T) { damages(t, harness.FolderSettings(again)) })
	t.Run("damaged copy", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(to, "objects", "*", "*.age"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		raw, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-1] ^= 1
		if err := os.WriteFile(files[0], raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := outputOf(t, backupCmd{vaultFlags: locked, To: to, Check: true}.Run); err == nil ||
			!strings.Contains(app.Explain(err), "damaged") {
			t.Errorf("a damaged copy passes: %v", err)
		}
		if _, err := outputOf(t, restoreCmd{Settings: harness.FolderSettings(t.TempDir()), vaultFlags: locked,
			From: to}.Run); err == nil || !strings.Contains(app.Explain(err), "damaged") {
			t.Errorf("a damaged copy is restored: %v", err)
		}
	})
}

// backUp makes data and copies it twice while its workers run.
func backUp(t *testing.T, locked vaultFlags, to string) kept {
	h := harness.Start(t, nil)
	l := fill(t, h)
	workDone(t, h.App)
	copyIt := backupCmd{Settings: h.App.Settings, vaultFlags: locked, To: to}
	succeeds(t, copyIt.Run, "read back and whole")
	succeeds(t, fsckCmd{Settings: h.App.Settings}.Run, "no problems found")
	// While somebody copies nothing is removed; afterwards it is.
	holds, key := h.App.DB.Holds(), "lessons/"+l.ID+"/captions/vi.thu.vtt"
	if _, err := h.App.Media.Put(t.Context(), key, strings.NewReader("WEBVTT"), 6, media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(holds.Hold(t.Context(), "x", time.Now().Add(time.Hour)),
		h.App.Media.Delete(t.Context(), key)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.App.Media.Head(t.Context(), key); err != nil {
		t.Errorf("removed while somebody copies: %v", err)
	}
	if err := errors.Join(h.App.DropHeld(t.Context()), holds.Release(t.Context(), "x", time.Now())); err != nil {
		t.Fatal(err)
	}
	if _, err := h.App.Media.Head(t.Context(), key); err != nil {
		t.Errorf("removed before the hold ended: %v", err)
	}
	if err := h.App.DropHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.App.Media.Head(t.Context(), key); err == nil {
		t.Error("not removed after the hold")
	}
	succeeds(t, copyIt.Run, " 0 of them new")
	stray := filepath.Join(to, "objects", "ab", strings.Repeat("0", 32)+"-"+strings.Repeat("1", 64)+".age")
	if err := errors.Join(os.MkdirAll(filepath.Dir(stray), 0o700), os.WriteFile(stray, []byte("x"), 0o600),
		holds.Hold(t.Context(), "backup other", time.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	copyIt.Keep = 1
	if out, err := outputOf(t, copyIt.Run); err == nil || !strings.Contains(app.Explain(err), "backup other") ||
		!strings.Contains(out, "whole") {
		t.Errorf("pruned while somebody copies: %q, %v", out, err)
	}
	if err := holds.Release(t.Context(), "backup other", time.Now()); err != nil {
		t.Fatal(err)
	}
	succeeds(t, copyIt.Run, "older backups removed: 3, with 1 objects")
	if _, err := os.Stat(stray); err == nil {
		t.Error("an object that no backup names is still there")
	}
	succeeds(t, backupCmd{vaultFlags: locked, To: to, Check: true}.Run, "is whole")
	return keptBy(t, h.App)
}

// toBucket copies a scale installation into a bucket with a key that only writes,
// and makes it again in a folder with the other half of the key.
func toBucket(t *testing.T, f app.Settings, was kept) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	flags := func(name, key string) vaultFlags {
		v := vaultFlags{Key: filepath.Join(dir, name), S3Endpoint: f.S3Endpoint, S3Region: "us-east-1",
			S3AccessKey: f.S3AccessKey, S3SecretKey: f.S3SecretKey}
		if err := os.WriteFile(v.Key, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return v
	}
	writes, reads := flags("public", id.Recipient().String()), flags("private", id.String())
	store, err := s3.New(t.Context(), s3.Config{Endpoint: f.S3Endpoint, Bucket: "copies", PathStyle: true,
		AccessKey: f.S3AccessKey, SecretKey: f.S3SecretKey})
	if err == nil {
		err = store.EnsureBucket(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	const to = "s3://copies/truong/hom-nay"
	copyIt := backupCmd{Settings: f, vaultFlags: writes, To: to}
	succeeds(t, copyIt.Run, "the key here can only write")
	if _, err := outputOf(t, backupCmd{vaultFlags: writes, To: to, Check: true}.Run); err == nil {
		t.Error("a key that only writes has read")
	}
	copyIt.vaultFlags, copyIt.Keep = reads, 1
	succeeds(t, copyIt.Run, " 0 of them new", "older backups removed: 1, with 0 objects")
	succeeds(t, backupCmd{vaultFlags: reads, To: to, Check: true}.Run, "is whole")
	again := harness.FolderSettings(t.TempDir())
	succeeds(t, restoreCmd{Settings: again, vaultFlags: reads, From: to}.Run, "no problems found")
	look(t, again, func(h *app.App) { was.same(t, keptBy(t, h)) })
}

// failing is a place whose process dies when it has stored some objects.
type failing struct {
	media.Store
	left int
}

var errKilled = errors.New("killed")

func (f *failing) Put(ctx context.Context, key string, body io.ReadSeeker, size int64,
	o media.PutOptions) (media.Object, error) {
	if f.left--; f.left < 0 {
		return media.Object{}, errKilled
	}
	return f.Store.Put(ctx, key, body, size, o)
}

// cut is a database whose process dies in the middle of loading.
type cut struct{ backup.Database }

func (c cut) Load(ctx context.Context, r io.Reader) (map[string]int64, error) {
	return c.Database.Load(ctx, io.MultiReader(io.LimitReader(r, 20_000), brokenReader{}))
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errKilled }

func restoreAtScale(t *testing.T, locked vaultFlags, from string, was kept) {
	f := harness.FolderSettings(t.TempDir())
	f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = pgtest.Postgres(t), harness.S3Server(t),
		"examaccess", "examsecret"
	look(t, f, func(h *app.App) {
		c := h.Copier()
		if err := locked.open(t.Context(), from, c); err != nil {
			t.Fatal(err)
		}
		c.Media = &failing{h.Media, 5}
		if _, err := c.Restore(t.Context(), ""); !errors.Is(err, errKilled) {
			t.Fatalf("not killed: %v", err)
		}
		c.Media, c.Database = h.Media, cut{h.DB}
		if _, err := c.Restore(t.Context(), ""); err == nil {
			t.Fatal("half a database was restored")
		}
		if full, err := h.DB.Empty(t.Context()); full != "" || err != nil {
			t.Fatalf("half a database stays: %q, %v", full, err)
		}
	})
	succeeds(t, restoreCmd{Settings: f, vaultFlags: locked, From: from}.Run, "no problems found")
	look(t, f, func(h *app.App) { was.same(t, keptBy(t, h)) })
}
