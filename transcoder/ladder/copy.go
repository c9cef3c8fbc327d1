package ladder

// Copy is what a recording's own pictures are like when they hang together in
// groups that need nothing before them.
type Copy struct {
	Keys     []int64 // numbers of the pictures at which groups begin; the first is 0
	Bytes    []int64 // of each group
	Pictures int64
	Bitrate  int    // of the picture, bits a second
	Codecs   string // of the picture, RFC 6381; "": not known yet
}

// The bounds of repackaging.
const (
	mostGap = 6.0 // seconds between key frames: a segment cannot be shorter
	// fat is how many times the bytes of an encoded picture a repackaged one
	// may take: the work is saved once, the bytes are paid by every student.
	fat = 2.0
	// lean is the part of the cap under which nobody minds.
	lean = 0.2
	// mostPeak is how far the most expensive segment may go over the cap.
	mostPeak = 2.0
	// mostStanding is how long the last picture may stand while sound goes on, in seconds.
	mostStanding = 0.5
	boxes        = 15_000 // bits a second of what stands around pictures and sound
	copyWork     = 0.03   // of repackaging against encoding the whole ladder
)

// repackages tells whether the recording's own pictures serve as the top rung.
func (r Request) repackages(top Rung, p Plan) bool {
	c, s := r.Copy, r.Source
	if c == nil || c.Pictures == 0 || len(c.Keys) != len(c.Bytes) || r.Rate != p.Rate {
		return false
	}
	standing := r.frames(p.Rate) - c.Pictures
	if top.Width != s.Width || top.Height != s.Height || s.Zero != s.VideoStart || standing < 0 ||
		p.Rate.Seconds(standing) > mostStanding {
		return false
	}
	lw, lh := LookSize(s.Width, s.Height)
	encoded := r.Content.bitrate(top, lw*lh)
	if c.Bitrate > top.MaxRate || encoded > 0 &&
		float64(c.Bitrate) > max(fat*float64(encoded), lean*float64(top.MaxRate)) {
		return false
	}
	for i, k := range c.Keys {
		next := c.Pictures
		if i+1 < len(c.Keys) {
			next = c.Keys[i+1]
		}
		// A quarter of a picture for the rounding of times.
		if p.Rate.Seconds(next-k) > mostGap+0.25/p.Rate.Float() {
			return false
		}
	}
	return float64(c.peak(c.cuts(p.Rate, r.frames(p.Rate), float64(p.TargetDuration)),
		p.Rate)) <= mostPeak*float64(top.MaxRate)
}

// rung is the top rung made of the recording's own pictures, cut at cuts.
func (c *Copy) rung(top Rung, cuts []int64, rate Rate) Rung {
	top.Copy, top.Pictures, top.CRF, top.MaxRate, top.Level, top.Work = true, c.Pictures, 0,
		c.peak(cuts, rate), 0, copyWork
	top.Bandwidth = int(1.05*float64(top.MaxRate+top.Sound.Bitrate)) + boxes
	if c.Codecs != "" {
		top.Codecs = c.Codecs
		if top.Sound.Bitrate > 0 {
			top.Codecs += ",mp4a.40.2"
		}
	}
	return top
}

// peak is the picture's bitrate in the most expensive segment.
func (c *Copy) peak(cuts []int64, rate Rate) int {
	most, group := 0.0, 0
	for i := 1; i < len(cuts); i++ {
		bytes := int64(0)
		for ; group < len(c.Keys) && c.Keys[group] < cuts[i]; group++ {
			bytes += c.Bytes[group]
		}
		most = max(most, float64(8*bytes)/rate.Seconds(cuts[i]-cuts[i-1]))
	}
	return int(most)
}

// cuts chooses among the recording's key frames: short segments first, then
// the longest that keep to the target.
func (c *Copy) cuts(rate Rate, frames int64, long float64) []int64 {
	list, at := []int64{0}, 0
	for at < len(c.Keys)-1 {
		limit := long
		if len(list) <= shortSegments {
			limit = shortSegment
		}
		if rate.Seconds(frames-c.Keys[at]) <= limit+0.25/rate.Float() {
			break
		}
		next := at + 1
		for next+1 < len(c.Keys) && rate.Seconds(c.Keys[next+1]-c.Keys[at]) <= limit+0.25/rate.Float() {
			next++
		}
		list, at = append(list, c.Keys[next]), next
	}
	if k := len(list) - 1; k > 0 && (rate.Seconds(frames-list[k]) < 0.5 || list[k] >= c.Pictures) &&
		rate.Seconds(frames-list[k-1]) < long+0.45 {
		list = list[:k]
	}
	return append(list, frames)
}

// allEven tells whether rungs of half the pictures can be cut at the same times.
func allEven(cuts []int64) bool {
	for i, n := range cuts {
		if n%2 != 0 && i < len(cuts)-1 {
			return false
		}
	}
	return true
}
