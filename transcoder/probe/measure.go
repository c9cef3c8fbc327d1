package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"lenlop/transcoder/ffmpeg"
)

// packets are the times of one stream's packets, in seconds of the file.
type packets struct {
	times      []float64
	keys       []float64
	start, end float64
	bytes      int64
	rows       []row // in the file's order
	discarded  bool  // some are read but not shown
	changed    bool  // the decoder's parameters change on the way
}

// measure reads every packet's time, without decoding: the recording's true
// length, its key frames, its picture rate, and whether its clock is exact.
func (p prober) measure(ctx context.Context, f *Facts, d description) error {
	wanted := []int{f.Stream}
	for _, s := range f.Sounds {
		wanted = append(wanted, s.Stream)
	}
	c := newClock(f.Format, f.HasAudio, wanted...)
	streams, flawed, err := p.packets(ctx, c)
	if err != nil {
		return err
	}
	if !p.copied {
		list, missing := c.retiming(wanted...)
		if flawed || missing || discontinuous(f.Format) && c.held > leastHole {
			f.Warning = Flawed
		}
		if list != nil {
			f.Retime = list
			return nil // the rest is measured in a copy
		}
	}
	start, end := math.Inf(1), math.Inf(-1)
	var picture *packets
	if f.HasVideo {
		s := streams[f.Stream]
		if s == nil || len(s.times) == 0 {
			f.HasVideo, f.Stream = false, -1
		} else {
			measurePicture(f, s, d.stream(f.Stream))
			picture = s
			start, end = min(start, f.VideoStart), max(end, f.VideoEnd)
		}
	}
	var sounds []Sound
	for _, sound := range f.Sounds {
		s := streams[sound.Stream]
		if s == nil || len(s.times) == 0 {
			continue
		}
		sound.Start, sound.End = s.start, s.end
		sound.Grid, sound.Phase = grid(s, sound.Rate, d.stream(sound.Stream).TimeBase)
		sounds = append(sounds, sound)
	}
	f.Sounds, f.HasAudio = sounds, len(sounds) > 0
	if f.HasAudio {
		start, end = min(start, sounds[0].Start), max(end, sounds[0].End)
	}
	f.Duration = end - start
	if !f.HasAudio && !f.HasVideo || f.Duration <= 0 {
		return &Refusal{Code: Damaged, Cause: fmt.Errorf("no packets with times in %d streams", len(streams))}
	}
	if limit := p.limits.Duration.Seconds(); f.Duration > limit {
		return &Refusal{Code: TooLong,
			Args: map[string]any{"hours": math.Round(f.Duration/360) / 10, "limit": math.Round(limit/360) / 10}}
	}
	// A file that promises more than it holds was cut off. What it promises
	// is used for nothing else. Some headers count from 0 instead of the first
	// picture, or until the end of a text track.
	held := f.Duration
	for _, s := range streams {
		held = max(held, s.end, s.end-start)
	}
	if promised := parseTime(d.Format.Duration); promised > held+2 && promised > 1.02*held {
		f.Warning = Truncated
	}
	if picture != nil {
		f.Groups = groups(f, picture, d.stream(f.Stream))
	}
	return nil
}

// complaints are what the parsers say of broken packets as they pass.
var complaints = []string{"Invalid NAL unit", "missing picture", "Error splitting", "corrupt", "Packet corrupt",
	"invalid data", "Truncating packet"}

// leastHole is the shortest hole in a transmission, in seconds, of which the
// teacher is told.
const leastHole = 1.0

// packets lists the packets of all streams, shows them to a clock, and tells whether some of them are
// broken.
func (p prober) packets(ctx context.Context, c *clock) (found map[int]*packets, flawed bool, err error) {
	args := append([]string{"-hide_banner", "-v", "error"}, ffmpeg.Guard()...)
	args = append(args, "-show_entries",
		"packet=stream_index,pts_time,dts_time,duration_time,size,flags:packet_side_data=side_data_type", "-of",
		"compact=p=0", ffmpeg.URL(p.path))
	pr, pw := io.Pipe()
	streams := map[int]*packets{}
	var wait sync.WaitGroup
	locked := false
	wait.Go(func() {
		lines := bufio.NewScanner(pr)
		for lines.Scan() {
			locked = locked || strings.Contains(lines.Text(), "Encryption info")
			addPacket(streams, c, lines.Text())
		}
		_, _ = io.Copy(io.Discard, pr)
	})
	run := p.command("ffprobe", args...)
	var log bytes.Buffer
	run.Stdout, run.Stderr = pw, ffmpeg.Keep(&log, 64<<10)
	err = p.run.Sandbox.Run(ctx, run)
	_ = pw.Close()
	wait.Wait()
	if locked {
		return nil, false, &Refusal{Code: Encrypted}
	}
	for _, text := range complaints {
		flawed = flawed || strings.Contains(log.String(), text)
	}
	if exit, ok := errors.AsType[*ffmpeg.ExitError](err); ok {
		if exit.Limit != "" {
			return nil, false, &Refusal{Code: TooMuch, Args: map[string]any{"limit": exit.Limit}}
		}
		// What was read before the damage counts.
		return streams, flawed, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read packets: %w", err)
	}
	return streams, flawed, nil
}

// addPacket reads one line of ffprobe's compact writer.
func addPacket(streams map[int]*packets, c *clock, line string) {
	index, pts, dts, length, size, flags := -1, math.NaN(), math.NaN(), 0.0, int64(0), ""
	for field := range strings.SplitSeq(line, "|") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "stream_index":
			index, _ = strconv.Atoi(value)
		case "pts_time":
			pts = parseTime(value)
		case "dts_time":
			dts = parseTime(value)
		case "duration_time":
			if v := parseTime(value); v > 0 && v < mostLength {
				length = v
			}
		case "size":
			if v, err := strconv.ParseInt(value, 10, 64); err == nil && v > 0 {
				size = v
			}
		case "flags":
			flags = value
		}
	}
	c.add(index, pts, dts, length)
	at := pts
	if math.IsNaN(at) {
		at = dts
	}
	if index < 0 || math.IsNaN(at) {
		return
	}
	s := streams[index]
	if s == nil {
		s = &packets{start: math.Inf(1), end: math.Inf(-1)}
		streams[index] = s
	}
	if strings.Contains(flags, "D") {
		s.discarded = true
		return
	}
	s.changed = s.changed || strings.Contains(line, "New Extradata")
	s.rows = append(s.rows, row{pts, dts, size, strings.HasPrefix(flags, "K")})
	s.times = append(s.times, at)
	s.start, s.end = min(s.start, at), max(s.end, at+length)
	s.bytes += size
	if strings.HasPrefix(flags, "K") {
		s.keys = append(s.keys, at)
	}
}

func parseTime(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(math.Abs(v) < mostTime) {
		return math.NaN()
	}
	return v
}

// mostLength, in seconds, bounds what a packet may say of its own length: an hour.
const mostLength = 3600

// mostTime, in seconds, bounds every time in a file: a century. What lies
// beyond it, or is no number, counts as not given.
const mostTime = 3.2e9

// keptKeyFrames bounds the key frames in Facts: more than that is a recording
// of key frames only, where every place is a good one.
const keptKeyFrames = 20000

// distance is the usual distance of pictures at the given times, in order; how
// many come in a second where they come at it; and whether more than one in a
// hundred comes at another. Holes are no pictures: they change none of it.
func distance(times []float64) (typical, rate float64, variable bool) {
	var steps []float64
	for i := 1; i < len(times); i++ {
		if step := times[i] - times[i-1]; step > leastStep {
			steps = append(steps, step)
		}
	}
	if len(steps) == 0 {
		return 0.04, 0, false
	}
	sorted := slices.Clone(steps)
	slices.Sort(sorted)
	typical = sorted[len(sorted)/2]
	sum, n := 0.0, 0
	for _, step := range steps {
		// Two milliseconds are a coarse clock's rounding.
		if math.Abs(step-typical) <= 0.002+0.05*typical {
			sum, n = sum+step, n+1
		}
	}
	return typical, float64(n) / sum, (len(steps)-n)*100 > len(steps)
}

// leastStep is the least distance, in seconds, of two pictures that can both be seen.
const leastStep = 0.0005

func measurePicture(f *Facts, s *packets, d stream) {
	sort.Float64s(s.times)
	n := len(s.times)
	f.VideoStart, f.VideoEnd = s.start, s.end
	if len(s.keys) <= keptKeyFrames {
		f.KeyFrames = s.keys
	}
	typical, regular, variable := distance(s.times)
	f.FPS, f.Variable, f.Pictures = regular, variable, 1
	for i := 1; i < n; i++ {
		if s.times[i]-s.times[i-1] > leastStep {
			f.Pictures++
		}
	}
	if f.VideoEnd <= s.times[n-1] {
		f.VideoEnd = s.times[n-1] + typical
	}
	if span := f.VideoEnd - f.VideoStart; span > 0 {
		f.Bitrate = int(float64(8*s.bytes) / span)
	}
	f.RateNum, f.RateDen = rate(f.FPS, typical, f.Variable, d)
}

// rate finds the exact picture rate meant by a measured one.
func rate(fps, typical float64, variable bool, d stream) (num, den int) {
	if fps <= 0 || math.IsInf(fps, 0) {
		return 10, 1
	}
	if variable {
		// Pictures come when something changes: a grid that keeps the usual
		// distance between them.
		for _, r := range []int{10, 12, 15, 20, 24, 25, 30} {
			if float64(r) >= 0.97/typical {
				return r, 1
			}
		}
		return 30, 1
	}
	best, num, den := 0.005, 0, 0
	try := func(n, m int) {
		if n <= 0 || m <= 0 {
			return
		}
		if off := math.Abs(float64(n)/float64(m)/fps - 1); off < best-1e-7 {
			best, num, den = off, n, m
		}
	}
	for _, r := range [][2]int{{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1},
		{10, 1}, {12, 1}, {15, 1}, {20, 1}} {
		try(r[0], r[1])
	}
	for _, text := range []string{d.FrameRate, d.Average} {
		a, b, _ := strings.Cut(text, "/")
		n, _ := strconv.Atoi(a)
		m, _ := strconv.Atoi(b)
		if n < 1_000_000 && m <= 1001 {
			try(n, m)
		}
	}
	if num == 0 {
		return int(math.Round(fps * 100)), 100
	}
	return num, den
}

// grid finds the regular distance of sound packets in a file whose clock is
// coarser than a sample, so that a cut can be placed to the sample all the
// same. It gives 0 when the clock is exact or the packets are not regular.
func grid(s *packets, rate int, timeBase string) (samples int, phase float64) {
	a, b, _ := strings.Cut(timeBase, "/")
	num, _ := strconv.Atoi(a)
	den, _ := strconv.Atoi(b)
	if num == 0 || num == 1 && den == rate || len(s.times) < 8 {
		return 0, 0
	}
	tick := float64(num) / float64(den)
	n := len(s.times)
	// The first packets may be cut by the codec's priming: leave them out.
	times := s.times[2:]
	step := (times[n-3] - times[0]) / float64(n-3) * float64(rate)
	samples = int(math.Round(step))
	if samples < 16 || math.Abs(step-float64(samples)) > 0.5 {
		return 0, 0
	}
	mean := 0.0
	for k, at := range times {
		mean += at*float64(rate) - float64(k)*float64(samples)
	}
	mean /= float64(len(times))
	for k, at := range times {
		if math.Abs(at*float64(rate)-float64(k)*float64(samples)-mean) > 1.2*tick*float64(rate)+1 {
			return 0, 0
		}
	}
	phase = math.Mod(mean, float64(samples))
	if phase < 0 {
		phase += float64(samples)
	}
	return samples, phase
}
