// Package department is the education department's desk: reviewing, viewing figures, ledgers.
package department

import "lenlop/web/page"

// Room is what the pages need.
type Room struct{}

// Routes of this audience.
func (r Room) Routes() []page.Route { return nil }
