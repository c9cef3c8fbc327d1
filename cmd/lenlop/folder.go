package main

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

	"lenlop/infra/sqldb"
)

// folder is the data folder, held by one process at a time.
type folder struct {
	dir  string
	lock *os.File
}

// heldError says who else uses the data folder.
type heldError struct{ dir, by string }

func (e *heldError) Error() string {
	return fmt.Sprintf("the data folder %s is in use by another lenlop (%s); stop that one first, or choose another folder with --data", e.dir, e.by)
}

// hold makes the folder when it is missing and takes it for this process. The
// kernel gives a lock back when its process dies, however it dies.
func hold(dir string) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, folderTrouble(dir, err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, folderTrouble(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, folderTrouble(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		by, _ := os.ReadFile(f.Name())
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &heldError{dir, strings.TrimSpace(string(by))}
		}
		return nil, fmt.Errorf("data folder %s cannot be locked: %w", dir, err)
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, folderTrouble(dir, err)
	}
	if _, err := f.WriteAt([]byte(fmt.Sprintf("process %d\n", os.Getpid())), 0); err != nil {
		f.Close()
		return nil, folderTrouble(dir, err)
	}
	return &folder{dir, f}, nil
}

// release gives the folder back.
func (f *folder) release() { _ = f.lock.Close() }

// empty reports whether nothing but the lock is there.
func (f *folder) empty() (bool, error) {
	es, err := os.ReadDir(f.dir)
	if err != nil {
		return false, fmt.Errorf("data folder: %w", err)
	}
	for _, e := range es {
		if e.Name() != "lock" && e.Name() != "lost+found" {
			return false, nil
		}
	}
	return true, nil
}

// control is the socket on which a running server takes the words of the one
// who owns the data folder. Its file rights are its access check.
func (f *folder) control() string { return filepath.Join(f.dir, "run", "control.sock") }

// listenControl opens the control socket. A path too long for a socket (108
// bytes) goes without: the command line then says that the server must stop.
func (f *folder) listenControl() (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(f.control()), 0o700); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Remove(f.control()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.Listen("unix", f.control())
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(f.control(), 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// dialControl gives a client of the server that holds the folder.
func dialControl(dir string) (*http.Client, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	path := (&folder{dir: abs}).control()
	probe, err := net.DialTimeout("unix", path, 2*time.Second)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	probe.Close()
	var d net.Dialer
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", path)
	}}}, nil
}

// folderTrouble explains why a data folder cannot be used, and how to mend it.
func folderTrouble(dir string, err error) error {
	what, mend := "", ""
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		what, mend = "the disk of the data folder is full", "free some space there, or move the folder to a larger disk; nothing that was received is lost"
	case errors.Is(err, syscall.EROFS):
		what, mend = "the disk of the data folder can only be read", "mount it for writing; look whether the disk reports errors"
	case errors.Is(err, fs.ErrPermission):
		what, mend = "lenlop's user may not write in the data folder", "give it the folder (chown), or choose another with --data"
	case errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist):
		what, mend = "the data folder is no folder", "choose another with --data"
	default:
		return fmt.Errorf("data folder: %w", err)
	}
	return fmt.Errorf("%s: %s: %s (%w)", dir, what, mend, err)
}

// fileTrouble explains what is wrong with the database's file in the data
// folder, and how to mend it.
func fileTrouble(ill sqldb.Ill) (what, mend string) {
	switch ill {
	case sqldb.Full:
		return "the disk of the data folder is full", "free some space there, or move the folder to a larger disk; nothing that was received is lost"
	case sqldb.ReadOnly:
		return "the database's file can only be read", "give the files of the data folder to lenlop's user (chown), and look whether the disk is mounted for writing"
	case sqldb.Damaged:
		return "the database's file is damaged, or is none of lenlop's", "put the folder away as it is, and restore the newest backup into an empty one (lenlop restore)"
	case sqldb.Closed:
		return "the database's file cannot be opened", "give the files of the data folder to lenlop's user (chown)"
	}
	return "the disk does not read or write the database's file", "look for errors of the disk (dmesg), and restore the newest backup onto another"
}
