package transcoder

import (
	"context"
	"slices"
	"strings"

	"lenlop/transcoder/ladder"
)

// leastTrack is the shortest sound track, in seconds, that is one to choose.
const leastTrack = 1.0

// firstHeard finds the first sound track in which anything is heard and puts it
// first, where the lesson takes its own from, with its loudness. Without one,
// the order stays.
func (t *Transcoder) firstHeard(ctx context.Context, path string, f *Facts) (ladder.Loudness, error) {
	for i, s := range f.Sounds {
		r := ladder.Request{}
		one := *f
		one.Sounds = f.Sounds[i : i+1]
		begin(&r, one, 0)
		loud, _, err := t.loudness(ctx, path, r.Source, s.Channels >= 2)
		if err != nil {
			return ladder.Loudness{}, err
		}
		if !loud.Silent() {
			f.Sounds = slices.Concat(f.Sounds[i:i+1], f.Sounds[:i], f.Sounds[i+1:])
			return loud, nil
		}
	}
	return ladder.Loudness{}, nil
}

// tracks finds the sound tracks that are worth choosing between and measures
// the loudness of each. A track that is silent, or that cannot be decoded, is
// none; nor are the channels of a television camera (MXF), which each have a
// track of their own.
func (t *Transcoder) tracks(ctx context.Context, path string, f Facts, r *ladder.Request) error {
	if len(f.Sounds) < 2 || strings.Contains(f.Format, "mxf") {
		return nil
	}
	list := []ladder.Track{track(f.Sounds[0], r.Source.Zero)}
	list[0].Loudness = r.Loudness
	if r.Loudness.Silent() {
		return nil // so are all others
	}
	for _, s := range f.Sounds[1:] {
		if len(list) == ladder.MaxTracks {
			break
		}
		x := track(s, r.Source.Zero)
		if x.End-max(x.Start, 0) < leastTrack {
			continue
		}
		loud, heard, err := t.loudness(ctx, path, r.Source.Of(x), s.Channels >= 2)
		if err != nil {
			return err
		}
		if !heard || loud.Silent() {
			continue
		}
		x.Loudness = loud
		list = append(list, x)
	}
	if len(list) > 1 {
		r.Tracks = list
	}
	return nil
}

// track places a sound track in the lesson that begins at a timestamp of the file.
func track(s Sound, zero float64) ladder.Track {
	return ladder.Track{Language: s.Language, Audio: s.Stream, Start: s.Start - zero, End: s.End - zero,
		SampleRate: s.Rate, SampleGrid: s.Grid, SamplePhase: s.Phase}
}
