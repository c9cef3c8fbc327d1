package playback

import "math/bits"

// WatchRule names the rule below.
const WatchRule = "watch-time/1"

// WatchCap is the second half of watch-time/1: the most that one viewer can
// have watched on a day, in milliseconds, given the [issue, latest arrival]
// spans of the sessions.
func WatchCap(spans []Span) int64 { return fastest*Union(spans).Length() + slack }

// ShareWatch brings parts of a viewer's day down to the cap, in proportion, so
// that the parts sum to exactly min(sum, limit). The order of parts decides
// where the odd milliseconds go; callers sort.
func ShareWatch(parts []int64, limit int64) []int64 {
	var sum int64
	for _, p := range parts {
		sum += p
	}
	out := make([]int64, len(parts))
	if sum <= limit {
		copy(out, parts)
		return out
	}
	var seen, given int64
	for i, p := range parts {
		seen += p
		upTo := mulDiv(seen, limit, sum)
		out[i], given = upTo-given, upTo
	}
	return out
}

// mulDiv is a*b/c rounded down for non-negative numbers, without overflow in
// between; a <= c.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}
