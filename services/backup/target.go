package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Folder is a target on this machine or on a mounted disk. Missing files are
// fs.ErrNotExist.
type Folder string

// Put writes beside, syncs and renames.
func (d Folder) Put(_ context.Context, name string, body io.ReadSeeker, size int64) error {
	to := filepath.Join(string(d), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(to), ".new-*")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(f.Name()) // after the rename there is none of this name
	n, err := io.Copy(f, body)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(to))
	}
	if err != nil {
		return fmt.Errorf("backup: %s: %w", name, err)
	}
	return nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get opens a file.
func (d Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	return f, nil
}

// List walks the folder in order; files in the making are passed over.
func (d Folder) List(_ context.Context, prefix string, each func(string)) error {
	root := filepath.Join(string(d), filepath.FromSlash(prefix))
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".new-") {
			return err
		}
		rel, err := filepath.Rel(string(d), p)
		each(filepath.ToSlash(rel))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Delete removes files, and folders that it leaves empty.
func (d Folder) Delete(_ context.Context, names ...string) error {
	for _, name := range names {
		at := filepath.Join(string(d), filepath.FromSlash(name))
		if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("backup: %w", err)
		}
		_ = os.Remove(filepath.Dir(at)) // refused while something else is there
	}
	return nil
}

// Bucket is a target in object storage, below a prefix.
type Bucket struct {
	Store  media.Store
	Parts  media.Multipart
	Prefix string // "" or ending in "/"
}

// Put stores a file.
func (b Bucket) Put(ctx context.Context, name string, body io.ReadSeeker, size int64) error {
	return putWhole(ctx, b.Store, b.Parts, b.Prefix+name, body, size,
		media.PutOptions{ContentType: "application/octet-stream"})
}

// Get opens a file.
func (b Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, _, err := b.Store.Get(ctx, b.Prefix+name, media.All)
	if fault.Is(err, "media.not_found") {
		return nil, fmt.Errorf("backup: %s: %w", name, fs.ErrNotExist)
	}
	return r, err
}

// List lists files.
func (b Bucket) List(ctx context.Context, prefix string, each func(string)) error {
	return b.Store.List(ctx, b.Prefix+prefix, func(o media.Object) bool {
		each(strings.TrimPrefix(o.Key, b.Prefix))
		return true
	})
}

// Delete removes files.
func (b Bucket) Delete(ctx context.Context, names ...string) error {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = b.Prefix + name
	}
	return b.Store.Delete(ctx, keys...)
}

// One request takes 5 GiB at most (S3); parts are sent one after another.
const (
	oneRequest = 1 << 30
	bigPart    = 64 << 20
)

// putWhole stores an object of any size.
func putWhole(ctx context.Context, s media.Store, parts media.Multipart, key string, body io.ReadSeeker, size int64,
	o media.PutOptions) error {
	if size <= oneRequest || parts == nil {
		_, err := s.Put(ctx, key, body, size, o)
		return err
	}
	from, ok := body.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("object %s: a large body must be a file", path.Base(key))
	}
	id, err := parts.Create(ctx, key, o.ContentType)
	if err != nil {
		return err
	}
	var list []media.Part
	for at := int64(0); at < size; at += bigPart {
		n := min(bigPart, size-at)
		p, err := parts.PutPart(ctx, key, id, len(list)+1, io.NewSectionReader(from, at, n), n)
		if err != nil {
			return errors.Join(err, parts.Abort(context.WithoutCancel(ctx), key, id))
		}
		list = append(list, p)
	}
	_, err = parts.Complete(ctx, key, id, list)
	return err
}
