// Package teacher is the teacher's desk: own lessons, drafting, uploading, progress, captions, submitting.
package teacher

import "lenlop/web/page"

// Room is what the pages need.
type Room struct{}

// Routes of this audience.
func (r Room) Routes() []page.Route { return nil }
