// Package station is the television station's desk: schedule, as-run, figures.
package station

import "lenlop/web/page"

// Room is what the pages need.
type Room struct{}

// Routes of this audience.
func (r Room) Routes() []page.Route { return nil }
