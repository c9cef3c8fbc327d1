package transcoder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lenlop/transcoder/cmaf"
	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// Encode makes one task's files below dir, a folder of the caller's: for each
// rung an init section and its segments. Nothing is returned that was not
// verified: numbers of pictures and sound frames, key frames at every cut,
// and decoding (whole at low rungs, sampled at high ones). progress, when
// given, is told a fraction of this task. Running a task again gives the same
// files.
func (t *Transcoder) Encode(ctx context.Context, path string, p Plan, task Task, dir string,
	progress func(fraction float64)) (made []Output, err error) {
	if task.Piece < 0 || task.Piece >= len(p.Pieces) {
		return nil, fmt.Errorf("piece %d of %d does not exist", task.Piece, len(p.Pieces))
	}
	var rungs []Rung
	for _, name := range task.Rungs {
		r, ok := p.Rung(name)
		if !ok {
			return nil, fmt.Errorf("rung %q is not in the plan", name)
		}
		rungs = append(rungs, r)
	}
	defer func() {
		for _, r := range rungs {
			if err != nil { // cancelled after the last program had ended, too
				_ = os.RemoveAll(filepath.Join(dir, r.Name))
			}
		}
	}()
	path, release, err := t.retimed(ctx, path, p.Source.Retime)
	if err != nil {
		return nil, fmt.Errorf("piece %d: %w", task.Piece, err)
	}
	defer release()
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	copies := map[string]cmaf.Lane{}
	encoded := 0
	for _, r := range rungs {
		if r.Copy {
			if copies[r.Name], err = t.copyPiece(ctx, path, p, task.Piece, r, work); err != nil {
				return nil, fmt.Errorf("piece %d rung %s: %w", task.Piece, r.Name, err)
			}
		}
		if !r.Copy || r.Sound.Bitrate > 0 {
			encoded++
		}
	}
	if encoded > 0 {
		if err := t.encodePiece(ctx, path, p, task.Piece, rungs, work, progress); err != nil {
			return nil, fmt.Errorf("piece %d %s: %w", task.Piece, task.Group, err)
		}
	}
	var outputs []Output
	var checks []check
	for _, r := range rungs {
		outs, c, err := t.packRung(p, task.Piece, r, copies, work, filepath.Join(dir, r.Name))
		if err == nil && r.Copy { // by itself: what is found speaks of the recording
			err = t.runChecks(ctx, c)
		} else {
			checks = append(checks, c)
		}
		if err != nil && r.Copy {
			err = notCopied(err)
		}
		if err != nil {
			return nil, fmt.Errorf("piece %d rung %s: %w", task.Piece, r.Name, err)
		}
		outputs = append(outputs, outs...)
	}
	if err := t.runChecks(ctx, checks...); err != nil {
		return nil, fmt.Errorf("piece %d %s: %w", task.Piece, task.Group, err)
	}
	if progress != nil {
		progress(1)
	}
	return outputs, nil
}

// encodePiece makes all of a task in one run of ffmpeg, and in a second one when
// the sound changes its form in the piece.
func (t *Transcoder) encodePiece(ctx context.Context, path string, p Plan, piece int, rungs []Rung, work string,
	progress func(float64)) error {
	err := t.encodeOnce(ctx, path, p, piece, rungs, work, false, progress)
	exit, ok := errors.AsType[*ffmpeg.ExitError](err)
	if !ok || !ffmpeg.SoundChanges(exit.Tail) {
		return err
	}
	pc := p.Pieces[piece]
	if err := t.uniformSound(ctx, path, p, ffmpeg.Entry(pc), pc.End+afterPiece, work); err != nil {
		return err
	}
	return t.encodeOnce(ctx, path, p, piece, rungs, work, true, progress)
}

// afterPiece is how much sound, in seconds, is read beyond the end of a piece.
const afterPiece = 2.0

// uniformSound writes the recording's sound between two times of the lesson
// into work, one file for each stream, in one form.
func (t *Transcoder) uniformSound(ctx context.Context, path string, p Plan, from, to float64, work string) error {
	sources := []ladder.Source{p.Source}
	for n := range p.Tracks {
		sources = append(sources, p.OfTrack(n).Source)
	}
	for _, stream := range p.Source.Mix {
		s := p.Source
		s.Audio = stream
		sources = append(sources, s)
	}
	made := map[int]bool{}
	for _, s := range sources {
		if made[s.Audio] {
			continue
		}
		made[s.Audio] = true
		file := filepath.Join(work, ffmpeg.UniformFile(s.Audio))
		args, err := ffmpeg.UniformArgs(path, s, from, to, file)
		if err != nil {
			return err
		}
		wall := encodeWall(to - from)
		if err := t.runner().Run(ctx, ffmpeg.Command{
			Program: "ffmpeg", Args: args, ReadOnly: []string{path}, WriteDir: work, Memory: 2 << 30, CPU: wall, Wall: wall,
			FileBytes: int64(to-from+60) * int64(s.SampleRate) * 5,
		}, nil); err != nil {
			return fmt.Errorf("sound in one form: %w", err)
		}
	}
	return nil
}

// encodeOnce runs ffmpeg, with the sound of the recording or with that of
// uniformSound.
func (t *Transcoder) encodeOnce(ctx context.Context, path string, p Plan, piece int, rungs []Rung, work string,
	fromUniform bool, progress func(float64)) error {
	args, err := ffmpeg.EncodeArgs(path, p, piece, rungs, work, t.threads(), fromUniform)
	if err != nil {
		return err
	}
	length := p.Pieces[piece].End - p.Pieces[piece].Start
	var report func(float64)
	if progress != nil {
		report = func(seconds float64) { progress(min(0.95, 0.95*seconds/length)) }
	}
	return t.runner().Run(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, WriteDir: work,
		Memory: encodeMemory(p), Resident: residentMemory(p), CPU: encodeWall(length), Wall: encodeWall(length),
		// The caps bound the bytes; a runaway encoder is stopped well above.
		FileBytes: int64(length+10) * 4 << 20,
	}, report)
}

// encodeWall is the time a piece may take: a hundred times its length, and
// two minutes for reading up to it.
func encodeWall(length float64) time.Duration {
	return 2*time.Minute + time.Duration(100*length*float64(time.Second))
}

// encodeMemory bounds the address space of an encoder: 3 GB for anything up
// to 1080p, more for the frames of larger recordings.
func encodeMemory(p Plan) int64 {
	return 3<<30 + 120*int64(p.Source.Width*p.Source.Height)
}

// packRung packages one rung of a piece from what ffmpeg left in work, and
// prepares its check.
func (t *Transcoder) packRung(p Plan, piece int, r Rung, copies map[string]cmaf.Lane, work, dir string) ([]Output,
	check, error) {
	lanes, err := lanesOf(p, piece, r, copies, work)
	if err != nil {
		return nil, check{}, err
	}
	packed, err := cmaf.Pack(lanes, int64(p.Pieces[piece].First)+1)
	if err != nil {
		return nil, check{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, check{}, err
	}
	first, err := writeOutput(filepath.Join(dir, "init.mp4"), packed.Init, r, piece, -1, 0)
	if err != nil {
		return nil, check{}, err
	}
	outs := []Output{first}
	for i, seg := range packed.Segments {
		o, err := writeOutput(filepath.Join(dir, strconv.Itoa(i)+".m4s"), seg, r, piece, i, packed.Lengths[i])
		if err != nil {
			return nil, check{}, err
		}
		outs = append(outs, o)
	}
	c, err := prepareCheck(p, piece, r, packed, work)
	return outs, c, err
}

// lanesOf reads the picture and the sound of a rung and places them in the
// lesson.
func lanesOf(p Plan, piece int, r Rung, copies map[string]cmaf.Lane, work string) ([]cmaf.Lane, error) {
	var lanes []cmaf.Lane
	pc := p.Pieces[piece]
	if r.Copy {
		lanes = append(lanes, copies[r.Name])
	} else if r.Kind == ladder.Video {
		lane, err := pictureLane(p, pc, r, filepath.Join(work, ffmpeg.VideoFile(r.Name)))
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, lane)
	}
	if r.Sound.Bitrate > 0 {
		lane, err := soundLane(p, pc, r.Sound, filepath.Join(work, ffmpeg.SoundFile(r.Sound)))
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, lane)
	}
	return lanes, nil
}

// reorder is how many pictures decoding runs ahead of showing with the
// encoder's preset: B-frames that refer to B-frames.
const reorder = 2

func pictureLane(p Plan, pc Piece, r Rung, file string) (cmaf.Lane, error) {
	track, err := oneTrack(file, "vide")
	if err != nil {
		return cmaf.Lane{}, err
	}
	scale, tick := ffmpeg.Timescale(p.Rate)
	divide := int64(max(1, r.Divide))
	tick *= divide
	var cuts []int
	for k := pc.First; k <= pc.Last; k++ {
		cuts = append(cuts, int((p.Cuts[k]-p.Cuts[pc.First]+divide-1)/divide))
	}
	return cmaf.Even(track, cmaf.Stream{
		Handler: "vide", Timescale: scale, Width: r.Width, Height: r.Height, Config: track.Config,
		Delay: reorder * tick,
	}, p.Cuts[pc.First]/divide, tick, cuts)
}

func soundLane(p Plan, pc Piece, s ladder.Sound, file string) (cmaf.Lane, error) {
	track, err := oneTrack(file, "soun")
	if err != nil {
		return cmaf.Lane{}, err
	}
	first, last := p.SoundFrame(p.Cuts[pc.First]), p.SoundFrame(p.Cuts[pc.Last])
	// The encoder's first frame is its own priming.
	skip, want := ffmpeg.Preroll+1, int(last-first)
	if len(track.Samples) < skip+want {
		return cmaf.Lane{}, fmt.Errorf("sound: %d frames, expected at least %d", len(track.Samples), skip+want)
	}
	track.Samples = track.Samples[skip : skip+want]
	var cuts []int
	for k := pc.First; k <= pc.Last; k++ {
		cuts = append(cuts, int(p.SoundFrame(p.Cuts[k])-first))
	}
	return cmaf.Even(track, cmaf.Stream{
		Handler: "soun", Timescale: ladder.SampleRate, Channels: s.Channels, Config: track.Config,
	}, first, ladder.SamplesPerFrame, cuts)
}

func oneTrack(file, handler string) (cmaf.Track, error) {
	tracks, err := cmaf.ReadFile(file)
	if err != nil {
		return cmaf.Track{}, err
	}
	if len(tracks) != 1 || tracks[0].Handler != handler {
		return cmaf.Track{}, fmt.Errorf("%s: not one %s track", filepath.Base(file), handler)
	}
	return tracks[0], nil
}

func writeOutput(path string, data []byte, r Rung, piece, index int, length float64) (Output, error) {
	sum := sha256.Sum256(data)
	o := Output{Rung: r.Name, Piece: piece, Index: index, Path: path, Duration: length, Size: int64(len(data)),
		SHA256: hex.EncodeToString(sum[:])}
	f, err := os.Create(path)
	if err != nil {
		return o, err
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	return o, err
}
