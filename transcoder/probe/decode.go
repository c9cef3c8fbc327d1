package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"lenlop/transcoder/ffmpeg"
)

// decodes looks whether what was chosen can be decoded at all, at the
// beginning and in the middle. A track that cannot is left out, with a
// warning; with none left the recording is damaged.
func (p prober) decodes(ctx context.Context, f Facts) (Facts, error) {
	picture, sound := !f.HasVideo, !f.HasAudio
	start := f.VideoStart
	if !f.HasVideo || f.HasAudio && f.Sounds[0].Start < start {
		start = f.Sounds[0].Start
	}
	var cause error
	for _, at := range []float64{0, f.Duration / 2, f.Duration * 3 / 4} {
		v, a, exit, err := p.tryDecode(ctx, f, start+at, at > 0)
		if err != nil {
			return f, err
		}
		cause = fmt.Errorf("nothing was decoded at %.3f: %w", start+at, exit)
		picture, sound = picture || v > 0, sound || a > 0
		if picture && sound {
			break
		}
	}
	if f.HasVideo && !picture {
		f.HasVideo, f.Stream, f.Warning = false, -1, Truncated
	}
	if f.HasAudio && !sound {
		f.HasAudio, f.Sounds, f.Warning = false, nil, Truncated
	}
	if !f.HasVideo && !f.HasAudio {
		return f, &Refusal{Code: Damaged, Cause: cause}
	}
	return f, nil
}

// tryDecode decodes a second and counts what came out; exit is how the program failed, or nil.
func (p prober) tryDecode(ctx context.Context, f Facts, at float64, seek bool) (pictures, sounds int, exit, err error) {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error", "-threads", "1"}, ffmpeg.Guard()...)
	if seek {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", strconv.FormatFloat(at, 'f', 6, 64))
	}
	args = append(args, "-t", "1", "-i", ffmpeg.URL(p.path))
	n := 0
	video, audio := -1, -1
	if f.HasVideo {
		args, video, n = append(args, "-map", "0:"+strconv.Itoa(f.Stream)), n, n+1
	}
	if f.HasAudio {
		args, audio = append(args, "-map", "0:"+strconv.Itoa(f.Sounds[0].Stream)), n
	}
	args = append(args, "-frames:v", "8", "-f", "framecrc", "pipe:1")
	c := p.command("ffmpeg", args...)
	c.Wall, c.CPU = 2*time.Minute, 2*time.Minute
	out, err := p.run.Output(ctx, c, 1<<20)
	ended, failed := errors.AsType[*ffmpeg.ExitError](err)
	if err != nil && !failed {
		return 0, 0, nil, fmt.Errorf("decode: %w", err)
	}
	if failed && ended.Limit == ffmpeg.LimitMemory {
		return 0, 0, nil, &Refusal{Code: TooMuch, Args: map[string]any{"limit": ended.Limit}}
	}
	for line := range bytes.SplitSeq(out, []byte("\n")) {
		switch {
		case video >= 0 && bytes.HasPrefix(line, []byte(strconv.Itoa(video)+",")):
			pictures++
		case audio >= 0 && bytes.HasPrefix(line, []byte(strconv.Itoa(audio)+",")):
			sounds++
		}
	}
	return pictures, sounds, err, nil
}
