package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lenlop/services/media"
)

// fact is what is known of a kept object. It stands in its file's name, so
// that the file is the object's bytes and nothing else, sent by the kernel, and
// so that name and content come into being in one rename.
type fact struct {
	size     int64
	etag     string
	modified time.Time
	sum      [32]byte // SHA-256
}

// begun is how the names of files in the making start.
const begun = "making-"

// maxTag is the longest ETag whose name a folder takes (255 letters in all).
const maxTag = 60

// hashOf names a key.
func hashOf(key string) string {
	s := sha256.Sum256([]byte(key))
	return hex.EncodeToString(s[:16])
}

// fileName is "hash-size-modified-sha256-etag".
func fileName(hash string, f fact) string {
	return fmt.Sprintf("%s-%d-%d-%x-%s", hash, f.size, f.modified.Unix(), f.sum,
		base64.RawURLEncoding.EncodeToString([]byte(f.etag)))
}

func readName(name string) (hash string, f fact, ok bool) {
	parts := strings.SplitN(name, "-", 5)
	if len(parts) != 5 || len(parts[0]) != 32 {
		return "", f, false
	}
	size, err1 := strconv.ParseInt(parts[1], 10, 64)
	at, err2 := strconv.ParseInt(parts[2], 10, 64)
	sum, err3 := hex.DecodeString(parts[3])
	tag, err4 := base64.RawURLEncoding.DecodeString(parts[4])
	if errors.Join(err1, err2, err3, err4) != nil || len(sum) != len(f.sum) || size < 0 {
		return "", f, false
	}
	f = fact{size: size, etag: string(tag), modified: time.Unix(at, 0).UTC()}
	copy(f.sum[:], sum)
	return parts[0], f, true
}

// stamp tells one state of a file from another.
type stamp struct {
	inode    uint64
	size     int64
	modified int64 // nanoseconds
}

func stampOf(f *os.File) (stamp, error) {
	info, err := f.Stat()
	if err != nil {
		return stamp{}, err
	}
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = st.Ino
	}
	return s, nil
}

// prove reads a file and compares it with what it should hold.
func prove(f *os.File, want fact) error {
	sum := sha256.New()
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, want.size+1))
	switch {
	case err != nil:
		return err
	case n != want.size:
		return fmt.Errorf("%d bytes or more instead of %d", n, want.size)
	case !bytes.Equal(sum.Sum(nil), want.sum[:]):
		return errors.New("its SHA-256 is another")
	}
	return nil
}

// loadExisting reads what an earlier run left: finished files come back in the order
// in which they were made, unfinished and strange ones go.
func (k *Cache) loadExisting() error {
	files, err := os.ReadDir(k.cfg.Dir)
	if err != nil {
		return err
	}
	type found struct {
		e  *entry
		at time.Time
	}
	var all []found
	for _, d := range files {
		hash, f, ok := readName(d.Name())
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || !ok || info.Size() != f.size {
			if strings.HasPrefix(d.Name(), begun) || ok {
				_ = os.Remove(filepath.Join(k.cfg.Dir, d.Name())) // tried again at the next start
			}
			continue
		}
		all = append(all, found{&entry{hash: hash, name: d.Name(), fact: f}, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.e.name, b.e.name)) })
	for _, x := range all {
		k.add(x.e)
	}
	return nil
}

// add takes an entry in as the most recent, in the place of an older one of
// its key. Call with mu held, or before anybody else has k.
func (k *Cache) add(e *entry) {
	if old, ok := k.entries[e.hash]; ok {
		if old.name == e.name { // the same object again: the file was replaced by itself
			k.recent.Remove(old.at)
			k.size -= old.fact.size
		} else {
			k.remove(old)
		}
	}
	e.at = k.recent.PushFront(e)
	k.entries[e.hash] = e
	k.size += e.fact.size
}

// fetch brings an object in, or waits for whoever does. nil: it may be kept
// now; errRelay: read it from storage.
func (k *Cache) fetch(ctx context.Context, key string) error {
	hash := hashOf(key)
	k.mu.Lock()
	if k.closing.Err() != nil || k.trouble != nil && k.cfg.Now().Before(k.pause) {
		k.mu.Unlock()
		return errRelay
	}
	if _, ok := k.entries[hash]; ok {
		k.mu.Unlock()
		return nil // it came in since somebody looked
	}
	x, ok := k.flights[hash]
	if !ok {
		x = &flight{done: make(chan struct{})}
		k.flights[hash] = x
		k.fills.Go(func() { k.fill(key, hash, x) })
	}
	k.mu.Unlock()
	select {
	case <-x.done:
		return x.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fill fetches one object and tells those who wait, once: when it is there,
// when it cannot be, or when it is too large to be waited for. It goes on when
// nobody waits any more: the next one will be glad.
func (k *Cache) fill(key, hash string, x *flight) {
	reported := false
	report := func(err error) {
		if !reported {
			reported, x.err = true, err
			close(x.done)
		}
	}
	defer func() {
		k.mu.Lock()
		k.landed(hash, x)
		k.mu.Unlock()
		report(errRelay)
	}()
	ctx, done := context.WithTimeout(k.closing, fillTime)
	defer done()
	select {
	case k.slots <- struct{}{}:
		defer func() { <-k.slots }()
	case <-ctx.Done():
		return
	}
	body, o, err := k.Get(ctx, key, media.All)
	if err != nil {
		report(err)
		return
	}
	defer body.Close()
	if o.Size > k.cfg.Limit/4 || len(o.ETag) > maxTag || o.ETag == "" {
		return // never kept: one object would push out everything else, or cannot be told from another
	}
	if o.Size > large {
		report(errRelay)
	}
	e, err := k.write(hash, body, o)
	k.mu.Lock()
	k.landed(hash, x) // with the entry, so that nobody waits for what is over
	switch {
	case err == nil:
		k.add(e)
		k.drop(0) // others may have come in meanwhile
		k.trouble = nil
	case disks(err):
		k.trouble, k.pause = err, k.cfg.Now().Add(retryWrite)
	}
	k.mu.Unlock()
	if err != nil {
		// Storage cut its answer, or gave another object than it claimed: whoever
		// waits asks it again, and hears it from storage.
		k.cfg.Log.Warn("relay cache: an object is not kept", "key", key, "error", err)
		return
	}
	report(nil)
}

// landed ends a flight; another one of the object may have begun. Call with mu
// held.
func (k *Cache) landed(hash string, x *flight) {
	if k.flights[hash] == x {
		delete(k.flights, hash)
	}
}

// disks reports whether an error is the disk's own.
func disks(err error) bool {
	var file *os.PathError
	var rename *os.LinkError
	return errors.As(err, &file) || errors.As(err, &rename) || errors.Is(err, errFull)
}

// errFull says that other things have taken the disk.
var errFull = errors.New("the disk is full")

// write puts the body into a file and gives its entry. What is written is what
// storage claimed: its size, and its SHA-256 when storage knows it.
func (k *Cache) write(hash string, body io.Reader, o media.Object) (_ *entry, err error) {
	k.mu.Lock()
	k.drop(o.Size)
	k.mu.Unlock()
	if free, err := k.cfg.free(k.cfg.Dir); err == nil && free-o.Size < k.cfg.Reserve {
		return nil, fmt.Errorf("%w: %d MB are free, %d MB stay so", errFull, free/1e6, k.cfg.Reserve/1e6)
	}
	f, err := os.CreateTemp(k.cfg.Dir, begun)
	if err != nil {
		return nil, err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(body, o.Size+1))
	if err != nil {
		return nil, err
	}
	if n != o.Size {
		return nil, fmt.Errorf("storage sent %d bytes of %d", n, o.Size)
	}
	e := &entry{hash: hash, fact: fact{size: o.Size, etag: o.ETag, modified: o.ModifiedAt}, checked: k.cfg.Now()}
	sum.Sum(e.fact.sum[:0])
	if claimed := o.Meta[shaName]; claimed != "" && claimed != hex.EncodeToString(e.fact.sum[:]) {
		return nil, errors.New("storage sent something else than was put there")
	}
	e.name = fileName(hash, e.fact)
	if err := os.Rename(f.Name(), filepath.Join(k.cfg.Dir, e.name)); err != nil {
		return nil, err
	}
	e.proven, err = stampOf(f)
	return e, err
}
