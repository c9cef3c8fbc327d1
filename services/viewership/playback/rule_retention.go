package playback

// Bins cut a recording for the retention chart.
const (
	binsWanted  = 100
	shortestBin = 1_000 // milliseconds
	// binEdge forgives players' coarse clocks at a bin's edges (timeupdate
	// comes four times a second), in milliseconds.
	binEdge = 250
)

// BinWidth and BinCount cut a recording of that many milliseconds: 100 bins,
// fewer when a bin would be shorter than a second. The last may be shorter.
func BinWidth(duration int64) int64 { return max((duration+binsWanted-1)/binsWanted, shortestBin) }

// BinCount is how many bins a recording has.
func BinCount(duration int64) int {
	w := BinWidth(duration)
	return int((duration + w - 1) / w)
}

// Seen reports, for each bin, whether the union covers it.
func Seen(union Spans, duration int64) []bool {
	w := BinWidth(duration)
	out := make([]bool, BinCount(duration))
	for i := range out {
		from, to := int64(i)*w, min(int64(i+1)*w, duration)
		edge := min(binEdge, (to-from)/4)
		out[i] = union.Covers(from+edge, to-edge)
	}
	return out
}
