package s3embedded

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// folder opens files below it and nothing else.
type folder struct {
	root *os.Root
	dir  *os.File
}

func openFolder(name string) (*folder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	dir, err := os.Open(name)
	if err != nil {
		root.Close()
		return nil, err
	}
	return &folder{root, dir}, nil
}

func (f *folder) Close() error { return errors.Join(f.root.Close(), f.dir.Close()) }

// open opens a file for reading, in one call to the kernel where it can
// (openat2, since Linux 5.6; some containers refuse it): os.Root takes three
// for each folder on the way, a tenth of what sending a segment costs.
func (f *folder) open(name string) (*os.File, error) {
	fd, err := unix.Openat2(int(f.dir.Fd()), name, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), filepath.Join(f.dir.Name(), name)), nil
	case errors.Is(err, unix.ENOENT):
		return nil, &os.PathError{Op: "openat", Path: name, Err: err}
	}
	return f.root.Open(name)
}
