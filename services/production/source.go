package production

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
)

// source is a recording as a file that may be read and not written.
type source struct {
	path    string
	release func() // call once
}

// sources keeps downloaded recordings: all jobs of one lesson on this machine
// share one copy, and the copy used last stays, because its next piece is
// likely to come here too.
type sources struct {
	mu   sync.Mutex
	have map[string]*copied
	last string // key of the copy to keep when nobody uses it
}

type copied struct {
	users int
	ready chan struct{}
	dir   string
	path  string
	err   error
}

// source opens the recording in place when storage has it as a file on this
// machine, else fetches it.
func (w *Workers) source(ctx context.Context, rec lesson.Recording) (source, error) {
	if o, ok := w.Media.(media.Opener); ok {
		f, obj, err := o.Open(ctx, rec.Key)
		if err != nil {
			return source{}, fmt.Errorf("open: %w", err)
		}
		if rec.Size > 0 && obj.Size != rec.Size {
			f.Close()
			return source{}, fmt.Errorf("stored size %d is not the received %d", obj.Size, rec.Size)
		}
		path, err := filepath.Abs(f.Name())
		if err != nil {
			f.Close()
			return source{}, fmt.Errorf("open: %w", err)
		}
		return source{path, func() { f.Close() }}, nil
	}
	return w.fetched(ctx, rec)
}

// fetched gives the shared copy of a recording, fetching it when nobody has.
func (w *Workers) fetched(ctx context.Context, rec lesson.Recording) (source, error) {
	s := &w.sources
	s.mu.Lock()
	if s.have == nil {
		s.have = map[string]*copied{}
	}
	c := s.have[rec.Key]
	first := c == nil
	if first {
		c = &copied{ready: make(chan struct{})}
		s.have[rec.Key] = c
	}
	c.users++
	before := s.last
	s.last = rec.Key
	s.drop(before)
	s.mu.Unlock()
	if first {
		c.dir, c.path, c.err = w.fetch(ctx, rec)
		close(c.ready)
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		w.giveBack(rec.Key, c)
		return source{}, context.Cause(ctx)
	}
	if c.err != nil {
		w.giveBack(rec.Key, c)
		if !first && ctx.Err() == nil {
			return w.fetched(ctx, rec) // the other job may only have been cancelled
		}
		return source{}, c.err
	}
	return source{c.path, func() { w.giveBack(rec.Key, c) }}, nil
}

// giveBack is called once by every user of a copy.
func (w *Workers) giveBack(key string, c *copied) {
	s := &w.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	c.users--
	select {
	case <-c.ready:
		if c.err != nil && s.have[key] == c {
			delete(s.have, key) // the next one tries again
		}
	default:
	}
	if s.have[key] == c && key != s.last {
		s.drop(key)
	}
}

// drop removes a copy that nobody uses and that is not the last one.
func (s *sources) drop(key string) {
	if c := s.have[key]; c != nil && c.users == 0 && key != s.last {
		delete(s.have, key)
		os.RemoveAll(c.dir)
	}
}

// fetch copies a recording into a scratch folder, whole or not at all.
func (w *Workers) fetch(ctx context.Context, rec lesson.Recording) (dir, path string, err error) {
	body, obj, err := w.Media.Get(ctx, rec.Key, media.All)
	if err != nil {
		return "", "", fmt.Errorf("fetch: %w", err)
	}
	defer body.Close()
	if rec.Size > 0 && obj.Size != rec.Size {
		return "", "", fmt.Errorf("stored size %d is not the received %d", obj.Size, rec.Size)
	}
	dir, err = w.Scratch.folder("source")
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(dir, "recording")
	if err := fill(path, body, obj.Size); err != nil {
		os.RemoveAll(dir)
		if ctx.Err() != nil {
			return "", "", context.Cause(ctx)
		}
		return "", "", fmt.Errorf("fetch: %w", err)
	}
	return dir, path, nil
}

// fill writes exactly size bytes of body into a new file.
func fill(path string, body io.Reader, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(body, size+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if n != size {
		return fault.Wrap(fmt.Errorf("%d bytes came instead of %d", n, size), fault.Unavailable, "media.unavailable")
	}
	return nil
}
