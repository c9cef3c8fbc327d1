package transcoder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// content looks at samples of the picture. What cannot be decoded says nothing.
func (t *Transcoder) content(ctx context.Context, path string, p Plan) (ladder.Content, error) {
	n := max(1, min(looks, int(p.Duration/4)))
	found := make([]ladder.Look, n)
	errs := make([]error, n)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // someone waits for the plan
	var wait sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			at := max(0, (p.Duration-lookLength)*(float64(i)+0.5)/float64(n))
			found[i], errs[i] = t.lookAt(ctx, path, p, at)
		})
	}
	wait.Wait()
	return ladder.Content{Looks: found}, errors.Join(errs...)
}

func (t *Transcoder) lookAt(ctx context.Context, path string, p Plan, at float64) (ladder.Look, error) {
	w, h := ladder.LookSize(p.Source.Width, p.Source.Height)
	args, err := ffmpeg.ContentArgs(path, p, at, lookLength, w, h)
	if err != nil {
		return ladder.Look{}, err
	}
	var log bytes.Buffer
	out, err := t.runner().Output(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, Stderr: ffmpeg.Keep(&log, 4<<20),
		Memory: encodeMemory(p), CPU: time.Minute, Wall: 2 * time.Minute,
	}, 8<<20)
	var exit *ffmpeg.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ladder.Look{}, fmt.Errorf("look at the picture: %w", err)
	}
	changes := ffmpeg.ParseChanges(log.String())
	return ladder.Look{Changes: changes, Bitrate: int(float64(8*len(out)) / lookLength)}, nil
}
