package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lenlop/services/fault"
)

func TestCacheAsksStorageOnce(t *testing.T) {
	want := of(100_000, 7)
	s := newShop(map[string][]byte{"a": want})
	s.wait = make(chan struct{})
	k := open(t, s, CacheConfig{Dir: t.TempDir()})
	var class errgroup.Group
	for range 50 {
		class.Go(func() error {
			f, _, err := k.Open(t.Context(), "a")
			if err != nil {
				return err
			}
			defer f.Close()
			if b, err := io.ReadAll(f); !bytes.Equal(b, want) {
				return fmt.Errorf("%d bytes, %w", len(b), err)
			}
			return nil
		})
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := k.Open(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("somebody who left: %v", err)
	}
	close(s.wait)
	if err := class.Wait(); err != nil {
		t.Error(err)
	}
	bodyOf(t, k, "a")
	if s.gets.Load() != 1 || s.heads.Load() != 0 {
		t.Errorf("storage was asked for it %d times, about it %d times", s.gets.Load(), s.heads.Load())
	}
	if _, _, err := k.Open(t.Context(), "none"); !fault.Is(err, "media.not_found") {
		t.Errorf("missing: %v", err)
	}
}

func TestCacheIsBoundedAndDropsTheOldest(t *testing.T) {
	s := newShop(map[string][]byte{})
	for i := range 20 {
		s.objects[fmt.Sprint(i)] = of(1000, byte(i))
	}
	s.objects["huge"] = of(1300, 99)
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir, Limit: 5000})
	for i := range 20 {
		bodyOf(t, k, fmt.Sprint(i))
		bodyOf(t, k, "0") // asked for all the time
		if _, size := onDisk(t, dir); size > 5000 {
			t.Fatalf("%d bytes on disk after %d", size, i)
		}
	}
	asked := s.gets.Load()
	bodyOf(t, k, "0")
	bodyOf(t, k, "19")
	if s.gets.Load() != asked {
		t.Error("what was asked for last was dropped")
	}
	bodyOf(t, k, "5")
	if s.gets.Load() != asked+1 {
		t.Error("what was not asked for stayed")
	}
	// One object must not push out everything else.
	if _, _, err := k.Open(t.Context(), "huge"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("larger than a quarter: %v", err)
	}
	if st := k.State(); st.Objects != 5 || st.Size != 5000 || st.Hits == 0 || st.Miss != 22 {
		t.Errorf("state %+v", st)
	}
}

func TestCacheSurvivesARestart(t *testing.T) {
	s := newShop(map[string][]byte{"whole": of(5000, 1), "cut": of(5000, 2), "turned": of(5000, 3)})
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir})
	for key := range s.objects {
		bodyOf(t, k, key)
	}
	k.Close()
	damage := func(key string, change func(b []byte) []byte) {
		name := filepath.Join(dir, k.entries[hashOf(key)].name)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, change(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damage("cut", func(b []byte) []byte { return b[:4096] })
	damage("turned", func(b []byte) []byte { b[4000] ^= 1; return b })
	if err := os.WriteFile(filepath.Join(dir, begun+"123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("somebody's own"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.gets.Store(0)
	k = open(t, s, CacheConfig{Dir: dir})
	for range 2 {
		for key, want := range s.objects {
			if got := bodyOf(t, k, key); !bytes.Equal(got, want) {
				t.Errorf("%s is served damaged", key)
			}
		}
	}
	if s.gets.Load() != 2 || s.heads.Load() != 2 {
		t.Errorf("fetched %d, asked about %d: want the two damaged ones, and one look at each that looks whole",
			s.gets.Load(), s.heads.Load())
	}
	if names, _ := onDisk(t, dir); len(names) != 4 || strings.Contains(fmt.Sprint(names), begun) {
		t.Errorf("on disk %v", names)
	}
}

// TestCacheNeverServesWhatWasWrittenTo: while it runs, too.
func TestCacheNeverServesWhatWasWrittenTo(t *testing.T) {
	s := newShop(map[string][]byte{"a": of(5000, 1)})
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir})
	for n, change := range []func(name string) error{
		os.Remove,
		func(name string) error { return os.Truncate(name, 100) },
		func(name string) error { return os.WriteFile(name, of(5000, 9), 0o600) },
		func(name string) error { return os.WriteFile(name, of(6000, 1), 0o600) },
	} {
		bodyOf(t, k, "a")
		name := filepath.Join(dir, k.entries[hashOf("a")].name)
		before, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(name); err != nil {
			t.Fatal(err)
		}
		// Clocks of file systems are coarse: the change is seen by its time.
		_ = os.Chtimes(name, time.Time{}, before.ModTime().Add(time.Second))
		if !bytes.Equal(bodyOf(t, k, "a"), s.objects["a"]) {
			t.Errorf("change %d is served", n)
		}
	}
	if s.gets.Load() != 5 {
		t.Errorf("fetched %d times", s.gets.Load())
	}
}

func TestCacheGivesUpWhenTheDiskIsFull(t *testing.T) {
	s := newShop(map[string][]byte{"a": of(1000, 1), "b": of(1000, 2)})
	now := &clock{now: time.Unix(1_800_000_000, 0)}
	var free atomic.Int64
	free.Store(1 << 40)
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir, Reserve: 1 << 30, Now: now.Now,
		free: func(string) (int64, error) { return free.Load(), nil }})
	bodyOf(t, k, "a")
	free.Store(1<<30 + 500) // others took it
	for range 3 {
		if _, _, err := k.Open(t.Context(), "b"); !errors.Is(err, errors.ErrUnsupported) {
			t.Fatalf("no space: %v", err)
		}
	}
	if names, _ := onDisk(t, dir); len(names) != 0 {
		t.Errorf("space is needed elsewhere, and %v stays", names)
	}
	if st := k.State(); st.Trouble == nil || s.gets.Load() != 2 {
		t.Errorf("trouble %v, fetched %d times: the disk is tried again all the time", st.Trouble, s.gets.Load())
	}
	free.Store(1 << 40)
	now.pass(retryWrite)
	bodyOf(t, k, "b")
	if st := k.State(); st.Trouble != nil {
		t.Errorf("there is space again: %v", st.Trouble)
	}
	// A disk that refuses by itself.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Open(t.Context(), "a"); !errors.Is(err, errors.ErrUnsupported) || k.State().Trouble == nil {
		t.Errorf("no folder: %v, trouble %v", err, k.State().Trouble)
	}
}

func TestCacheKeepsOnlyWhatStorageSaid(t *testing.T) {
	s := newShop(map[string][]byte{"short": of(1000, 1), "other": of(1000, 2)})
	s.sums["other"] = strings.Repeat("00", 32)
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir})
	if _, _, err := k.Open(t.Context(), "other"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("another content than was put: %v", err)
	}
	s.cut = 999
	if _, _, err := k.Open(t.Context(), "short"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("cut answer: %v", err)
	}
	if names, _ := onDisk(t, dir); len(names) != 0 {
		t.Errorf("kept %v", names)
	}
	s.cut = 0
	bodyOf(t, k, "short")
}

func TestCacheDoesNotWaitForLargeObjects(t *testing.T) {
	s := newShop(map[string][]byte{"film": of(large+1, 1)})
	s.wait = make(chan struct{})
	k := open(t, s, CacheConfig{Dir: t.TempDir()})
	for range 3 {
		if _, _, err := k.Open(t.Context(), "film"); !errors.Is(err, errors.ErrUnsupported) {
			t.Fatalf("on its way: %v", err)
		}
	}
	close(s.wait)
	k.fills.Wait()
	bodyOf(t, k, "film")
	if s.gets.Load() != 1 {
		t.Errorf("fetched %d times", s.gets.Load())
	}
}

func TestCacheFollowsStorage(t *testing.T) {
	s := newShop(map[string][]byte{"a": of(1000, 1), "b": of(1000, 2)})
	now := &clock{now: time.Unix(1_800_000_000, 0)}
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir, Now: now.Now})
	bodyOf(t, k, "a")
	bodyOf(t, k, "b")
	s.down = true
	now.pass(believed)
	for range 5 {
		bodyOf(t, k, "a") // storage is away: what is kept serves
		bodyOf(t, k, "b")
	}
	if s.heads.Load() != 1 {
		t.Errorf("a storage that is away was asked %d times", s.heads.Load())
	}
	s.down = false
	now.pass(awayTime)
	delete(s.objects, "a")
	s.objects["b"] = of(1000, 3)
	if _, _, err := k.Open(t.Context(), "a"); !fault.Is(err, "media.not_found") {
		t.Errorf("erased in storage: %v", err)
	}
	if !bytes.Equal(bodyOf(t, k, "b"), s.objects["b"]) {
		t.Error("what storage replaced is served as it was")
	}
	if names, _ := onDisk(t, dir); len(names) != 1 {
		t.Errorf("on disk %v", names)
	}
}

// TestCacheClosesWhileFetching: nothing is left running or half written.
func TestCacheClosesWhileFetching(t *testing.T) {
	s := newShop(map[string][]byte{"a": of(1000, 1)})
	s.wait = make(chan struct{})
	dir := t.TempDir()
	k := open(t, s, CacheConfig{Dir: dir})
	answer := make(chan error, 1)
	go func() {
		_, _, err := k.Open(t.Context(), "a")
		answer <- err
	}()
	for s.gets.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	k.Close()
	if err := <-answer; !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	if names, _ := onDisk(t, dir); len(names) != 0 {
		t.Errorf("left %v", names)
	}
}
