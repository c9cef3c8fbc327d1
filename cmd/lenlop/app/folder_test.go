package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lenlop/infra/sqldb"
)

// folderSettings are the settings of a data folder of its own.
func folderSettings(dir string) Settings {
	return Settings{DataSettings: DataSettings{Data: dir, S3Bucket: "lenlop", S3Region: "us-east-1",
		Timezone: "Asia/Ho_Chi_Minh", LogLevel: "error"}, MaxUpload: 1 << 30}
}

// starts makes the App of a folder as serve does.
func starts(t *testing.T, dir string) error {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	f, err := LockFolder(dir)
	if err != nil {
		return err
	}
	defer f.Release()
	a, err := New(ctx, Config{Settings: folderSettings(f.Dir), Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		a.Close()
	}
	return err
}

// TestFolderProblems: what is wrong with a data folder is one sentence that
// says what to do.
func TestFolderProblems(t *testing.T) {
	small := func(size string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); errors.Is(err, syscall.EPERM) {
				t.Skip("only root may mount a small disk")
			} else if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
					t.Error(err)
				}
			})
		}
	}
	write := func(name, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	newer := func(t *testing.T, dir string) {
		if err := starts(t, dir); err != nil {
			t.Fatal(err)
		}
		db, err := sqldb.Open(t.Context(), folderSettings(dir).DSN(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Writer(t.Context()).NewRaw(
			"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)").Exec(
			t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		harm func(t *testing.T, dir string)
		want string
	}{
		"full": {func(t *testing.T, dir string) { small("16k")(t, dir); fillUp(t, dir) },
			"the disk of the data folder is full: free some space"},
		"full after a line": {small("256k"), "the disk of the data folder is full: free some space"},
		"no database": {write(filepath.Base(folderSettings("").DSN()),
			strings.Repeat("không phải cơ sở dữ liệu ", 100)), "the database's file is damaged"},
		"newer":             {newer, "start the newer lenlop"},
		"objects no folder": {write("objects", "x"), "the data folder is no folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.harm(t, dir)
			err := starts(t, dir)
			if err == nil {
				t.Fatal("it starts")
			}
			if got := Explain(err); !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("%q does not say %q in one line", got, c.want)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	write("file", "x")(t, filepath.Dir(file))
	if err := starts(t, file); err == nil || !strings.Contains(Explain(err), "is no folder") {
		t.Errorf("a file: %v", err)
	}
	for err, want := range map[error]string{syscall.EROFS: "can only be read", syscall.EACCES: "may not write",
		syscall.EDQUOT: "full"} {
		if got := folderProblem("d", &os.PathError{Op: "open", Path: "d",
			Err: err}).Error(); !strings.Contains(got, want) {
			t.Errorf("%v gives %q", err, got)
		}
	}
}

// fillUp leaves no byte on a disk.
func fillUp(t *testing.T, dir string) {
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 512))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
