package viewership

import "time"

// Session is the one row of a playback session (or of one offline run under a
// grant): everything its heartbeats said, merged. It belongs to one viewer, one
// package and one local day, the day it began.
type Session struct {
	ID        string
	Viewer    string // "p:" and a person's id, or "d:" and a device identifier
	Day       string // local day it began, "2020-04-13"
	LessonID  string
	PackageID string
	Issued    int64  // when it began, Unix milliseconds: issue, or startedAt of an offline run
	Last      int64  // latest arrival of a heartbeat, Unix milliseconds
	Duration  int64  // the recording's, milliseconds
	Played    Spans  // union of all that was reported
	Stated    int64  // largest total that a heartbeat stated, milliseconds
	ByUnion   bool   // some heartbeat stated no total: the union's length stands for it
	LeftOut   string // reason known when it was opened (rule_left_out.go), or ""
	Offline   bool
	Embedded  bool
	Heat      []int32 // plays of each bin, largest reported
}

// Total is the time played with replays, in milliseconds.
func (s Session) Total() int64 {
	if s.ByUnion {
		return max(s.Stated, s.Played.Length())
	}
	return s.Stated
}

// State is what one heartbeat says, checked and in milliseconds.
type State struct {
	Played  Spans
	Seconds *int64 // milliseconds in total; nil: the length of the union
	Heat    []int32
	Arrival time.Time
}

// Merge takes a heartbeat in: the union of intervals, the largest total, the
// latest arrival. It may be repeated and needs no order.
func (s Session) Merge(b State) Session {
	s.Played = Union(s.Played, b.Played)
	if b.Seconds == nil {
		s.ByUnion = true
	} else {
		s.Stated = max(s.Stated, *b.Seconds)
	}
	s.Last = max(s.Last, b.Arrival.UnixMilli())
	s.Heat = hotter(s.Heat, b.Heat)
	return s
}

func hotter(a, b []int32) []int32 {
	out := make([]int32, max(len(a), len(b)))
	copy(out, a)
	for i, n := range b {
		out[i] = max(out[i], n)
	}
	return out
}
