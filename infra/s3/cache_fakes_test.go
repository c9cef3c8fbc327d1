package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// shop is a storage elsewhere that counts what it is asked.
type shop struct {
	media.Store
	mu          sync.Mutex
	objects     map[string][]byte
	sums        map[string]string // what it says the SHA-256 is, when not the truth
	down        bool
	wait        chan struct{} // bodies end only when it is closed
	cut         int           // bytes after which bodies end
	gets, heads atomic.Int32
}

func newShop(objects map[string][]byte) *shop {
	return &shop{objects: objects, sums: map[string]string{}}
}

func (s *shop) Head(_ context.Context, key string) (media.Object, error) {
	s.heads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return media.Object{}, fault.New(fault.Unavailable, "media.unavailable")
	}
	b, ok := s.objects[key]
	if !ok {
		return media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	sum := sha256.Sum256(b)
	meta := map[string]string{shaName: hex.EncodeToString(sum[:])}
	if sum, ok := s.sums[key]; ok {
		meta[shaName] = sum
	}
	return media.Object{Key: key, Size: int64(len(b)), ETag: hex.EncodeToString(sum[:8]) + "-2", Meta: meta,
		ModifiedAt: time.Unix(1700000000, 0).UTC()}, nil
}

func (s *shop) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	s.gets.Add(1)
	o, err := s.Head(ctx, key)
	s.heads.Add(-1)
	if err != nil {
		return nil, o, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body := s.objects[key][r.Offset:]
	if s.cut > 0 {
		return io.NopCloser(bytes.NewReader(body[:s.cut])), o, nil
	}
	if s.wait == nil {
		return io.NopCloser(bytes.NewReader(body)), o, nil
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(body[:1]), until{ctx, s.wait}, bytes.NewReader(body[1:]))),
		o, nil
}

// until is a reader that ends when something has happened.
type until struct {
	ctx  context.Context
	done chan struct{}
}

func (u until) Read([]byte) (int, error) {
	select {
	case <-u.done:
		return 0, io.EOF
	case <-u.ctx.Done():
		return 0, u.ctx.Err()
	}
}

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, s *shop, c CacheConfig) *Cache {
	t.Helper()
	if c.Limit == 0 {
		c.Limit = 1 << 30
	}
	k, err := OpenCache(s, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// bodyOf is what the cache gives for a key.
func bodyOf(t *testing.T, k *Cache, key string) []byte {
	t.Helper()
	f, o, err := k.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != o.Size || o.Key != key || o.ETag == "" {
		t.Fatalf("%s: %d bytes, %+v, %v", key, len(b), o, err)
	}
	return b
}

func of(n int, seed byte) []byte {
	b := bytes.Repeat([]byte{seed, 1, 2, 3}, n/4+1)
	return b[:n]
}

// onDisk is the files of a folder and their sizes together.
func onDisk(t *testing.T, dir string) (names []string, size int64) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		names, size = append(names, f.Name()), size+info.Size()
	}
	return names, size
}
