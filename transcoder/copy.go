package transcoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"lenlop/transcoder/cmaf"
	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
	"lenlop/transcoder/probe"
)

// ErrCopy is among the causes when a recording turns out not to be fit for
// repackaging after all: it is planned again, to be encoded.
var ErrCopy = errors.New("the recording's pictures cannot be repackaged")

// copyRequest is what the plan must know of the recording's own pictures; nil
// when they must be encoded.
func copyRequest(f Facts) *ladder.Copy {
	g := f.Groups
	if g == nil || g.Reason != "" || f.Warning != "" || !f.HasVideo {
		return nil
	}
	return &ladder.Copy{Keys: g.Keys, Bytes: g.Bytes, Pictures: g.Pictures, Bitrate: f.Bitrate}
}

// tryCopy repackages the beginning and the middle of the recording and decodes
// the beginning: what packets do not show is looked for before anything is
// promised. It gives the picture's CODECS.
func (t *Transcoder) tryCopy(ctx context.Context, path string, p Plan) (string, error) {
	top := p.Rungs[0]
	top.Sound = ladder.Sound{}
	last := len(p.Cuts) - 2
	trial := p
	trial.Pieces = nil
	for _, k := range []int{0, (last + 1) / 2, last} {
		trial.Pieces = append(trial.Pieces,
			Piece{Start: p.Rate.Seconds(p.Cuts[k]), End: p.Rate.Seconds(p.Cuts[k+1]), First: k, Last: k + 1})
	}
	work, err := os.MkdirTemp(t.Scratch, "copy-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	codecs, init := "", ""
	for i := range trial.Pieces {
		lane, err := t.copyPiece(ctx, path, trial, i, top, work)
		if err != nil {
			return "", err
		}
		packed, err := cmaf.Pack([]cmaf.Lane{lane}, 1)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrCopy, err)
		}
		if i == 0 {
			codecs, init = packed.Codecs, string(packed.Init)
			if err := t.checkPiece(ctx, trial, i, top, packed, work); err != nil {
				return "", notCopied(err)
			}
		}
		if string(packed.Init) != init {
			return "", fmt.Errorf("%w: its parameters change", ErrCopy)
		}
	}
	return codecs, nil
}

// notCopied marks a finding about the recording. What the machine's limits
// ended says nothing about it.
func notCopied(err error) error {
	var exit *ffmpeg.ExitError
	if errors.As(err, &exit) && (exit.Limit != "" || exit.Signal != "" || exit.Code < 0) {
		return err
	}
	if exit == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCopy, err)
}

// copyPiece takes a piece's pictures out of the recording and places them in
// the lesson. All that the plan believed of them is looked at again.
func (t *Transcoder) copyPiece(ctx context.Context, path string, p Plan, piece int, r Rung,
	work string) (cmaf.Lane, error) {
	args, err := ffmpeg.CopyArgs(path, p, piece, work)
	if err != nil {
		return cmaf.Lane{}, err
	}
	pc := p.Pieces[piece]
	list, err := t.runner().Output(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, WriteDir: work, Memory: encodeMemory(p), Resident: residentMemory(p),
		CPU: 5 * time.Minute, Wall: 10 * time.Minute,
		FileBytes: int64(pc.End-pc.Start+30) * 4 << 20,
	}, 16<<20)
	if err != nil {
		if _, ok := errors.AsType[*ffmpeg.ExitError](err); ok {
			return cmaf.Lane{}, notCopied(err)
		}
		return cmaf.Lane{}, err
	}
	lane, err := copiedLane(p, pc, r, list, filepath.Join(work, ffmpeg.CopiedFile))
	if err != nil {
		return lane, fmt.Errorf("%w: %w", ErrCopy, err)
	}
	return lane, nil
}

// copiedLane finds the piece's pictures among those that were taken.
func copiedLane(p Plan, pc Piece, r Rung, list []byte, file string) (cmaf.Lane, error) {
	shown, err := ffmpeg.ParseShown(list)
	if err != nil {
		return cmaf.Lane{}, err
	}
	track, err := oneTrack(file, "vide")
	if err != nil {
		return cmaf.Lane{}, err
	}
	if len(track.Samples) != len(shown) {
		return cmaf.Lane{}, fmt.Errorf("%d pictures, %d times", len(track.Samples), len(shown))
	}
	avc, err := cmaf.ReadAVC(track.Config)
	if err != nil {
		return cmaf.Lane{}, err
	}
	if track.Width != r.Width || track.Height != r.Height {
		return cmaf.Lane{}, fmt.Errorf("pictures of %dx%d, not %dx%d", track.Width, track.Height, r.Width, r.Height)
	}
	from, to := p.Cuts[pc.First], min(p.Cuts[pc.Last], r.Pictures)
	var samples []cmaf.Sample
	var places []int64
	for i, at := range shown {
		at -= p.Source.VideoStart
		place := int64(math.Round(at * p.Rate.Float()))
		if place < from || place >= to {
			if len(places) > 0 && len(places) < int(to-from) {
				return cmaf.Lane{}, fmt.Errorf("picture %d stands between those from %d to %d", place, from, to)
			}
			continue
		}
		if math.Abs(p.Rate.Seconds(place)-at) > probe.OffGrid {
			return cmaf.Lane{}, fmt.Errorf("picture %d is shown at %.4f s", place, at)
		}
		s := track.Samples[i]
		if s.Data, s.Key, err = avc.Clean(s.Data); err != nil {
			return cmaf.Lane{}, fmt.Errorf("picture %d: %w", place, err)
		}
		samples, places = append(samples, s), append(places, place)
	}
	var cuts []int
	for k := pc.First; k <= pc.Last; k++ {
		cuts = append(cuts, p.PicturesOf(r, from, p.Cuts[k]))
	}
	scale, tick := ffmpeg.Timescale(p.Rate)
	return cmaf.Placed(samples, cmaf.Stream{
		Handler: "vide", Timescale: scale, Width: r.Width, Height: r.Height, Config: avc.Config(),
		Delay: reorder * tick,
	}, places, from, p.Cuts[pc.Last], tick, cuts)
}
