package transcoder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lenlop/transcoder/delivery"
	"lenlop/transcoder/ffmpeg"
)

// Broadcast makes a station's copy of the recording in dir and its QC sheet,
// measured on the finished file: two passes of EBU R 128, then the file is
// decoded whole and watched. A sheet that does not pass is no error: the
// caller keeps such a copy from being handed out.
func (t *Transcoder) Broadcast(ctx context.Context, path string, p Plan, f delivery.Format, overlays []delivery.Overlay,
	dir string, progress func(fraction float64)) (string, delivery.Sheet, error) {
	path, release, err := t.retimed(ctx, path, p.Source.Retime)
	if err != nil {
		return "", delivery.Sheet{}, fmt.Errorf("broadcast copy: %w", err)
	}
	defer release()
	file := filepath.Join(dir, "broadcast."+f.Extension)
	loudness := 0.0
	if p.Source.Audio >= 0 {
		text, err := t.watch(ctx, delivery.MeasureArgs(path, p.Source), path, p)
		if err != nil {
			return "", delivery.Sheet{}, fmt.Errorf("broadcast copy, first pass: %w", err)
		}
		if loudness = delivery.ParseFindings(text).Loudness; loudness != loudness {
			loudness = 0 // nothing was heard
		}
	}
	var report func(float64)
	if progress != nil {
		report = func(seconds float64) { progress(min(0.8, 0.8*seconds/p.Duration)) }
	}
	read := []string{path}
	for _, o := range overlays {
		read = append(read, o.PNG)
	}
	made := func(uniform string) error {
		wall := encodeWall(p.Duration)
		return t.runner().Run(ctx, ffmpeg.Command{
			Program: "ffmpeg", Args: delivery.MakeArgs(path, p, f, loudness, overlays, uniform, file, t.threads()),
			ReadOnly: read, WriteDir: dir, Memory: encodeMemory(p),
			Resident: residentMemory(p), CPU: wall, Wall: wall,
			FileBytes: int64(p.Duration+f.Leader+60) * int64(f.VideoBitrate+4_000_000) / 8 * 2,
		}, report)
	}
	err = made("")
	if exit, ok := errors.AsType[*ffmpeg.ExitError](err); ok && ffmpeg.SoundChanges(exit.Tail) {
		err = t.uniformCopy(ctx, path, p, dir, made)
	}
	if err != nil {
		return "", delivery.Sheet{}, fmt.Errorf("broadcast copy: %w", err)
	}
	sheet, err := t.Judge(ctx, file, p, f)
	if err != nil {
		return "", delivery.Sheet{}, err
	}
	if progress != nil {
		progress(1)
	}
	return file, sheet, nil
}

// uniformCopy makes a copy of a recording whose sound changes its form: all of
// it is brought to one form first.
func (t *Transcoder) uniformCopy(ctx context.Context, path string, p Plan, dir string,
	made func(uniform string) error) error {
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := t.uniformSound(ctx, path, p, -1, p.Duration+afterPiece, work); err != nil {
		return err
	}
	return made(filepath.Join(work, ffmpeg.UniformFile(p.Source.Audio)))
}

// watch runs a command that looks at a whole file and gives what it wrote.
func (t *Transcoder) watch(ctx context.Context, args []string, path string, p Plan) (string, error) {
	var log bytes.Buffer
	wall := encodeWall(p.Duration)
	err := t.runner().Run(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, Stderr: ffmpeg.Keep(&log, 4<<20),
		Memory: encodeMemory(p), Resident: residentMemory(p), CPU: wall, Wall: wall,
	}, nil)
	return log.String(), err
}

// Judge measures a finished broadcast copy against a format.
func (t *Transcoder) Judge(ctx context.Context, file string, p Plan, f delivery.Format) (delivery.Sheet, error) {
	look := func(args []string) ([]byte, error) {
		return t.runner().Output(ctx, ffmpeg.Command{
			Program: "ffprobe", Args: args, ReadOnly: []string{file}, Memory: 2 << 30, CPU: 10 * time.Minute,
			Wall: 20 * time.Minute,
		}, 64<<20)
	}
	probe, err := look(delivery.ProbeArgs(file))
	if err != nil {
		return delivery.Sheet{}, fmt.Errorf("qc: %w", err)
	}
	sizes, err := look(delivery.SizesArgs(file))
	if err != nil {
		return delivery.Sheet{}, fmt.Errorf("qc: %w", err)
	}
	text, err := t.watch(ctx, delivery.WatchArgs(file, t.threads()), file, p)
	if err != nil {
		return delivery.Sheet{}, fmt.Errorf("qc: %w", err)
	}
	found := delivery.ParseFindings(text)
	for line := range bytes.FieldsSeq(sizes) {
		n, _ := strconv.ParseInt(string(bytes.Trim(line, ",")), 10, 64)
		found.PictureBytes += n
	}
	if _, err := os.Stat(file); err != nil {
		return delivery.Sheet{}, err
	}
	return delivery.Judge(f, probe, found, p.Duration, p.Source.Audio >= 0)
}
