package cmaf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// AVC is the configuration of an unknown encoder's H.264 stream, and cleans its
// pictures: what a player does not need to decode them (the camera's words,
// captions, padding) is left out, and nothing else may be inside.
type AVC struct {
	sets   [][]byte // the sequence and picture parameter sets
	length int      // bytes of the length before each unit
	head   [3]byte  // profile, constraints, level
}

// The types of H.264's units (ISO/IEC 14496-10, table 7-1).
const (
	unitSlice    = 1
	unitIDR      = 5
	unitSEI      = 6
	unitSequence = 7
	unitPicture  = 8
	unitAccess   = 9
	unitEnd      = 10
	unitEndAll   = 11
	unitFiller   = 12
)

// mostLevel is the highest H.264 level (ten times it) that every phone decodes.
const mostLevel = 42

// ReadAVC reads avcC's content (ISO/IEC 14496-15, 5.3.3.1).
func ReadAVC(config []byte) (AVC, error) {
	var a AVC
	if len(config) < 7 || config[0] != 1 {
		return a, fmt.Errorf("%w: avcC", errMP4)
	}
	copy(a.head[:], config[1:4])
	if profile := config[1]; profile != 100 && profile != 77 && (profile != 66 || config[2]&0x40 == 0) ||
		config[3] > mostLevel {
		return a, fmt.Errorf("H.264 profile %d, level %d", config[1], config[3])
	}
	a.length = int(config[4]&3) + 1
	rest := config[5:]
	for kind := range 2 {
		if len(rest) < 1 {
			return a, fmt.Errorf("%w: avcC", errMP4)
		}
		n := int(rest[0])
		if kind == 0 {
			n &= 0x1f // the rest of the byte is reserved
		}
		rest = rest[1:]
		if n != 1 {
			return a, fmt.Errorf("%d parameter sets of one kind", n)
		}
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			return a, fmt.Errorf("%w: avcC", errMP4)
		}
		size := int(binary.BigEndian.Uint16(rest))
		a.sets, rest = append(a.sets, rest[2:2+size]), rest[2+size:]
	}
	return a, nil
}

// Config is avcC's content for the cleaned pictures.
func (a AVC) Config() []byte {
	c := append([]byte{1}, a.head[:]...)
	c = append(c, 0xff) // lengths of four bytes
	c = append(c, 0xe1)
	c = append(append(c, u16(len(a.sets[0]))...), a.sets[0]...)
	c = append(c, 1)
	c = append(append(c, u16(len(a.sets[1]))...), a.sets[1]...)
	if a.head[0] == 100 {
		c = append(c, 0xfc|1, 0xf8, 0xf8, 0) // 4:2:0, 8 bits, no extension
	}
	return c
}

// Clean gives a picture without what is not needed to decode it, and whether
// decoding can begin with it. A unit that may change the meaning of others is
// an error.
func (a AVC) Clean(sample []byte) (clean []byte, key bool, err error) {
	slices1 := 0
	for len(sample) > 0 {
		if len(sample) < a.length {
			return nil, false, fmt.Errorf("%w: a unit without a length", errMP4)
		}
		size := 0
		for _, b := range sample[:a.length] {
			size = size<<8 | int(b)
		}
		if size < 0 || size > len(sample)-a.length {
			return nil, false, fmt.Errorf("%w: a unit of %d bytes in %d", errMP4, size, len(sample))
		}
		unit := sample[a.length : a.length+size]
		sample = sample[a.length+size:]
		if size == 0 {
			continue
		}
		switch kind := unit[0] & 0x1f; kind {
		case unitSlice, unitIDR:
			if slices1++; slices1 > 1 && key != (kind == unitIDR) {
				return nil, false, fmt.Errorf("a picture that is partly a key frame")
			}
			key = kind == unitIDR
			clean = append(append(clean, u32(int64(size))...), unit...)
		case unitSequence, unitPicture:
			if !slices.ContainsFunc(a.sets, func(s []byte) bool { return bytes.Equal(s, unit) }) {
				return nil, false, fmt.Errorf("the parameter sets change")
			}
		case unitSEI, unitAccess, unitEnd, unitEndAll, unitFiller:
		default:
			return nil, false, fmt.Errorf("unit of type %d", kind)
		}
	}
	if slices1 == 0 {
		return nil, false, fmt.Errorf("a sample without a picture")
	}
	return clean, key, nil
}

// Placed makes the lane of pictures whose places in the lesson are known, in
// ticks, in the order of decoding. Decoding begins at start; the last picture
// stands until end.
func Placed(samples []Sample, s Stream, places []int64, start, end, tick int64, cuts []int) (Lane, error) {
	lane := Lane{Stream: s, Cuts: cuts, End: end * tick, Samples: make([]Sample, len(samples))}
	if len(places) != len(samples) || cuts[len(cuts)-1] != len(samples) || start+int64(len(samples)) > end {
		return lane, fmt.Errorf("%d samples, %d places, %v", len(samples), len(places), cuts)
	}
	for k := range len(cuts) - 1 {
		seen := map[int64]bool{}
		for i := cuts[k]; i < cuts[k+1]; i++ {
			x := samples[i]
			place := places[i]
			if place < start+int64(cuts[k]) || place >= start+int64(cuts[k+1]) || seen[place] {
				return lane, fmt.Errorf("sample %d is shown at %d, outside its group", i, place)
			}
			seen[place] = true
			x.Decode, x.Show = (start+int64(i))*tick, place*tick
			lane.Samples[i] = x
		}
	}
	return lane, nil
}
