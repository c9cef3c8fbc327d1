// Package s3embedded is the S3 endpoint inside the product's own process:
// versitygw over a folder, behind a wrapper that makes what it acknowledges
// survive power cuts, vanished clients and kill -9.
//
// versitygw changes the working directory of the whole process to its folder:
// every other path must have been made absolute before Start.
package s3embedded

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pkg/xattr"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

// Config of the embedded server.
type Config struct {
	Dir    string       // absolute; objects, credentials, lock and socket live below it
	Bucket string       // made at start
	Region string       // empty: us-east-1
	Log    *slog.Logger // nil: slog.Default()
	// MaxPart is the most bytes that the relay takes for one part, so that a
	// signed address cannot be used to fill the disk past a plan
	// (upload.LargestPart knows it); 0: 128 MiB.
	MaxPart int64

	// sync writes a file or folder through to the disk; nil: (*os.File).Sync.
	// Tests put a recorder here.
	sync func(*os.File) error
	// fail gives the error of a step of a write, by the step's name; nil: none fails.
	fail func(step string) error
}

// Limits of the server.
const (
	maxConnections = 1024
	maxRequests    = 512
	concurrency    = 64        // file operations at a time: each may hold a thread
	ioBuffer       = 256 << 10 // bytes of one copy buffer
	copyThreshold  = 5 << 30   // S3's own limit; versitygw's zero value refuses every copy
	maxPathSocket  = 100       // Linux takes 108 bytes
	folderMode     = 0o750
	startTime      = 10 * time.Second
	stopAgain      = 100 * time.Millisecond
	stopTries      = 100
)

// running guards against a second instance: versitygw keeps its working
// directory and more in globals.
var running atomic.Bool

// ErrInUse is what Start wraps when another process has the folder open.
var ErrInUse = errors.New("in use by another process")

// Server is a running endpoint.
type Server struct {
	cfg      Config
	root     string // absolute folder that holds the bucket's folder
	socket   string
	access   string
	secret   string
	api      *s3api.S3ApiServer
	client   *http.Client
	relay    *http.Transport
	lock     *os.File
	bucket   *folder
	before   string // working directory before Start
	served   chan error
	stopOnce sync.Once
}

// Start opens the folder, mends what a crash left behind and serves. The
// folder's file system must keep extended attributes.
func Start(ctx context.Context, c Config) (_ *Server, err error) {
	if !filepath.IsAbs(c.Dir) {
		return nil, fmt.Errorf("object folder %s: not an absolute path", c.Dir)
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.MaxPart == 0 {
		c.MaxPart = 128 << 20
	}
	if c.sync == nil {
		c.sync = (*os.File).Sync
	}
	if c.fail == nil {
		c.fail = func(string) error { return nil }
	}
	if !running.CompareAndSwap(false, true) {
		return nil, errors.New("embedded storage: already running in this process")
	}
	s := &Server{cfg: c, root: filepath.Join(c.Dir, "buckets"), served: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.before, err = os.Getwd(); err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("object folder %s: %w", c.Dir, err)
	}
	if err := s.serve(ctx); err != nil {
		return nil, fmt.Errorf("embedded storage: %w", err)
	}
	return s, nil
}

// prepare makes folder, lock, credentials and bucket, and mends the bucket.
func (s *Server) prepare() error {
	bucket := filepath.Join(s.root, s.cfg.Bucket)
	if s.cfg.Bucket == "" || filepath.Dir(bucket) != s.root {
		return fmt.Errorf("bucket %q: bad name", s.cfg.Bucket)
	}
	if err := os.MkdirAll(bucket, 0o750); err != nil {
		return err
	}
	var err error
	if s.lock, err = lockFile(filepath.Join(s.cfg.Dir, "lock")); err != nil {
		return err
	}
	if err := CheckXattr(bucket); err != nil {
		return err
	}
	if s.access, s.secret, err = rootKeys(filepath.Join(s.cfg.Dir, "credentials.json")); err != nil {
		return err
	}
	if err := mend(bucket); err != nil {
		return err
	}
	if err := syncPath(s.cfg.sync, bucket, filepath.Dir(s.cfg.Dir)); err != nil {
		return err
	}
	if s.bucket, err = openFolder(bucket); err != nil {
		return err
	}
	s.socket = filepath.Join(s.cfg.Dir, "s3.sock")
	s.sweepSocket()
	if len(s.socket) > maxPathSocket {
		short, err := os.MkdirTemp("", shortDir) // 0700
		if err != nil {
			return err
		}
		s.socket = filepath.Join(short, "s3.sock")
	}
	return os.WriteFile(filepath.Join(s.cfg.Dir, socketFile), []byte(s.socket+"\n"), 0o600)
}

// shortDir begins the names of folders for sockets whose own path is too long.
const shortDir = "lenlop-"

// sweepSocket removes the folder of a killed process's socket. The lock says that
// the process is gone.
func (s *Server) sweepSocket() {
	raw, err := os.ReadFile(filepath.Join(s.cfg.Dir, socketFile))
	dir := filepath.Dir(strings.TrimSpace(string(raw)))
	if err == nil && filepath.Dir(dir) == filepath.Clean(os.TempDir()) &&
		strings.HasPrefix(filepath.Base(dir), shortDir) {
		os.Remove(filepath.Join(dir, "s3.sock"))
		os.Remove(dir) // never more than the socket's own, empty folder
	}
}

// serve starts versitygw and returns when it answers.
func (s *Server) serve(ctx context.Context) error {
	j := newJoins(s.cfg.sync, s.cfg.fail)
	be, err := posix.New(s.root, attributes{joins: j}, posixOptions())
	if err != nil {
		return err
	}
	account := auth.Account{Access: s.access, Secret: s.secret, Role: auth.RoleAdmin}
	ready := make(chan struct{})
	s.api, err = s3api.New(newSafe(be, s.root, j),
		middlewares.RootUserConfig{Access: s.access, Secret: s.secret},
		s.cfg.Region, auth.NewIAMServiceSingle(account), nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithDisableACL(), s3api.WithMpMaxParts(10_000),
		s3api.WithConcurrencyLimiter(maxConnections, maxRequests), s3api.WithSocketPerm(0o600),
		s3api.WithOnListen(func() { close(ready) }))
	if err != nil {
		be.Shutdown()
		return err
	}
	go func() { s.served <- s.api.ServeMultiPort([]string{s.socket}) }()
	s.client, s.relay = &http.Client{Transport: s.transport(0)}, s.transport(5*time.Minute)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case <-ready:
		return nil
	case err := <-s.served:
		return fmt.Errorf("socket %s: %w", s.socket, err)
	case <-ctx.Done():
		return fmt.Errorf("socket %s: %w", s.socket, ctx.Err())
	}
}

func posixOptions() posix.PosixOpts {
	o := posix.PosixOpts{
		CopyObjectThreshold: copyThreshold, Concurrency: concurrency, IOBufferSize: ioBuffer,
		// One process only: no lock file beside the objects.
		ForceNoObjLockFile: true,
	}
	o.SetNewDirPerm(folderMode)
	o.SetNewFilePerm(0o640)
	return o
}

// Stop ends the server after the requests in flight, at most 10 seconds.
func (s *Server) Stop() error {
	var err error
	s.stopOnce.Do(func() {
		// Connections that were never used count as busy over there.
		s.client.CloseIdleConnections()
		s.relay.CloseIdleConnections()
		err = s.shutDown()
		s.release()
	})
	return err
}

// shutDown asks until the server has ended: it says that it listens a moment
// before it can be shut down, and a word in that moment is lost on it.
func (s *Server) shutDown() error {
	for range stopTries {
		err := s.api.ShutDown()
		select {
		case <-s.served: //nolint:errcheck // that it ended is what counts
			return err
		case <-time.After(stopAgain):
		}
	}
	return fmt.Errorf("embedded storage: %s does not end", s.socket)
}

// release gives back what Start took.
func (s *Server) release() {
	if s.bucket != nil {
		_ = s.bucket.Close()
	}
	if s.socket != "" {
		os.Remove(s.socket)
		os.Remove(filepath.Join(s.cfg.Dir, socketFile))
		if filepath.Dir(s.socket) != s.cfg.Dir {
			os.Remove(filepath.Dir(s.socket))
		}
	}
	if s.before != "" {
		_ = os.Chdir(s.before) // it may be gone; then any folder is as good
	}
	if s.lock != nil {
		s.lock.Close()
	}
	running.Store(false)
}

// Endpoint is the address to give to an S3 client that uses Client.
func (s *Server) Endpoint() string { return "http://s3.embedded" }

// Credentials of the one account.
func (s *Server) Credentials() (accessKey, secretKey string) { return s.access, s.secret }

// Client reaches the server's socket, whatever host is asked for.
func (s *Server) Client() *http.Client { return s.client }

// transport dials the socket; answer bounds the wait for an answer (0: none,
// because joining a large upload takes minutes).
func (s *Server) transport(answer time.Duration) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", s.socket)
		},
		DisableCompression:    true,
		MaxIdleConns:          32,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: answer,
		WriteBufferSize:       64 << 10,
	}
}

// CheckXattr says whether the folder's file system keeps extended attributes
// (some tmpfs do not); versitygw keeps etags and types in them.
func CheckXattr(dir string) error {
	f, err := os.CreateTemp(dir, ".xattr-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := xattr.FSet(f, "user.lenlop", []byte("1")); err != nil {
		return fmt.Errorf("the file system keeps no extended attributes (use ext4, xfs or btrfs): %w", err)
	}
	return nil
}

// lockFile keeps a second process away from the folder; the kernel frees the
// lock when this process ends, however it ends.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return f, nil
}

// rootKeys reads the root account's keys, or makes them once.
func rootKeys(name string) (access, secret string, err error) {
	var keys struct {
		AccessKey string `json:"accessKey"`
		SecretKey string `json:"secretKey"`
	}
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &keys)
		if err == nil && (keys.AccessKey == "" || keys.SecretKey == "") {
			err = errors.New("empty keys")
		}
		if err != nil {
			return "", "", fmt.Errorf("%s: %w", name, err)
		}
		return keys.AccessKey, keys.SecretKey, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", "", err
	}
	var raw [30]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	keys.AccessKey, keys.SecretKey = "lenlop"+hex.EncodeToString(raw[:6]), hex.EncodeToString(raw[6:])
	if b, err = json.Marshal(keys); err != nil {
		return "", "", err
	}
	// Written aside and renamed: half a file would lock the owner out.
	if err := os.WriteFile(name+".new", b, 0o600); err != nil {
		return "", "", err
	}
	if err := syncFile((*os.File).Sync, name+".new"); err != nil {
		return "", "", err
	}
	return keys.AccessKey, keys.SecretKey, os.Rename(name+".new", name)
}
