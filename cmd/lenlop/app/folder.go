package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Folder is the data folder, locked by one process at a time.
type Folder struct {
	Dir  string // absolute
	lock *os.File
}

// InUseError reports that another process has the data folder locked.
type InUseError struct {
	Dir string
	// Owner is what that process wrote into the lock: its process id, and on a
	// second line the address that it serves.
	Owner string
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("the data folder %s is in use by another lenlop (%s); "+
		"stop that one first, or choose another folder with --data", e.Dir, e.Owner)
}

// Address is the address that the process serves, "" when it serves none.
func (e *InUseError) Address() string {
	_, address, _ := strings.Cut(e.Owner, "\n")
	return strings.TrimSpace(address)
}

// LockFolder makes the folder when it is missing and locks it for this process.
// The kernel releases the lock when the process ends, however it ends. It fails
// with an InUseError when another process has the lock.
func LockFolder(dir string) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, folderProblem(dir, err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, folderProblem(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640) //nolint:gosec // G302: operators' group may read who holds it
	if err != nil {
		return nil, folderProblem(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(f.Name())
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &InUseError{dir, strings.TrimSpace(string(owner))}
		}
		return nil, fmt.Errorf("data folder %s cannot be locked: %w", dir, err)
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, folderProblem(dir, err)
	}
	folder := &Folder{dir, f}
	if err := folder.writeOwner(""); err != nil {
		f.Close()
		return nil, folderProblem(dir, err)
	}
	return folder, nil
}

// writeOwner writes into the lock who has it, and the address that is served.
func (f *Folder) writeOwner(address string) error {
	line := fmt.Sprintf("process %d\n", os.Getpid())
	if address != "" {
		line += address + "\n"
	}
	_, err := f.lock.WriteAt([]byte(line), 0)
	return err
}

// Release unlocks the folder.
func (f *Folder) Release() { _ = f.lock.Close() }

// Empty reports whether the folder has nothing but the lock.
func (f *Folder) Empty() (bool, error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return false, fmt.Errorf("data folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() != "lock" && e.Name() != "lost+found" {
			return false, nil
		}
	}
	return true, nil
}

// controlPath is the socket on which a running server takes commands of the
// owner of the data folder. Its file permissions are its access check.
func controlPath(dir string) string { return filepath.Join(dir, "run", "control.sock") }

// listenControl opens the control socket. It fails for a path that is too long
// for a socket (108 bytes); the server then runs without one.
func (f *Folder) listenControl(ctx context.Context) (net.Listener, error) {
	path := controlPath(f.Dir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// DialControl gives a client of the server that has the folder locked.
func DialControl(ctx context.Context, dir string) (*http.Client, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	path := controlPath(abs)
	d := net.Dialer{Timeout: 2 * time.Second}
	probe, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	probe.Close()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) }
	return &http.Client{Transport: &http.Transport{DialContext: dial}}, nil
}
