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
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
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
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if _, err := f.WriteAt([]byte(fmt.Sprintf("process %d\n", os.Getpid())), 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("data folder: %w", err)
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
