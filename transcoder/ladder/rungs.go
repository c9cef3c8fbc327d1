package ladder

import (
	"fmt"
	"math"
	"strings"
)

// step is one step of the ladder. Settings and caps were measured on
// slides and on a noisy talking head: a fixed-rate ladder costs ten times the
// bytes for three points of VMAF.
type step struct {
	name    string
	w, h    int // the box the picture must fit into, lying
	crf     int
	maxRate int // bits a second
}

var steps = []step{
	{"1080p", 1920, 1080, 26, 3_000_000},
	{"720p", 1280, 720, 26, 1_500_000},
	{"480p", 854, 480, 26, 800_000},
	{"360p", 640, 360, 27, 450_000},
	{"240p", 426, 240, 27, 200_000},
}

// Preset is x264's for every rung: against veryfast 17 to 46 % fewer bytes at
// the same VMAF for 1.2 times the CPU.
const Preset = "faster"

// decodeWork is the cost of decoding against encoding the whole ladder.
const decodeWork = 0.15

// pays is how much smaller a rung's picture must be than the one above it to
// be worth its work and storage.
const pays = 0.87

// rungs chooses the rungs for a picture of w x h shown at fps pictures a
// second; best first. The top rung is the recording's own size when it stands
// between two steps. Nothing is ever scaled up.
func rungs(w, h int, fps float64, low, high Sound) []Rung {
	var list []Rung
	last := 0.0
	for i, s := range steps {
		bw, bh := s.w, s.h
		if h > w {
			bw, bh = bh, bw
		}
		scale := math.Min(float64(bw)/float64(w), float64(bh)/float64(h))
		if scale >= 1 {
			// The recording fits: this step carries its own size, unless a
			// lower step is large enough too.
			if i+1 < len(steps) && fits(w, h, steps[i+1]) {
				continue
			}
			scale = 1
		}
		if last > 0 && scale/last > pays {
			continue
		}
		last = scale
		sound := low
		if s.h >= 480 {
			sound = high
		}
		rw, rh := even(float64(w)*scale), even(float64(h)*scale)
		if scale == 1 {
			rw, rh = max(2, w/2*2), max(2, h/2*2) // not a pixel more than there is
		}
		list = append(list, video(s, rw, rh, fps, sound))
	}
	total := 0.0
	for _, r := range list {
		total += work(r)
	}
	for i := range list {
		list[i].Work = (1 - decodeWork) * work(list[i]) / total
	}
	return list
}

// work is the cost of encoding a rung: pixels, with a floor for what every
// picture costs.
func work(r Rung) float64 { return float64(r.Width*r.Height)*r.FPS + 50_000*r.FPS }

func fits(w, h int, s step) bool {
	bw, bh := s.w, s.h
	if h > w {
		bw, bh = bh, bw
	}
	return w <= bw && h <= bh
}

// even rounds to the nearest even number from 2: 4:2:0 halves both sides.
func even(v float64) int { return max(2, 2*int(math.Round(v/2))) }

func video(s step, w, h int, fps float64, sound Sound) Rung {
	r := Rung{
		Name: s.name, Kind: Video, Width: w, Height: h, FPS: fps, Divide: 1,
		CRF: s.crf, MaxRate: s.maxRate, Sound: sound, Level: level(w, h, fps, s.maxRate),
	}
	r.Bandwidth = int(1.05 * float64(s.maxRate+sound.Bitrate))
	r.Codecs = fmt.Sprintf("avc1.6400%02x", r.Level)
	if sound.Bitrate > 0 {
		r.Codecs += ",mp4a.40.2"
	}
	return r
}

// SoundOnly is the rung without a picture.
func soundOnly(s Sound) Rung {
	return Rung{Name: "audio", Kind: Audio, Sound: s, Bandwidth: int(1.1 * float64(s.Bitrate)),
		Codecs: "mp4a.40.2", Work: 0.02}
}

// level is the lowest H.264 level (ten times it) for a size, picture rate and
// cap, High profile: ISO/IEC 14496-10 table A-1. It is given to the encoder,
// so that planned and measured CODECS agree and all pieces share one init
// section.
func level(w, h int, fps float64, maxRate int) int {
	mbs := ((w + 15) / 16) * ((h + 15) / 16)
	for _, l := range []struct{ level, perSecond, size, kbit int }{
		{13, 11880, 396, 960}, {21, 19800, 792, 5000}, {30, 40500, 1620, 12500}, {31, 108000, 3600, 17500},
		{32, 216000, 5120, 25000}, {40, 245760, 8192, 25000}, {42, 522240, 8704, 62500}, {51, 983040, 36864, 300000},
	} {
		// Four reference pictures, as x264's presets want, fit from twice the
		// picture size of most levels; the encoder lowers them where needed.
		if mbs <= l.size && float64(mbs)*fps <= float64(l.perSecond) && maxRate <= l.kbit*1000 {
			return l.level
		}
	}
	return 52
}

// Names joins rung names for logs.
func Names(rs []Rung) string {
	var names []string
	for _, r := range rs {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}
