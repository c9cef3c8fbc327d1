package probe

import (
	"math"
	"slices"
)

// Groups tells how the pictures of an H.264 recording hang together: what must
// be known before they may be repackaged instead of encoded again. It is read
// from the packets' times and flags alone; whoever repackages looks at the
// bytes too.
type Groups struct {
	Reason   string  // why the recording cannot be repackaged, for logs; "": nothing speaks against it
	Keys     []int64 // numbers of the pictures from which on nothing before is needed
	Bytes    []int64 // of each group, from its key on
	Pictures int64   // of the whole recording, numbered from 0 at its exact rate
}

// The bounds of what is repackaged.
const (
	// OffGrid is how far, in seconds, a picture may stand from its place at the exact rate:
	// that much it is out of step with the sound, and 10 ms are allowed.
	OffGrid = 0.008
	// mostReorder is how many pictures decoding runs ahead of showing in the
	// encoded rungs. One that runs further would be shown later than they.
	mostReorder = 2
)

// row is one packet as the file has it.
type row struct {
	pts, dts float64 // seconds; NaN: the file does not say
	size     int64
	key      bool
}

// groups looks at the packets of the picture in the file's own order.
func groups(f *Facts, s *packets, d stream) *Groups {
	if reason := unfit(f, s, d); reason != "" {
		return &Groups{Reason: reason}
	}
	g := &Groups{Pictures: int64(len(s.rows))}
	places, reason := places(f, s.rows)
	if reason != "" {
		return &Groups{Reason: reason}
	}
	// A group is closed when all that comes before it in the file is shown
	// before it, and all that comes after, after.
	before := int64(-1) // the latest place so far
	least := make([]int64, len(places)+1)
	least[len(places)] = math.MaxInt64
	for i := len(places) - 1; i >= 0; i-- {
		least[i] = min(least[i+1], places[i])
	}
	bytes := int64(0)
	for i, place := range places {
		if s.rows[i].key && least[i] == place && before == place-1 {
			if len(g.Keys) > 0 {
				g.Bytes = append(g.Bytes, bytes)
			}
			g.Keys, bytes = append(g.Keys, place), 0
		}
		before = max(before, place)
		bytes += s.rows[i].size
	}
	g.Bytes = append(g.Bytes, bytes)
	if len(g.Keys) == 0 || g.Keys[0] != 0 {
		return &Groups{Reason: "it does not begin with a key frame"}
	}
	return g
}

// unfit names the first thing about the stream that its copy would show
// differently from the encoded rungs.
func unfit(f *Facts, s *packets, d stream) string {
	switch {
	case f.Codec != "h264" || !slices.Contains([]string{"High", "Main", "Constrained Baseline"}, f.Profile):
		return "not H.264 High or Main"
	case f.PixelFormat != "yuv420p":
		return "not 4:2:0 of 8 bits"
	case d.FieldOrder != "progressive":
		return "not known to be progressive"
	case d.Width != f.Width || d.Height != f.Height || d.Width%2+d.Height%2 != 0 || turned(d):
		return "turned, mirrored, odd or not of square pixels"
	case f.HDR || f.Matrix != "bt709" && (f.Matrix != "" || f.Height < 720):
		return "colours other than BT.709"
	case s.discarded:
		return "the edit list hides pictures"
	case s.changed:
		return "the decoder's parameters change"
	case f.Warning != "":
		return f.Warning
	}
	return ""
}

// turned tells whether the file wants the picture turned or mirrored, however
// little.
func turned(d stream) bool {
	for _, side := range d.SideData {
		if side.Type == "Display Matrix" {
			return true
		}
	}
	return false
}

// places numbers the pictures by the time they are shown, in the file's order.
func places(f *Facts, rows []row) (list []int64, reason string) {
	if f.RateNum <= 0 || f.RateDen <= 0 {
		return nil, "no exact rate"
	}
	rate := float64(f.RateNum) / float64(f.RateDen)
	seen := make([]bool, len(rows))
	last := math.Inf(-1)
	for i, r := range rows {
		if math.IsNaN(r.pts) || !math.IsNaN(r.dts) && r.dts <= last {
			return nil, "times are missing or run back"
		}
		if !math.IsNaN(r.dts) {
			last = r.dts
		}
		place := int64(math.Round((r.pts - f.VideoStart) * rate))
		switch {
		case math.Abs(float64(place)/rate-(r.pts-f.VideoStart)) > OffGrid:
			return nil, "pictures do not come at an exact rate"
		case place < 0 || place >= int64(len(rows)) || seen[place]:
			return nil, "pictures are missing or doubled"
		case place+mostReorder < int64(i):
			return nil, "pictures are reordered further than the encoder does"
		}
		seen[place] = true
		list = append(list, place)
	}
	return list, ""
}
