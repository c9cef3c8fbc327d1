package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/media"
	"lenlop/test/memstore"
)

// TestTargets holds both kinds to the contract of Target.
func TestTargets(t *testing.T) {
	dir, bucket := t.TempDir(), &memstore.Media{}
	bucket.Set("of/others", "not ours")
	targets := map[string]Target{"folder": Folder(dir), "bucket": Bucket{Store: bucket, Prefix: "backup/"}}
	for name, target := range targets {
		list := func(prefix string) (names []string) {
			if err := target.List(t.Context(), prefix, func(n string) { names = append(names, n) }); err != nil {
				t.Errorf("%s: list %q: %v", name, prefix, err)
			}
			return names
		}
		if names := list("objects/"); names != nil {
			t.Errorf("%s: empty, and lists %v", name, names)
		}
		for _, file := range []string{"objects/aa/2", "objects/aa/1", "key.age", "objects/aa/1"} {
			if err := target.Put(t.Context(), file, strings.NewReader(file), int64(len(file))); err != nil {
				t.Fatal(err)
			}
		}
		if names := list(""); !slices.Equal(names, []string{"key.age", "objects/aa/1", "objects/aa/2"}) {
			t.Errorf("%s: lists %v", name, names)
		}
		if err := target.Put(t.Context(), "objects/cut", strings.NewReader("short"), 6); err == nil {
			t.Errorf("%s: takes a file that ends early", name)
		}
		if names := list("objects/"); !slices.Equal(names, []string{"objects/aa/1", "objects/aa/2"}) {
			t.Errorf("%s: lists %v below objects/", name, names)
		}
		r, err := target.Get(t.Context(), "objects/aa/2")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != "objects/aa/2" || r.Close() != nil {
			t.Errorf("%s: reads %q, %v", name, text, err)
		}
		if _, err := target.Get(t.Context(), "objects/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a missing file is %v", name, err)
		}
		if err := target.Delete(t.Context(), "objects/aa/1", "objects/aa/none", "objects/aa/2"); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
		if names := list(""); !slices.Equal(names, []string{"key.age"}) {
			t.Errorf("%s: left %v", name, names)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "objects", "aa")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder is left: %v", err)
	}
	if keys := bucket.Keys(""); !slices.Equal(keys, []string{"backup/key.age", "of/others"}) {
		t.Errorf("the bucket has %v", keys)
	}
}

// TestFolderPassesOverFilesInTheMaking: a backup that is killed leaves one behind.
func TestFolderPassesOverFilesInTheMaking(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".new-123", "whole"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	err := Folder(dir).List(t.Context(), "", func(n string) { names = append(names, n) })
	if err != nil || !slices.Equal(names, []string{"whole"}) {
		t.Errorf("lists %v, %v", names, err)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Folder(file).Put(t.Context(), "a", strings.NewReader(""), 0); err == nil {
		t.Error("a file passes for a folder")
	}
	away := &memstore.Media{Fail: func(string, string) error { return errDisk }}
	_, err := Bucket{Store: away}.Get(t.Context(), "a")
	if !errors.Is(err, errDisk) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a bucket that cannot be reached: %v", err)
	}
}

// countedParts counts what it is sent.
type countedParts struct {
	sizes   []int64
	first   []byte // of each part
	state   string
	fail    int // the number of the part that fails
	options string
}

func (p *countedParts) Create(_ context.Context, _, contentType string) (string, error) {
	p.options = contentType
	return "u", nil
}
func (p *countedParts) PresignPart(context.Context, string, string, string, int, time.Duration) (media.Signed, error) {
	return media.Signed{}, errors.ErrUnsupported
}
func (p *countedParts) PutPart(_ context.Context, _, _ string, n int, body io.ReadSeeker, size int64) (
	media.Part, error,
) {
	if n == p.fail {
		return media.Part{}, errDisk
	}
	b := make([]byte, 1)
	if _, err := body.Read(b); err != nil {
		return media.Part{}, err
	}
	p.first, p.sizes = append(p.first, b[0]), append(p.sizes, size)
	return media.Part{Number: n, Size: size}, nil
}
func (p *countedParts) Parts(context.Context, string, string) ([]media.Part, error) { return nil, nil }
func (p *countedParts) Complete(_ context.Context, _, _ string, list []media.Part) (media.Object, error) {
	for i, part := range list {
		if part.Number != i+1 {
			return media.Object{}, errors.New("parts out of order")
		}
	}
	p.state = "complete"
	return media.Object{}, nil
}
func (p *countedParts) Abort(context.Context, string, string) error              { p.state = "aborted"; return nil }
func (p *countedParts) Pending(context.Context, string) ([]media.Pending, error) { return nil, nil }

// megabytes is a body in which every byte is the number of its 64 MiB.
type megabytes struct{ io.ReadSeeker }

func (megabytes) ReadAt(b []byte, off int64) (int, error) {
	for i := range b {
		b[i] = byte((off + int64(i)) / bigPart)
	}
	return len(b), nil
}

// TestLargeObjectsGoInParts: over one request's size, each part with the bytes of its place.
func TestLargeObjectsGoInParts(t *testing.T) {
	o := media.PutOptions{ContentType: "video/mp4"}
	small := &memstore.Media{}
	err := putWhole(t.Context(), small, &countedParts{}, "k", strings.NewReader("a"), 1, o)
	if err != nil || len(small.Keys("")) != 1 {
		t.Errorf("a small object: %v, %v", small.Keys(""), err)
	}
	p := &countedParts{}
	err = putWhole(t.Context(), small, p, "large", megabytes{}, oneRequest+1, o)
	if err != nil || p.state != "complete" || p.options != "video/mp4" {
		t.Fatalf("%s %q: %v", p.state, p.options, err)
	}
	if n := len(p.sizes); n != 17 || p.sizes[0] != bigPart || p.sizes[16] != 1 || p.first[0] != 0 || p.first[16] != 16 {
		t.Errorf("sent %v, beginning with %v", p.sizes, p.first)
	}
	if len(small.Keys("")) != 1 {
		t.Error("the large object was also sent whole")
	}
	failing := &countedParts{fail: 3}
	err = putWhole(t.Context(), small, failing, "large", megabytes{}, oneRequest+1, o)
	if !errors.Is(err, errDisk) || failing.state != "aborted" {
		t.Errorf("a part that fails: %v, %s", err, failing.state)
	}
	if err := putWhole(t.Context(), small, p, "a/b", struct{ io.ReadSeeker }{}, oneRequest+1, o); err == nil {
		t.Error("a body that cannot be read in places was taken")
	}
}
