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

// Loudness is found from windows spread over the recording, because measuring
// all of a long one would keep the first piece waiting.
const (
	windows      = 10
	windowLength = 4.0 // seconds
)

// loudness measures the recording's sound in sampled windows. What cannot be
// measured counts as silence: it gets no gain. heard tells whether any sound
// came out of the decoder at all.
func (t *Transcoder) loudness(ctx context.Context, path string, s ladder.Source, stereo bool) (l ladder.Loudness,
	heard bool, err error) {
	length := s.AudioEnd - s.AudioStart
	n := max(1, min(windows, int(length/windowLength)))
	found := make([][]float64, n)
	errs := make([]error, n)
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // someone waits for the plan
	for i := range n {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			at := s.AudioStart + (length-windowLength)*(float64(i)+0.5)/float64(n)
			found[i], errs[i] = t.loudnessAt(ctx, path, s, max(0, at), stereo)
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return ladder.Loudness{}, false, err
	}
	var mono, both []float64
	for _, f := range found {
		if len(f) > 0 {
			mono = append(mono, f[0])
		}
		if len(f) > 1 {
			both = append(both, f[1])
		}
	}
	return ladder.Loudness{Mono: gated(mono), Stereo: gated(both)}, len(mono) > 0, nil
}

func (t *Transcoder) loudnessAt(ctx context.Context, path string, s ladder.Source, at float64,
	stereo bool) ([]float64, error) {
	args, err := ffmpeg.LoudnessArgs(path, s, at, windowLength, stereo)
	if err != nil {
		return nil, err
	}
	var log bytes.Buffer
	err = t.runner().Run(ctx, ffmpeg.Command{
		Program: "ffmpeg", Args: args, ReadOnly: []string{path}, Stderr: ffmpeg.Keep(&log, 4<<20), Memory: 2 << 30,
		CPU: time.Minute, Wall: 2 * time.Minute, FileBytes: 1 << 20,
	}, nil)
	var exit *ffmpeg.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("loudness: %w", err)
	}
	return ffmpeg.ParseLoudness(log.String()), nil
}

// gated is the mean loudness of windows as EBU R 128 gates its blocks: silence
// is left out, and what lies 10 LU below the mean of the rest.
func gated(windows []float64) float64 {
	mean := func(floor float64) float64 {
		sum, n := 0.0, 0
		for _, w := range windows {
			if w > floor {
				sum += math.Pow(10, w/10)
				n++
			}
		}
		if n == 0 {
			return 0
		}
		return 10 * math.Log10(sum/float64(n))
	}
	first := mean(ladder.Silence)
	if first == 0 {
		return 0
	}
	return mean(first - 10)
}
