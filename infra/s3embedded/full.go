package s3embedded

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
)

// Space is how many bytes the disk can still take of objects, and has in all.
func (s *Server) Space() (free, total int64, err error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.root, &disk); err != nil {
		return 0, 0, fmt.Errorf("object folder: %w", err)
	}
	size := disk.Bsize
	return int64(disk.Bavail) * size, int64(disk.Blocks) * size, nil
}

// diskFull gives what a full disk or a used-up quota made of a write its one
// answer in S3: 507 InsufficientStorage. versitygw calls a used-up quota
// forbidden, and wraps either in what it calls internal errors, sometimes as text
// only.
func diskFull(err error) error {
	if err == nil {
		return nil
	}
	full := s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, full) ||
		errors.Is(err, s3err.GetAPIError(s3err.ErrQuotaExceeded)) {
		return full
	}
	text := err.Error()
	if strings.Contains(text, syscall.ENOSPC.Error()) || strings.Contains(text, syscall.EDQUOT.Error()) {
		return full
	}
	return err
}

// sums is how files are compared with what was to be written: the processor has
// an instruction for it.
var sums = crc32.MakeTable(crc32.Castagnoli)

// received is a body on its way into a file.
type received struct {
	body io.Reader
	sum  uint32
	size int64
	step func(name string) error
	over bool // a step failed
}

// Read is where a write is made to fail in tests: versitygw handles the error of
// a body that is out of space as it handles that of the file.
func (r *received) Read(p []byte) (int, error) {
	if !r.over {
		if err := r.step("write"); err != nil {
			r.over = true
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.sum = crc32.Update(r.sum, sums, p[:n])
	r.size += int64(n)
	return n, err
}

// refuse reads the rest, so that the client hears why its body was refused
// instead of a connection that breaks.
func (r *received) refuse(err error) error {
	_, _ = io.Copy(io.Discard, r.body)
	return diskFull(err)
}

// written writes the file through and reads it back: it must hold what was
// received.
func (r *received) written(sync func(*os.File) error) func(*os.File) error {
	return func(f *os.File) error {
		if err := sync(f); err != nil {
			return err
		}
		sum, err := sumOf(f, 0, r.size)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if info.Size() != r.size || sum != r.sum {
			return fmt.Errorf("%d of %d bytes written, or others: %w", info.Size(), r.size, syscall.EIO)
		}
		return nil
	}
}

// sumOf is the sum of a part of a file, which must have all of it.
func sumOf(f *os.File, from, size int64) (uint32, error) {
	h := crc32.New(sums)
	n, err := io.Copy(h, io.NewSectionReader(f, from, size))
	if err == nil && n != size {
		err = fmt.Errorf("%d of %d bytes: %w", n, size, syscall.EIO)
	}
	return h.Sum32(), err
}

// joins are the completions that run.
type joins struct {
	step func(name string) error // fails a step in tests
	sync func(*os.File) error

	mu     sync.Mutex
	failed map[string]error // by upload: why its parts could not be joined
}

func newJoins(sync func(*os.File) error, step func(string) error) *joins {
	return &joins{sync: sync, step: step, failed: map[string]error{}}
}

// appendPart copies a part to the end of the joined file and reads it back.
func (j *joins) appendPart(from, to *os.File) error {
	if err := j.step("join"); err != nil {
		return err
	}
	info, err := from.Stat()
	if err != nil {
		return err
	}
	at, err := to.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	n, err := io.Copy(to, from)
	if err == nil && n != info.Size() {
		err = fmt.Errorf("%d of %d bytes copied: %w", n, info.Size(), syscall.EIO)
	}
	if err != nil {
		return err
	}
	want, err := sumOf(from, 0, n)
	if err != nil {
		return err
	}
	if got, err := sumOf(to, at, n); err != nil || got != want {
		return errors.Join(err, fmt.Errorf("copied bytes differ: %w", syscall.EIO))
	}
	return nil
}

func (j *joins) fail(upload string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed[upload] == nil {
		j.failed[upload] = err
	}
}

// end forgets a completion.
func (j *joins) end(upload string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.failed, upload)
}

// joinedWhole is asked with the last attribute of the joined file, before the
// file has its name and the parts are removed. Here, and only here, a completion
// can still be refused: versitygw takes the error of a copy for a wish to copy by
// other means, and then a short file for the object.
func (j *joins) joinedWhole(f *os.File, m backend.MpUploadMetadata) error {
	j.mu.Lock()
	err := j.failed[m.UploadID]
	j.mu.Unlock()
	if err != nil {
		return diskFull(err)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if len(m.Parts) == 0 || info.Size() != m.Parts[len(m.Parts)-1] {
		return fmt.Errorf("joined file of %d bytes, parts up to %v: %w", info.Size(), m.Parts, syscall.EIO)
	}
	return nil
}

// unsynced are the names that are there and were not written through: whoever
// asks for one again has that done first. Otherwise the repetition of a call
// that failed at its end would acknowledge what a power cut still takes.
type unsynced struct {
	mu    sync.Mutex
	names map[string]bool
}

// after notes the end of writing a name through, and gives its error.
func (u *unsynced) after(name string, err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		delete(u.names, name)
		return nil
	}
	if u.names == nil {
		u.names = map[string]bool{}
	}
	u.names[name] = true
	return diskFull(err)
}

// settle writes a name through if that failed before.
func (u *unsynced) settle(name string, sync func() error) error {
	u.mu.Lock()
	open := u.names[name]
	u.mu.Unlock()
	if !open {
		return nil
	}
	return u.after(name, sync())
}
