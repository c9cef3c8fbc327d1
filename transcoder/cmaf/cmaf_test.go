package cmaf

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// pictures is a track as an encoder leaves it: a key frame every every
// samples, shown in another order than decoded.
func pictures(n, every int, tick int64) Track {
	t := Track{Handler: "vide", Timescale: 15360, Samples: make([]Sample, n)}
	for i := range t.Samples {
		place := i
		// In threes: the third is decoded before the two between.
		if g := i % every; g > 0 && i-g+every <= n {
			switch (g - 1) % 3 {
			case 0:
				place = min(i+2, i-g+every-1)
			default:
				place = i - 1
			}
		}
		t.Samples[i] = Sample{Data: []byte{byte(i), byte(i >> 8), 7}, Decode: int64(i) * tick,
			Show: int64(place) * tick, Key: i%every == 0}
	}
	return t
}

func stream() Stream {
	return Stream{Handler: "vide", Timescale: 15360, Width: 64, Height: 36,
		Config: []byte{1, 0x64, 0, 0x0a}, Delay: 1024}
}

// TestPackHolds: whatever the cuts, each segment begins with a key frame where
// the one before ended, and all samples are there.
func TestPackHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const every = 10 // 9 pictures in threes follow a key frame
		groups := rapid.IntRange(1, 8).Draw(t, "groups")
		start := rapid.Int64Range(0, 1_000_000).Draw(t, "start")
		cuts := []int{0}
		for g := 1; g < groups; g++ {
			if rapid.Bool().Draw(t, "cut") {
				cuts = append(cuts, g*every)
			}
		}
		cuts = append(cuts, groups*every)
		lane, err := Even(pictures(groups*every, every, 512), stream(), start, 512, cuts)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Pack([]Lane{lane}, 1)
		if err != nil {
			t.Fatal(err)
		}
		at, samples := start*512, 0
		for i, seg := range p.Segments {
			runs, err := ReadSegment(seg)
			if err != nil || len(runs) != 1 || runs[0].Start != at || !runs[0].KeyFirst {
				t.Fatalf("segment %d: %v %+v, expected to begin at %d", i, err, runs, at)
			}
			at, samples = at+runs[0].Length, samples+runs[0].Samples
		}
		if samples != groups*every || at != (start+int64(samples))*512 || len(p.Segments) != len(cuts)-1 {
			t.Fatalf("%d samples, end %d", samples, at)
		}
	})
}

func TestPackRefuses(t *testing.T) {
	good := pictures(20, 10, 512)
	if _, err := Even(good, stream(), 0, 512, []int{0, 21}); err == nil {
		t.Error("a picture too few is taken")
	}
	doubled := pictures(20, 10, 512)
	doubled.Samples[4].Show = doubled.Samples[5].Show
	if _, err := Even(doubled, stream(), 0, 512, []int{0, 20}); err == nil {
		t.Error("two pictures at one time are taken")
	}
	off := pictures(20, 10, 512)
	off.Samples[7].Show++
	if _, err := Even(off, stream(), 0, 512, []int{0, 20}); err == nil {
		t.Error("a picture off the grid is taken")
	}
	lane, err := Even(good, stream(), 0, 512, []int{0, 5, 20})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Pack([]Lane{lane}, 1); err == nil {
		t.Error("a segment without a key frame is made")
	}
	lane, err = Even(good, Stream{Handler: "vide", Timescale: 15360, Config: []byte{1, 2, 3, 4}}, 0, 512, []int{0, 20})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Pack([]Lane{lane}, 1); err == nil {
		t.Error("a picture shown before it is decoded is taken")
	}
}

// TestReadersBearAnything: a file cut anywhere, or with any byte changed, is
// an error at most.
func TestReadersBearAnything(t *testing.T) {
	lane, err := Even(pictures(20, 10, 512), stream(), 0, 512, []int{0, 20})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Pack([]Lane{lane}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range p.Segments[0] {
		if _, err := ReadSegment(p.Segments[0][:cut]); err == nil {
			t.Fatalf("a segment of %d of %d bytes is taken", cut, len(p.Segments[0]))
		}
	}
	for i := range p.Init {
		for _, v := range []byte{0, 0x7f, 0xff} {
			changed := bytes.Clone(p.Init)
			changed[i] = v
			_, _ = InitCodecs(changed) // must not panic
		}
	}
	for i := range p.Segments[0] {
		changed := bytes.Clone(p.Segments[0])
		changed[i] ^= 0xff
		_, _ = ReadSegment(changed) // must not panic
	}
}
