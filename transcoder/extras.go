package transcoder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// SingleFile joins a verified rung into one fast-start file in dir, for
// data-saver (a low rung, MP4) and sound only (the audio rung, M4A): nothing
// is encoded again. The file is decoded whole and counted before it is given.
func (t *Transcoder) SingleFile(ctx context.Context, p Plan, rung string, segments []Segment, open Opener,
	dir string) (Output, error) {
	r, ok := p.Rung(rung)
	if !ok {
		return Output{}, fmt.Errorf("rung %q is not in the plan", rung)
	}
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return Output{}, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	joined := filepath.Join(work, "joined.mp4")
	size, err := joinRung(ctx, p, rung, segments, open, joined)
	if err != nil {
		return Output{}, err
	}
	kind, file := "mp4", filepath.Join(dir, rung+".mp4")
	if r.Kind == ladder.Audio {
		kind, file = "ipod", filepath.Join(dir, rung+".m4a")
	}
	made := filepath.Join(work, "made."+kind)
	args, read := ffmpeg.JoinArgs(joined, kind, made), []string{joined}
	if r.Kind == ladder.Video && len(p.Tracks) > 0 {
		// Its sound stands in a rung of its own: the first of several.
		spoken := filepath.Join(work, "spoken.mp4")
		more, err := joinRung(ctx, p, p.Tracks[0].Rung, segments, open, spoken)
		if err != nil {
			return Output{}, err
		}
		size += more
		args, read = ffmpeg.MuxArgs(joined, spoken, made), append(read, spoken)
	}
	if err := t.runner().Run(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: read, WriteDir: work,
		Memory: 2 << 30, CPU: 10 * time.Minute, Wall: 20 * time.Minute, FileBytes: 2*size + 16<<20,
	}, nil); err != nil {
		return Output{}, fmt.Errorf("join %s: %w", rung, err)
	}
	want := decoded{}
	if r.Kind == ladder.Video {
		want.pictures = p.PicturesOf(r, 0, p.Frames())
	}
	if r.Sound.Bitrate > 0 || len(p.Tracks) > 0 {
		want.sounds = int(p.SoundFrame(p.Frames()))
	}
	got, err := t.decodeCount(ctx, made)
	if err != nil {
		return Output{}, fmt.Errorf("join %s: %w", rung, err)
	}
	if got != want {
		return Output{}, fmt.Errorf("join %s: decoded %+v, expected %+v", rung, got, want)
	}
	o := Output{Rung: r.Name, Path: file, Duration: p.Duration}
	if o.Size, o.SHA256, err = digest(made); err != nil {
		return Output{}, err
	}
	return o, os.Rename(made, file)
}

// digest measures a file that may be as large as a whole lesson.
func digest(path string) (size int64, sum string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return size, hex.EncodeToString(h.Sum(nil)), err
}

// joinRung writes a whole rung into one file.
func joinRung(ctx context.Context, p Plan, rung string, segments []Segment, open Opener, file string) (int64, error) {
	var segs []Segment
	for _, s := range segments {
		if s.Rung == rung {
			segs = append(segs, s)
		}
	}
	if err := complete(p, segs); err != nil {
		return 0, fmt.Errorf("rung %s: %w", rung, err)
	}
	return joinSegments(ctx, segs, open, file)
}

// joinSegments writes the first init section and all segments into one file.
func joinSegments(ctx context.Context, segs []Segment, open Opener, file string) (int64, error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	size := int64(0)
	for _, s := range segs {
		if s.Index < 0 && s.Piece > 0 {
			continue
		}
		data, err := fetch(ctx, s, open)
		if err != nil {
			return 0, err
		}
		if _, err := f.Write(data); err != nil {
			return 0, err
		}
		size += s.Size
	}
	return size, f.Close()
}

// The files that Storyboard makes.
const (
	StoryboardPicture = "storyboard.jpg"
	StoryboardIndex   = "storyboard.vtt"
)

// Storyboard makes small pictures of the lesson in dir, one JPEG and a WebVTT
// that says which part of it belongs to which time. A recording without a
// picture has none: both paths are "".
func (t *Transcoder) Storyboard(ctx context.Context, path string, p Plan, dir string) (picture,
	index string, err error) {
	if p.Source.Video < 0 {
		return "", "", nil
	}
	path, release, err := t.retimed(ctx, path, p.Source.Retime)
	if err != nil {
		return "", "", fmt.Errorf("storyboard: %w", err)
	}
	defer release()
	b := ffmpeg.BoardOf(p)
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	made := filepath.Join(work, StoryboardPicture)
	args, err := ffmpeg.StoryboardArgs(path, p, b, made)
	if err != nil {
		return "", "", err
	}
	wall := 2*time.Minute + time.Duration(p.Duration*float64(time.Second))
	if err := t.runner().Run(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, WriteDir: work, Memory: encodeMemory(p), Resident: residentMemory(p), CPU: wall,
		Wall: wall, FileBytes: 32 << 20,
	}, nil); err != nil {
		return "", "", fmt.Errorf("storyboard: %w", err)
	}
	if err := checkJPEG(made); err != nil {
		return "", "", fmt.Errorf("storyboard: %w", err)
	}
	picture, index = filepath.Join(dir, StoryboardPicture), filepath.Join(dir, StoryboardIndex)
	if err := os.WriteFile(index, []byte(boardIndex(b, p.Duration)), 0o644); err != nil {
		return "", "", err
	}
	return picture, index, os.Rename(made, picture)
}

func boardIndex(b ffmpeg.Board, duration float64) string {
	var text strings.Builder
	text.WriteString("WEBVTT\n")
	for i := range b.Count {
		from, to := float64(i)*b.Every, float64(i+1)*b.Every
		if i == b.Count-1 {
			to = max(to, duration)
		}
		fmt.Fprintf(&text, "\n%s --> %s\n%s#xywh=%d,%d,%d,%d\n", clock(from), clock(to), StoryboardPicture,
			i%b.Columns*b.Width, i/b.Columns*b.Height, b.Width, b.Height)
	}
	return text.String()
}

// clock writes a time as WebVTT does.
func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
	return fmt.Sprintf("%02d:%02d:%02d.%03d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60,
		d.Milliseconds()%1000)
}

// Captions reads a text track found inside the recording (Facts.Captions) as
// WebVTT. Its text comes from the recording: the caller cleans it.
func (t *Transcoder) Captions(ctx context.Context, path string, stream int) ([]byte, error) {
	out, err := t.runner().Output(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: ffmpeg.CaptionArgs(path, stream), ReadOnly: []string{path}, Memory: 2 << 30,
		CPU: 5 * time.Minute, Wall: 10 * time.Minute,
	}, 4<<20)
	if err != nil {
		return nil, fmt.Errorf("captions of stream %d: %w", stream, err)
	}
	return out, nil
}
