package probe

import (
	"math"
	"slices"

	"lenlop/transcoder/ladder"
)

// The bounds of a clock that runs on, in seconds.
const (
	// near is how far packets of two streams that stand together in a file lie
	// apart in time.
	near = 5.0
	// longestHole is how long nothing may come where pictures and sound come all
	// the time; a longer hole is closed.
	longestHole = 15.0
	// longestPause is the same where pictures may come when something changes.
	longestPause = 300.0
	// clockStart is the time of the first packet of a copy with a mended clock.
	clockStart = 10.0
	// mostJumps is how many jumps can be mended; a file with more is damaged
	// otherwise.
	mostJumps = 200
)

// clock finds in packets, in the order of the file, where the time of the file
// jumps: clips that were joined, a transmitter that was started again, a
// counter that ran over. What lies between two jumps is a stretch.
type clock struct {
	back, hole float64 // what is a jump, seconds
	streams    map[int]*clockStream
	stretches  []*stretch
	held       float64 // the longest hole that is none of the jumps, seconds
}

type clockStream struct {
	count     int // packets
	stretch   int // index
	last, end float64
	enters    []entry
}

// entry is where a stream enters a stretch.
type entry struct{ packet, stretch int }

type stretch struct {
	first   float64         // the earliest time in it
	last    float64         // the time of its packet that came last
	ends    map[int]float64 // of each stream in it
	skipped float64         // seconds of the hole before it; 0: the clock ran back or somewhere else
}

// newClock looks at the given streams of a format.
func newClock(format string, sound bool, streams ...int) *clock {
	c := &clock{back: 1, hole: math.Inf(1), streams: map[int]*clockStream{}}
	for _, s := range streams {
		c.streams[s] = &clockStream{}
	}
	switch {
	case discontinuous(format):
		c.back, c.hole = 0.2, longestHole
	case sound:
		c.hole = longestPause
	}
	return c
}

// discontinuous tells whether the format has one clock that may jump, and
// pictures and sound that come all the time.
func discontinuous(format string) bool { return format == "mpegts" || format == "mpeg" }

// add looks at the next packet: dts and pts in seconds, NaN when not given.
func (c *clock) add(stream int, pts, dts, length float64) {
	s := c.streams[stream]
	if s == nil {
		return
	}
	n := s.count
	s.count++
	at, back := dts, c.back
	if math.IsNaN(at) {
		at, back = pts, c.back+2 // shown in another order
	}
	if math.IsNaN(at) {
		return
	}
	if k := c.place(s, at, back); len(s.enters) == 0 || k != s.stretch {
		s.stretch = k
		s.enters = append(s.enters, entry{n, k})
		if len(s.enters) == 1 {
			s.enters[0].packet = 0
		}
	} else {
		c.held = max(c.held, c.silence(s, at))
	}
	x := c.stretches[s.stretch]
	shown := pts
	if math.IsNaN(shown) {
		shown = at
	}
	s.last, s.end = at, at+length
	x.first, x.last = min(x.first, shown), at
	if end, ok := x.ends[stream]; !ok || shown+length > end {
		x.ends[stream] = shown + length
	}
}

// silence is how long no stream of the stretch had anything before a time.
func (c *clock) silence(s *clockStream, at float64) float64 {
	latest := s.end
	for _, end := range c.stretches[s.stretch].ends {
		latest = max(latest, end)
	}
	return at - latest
}

// place finds the stretch of a packet.
func (c *clock) place(s *clockStream, at, back float64) int {
	skipped := 0.0
	switch {
	case len(c.stretches) == 0:
	case len(s.enters) == 0:
		for k, stretch := range slices.Backward(c.stretches) {
			if math.Abs(at-stretch.last) < near {
				return k
			}
		}
		return 0
	case at >= s.last-back && c.silence(s, at) <= c.hole:
		return s.stretch
	default:
		for k := len(c.stretches) - 1; k > s.stretch; k-- {
			if math.Abs(at-c.stretches[k].last) < near {
				return k
			}
		}
		if gap := c.silence(s, at); gap > 0 && gap < mostLength {
			skipped = gap
		}
	}
	c.stretches = append(c.stretches, &stretch{first: at, last: at, ends: map[int]float64{}, skipped: skipped})
	return len(c.stretches) - 1
}

// retiming lets each stretch begin where the one before it ended, for the given
// streams; nil: the clock needs no mending. missing tells whether something is
// not there that was recorded.
func (c *clock) retiming(streams ...int) (list []ladder.Retiming, missing bool) {
	n := len(c.stretches)
	if n < 2 || n > mostJumps {
		return nil, false
	}
	shifts := make([]float64, n)
	ends := map[int]float64{} // of each stream, mended
	for k, x := range c.stretches {
		if k == 0 {
			shifts[0] = clockStart - x.first
		} else {
			latest := math.Inf(-1)
			for s := range x.ends {
				if end, ok := ends[s]; ok {
					latest = max(latest, end)
				}
			}
			if math.IsInf(latest, -1) {
				for _, end := range ends {
					latest = max(latest, end)
				}
			}
			shifts[k] = latest - x.first
			missing = missing || x.skipped > 0
		}
		for s, end := range x.ends {
			ends[s] = max(ends[s], end+shifts[k])
		}
	}
	for _, index := range streams {
		s := c.streams[index]
		if s == nil || len(s.enters) == 0 {
			continue
		}
		r := ladder.Retiming{Stream: index}
		for _, e := range s.enters {
			r.Shifts = append(r.Shifts,
				ladder.Shift{Packet: e.packet, Seconds: math.Round(shifts[e.stretch]*1e6) / 1e6})
		}
		list = append(list, r)
	}
	return slices.Clip(list), missing
}
