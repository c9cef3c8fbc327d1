// Package stream serves playlists and segments.
package stream

import "lenlop/web/page"

// Room is what the pages need.
type Room struct{}

// Routes of this audience.
func (r Room) Routes() []page.Route { return nil }
