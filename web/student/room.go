// Package student is the public side: the catalogue, search, a lesson's page with its player, and the television guide.
package student

import "lenlop/web/page"

// Room is what the pages need.
type Room struct{}

// Routes of this audience.
func (r Room) Routes() []page.Route { return nil }
