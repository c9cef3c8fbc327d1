package cmaf

import (
	"fmt"
)

// Lane is one track of a piece, ready to be cut: its samples carry decoding
// and presentation times of the lesson.
type Lane struct {
	Stream  Stream
	Samples []Sample
	End     int64 // decoding time after the last sample
	Cuts    []int // sample numbers where segments begin, and the end: one more than segments
}

// Even makes the lane of a track with a sample every tick. start is the place
// of the first sample in the lesson, in ticks. Presentation times are kept
// against the smallest one, which is start.
func Even(t Track, s Stream, start, tick int64, cuts []int) (Lane, error) {
	lane := Lane{Stream: s, Cuts: cuts, Samples: make([]Sample, len(t.Samples))}
	if t.Timescale != s.Timescale {
		return lane, fmt.Errorf("timescale %d, expected %d", t.Timescale, s.Timescale)
	}
	if want := cuts[len(cuts)-1]; len(t.Samples) != want {
		return lane, fmt.Errorf("%s: %d samples, expected %d", s.Handler, len(t.Samples), want)
	}
	first := int64(1 << 62)
	for _, x := range t.Samples {
		first = min(first, x.Show)
	}
	seen := make([]bool, len(t.Samples))
	for i, x := range t.Samples {
		place := (x.Show - first) / tick
		if (x.Show-first)%tick != 0 || place >= int64(len(seen)) || seen[place] {
			return lane, fmt.Errorf("%s: sample %d is shown at %d, off the grid of %d", s.Handler,
				i, x.Show-first, tick)
		}
		seen[place] = true
		x.Decode = (start + int64(i)) * tick
		x.Show = (start + place) * tick
		lane.Samples[i] = x
	}
	lane.End = (start + int64(len(t.Samples))) * tick
	return lane, nil
}

// Packed is one packaged piece of one rung.
type Packed struct {
	Init     []byte
	Segments [][]byte
	Lengths  []float64 // seconds, by the first lane
	Codecs   string
}

// Pack cuts lanes at their cuts and writes segments numbered from number.
// Every segment of a picture lane begins with a key frame, and every sample is
// decoded no later than it is shown.
func Pack(lanes []Lane, number int64) (Packed, error) {
	var p Packed
	streams := make([]Stream, len(lanes))
	for i, l := range lanes {
		streams[i] = l.Stream
		if len(l.Cuts) != len(lanes[0].Cuts) {
			return p, fmt.Errorf("%d cuts against %d", len(l.Cuts), len(lanes[0].Cuts))
		}
	}
	var err error
	p.Init = Init(streams)
	if p.Codecs, err = Codecs(streams); err != nil {
		return p, err
	}
	for k := 0; k+1 < len(lanes[0].Cuts); k++ {
		parts := make([]Part, len(lanes))
		for i, l := range lanes {
			if parts[i], err = l.part(k); err != nil {
				return p, fmt.Errorf("segment %d: %w", k, err)
			}
		}
		seg, err := Segment(number+int64(k), streams, parts)
		if err != nil {
			return p, err
		}
		length := int64(0)
		for _, s := range parts[0].Samples {
			length += s.Duration
		}
		p.Segments = append(p.Segments, seg)
		p.Lengths = append(p.Lengths, float64(length)/float64(streams[0].Timescale))
	}
	return p, nil
}

func (l Lane) part(k int) (Part, error) {
	from, to := l.Cuts[k], l.Cuts[k+1]
	if from >= to || to > len(l.Samples) {
		return Part{}, fmt.Errorf("%s: no samples from %d to %d of %d", l.Stream.Handler, from, to, len(l.Samples))
	}
	if !l.Samples[from].Key {
		return Part{}, fmt.Errorf("%s: sample %d is no key frame", l.Stream.Handler, from)
	}
	part := Part{Start: l.Samples[from].Decode}
	for i := from; i < to; i++ {
		s, next := l.Samples[i], l.End
		if i+1 < len(l.Samples) {
			next = l.Samples[i+1].Decode
		}
		t := Timed{Data: s.Data, Duration: next - s.Decode, Offset: s.Show + l.Stream.Delay - s.Decode, Key: s.Key}
		if t.Duration <= 0 || t.Offset < 0 {
			return Part{}, fmt.Errorf("%s: sample %d lasts %d and is shown %d after decoding", l.Stream.Handler, i,
				t.Duration, t.Offset)
		}
		part.Samples = append(part.Samples, t)
	}
	return part, nil
}
