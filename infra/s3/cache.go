package s3

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Bounds of the cache's behaviour.
const (
	// believed is how long a kept object is served before storage is asked
	// whether it is still there and the same: what is erased there is not
	// served from here for longer.
	believed = time.Hour
	// askTime is how long storage may take to say so.
	askTime = 2 * time.Second
	// awayTime is how long storage that did not say is not asked again.
	awayTime = 10 * time.Second
	// retryWrite is how long nothing is kept after the disk refused.
	retryWrite = 10 * time.Second
	// large objects are not waited for: the first who asks gets them relayed
	// while they are fetched.
	large = 8 << 20
	// fillTime is the longest that fetching one object may take.
	fillTime = 10 * time.Minute
	// fillsAtOnce bounds the objects that are fetched at the same time.
	fillsAtOnce = 16
)

// CacheConfig says where and how much a Cache keeps.
type CacheConfig struct {
	Dir     string // its own folder; made when it is not there
	Limit   int64  // bytes of objects kept, at most
	Reserve int64  // bytes of the disk that are left free
	Log     *slog.Logger
	Now     func() time.Time

	free func(dir string) (int64, error) // tests have smaller disks
}

// Cache is a storage elsewhere with a bounded number of its objects kept whole
// as files on this machine, the least recently asked for dropped first. It is
// for objects that never change, and for readers whose right to them was
// checked before. It is media.Store and media.Opener: Get and the rest go to
// storage as ever, Open is answered from the disk. Several processes must not
// share a folder.
type Cache struct {
	media.Store
	cfg CacheConfig

	mu      sync.Mutex
	entries map[string]*entry // by hash of the key
	recent  *list.List        // of *entry, the most recent first
	flights map[string]*flight
	size    int64
	trouble error     // why the disk refused, last
	pause   time.Time // nothing is kept until then
	away    time.Time // storage is not asked until then

	slots      chan struct{}
	fills      sync.WaitGroup
	closing    context.Context //nolint:containedctx // ends the fills that no request waits for
	close      context.CancelFunc
	hits, miss atomic.Int64
}

// entry is one kept object.
type entry struct {
	hash string // of its key
	name string // of its file
	fact fact
	at   *list.Element
	// checked is when storage last said that it is so.
	checked  time.Time
	checking bool // it is being revalidated; others are served meanwhile
	// proven is the file whose content was compared with its SHA-256; another
	// one under the same name, or the same one written to, is not.
	proven stamp
}

// flight is one object on its way; those who revalidate meanwhile wait for it.
type flight struct {
	done chan struct{}
	err  error
}

// errRelay asks to read the object from storage instead. It is what
// media.Opener says when an object is no file here.
var errRelay = fmt.Errorf("object is not kept: %w", errors.ErrUnsupported)

// OpenCache opens the folder: what an earlier run kept is served again, after
// its content was compared; files that were not finished are removed.
func OpenCache(store media.Store, c CacheConfig) (*Cache, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.free == nil {
		c.free = freeSpace
	}
	k := &Cache{Store: store, cfg: c, entries: map[string]*entry{}, recent: list.New(), flights: map[string]*flight{},
		slots: make(chan struct{}, fillsAtOnce)}
	k.closing, k.close = context.WithCancel(context.Background())
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("relay cache: %w", err)
	}
	if err := k.loadExisting(); err != nil {
		return nil, fmt.Errorf("relay cache: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(0)
	return k, nil
}

// Close ends what is being fetched; files that are open stay readable.
func (k *Cache) Close() {
	k.close()
	k.fills.Wait()
}

// Open gives the file that holds the object, fetching it first when it is not
// kept: once, however many revalidate. Errors are those of storage, and
// errors.ErrUnsupported for an object that is to be read from storage instead:
// it is large and still on its way, or the disk takes nothing more.
func (k *Cache) Open(ctx context.Context, key string) (*os.File, media.Object, error) {
	for n := range 3 { // dropped or damaged meanwhile: once more
		f, o, err := k.kept(ctx, key)
		switch {
		case err == nil:
			if n == 0 {
				k.hits.Add(1)
			}
			return f, o, nil
		case !errors.Is(err, os.ErrNotExist):
			return nil, media.Object{}, err
		}
		if n == 0 {
			k.miss.Add(1)
		}
		if err := k.fetch(ctx, key); err != nil {
			return nil, media.Object{}, err
		}
	}
	return nil, media.Object{}, errRelay
}

// kept gives the file of an object that is kept, whole, and still there in
// storage; os.ErrNotExist when it is to be fetched.
func (k *Cache) kept(ctx context.Context, key string) (*os.File, media.Object, error) {
	now := k.cfg.Now()
	k.mu.Lock()
	e, ok := k.entries[hashOf(key)]
	if !ok {
		k.mu.Unlock()
		return nil, media.Object{}, os.ErrNotExist
	}
	k.recent.MoveToFront(e.at)
	name, fact, proven := e.name, e.fact, e.proven
	revalidate := now.Sub(e.checked) >= believed && !e.checking && !now.Before(k.away)
	e.checking = e.checking || revalidate
	k.mu.Unlock()

	if revalidate {
		if err := k.revalidate(ctx, key, e); err != nil {
			return nil, media.Object{}, err
		}
	}
	f, err := os.Open(filepath.Join(k.cfg.Dir, name))
	if err != nil {
		k.forget(e)
		return nil, media.Object{}, os.ErrNotExist
	}
	s, err := stampOf(f)
	if err == nil && s != proven {
		err = prove(f, fact)
		if err == nil {
			k.mu.Lock()
			e.proven = s
			k.mu.Unlock()
		}
	}
	if err != nil {
		f.Close()
		k.cfg.Log.Warn("relay cache: a damaged file is dropped", "key", key, "error", err)
		k.forget(e)
		return nil, media.Object{}, os.ErrNotExist
	}
	return f, media.Object{Key: key, Size: fact.size, ETag: fact.etag, ModifiedAt: fact.modified}, nil
}

// revalidate asks storage whether an object is still what is kept. While storage is
// away, what is kept is served.
func (k *Cache) revalidate(ctx context.Context, key string, e *entry) error {
	asked, done := context.WithTimeout(ctx, askTime)
	defer done()
	o, err := k.Head(asked, key)
	k.mu.Lock()
	defer k.mu.Unlock()
	e.checking = false
	switch {
	case fault.KindOf(err) == fault.NotFound:
		k.remove(e)
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		k.away = k.cfg.Now().Add(awayTime)
		k.cfg.Log.Warn("relay cache: storage is away, what is kept serves", "error", err)
	case o.ETag != e.fact.etag || o.Size != e.fact.size:
		k.remove(e)
		return os.ErrNotExist
	default:
		e.checked = k.cfg.Now()
	}
	return nil
}

// forget drops an entry and its file.
func (k *Cache) forget(e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(e)
}

func (k *Cache) remove(e *entry) {
	if k.entries[e.hash] != e {
		return
	}
	delete(k.entries, e.hash)
	k.recent.Remove(e.at)
	k.size -= e.fact.size
	if err := os.Remove(filepath.Join(k.cfg.Dir, e.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		k.cfg.Log.Warn("relay cache: a file stays behind until the next start", "error", err)
	}
}

// drop frees so many bytes: within the limit, and on the disk.
func (k *Cache) drop(want int64) {
	for k.recent.Len() > 0 {
		free, err := k.cfg.free(k.cfg.Dir)
		if k.size+want <= k.cfg.Limit && (err != nil || free-want >= k.cfg.Reserve) {
			return
		}
		k.remove(k.recent.Back().Value.(*entry))
	}
}

// State is how the cache does, for health and metrics.
type State struct {
	Objects     int
	Size, Limit int64 // bytes
	Hits, Miss  int64 // since the start
	Trouble     error // why nothing is kept at the moment; nil: it is
}

// State of now.
func (k *Cache) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return State{k.recent.Len(), k.size, k.cfg.Limit, k.hits.Load(), k.miss.Load(), k.trouble}
}

func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
