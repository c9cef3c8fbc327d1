package production

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"lenlop/services/fault"
)

// Scratch is a folder of this process's own for files in the making. It holds
// nothing that is needed after a crash.
type Scratch struct {
	// Limit is the most that this process's files may take, bytes; 0: what the
	// disk has.
	Limit int64

	dir  string
	lock *os.File
}

// OpenScratch makes a folder below root for this process and removes those of
// processes that are gone. A process is alive as long as it holds the lock on
// its folder's file, which the kernel lets go of whatever way it dies.
func OpenScratch(root string) (*Scratch, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("scratch: %w", err)
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("scratch: %w", err)
	}
	if err := sweepScratch(root); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(root, "work-")
	if err != nil {
		return nil, fmt.Errorf("scratch: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("scratch %s: %w", dir, err)
	}
	return &Scratch{dir: dir, lock: lock}, nil
}

// Dir is the folder of this process, which the next start removes if this one
// cannot.
func (s *Scratch) Dir() string { return s.dir }

// Close removes the folder with everything in it.
func (s *Scratch) Close() error {
	return errors.Join(os.RemoveAll(s.dir), s.lock.Close())
}

// leastFree is how much of a disk of the size a job leaves to others, bytes.
func leastFree(total uint64) uint64 { return min(512<<20, total/8) }

// checkSpace refuses new work while the folder is over its limit or the disk nearly
// full: fault.Unavailable "scratch.full", so that the job waits, here or
// elsewhere, and is not to blame.
func (s *Scratch) checkSpace() error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &disk); err != nil {
		return fmt.Errorf("scratch: %w", err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < leastFree(disk.Blocks*uint64(disk.Bsize)) {
		return fault.New(fault.Unavailable, "scratch.full", "bytes", free)
	}
	if s.Limit <= 0 {
		return nil
	}
	var used int64
	err := filepath.WalkDir(s.dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil //nolint:nilerr // removed meanwhile
		}
		if info, err := e.Info(); err == nil {
			// Blocks, not size: a recording's file here may be sparse.
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				used += st.Blocks * 512
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("scratch: %w", err)
	}
	if used >= s.Limit {
		return fault.New(fault.Unavailable, "scratch.full", "bytes", used)
	}
	return nil
}

// folder makes a new folder; the caller removes it.
func (s *Scratch) folder(name string) (string, error) {
	if err := s.checkSpace(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(s.dir, name+"-")
	if err != nil {
		return "", fmt.Errorf("scratch: %w", err)
	}
	return dir, nil
}

// lockFolder takes the lock of a process's folder; an error when another
// process has it.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sweepScratch removes the folders of processes that are gone. One without a
// lock file has only just been made.
func sweepScratch(root string) error {
	list, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("scratch: %w", err)
	}
	for _, e := range list {
		dir := filepath.Join(root, e.Name())
		if _, err := os.Stat(filepath.Join(dir, "lock")); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f, err := lockFolder(dir)
		if err != nil {
			continue
		}
		err = os.RemoveAll(dir)
		f.Close()
		if err != nil {
			return fmt.Errorf("scratch %s: %w", dir, err)
		}
	}
	return nil
}
