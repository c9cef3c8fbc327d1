package ladder

import (
	"math"
)

// Request is what a plan is made from.
type Request struct {
	Source   Source
	Duration float64 // seconds, measured
	Rate     Rate    // the recording's pictures a second, measured; zero: no picture
	Loudness Loudness
	Content  Content
	Tracks   []Track // with their loudness, when there are several
	Warning  string
	Copy     *Copy // how the recording's pictures hang together; nil: they must be encoded
}

// Loudness is what was measured of the sound in sampled windows, in LUFS; 0
// means not measured, or silence.
type Loudness struct {
	Mono   float64 // of the channels mixed to one
	Stereo float64 // of two channels; 0 when there is only one
}

// TargetLoudness is that of every rendition, in LUFS.
const TargetLoudness = -16

// mostGain bounds the gain either way, in dB: more would bring up the noise of
// a recording of nothing.
const mostGain = 20

// Silence is the loudness, in LUFS, under which there is nothing to hear.
const Silence = -69

func gain(loudness float64) float64 {
	if loudness >= 0 || loudness < Silence {
		return 0
	}
	return math.Round(10*min(mostGain, max(-mostGain, TargetLoudness-loudness))) / 10
}

// Silent tells whether nothing was heard, in one channel or in two.
func (l Loudness) Silent() bool { return l.Mono >= 0 && l.Stereo >= 0 }

// MixDifference is the mix of channels that are out of phase: their mean would
// be silent.
const MixDifference = "difference"

// mostLost is how much, in dB, channels lose when mixed to one: equal ones 3,
// unlike or one-sided ones 6. Those that lose more cancel each other out.
const mostLost = 9

// opposed tells whether the two channels cancel each other out.
func (l Loudness) opposed() bool {
	return l.Stereo < 0 && (l.Mono >= 0 || l.Stereo-l.Mono > mostLost)
}

// mono is the sound of one channel.
func (l Loudness) mono() Sound {
	s := monoSound
	if l.opposed() {
		// Half of the difference of opposed channels is as loud as either.
		s.Mix, s.Gain = MixDifference, gain(l.Stereo-3)
		return s
	}
	s.Gain = gain(l.Mono)
	return s
}

// differ tells whether the two channels are worth keeping: mixed to one, equal
// channels lose 3 dB against two, different ones up to 6.
func (l Loudness) differ() bool { return l.Stereo < 0 && l.Stereo-l.Mono > 3.6 }

// The sounds of the ladder. 48 kbit/s mono carries speech; the lowest rung
// must stay at or under 100 kbit/s with it.
var (
	monoSound   = Sound{Bitrate: 48_000, Channels: 1}
	stereoSound = Sound{Bitrate: 80_000, Channels: 2}
)

// Segment lengths in seconds: three short ones so that playing begins at
// once, then six each.
const (
	shortSegment  = 2
	shortSegments = 3
	longSegment   = 6
	stillSegment  = 10 // where nothing moves: a quarter fewer bytes on slides
)

// leastHalved is the lowest picture rate that is halved where nothing moves.
const leastHalved = 23

// pieceSegments are the pieces' lengths in long segments: the first is made
// at once, the following grow to 48 s so that playing never waits for long.
var pieceSegments = []int{1, 2, 4, 8} // the first is as long as the short segments together

// soundGrid is the grid a recording without a picture is cut on.
var soundGrid = Rate{25, 1}

// Make makes the plan.
func Make(r Request) Plan {
	p := Plan{Version: 1, Duration: r.Duration, Source: r.Source, Warning: r.Warning, TargetDuration: longSegment}
	low, high := Sound{}, Sound{}
	if r.Source.Audio >= 0 && len(r.Tracks) < 2 {
		low = r.Loudness.mono()
		high = low
		if r.Loudness.differ() && !r.Loudness.opposed() {
			high = stereoSound
			high.Gain = gain(r.Loudness.Stereo)
		}
	}
	p.Rate = soundGrid
	var keys []int64
	if r.Source.Video >= 0 {
		p.Rate = Grid(r.Rate)
		list := rungs(r.Source.Width, r.Source.Height, p.Rate.Float(), low, high)
		if r.Content.Still() {
			p.TargetDuration = stillSegment
		}
		if r.repackages(list[0], p) {
			keys = r.Copy.cuts(p.Rate, r.frames(p.Rate), float64(p.TargetDuration))
			list[0] = r.Copy.rung(list[0], keys, p.Rate)
		}
		p.Rungs = worthwhile(list, r.Content, r.Copy, r.Source.Width, r.Source.Height)
		for i := range p.Rungs {
			if r.Content.Still() && p.Rate.Float() >= leastHalved && !p.Rungs[i].Copy && allEven(keys) {
				p.Rungs[i] = halved(p.Rungs[i])
			}
		}
	}
	switch {
	case len(r.Tracks) > 1:
		trackRungs(&p, r.Tracks)
	case r.Source.Audio >= 0:
		only := low
		if r.Source.Video < 0 {
			only = high
		}
		p.Rungs = append(p.Rungs, soundOnly(only))
	}
	if p.Cuts = keys; p.Cuts == nil {
		p.Cuts = cuts(p.Rate, r.frames(p.Rate), float64(p.TargetDuration))
	}
	p.Pieces = pieces(p)
	return p
}

// frames is the number of pictures of the whole lesson.
func (r Request) frames(rate Rate) int64 { return max(1, int64(math.Round(r.Duration*rate.Float()))) }

// Grid is the picture rate of the renditions for a recording's own: the same
// up to 31 a second, else halved until it is; at least 10.
func Grid(r Rate) Rate {
	if r.Num <= 0 || r.Den <= 0 {
		return soundGrid
	}
	for r.Float() > 31 {
		if r.Num%2 == 0 {
			r.Num /= 2
		} else {
			r.Den *= 2
		}
	}
	if r.Float() < 10 {
		return Rate{10, 1}
	}
	return r
}

// cuts lists the picture numbers at which segments begin, and the end. All
// are even, so that rungs with half the pictures are cut at the same times.
func cuts(rate Rate, frames int64, long float64) []int64 {
	list := []int64{0}
	for i := 1; ; i++ {
		at := float64(shortSegment * i)
		if i > shortSegments {
			at = shortSegment*shortSegments + long*float64(i-shortSegments)
		}
		n := 2 * int64(math.Round(at*rate.Float()/2))
		// A last segment shorter than half a second joins the one before,
		// as long as that stays within the target duration.
		if n >= frames {
			break
		}
		list = append(list, n)
	}
	if k := len(list) - 1; k > 0 && rate.Seconds(frames-list[k]) < 0.5 && rate.Seconds(frames-list[k-1]) < long+0.45 {
		list = list[:k]
	}
	return append(list, frames)
}

// pieces groups the segments.
func pieces(p Plan) []Piece {
	var list []Piece
	add := func(first, last int) {
		list = append(list, Piece{Start: p.Rate.Seconds(p.Cuts[first]), End: p.Rate.Seconds(p.Cuts[last]),
			First: first, Last: last})
	}
	n := len(p.Cuts) - 1
	for i, at := 0, 0; at < n; i++ {
		// Cuts at another's key frames fall where they fall.
		want := float64(longSegment*pieceSegments[min(max(i, 0), len(pieceSegments)-1)]) + 0.5
		next := at + 1
		for next < n && p.Rate.Seconds(p.Cuts[next+1]-p.Cuts[at]) <= want {
			next++
		}
		if i > 0 && next >= n-1 {
			next = n // no tiny last piece
		}
		add(at, next)
		at = next
	}
	return list
}
