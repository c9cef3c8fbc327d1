package playback

import "time"

// Session is the one row of a playback session (or of one offline run under a
// grant): everything its heartbeats reported, merged. It belongs to one viewer, one
// package and one local day, the day it began.
type Session struct {
	ID         string
	Viewer     string // "p:" and a person's id, or "d:" and a device identifier
	Day        string // local day it began, "2020-04-13"
	LessonID   string
	PackageID  string
	Issued     int64  // when it began, Unix milliseconds: issue, or startedAt of an offline run
	Last       int64  // latest arrival of a heartbeat, Unix milliseconds
	Duration   int64  // the recording's, milliseconds
	Played     Spans  // union of all that was reported
	ReportedMs int64  // largest total that a heartbeat reported, milliseconds
	ByUnion    bool   // some heartbeat reported no total: the union's length stands for it
	Excluded   string // reason known when it was opened (rule_exclusion.go), or ""
	Offline    bool
	Embedded   bool
	Heat       []int32 // plays of each bin, largest reported
}

// Total is the time played with replays, in milliseconds.
func (s Session) Total() int64 {
	if s.ByUnion {
		return max(s.ReportedMs, s.Played.Length())
	}
	return s.ReportedMs
}

// State is what one heartbeat reports, checked and in milliseconds.
type State struct {
	Played  Spans
	Seconds *int64 // milliseconds in total; nil: the length of the union
	Heat    []int32
	Arrival time.Time
}

// Merge adds a heartbeat: the union of intervals, the largest total, the latest
// arrival. It may be repeated, and order does not matter.
func (s Session) Merge(b State) Session {
	s.Played = Union(s.Played, b.Played)
	if b.Seconds == nil {
		s.ByUnion = true
	} else {
		s.ReportedMs = max(s.ReportedMs, *b.Seconds)
	}
	s.Last = max(s.Last, b.Arrival.UnixMilli())
	s.Heat = maxHeat(s.Heat, b.Heat)
	return s
}

// maxHeat gives the larger count of each bin.
func maxHeat(a, b []int32) []int32 {
	out := make([]int32, max(len(a), len(b)))
	copy(out, a)
	for i, n := range b {
		out[i] = max(out[i], n)
	}
	return out
}
