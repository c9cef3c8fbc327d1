package ladder

import (
	"math"
	"sort"
)

// Look is what one sampled window of the picture showed.
type Look struct {
	Changes []float64 // mean change of luma from each picture to the next, 0 to 255, at LookSize
	Bitrate int       // bits a second at the settings of the 360p rung
}

// Content is what was seen of the picture.
type Content struct {
	Looks []Look
}

// LookSize is the size at which content is judged: within 640x360.
func LookSize(w, h int) (int, int) {
	bw, bh := 640.0, 360.0
	if h > w {
		bw, bh = bh, bw
	}
	scale := min(1, bw/float64(w), bh/float64(h))
	return even(float64(w) * scale), even(float64(h) * scale)
}

// stillChange is the change under which a picture counts as standing: slides
// with a pointer or a small teacher lie under it, a blackboard with a camera's
// noise above.
const stillChange = 0.30

// Still tells whether next to nothing moves: nine of ten pictures hardly
// differ from the one before, in the lesson as a whole. The change of a slide
// is one picture in hundreds.
func (c Content) Still() bool {
	var all []float64
	for _, l := range c.Looks {
		all = append(all, l.Changes...)
	}
	if len(all) < 10 {
		return false
	}
	sort.Float64s(all)
	return all[len(all)*9/10] < stillChange
}

// bitrate estimates what a rung's picture will take at its settings, in bits a
// second, from the samples at 360p, never over the cap. Measured on lessons of
// both kinds: where nothing moves, twice the pixels take half as many bytes
// more; a camera's noise, which smaller pictures lose, takes more than twice.
// 0: not known.
func (c Content) bitrate(r Rung, lookPixels int) int {
	sum, n := 0, 0
	for _, l := range c.Looks {
		if l.Bitrate > 0 {
			sum += l.Bitrate
			n++
		}
	}
	if n == 0 {
		return 0
	}
	// Each look pays for its own key frame, in 1.5 s instead of 6; or instead
	// of 10, with half the pictures.
	share, growth := 0.6, 1.15
	if c.Still() {
		share, growth = 0.4, 0.62
	}
	mean := share * float64(sum) / float64(n)
	quality := math.Pow(2, float64(27-r.CRF)/6)
	return max(1,
		int(min(float64(r.MaxRate), mean*quality*math.Pow(float64(r.Width*r.Height)/float64(lookPixels), growth))))
}

// nearly is how much of the cost of the rung above a rung may have and still
// be worth making.
const nearly = 0.85

// worthwhile drops rungs that cost nearly as much as the one above them, and
// plans the bandwidth of the rest: half as much again as the mean, for the
// segments with more in them.
func worthwhile(list []Rung, c Content, copied *Copy, w, h int) []Rung {
	lw, lh := LookSize(w, h)
	var kept []Rung
	above := 0.0
	for i, r := range list {
		rate := c.bitrate(r, lw*lh)
		if r.Copy {
			// What it takes is known.
			above = float64(copied.Bitrate + r.Sound.Bitrate)
			kept = append(kept, r)
			continue
		}
		if rate == 0 {
			kept = append(kept, r)
			continue
		}
		total := float64(rate + r.Sound.Bitrate)
		// The lowest stays: it is for those who have the least.
		if above > 0 && total > nearly*above && i < len(list)-1 {
			continue
		}
		above = total
		r.Bandwidth = min(r.Bandwidth, int(1.5*float64(max(rate, 20_000))+1.1*float64(r.Sound.Bitrate)))
		if n := len(kept); n > 0 {
			r.Bandwidth = min(r.Bandwidth, kept[n-1].Bandwidth)
		}
		kept = append(kept, r)
	}
	return kept
}

// halved gives a rung every second picture.
func halved(r Rung) Rung {
	r.Divide, r.FPS = 2, r.FPS/2
	return r
}
