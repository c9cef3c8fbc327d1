package app

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"

	"lenlop/infra/s3"
)

// Size of the segment cache when the settings do not say it.
const (
	cacheShare   = 10        // one part in so many of what the disk has free
	cacheMost    = 200 << 30 // bytes
	cacheReserve = minDisk   // bytes that the cache leaves free
)

// openSegmentCache puts the disk cache before an external S3 server, for the
// streams of a web process alone: workers read recordings once, and may share a
// folder.
func (a *App) openSegmentCache() error {
	a.streams = a.Media
	size := a.Settings.RelayCache
	if a.Settings.Embedded() || size == 0 {
		return nil
	}
	if size < 0 {
		var st syscall.Statfs_t
		if err := syscall.Statfs(a.Settings.Data, &st); err != nil {
			return fmt.Errorf("segment cache: %w", err)
		}
		size = min(int64(st.Bavail)*int64(st.Bsize)/cacheShare, cacheMost)
	}
	c, err := s3.OpenCache(a.Media, s3.CacheConfig{Dir: filepath.Join(a.Settings.Data, "cache"), Limit: size,
		Reserve: cacheReserve, Log: a.Log, Now: a.Now})
	if err != nil {
		return err
	}
	a.cache, a.streams = c, c
	a.onClose(c.Close)
	return nil
}

// cacheHealth says how full the cache is and how often it helps. A full disk is no
// failure: segments are then relayed without being cached.
func (a *App) cacheHealth(context.Context) (string, error) {
	s := a.cache.State()
	note := fmt.Sprintf("%.1f / %.1f GB", float64(s.Size)/1e9, float64(s.Limit)/1e9)
	if asked := s.Hits + s.Miss; asked > 0 {
		note += fmt.Sprintf(", %d %%", 100*s.Hits/asked)
	}
	if s.Trouble != nil {
		note += "; relaying without caching: " + s.Trouble.Error()
	}
	return note, nil
}
