package transcoder

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lenlop/transcoder/cmaf"
	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// wholeDecodePixels bounds the rungs of which every picture is decoded when
// they are checked; of larger ones only some segments are. A repackaged one is
// an unknown encoder's work, and decoded whole.
const wholeDecodePixels = 640 * 360

// check is a packaged piece, or some of its segments, as a file to be decoded.
type check struct {
	rung string
	file string
	from int // segments
	to   int
	want decoded
}

// checkPiece decodes a packaged piece the way a player would: init section and
// segments joined. ffmpeg's exit code alone proves nothing, so what was
// decoded is counted.
func (t *Transcoder) checkPiece(ctx context.Context, p Plan, piece int, r Rung, packed cmaf.Packed, work string) error {
	c, err := prepareCheck(p, piece, r, packed, work)
	if err != nil {
		return err
	}
	return t.runChecks(ctx, c)
}

// prepareCheck writes what is to be decoded of a piece.
func prepareCheck(p Plan, piece int, r Rung, packed cmaf.Packed, work string) (check, error) {
	c := check{rung: r.Name, file: filepath.Join(work, "check-"+r.Name+".mp4"), to: len(packed.Segments)}
	if r.Width*r.Height > wholeDecodePixels && !r.Copy {
		// One segment, another in each piece; shared structure was checked
		// for all when they were cut.
		c.from = piece % len(packed.Segments)
		c.to = c.from + 1
	}
	pc := p.Pieces[piece]
	if r.Kind == ladder.Video {
		c.want.pictures = p.PicturesOf(r, p.Cuts[pc.First+c.from], p.Cuts[pc.First+c.to])
	}
	if r.Sound.Bitrate > 0 {
		c.want.sounds = int(p.SoundFrame(p.Cuts[pc.First+c.to]) - p.SoundFrame(p.Cuts[pc.First+c.from]))
	}
	data := bytes.Join(append([][]byte{packed.Init}, packed.Segments[c.from:c.to]...), nil)
	return c, os.WriteFile(c.file, data, 0o600)
}

// runChecks decodes files in one process: starting one costs as much as
// decoding seconds of a low rung.
func (t *Transcoder) runChecks(ctx context.Context, checks ...check) error {
	if len(checks) == 0 {
		return nil
	}
	files := make([]string, len(checks))
	for i, c := range checks {
		files[i] = c.file
		defer func() { _ = os.Remove(c.file) }()
	}
	counts, err := t.decodeStreams(ctx, files...)
	if err != nil {
		return err
	}
	next := 0
	take := func(kind string) int {
		if next >= len(counts) || counts[next].kind != kind {
			return -1
		}
		next++
		return counts[next-1].frames
	}
	for _, c := range checks {
		got := decoded{}
		if c.want.pictures > 0 {
			got.pictures = take("video")
		}
		if c.want.sounds > 0 {
			got.sounds = take("audio")
		}
		if got != c.want {
			return fmt.Errorf("rung %s, segments %d to %d: decoded %+v, expected %+v", c.rung, c.from,
				c.to, got, c.want)
		}
	}
	if next != len(counts) {
		return fmt.Errorf("%d streams decoded, expected %d", len(counts), next)
	}
	return nil
}

// decoded counts what came out of the decoders.
type decoded struct{ pictures, sounds int }

// decodeCount decodes a file of ours; any complaint of a decoder is an error.
func (t *Transcoder) decodeCount(ctx context.Context, file string) (decoded, error) {
	var got decoded
	counts, err := t.decodeStreams(ctx, file)
	for _, c := range counts {
		switch c.kind {
		case "video":
			got.pictures += c.frames
		case "audio":
			got.sounds += c.frames
		}
	}
	return got, err
}

// counted is what came out of the decoder of one stream.
type counted struct {
	kind   string // "video", "audio"
	frames int
}

// decodeStreams decodes files of ours and counts what came out of each of
// their streams, in order; any complaint of a decoder is an error.
func (t *Transcoder) decodeStreams(ctx context.Context, files ...string) ([]counted, error) {
	out, err := t.runner().Output(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: ffmpeg.DecodeArgs(t.threads(), files...), ReadOnly: files, Memory: 2 << 30,
		CPU: 30 * time.Minute, Wall: 30 * time.Minute,
	}, 64<<20)
	if err != nil {
		return nil, err
	}
	var counts []counted
	for line := range bytes.SplitSeq(out, []byte("\n")) {
		if rest, ok := bytes.CutPrefix(line, []byte("#media_type ")); ok {
			if n, kind, ok := bytes.Cut(rest, []byte(": ")); ok && string(n) == strconv.Itoa(len(counts)) {
				counts = append(counts, counted{kind: string(kind)})
			}
			continue
		}
		n, _, ok := bytes.Cut(line, []byte(","))
		if i, err := strconv.Atoi(string(n)); err == nil && ok && i >= 0 && i < len(counts) {
			counts[i].frames++
		}
	}
	return counts, nil
}
