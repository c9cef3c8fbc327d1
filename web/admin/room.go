// Package admin is the administrator's desk: people, schools, work queue, health.
package admin

import "lenlop/web/page"

// Room is what the pages need.
type Room struct{}

// Routes of this audience.
func (r Room) Routes() []page.Route { return nil }
