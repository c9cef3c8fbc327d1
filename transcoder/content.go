package transcoder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// The picture is looked at in windows spread over the lesson: enough to tell
// slides from a moving scene, little enough not to keep the first piece
// waiting.
const (
	looks      = 5
	lookLength = 1.5 // seconds
)

// content looks at samples of the picture and counts the sizes that the
// pictures have. What cannot be decoded says nothing.
func (t *Transcoder) content(ctx context.Context, path string, p Plan) (ladder.Content, map[ffmpeg.Frame]int, error) {
	n := max(1, min(looks, int(p.Duration/4)))
	found := make([]ladder.Look, n)
	sizes := make([]map[ffmpeg.Frame]int, n)
	errs := make([]error, n)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // someone waits for the plan
	var wait sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			at := max(0, (p.Duration-lookLength)*(float64(i)+0.5)/float64(n))
			found[i], sizes[i], errs[i] = t.lookAt(ctx, path, p, at)
		})
	}
	wait.Wait()
	all := map[ffmpeg.Frame]int{}
	for _, s := range sizes {
		for frame, n := range s {
			all[frame] += n
		}
	}
	return ladder.Content{Looks: found}, all, errors.Join(errs...)
}

// chooseFrame takes the size that lasts longest for that of the lesson, the one
// at its beginning when none lasts longer, and tells whether there are several.
func chooseFrame(f *Facts, sizes map[ffmpeg.Frame]int) (several bool) {
	if f.FrameWidth == 0 {
		return false
	}
	count := map[[2]int]int{}
	for s, n := range sizes {
		count[[2]int{s.Width, s.Height}] += n
	}
	first := [2]int{f.FrameWidth, f.FrameHeight}
	best := first
	for s, n := range count {
		if n > count[best] {
			best = s
		}
	}
	if best != first {
		w, h := float64(best[0]), float64(best[1])
		for s := range sizes {
			// Square pixels, unless it is said otherwise within reason.
			if x, y := float64(s.AspectX), float64(s.AspectY); s.Width == best[0] && s.Height == best[1] &&
				x > 0 && y > 0 &&
				x < 8*y && y < 8*x {
				w *= max(1, x/y)
				h *= max(1, y/x)
				break
			}
		}
		f.FrameWidth, f.FrameHeight = best[0], best[1]
		f.Width, f.Height = int(math.Round(w)), int(math.Round(h))
	}
	return len(count) > 1 || len(count) == 1 && count[best] > 0 && best != first
}

func (t *Transcoder) lookAt(ctx context.Context, path string, p Plan, at float64) (ladder.Look, map[ffmpeg.Frame]int,
	error) {
	w, h := ladder.LookSize(p.Source.Width, p.Source.Height)
	args, err := ffmpeg.ContentArgs(path, p, at, lookLength, w, h)
	if err != nil {
		return ladder.Look{}, nil, err
	}
	var log bytes.Buffer
	out, err := t.runner().Output(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, Stderr: ffmpeg.Keep(&log, 4<<20),
		Memory: encodeMemory(p), Resident: residentMemory(p), CPU: time.Minute, Wall: 2 * time.Minute,
	}, 8<<20)
	var exit *ffmpeg.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ladder.Look{}, nil, fmt.Errorf("look at the picture: %w", err)
	}
	changes := ffmpeg.ParseChanges(log.String())
	return ladder.Look{Changes: changes, Bitrate: int(float64(8*len(out)) / lookLength)},
		ffmpeg.ParseFrames(log.String()),
		nil
}
