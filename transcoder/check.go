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
// a stranger's work, and decoded whole.
const wholeDecodePixels = 640 * 360

// checkPiece decodes a packaged piece the way a player would: init section and
// segments joined. ffmpeg's exit code alone proves nothing, so what was
// decoded is counted.
func (t *Transcoder) checkPiece(ctx context.Context, p Plan, piece int, r Rung, packed cmaf.Packed, work string) error {
	from, to := 0, len(packed.Segments)
	if r.Width*r.Height > wholeDecodePixels && !r.Copy {
		// One segment, another in each piece; shared structure was checked
		// for all when they were cut.
		from = piece % len(packed.Segments)
		to = from + 1
	}
	pc := p.Pieces[piece]
	want := decoded{}
	if r.Kind == ladder.Video {
		want.pictures = p.PicturesOf(r, p.Cuts[pc.First+from], p.Cuts[pc.First+to])
	}
	if r.Sound.Bitrate > 0 {
		want.sounds = int(p.SoundFrame(p.Cuts[pc.First+to]) - p.SoundFrame(p.Cuts[pc.First+from]))
	}
	file := filepath.Join(work, "check-"+r.Name+".mp4")
	data := bytes.Join(append([][]byte{packed.Init}, packed.Segments[from:to]...), nil)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }()
	got, err := t.decodeCount(ctx, file)
	if err != nil {
		return fmt.Errorf("segments %d to %d: %w", from, to, err)
	}
	if got != want {
		return fmt.Errorf("segments %d to %d: decoded %+v, expected %+v", from, to, got, want)
	}
	return nil
}

// decoded counts what came out of the decoders.
type decoded struct{ pictures, sounds int }

// decodeCount decodes a file of ours; any complaint of a decoder is an error.
func (t *Transcoder) decodeCount(ctx context.Context, file string) (decoded, error) {
	args := ffmpeg.DecodeArgs(file, t.threads())
	var got decoded
	out, err := t.runner().Output(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{file}, Memory: 2 << 30, CPU: 30 * time.Minute, Wall: 30 * time.Minute,
	}, 64<<20)
	if err != nil {
		return got, err
	}
	kinds := map[string]string{}
	for _, line := range bytes.Split(out, []byte("\n")) {
		if rest, ok := bytes.CutPrefix(line, []byte("#media_type ")); ok {
			if n, kind, ok := bytes.Cut(rest, []byte(": ")); ok {
				kinds[string(n)] = string(kind)
			}
			continue
		}
		n, _, ok := bytes.Cut(line, []byte(","))
		if _, err := strconv.Atoi(string(n)); err != nil || !ok {
			continue
		}
		switch kinds[string(n)] {
		case "video":
			got.pictures++
		case "audio":
			got.sounds++
		}
	}
	return got, nil
}
