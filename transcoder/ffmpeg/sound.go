package ffmpeg

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// SoundSpan is the stretch of sound encoded for a piece, in samples at 48 kHz
// from the lesson's beginning; before it, it is silence.
func SoundSpan(p ladder.Plan, pc ladder.Piece) (from, to int64) {
	return (p.SoundFrame(p.Cuts[pc.First]) - Preroll) * ladder.SamplesPerFrame,
		(p.SoundFrame(p.Cuts[pc.Last]) + Postroll) * ladder.SamplesPerFrame
}

// soundsOf are the piece's sounds with their pre-roll, made from streams by
// their index.
func soundsOf(streams func(index string) *graph.Stream, p ladder.Plan, pc ladder.Piece,
	sounds []ladder.Sound) []*graph.Stream {
	outs := make([]*graph.Stream, len(sounds))
	byTrack := map[int][]int{}
	for i, s := range sounds {
		byTrack[s.Track] = append(byTrack[s.Track], i)
	}
	for _, track := range slices.Sorted(maps.Keys(byTrack)) {
		a, own := placed(streams, p.OfTrack(track), pc), byTrack[track]
		if len(own) == 1 {
			outs[own[0]] = finished(a, p, pc, sounds[own[0]])
			continue
		}
		split := bothChannels(a).ASplit()
		for n, i := range own {
			outs[i] = finished(split.Get(strconv.Itoa(n)), p, pc, sounds[i])
		}
	}
	return outs
}

// bothChannels keeps two channels until a split of what must become one channel
// and two. Left to itself, ffmpeg may mix to one before the split, and channels
// that cancel each other out would then be silent in both.
func bothChannels(a *graph.Stream) *graph.Stream {
	return filter(a, "aformat", "channel_layouts=stereo")
}

// placed is the recording's sound from the pre-roll of a piece on, at 48 kHz,
// cut to the sample: first at the recording's own rate, at a place where both
// rates have a sample, then resampled, so that the resampler's phase is the
// same in every piece.
func placed(streams func(index string) *graph.Stream, p ladder.Plan, pc ladder.Piece) *graph.Stream {
	from, to := SoundSpan(p, pc)
	s := p.Source
	if pc.Start >= s.AudioEnd || pc.End+1 <= s.AudioStart {
		quiet := graph.Input(fmt.Sprintf("anullsrc=r=%d:cl=stereo", ladder.SampleRate), graph.KwArgs{"f": "lavfi"})
		a := filter(quiet.Get("0"), "atrim", fmt.Sprintf("end_sample=%d", to-from))
		return filter(a, "asetpts", fmt.Sprintf("PTS+(%d)", from))
	}
	rate := int64(s.SampleRate)
	zero := int64(math.Round(s.Zero * float64(rate)))
	a := mixed(streams, s)
	// Where the sound has another rate than at its beginning, times would be counted wrongly.
	a = filter(a, "aformat", "sample_rates="+strconv.Itoa(s.SampleRate))
	place := fmt.Sprintf("PTS-(%d)", zero)
	if s.SampleGrid > 0 {
		// The file's clock is coarser than a sample: put every packet back
		// on the grid it came from; by its end, because a codec's priming
		// shortens the first packet at its beginning.
		place = fmt.Sprintf("round(round((PTS+NB_SAMPLES-%[1]s)/%[2]d)*%[2]d+%[1]s)-NB_SAMPLES-(%[3]d)",
			number(s.SamplePhase), s.SampleGrid, zero)
	}
	a = filter(a, "asetpts", place)
	unit := rate / gcd(rate, ladder.SampleRate)
	first := int64(math.Floor(float64(from)*float64(rate)/ladder.SampleRate/float64(unit))) * unit
	// What lies outside of the piece is left out before holes are filled: one of an
	// hour would be filled with silence in one buffer of gigabytes, only for the
	// piece's few seconds of it to be kept.
	last := int64(math.Ceil(float64(to)*float64(rate)/ladder.SampleRate)) + rate
	a = filter(a, "atrim", fmt.Sprintf("start_pts=%d", first-2*rate), fmt.Sprintf("end_pts=%d", last))
	a = filter(a, "aresample", "async=1", "min_hard_comp=0.02", fmt.Sprintf("first_pts=%d", first))
	a = filter(a, "atrim", fmt.Sprintf("start_pts=%d", first))
	if rate != ladder.SampleRate {
		a = filter(a, "aresample", strconv.Itoa(ladder.SampleRate))
	}
	return a
}

// mixed is the recording's sound, from as many streams as it has for it.
func mixed(streams func(index string) *graph.Stream, s ladder.Source) *graph.Stream {
	if len(s.Mix) < 2 {
		return streams(strconv.Itoa(s.Audio))
	}
	var list []*graph.Stream
	for _, index := range s.Mix {
		list = append(list, streams(strconv.Itoa(index)))
	}
	return graph.Filter(list, "amix", graph.Args{"inputs=" + strconv.Itoa(len(list)), "duration=longest"})
}

// finished is one encoding's sound: its channels, the lesson's gain with a
// limiter, silence where the recording has none, and the exact span.
func finished(a *graph.Stream, p ladder.Plan, pc ladder.Piece, sound ladder.Sound) *graph.Stream {
	from, to := SoundSpan(p, pc)
	layout := "mono"
	if sound.Channels == 2 {
		layout = "stereo"
	}
	if sound.Mix == ladder.MixDifference {
		a = filter(a, "aformat", "channel_layouts=stereo")
		a = filter(a, "pan", "mono|c0=0.5*c0-0.5*c1")
	}
	a = filter(a, "aformat", "sample_fmts=fltp", "channel_layouts="+layout)
	if sound.Gain != 0 {
		a = filter(a, "volume", number(sound.Gain)+"dB")
		// -2 dBFS leaves headroom for what AAC adds to peaks. The delay of its
		// look-ahead is taken back.
		a = filter(a, "alimiter", "limit=0.794", "level=disabled", "latency=1")
	}
	a = filter(a, "apad")
	a = filter(a, "atrim", fmt.Sprintf("start_pts=%d", from), fmt.Sprintf("end_pts=%d", to))
	return filter(a, "asetpts", fmt.Sprintf("PTS-(%d)", from))
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
