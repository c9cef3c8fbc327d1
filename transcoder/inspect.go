package transcoder

import (
	"context"
	"errors"
	"math"
	"slices"
	"sort"
	"strings"

	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
	"lenlop/transcoder/probe"
)

// Inspect measures the recording at path, whatever its name. A recording that
// cannot be used gives a *Refusal; any other error is the machine's fault and
// may pass.
func (t *Transcoder) Inspect(ctx context.Context, path string) (Facts, error) {
	f, err := probe.Inspect(ctx, t.runner(), t.Limits, path)
	if err != nil || f.Retime == nil {
		return f, err
	}
	copied, release, err := t.retimed(ctx, path, f.Retime)
	if _, failed := errors.AsType[*ffmpeg.ExitError](err); failed {
		t.log().WarnContext(ctx, "clock cannot be mended", "error", err)
		return f, &Refusal{Code: probe.Damaged}
	}
	if err != nil {
		return f, err
	}
	defer release()
	return probe.InspectCopy(ctx, t.runner(), t.Limits, copied, f)
}

// Plan decides the ladder of a recording and cuts it into pieces.
func (t *Transcoder) Plan(ctx context.Context, path string, f Facts) (Plan, error) {
	path, release, err := t.retimed(ctx, path, f.Retime)
	if err != nil {
		return Plan{}, err
	}
	defer release()
	var loud ladder.Loudness
	if f.HasAudio {
		if loud, err = t.firstHeard(ctx, path, &f); err != nil {
			return Plan{}, err
		}
	}
	r := ladder.Request{Source: source(f), Duration: f.Duration, Warning: f.Warning, Loudness: loud}
	if f.HasVideo {
		r.Rate = ladder.Rate{Num: f.RateNum, Den: f.RateDen}
	}
	// In less sound, loudness cannot be measured.
	if f.HasAudio && loud.Silent() && r.Warning == "" && f.Sounds[0].End-f.Sounds[0].Start >= leastTrack {
		r.Warning = probe.Silent
	}
	begin(&r, f, zero(f, ladder.Grid(r.Rate)))
	if err := t.tracks(ctx, path, f, &r); err != nil {
		return Plan{}, err
	}
	if f.HasVideo {
		var sizes map[ffmpeg.Frame]int
		if r.Content, sizes, err = t.content(ctx, path, ladder.Make(r)); err != nil {
			return Plan{}, err
		}
		if chooseFrame(&f, sizes) {
			f.Groups = nil // they change: not to be repackaged
		}
		r.Source.Width, r.Source.Height = f.Width, f.Height
		r.Source.FrameWidth, r.Source.FrameHeight = f.FrameWidth, f.FrameHeight
	}
	p, err := t.withCopy(ctx, path, f, r)
	if err != nil {
		return Plan{}, err
	}
	enter(&p, f)
	t.log().InfoContext(ctx, "planned", "duration", p.Duration, "rungs", ladder.Names(p.Rungs), "still",
		r.Content.Still(), "pieces", len(p.Pieces))
	return p, nil
}

// The bounds of where a recording is entered, in seconds: as much before a piece
// as its sound's pre-roll needs, as much before a key frame as its decoding
// time may lie before the time it is shown.
const (
	beforePiece = 2.0
	beforeKey   = 1.0
)

// enter finds where the recording must be entered for each piece. Containers
// with an index find the key frame before a time by themselves; in the others,
// which are searched by time alone, a piece far from a key frame or behind the
// last picture would find none.
func enter(p *Plan, f Facts) {
	if p.Source.Still {
		for i := range p.Pieces {
			p.Pieces[i].From = -1
		}
		return
	}
	if !f.HasVideo || len(f.KeyFrames) == 0 || strings.Contains(f.Format, "mov") ||
		strings.Contains(f.Format, "matroska") {
		return
	}
	for i := range p.Pieces {
		want := p.Source.Zero + p.Pieces[i].Start - beforePiece
		n := sort.Search(len(f.KeyFrames), func(k int) bool { return f.KeyFrames[k] > want })
		p.Pieces[i].From = -1
		if n > 0 {
			if from := f.KeyFrames[n-1] - beforeKey - p.Source.Zero; from > 0 {
				p.Pieces[i].From = from
			}
		}
	}
}

// begin lets the lesson begin at a timestamp of the file.
func begin(r *ladder.Request, f Facts, zero float64) {
	s := source(f)
	s.Zero = zero
	s.AudioStart, s.AudioEnd = s.AudioStart-zero, s.AudioEnd-zero
	for i := range r.Tracks { // they were placed on another beginning
		r.Tracks[i].Start += r.Source.Zero - zero
		r.Tracks[i].End += r.Source.Zero - zero
	}
	r.Source, r.Duration = s, end(f)-zero
}

// priming is the most sound, in seconds, that is taken for the encoder's
// priming when it stands before the first picture: two frames of AAC. Files
// that cannot hide it have it there, and it is silence.
const priming = 0.05

// withCopy plans with the recording's own pictures as the top rung when they
// are fit for it. When anything about them is doubtful, they are encoded.
func (t *Transcoder) withCopy(ctx context.Context, path string, f Facts, r ladder.Request) (Plan, error) {
	encoded := ladder.Make(r)
	r.Tracks = slices.Clone(r.Tracks)
	if r.Copy = copyRequest(f); r.Copy != nil && (!f.HasAudio || f.Sounds[0].Start > f.VideoStart-priming) {
		begin(&r, f, f.VideoStart) // its first picture cannot stand for others
	}
	p := ladder.Make(r)
	if !p.Rungs[0].Copy {
		if f.Groups != nil {
			t.log().InfoContext(ctx, "not repackaged", "reason", f.Groups.Reason)
		}
		return encoded, nil
	}
	var err error
	if r.Copy.Codecs, err = t.tryCopy(ctx, path, p); errors.Is(err, ErrCopy) {
		t.log().InfoContext(ctx, "not repackaged", "error", err)
		return encoded, nil
	}
	if err != nil {
		return Plan{}, err
	}
	return ladder.Make(r), nil
}

func source(f Facts) ladder.Source {
	s := ladder.Source{
		Video: -1, Audio: -1, VideoStart: f.VideoStart, Width: f.Width, Height: f.Height,
		Interlaced: f.Interlaced, HDR: f.HDR, Matrix: f.Matrix, FrameWidth: f.FrameWidth, FrameHeight: f.FrameHeight,
		Retime: f.Retime,
	}
	if f.HasVideo {
		s.Video = f.Stream
		s.Still = f.Pictures == 1
	}
	if f.HasAudio {
		a := f.Sounds[0]
		s.Audio, s.SampleRate, s.SampleGrid, s.SamplePhase = a.Stream, a.Rate, a.Grid, a.Phase
		s.AudioStart, s.AudioEnd = a.Start, a.End
	}
	return s
}

// zero is the file's timestamp at which the lesson begins: the first picture
// or sound, moved so that the first picture stands exactly on the grid. A
// picture half a step off the grid would fall to either side by the rounding
// of its time.
func zero(f Facts, rate ladder.Rate) float64 {
	switch {
	case !f.HasVideo:
		return f.Sounds[0].Start
	case !f.HasAudio || f.Sounds[0].Start >= f.VideoStart:
		return f.VideoStart
	}
	steps := math.Ceil((f.VideoStart-f.Sounds[0].Start)*rate.Float() - 0.01)
	return f.VideoStart - steps/rate.Float()
}

func end(f Facts) float64 {
	e := math.Inf(-1)
	if f.HasVideo {
		e = f.VideoEnd
	}
	if f.HasAudio {
		e = max(e, f.Sounds[0].End)
	}
	return e
}
