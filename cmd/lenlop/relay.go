package main

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"

	"lenlop/infra/s3"
)

// Room for segments from an S3 server outside, when nobody says how much.
const (
	relayShare   = 10        // one part in so many of what the disk has free
	relayMost    = 200 << 30 // bytes
	relayReserve = leastDisk // bytes that the cache leaves free
)

// openRelay puts the disk cache before an S3 server outside, for the streams
// of a web process alone: workers read recordings once, and may share a folder.
func (h *house) openRelay() error {
	h.streams = h.media
	room := h.flags.RelayCache
	if h.flags.embedded() || room == 0 {
		return nil
	}
	if room < 0 {
		var st syscall.Statfs_t
		if err := syscall.Statfs(h.flags.Data, &st); err != nil {
			return fmt.Errorf("relay cache: %w", err)
		}
		room = min(int64(st.Bavail)*int64(st.Bsize)/relayShare, relayMost)
	}
	c, err := s3.OpenCache(h.media, s3.CacheConfig{Dir: filepath.Join(h.flags.Data, "cache"), Limit: room, Reserve: relayReserve, Log: h.log, Now: h.now})
	if err != nil {
		return err
	}
	h.relay, h.streams = c, c
	h.closing(c.Close)
	return nil
}

// relayHealth says how the cache does. A disk that takes no more is no reason
// to take no visitors: segments are relayed as they are asked for.
func (h *house) relayHealth(context.Context) (string, error) {
	s := h.relay.State()
	note := fmt.Sprintf("%.1f / %.1f GB", float64(s.Size)/1e9, float64(s.Limit)/1e9)
	if asked := s.Hits + s.Miss; asked > 0 {
		note += fmt.Sprintf(", %d %%", 100*s.Hits/asked)
	}
	if s.Trouble != nil {
		note += "; relaying without keeping: " + s.Trouble.Error()
	}
	return note, nil
}
