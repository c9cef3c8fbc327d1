package transcoder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// keepRetimed is how long a copy with a mended clock stays when nobody uses it:
// the next piece of its lesson is likely to be made soon.
const keepRetimed = 5 * time.Minute

// retimedCopies are the copies with a mended clock on this machine, each made
// once for all that use it at the time.
type retimedCopies struct {
	mu   sync.Mutex
	have map[string]*retimedCopy
}

type retimedCopy struct {
	users int
	uses  int // of all time
	ready chan struct{}
	dir   string
	path  string
	err   error
}

// retimed gives the recording in a form whose clock is mended: itself, when
// nothing is to be mended. release is called once.
func (t *Transcoder) retimed(ctx context.Context, path string, list []ladder.Retiming) (file string, release func(),
	err error) {
	if len(list) == 0 {
		return path, func() {}, nil
	}
	key, err := retimedKey(path, list)
	if err != nil {
		return "", nil, err
	}
	c, first := t.copies.take(key)
	if first {
		c.dir, c.path, c.err = t.retime(ctx, path, list)
		close(c.ready)
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		t.copies.giveBack(key, c)
		return "", nil, context.Cause(ctx)
	}
	if c.err != nil {
		t.copies.giveBack(key, c)
		if !first && ctx.Err() == nil {
			return t.retimed(ctx, path, list) // the other one may only have been cancelled
		}
		return "", nil, c.err
	}
	return c.path, func() { t.copies.giveBack(key, c) }, nil
}

// retimedKey names a copy by the file and what is mended in it.
func retimedKey(path string, list []ladder.Retiming) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(text, "%s %d %d", path, info.Size(), info.ModTime().UnixNano()))
	return hex.EncodeToString(sum[:]), nil
}

// take counts a user in; first has to make the copy.
func (r *retimedCopies) take(key string) (c *retimedCopy, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.have == nil {
		r.have = map[string]*retimedCopy{}
	}
	c = r.have[key]
	if first = c == nil; first {
		c = &retimedCopy{ready: make(chan struct{})}
		r.have[key] = c
	}
	c.users, c.uses = c.users+1, c.uses+1
	return c, first
}

// giveBack is called once by every user of a copy.
func (r *retimedCopies) giveBack(key string, c *retimedCopy) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.users--
	select {
	case <-c.ready:
		if c.err != nil && r.have[key] == c {
			delete(r.have, key) // the next one tries again
			return
		}
	default:
	}
	if uses := c.uses; c.users == 0 {
		time.AfterFunc(keepRetimed, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if c.uses == uses && r.have[key] == c {
				delete(r.have, key)
				_ = os.RemoveAll(c.dir)
			}
		})
	}
}

// retime makes the copy.
func (t *Transcoder) retime(ctx context.Context, path string, list []ladder.Retiming) (dir, file string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp(t.Scratch, "retimed-"); err != nil {
		return "", "", err
	}
	file = filepath.Join(dir, "recording")
	wall := time.Minute + time.Duration(info.Size()/10_000_000)*time.Second
	err = t.runner().Run(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: ffmpeg.RetimeArgs(path, list, file), ReadOnly: []string{path}, WriteDir: dir,
		Memory: 2 << 30, CPU: wall, Wall: wall, FileBytes: info.Size()*3/2 + 16<<20,
	}, nil)
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", "", fmt.Errorf("mend the clock: %w", err)
	}
	return dir, file, nil
}
