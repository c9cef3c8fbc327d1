package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"lenlop/transcoder/ffmpeg"
)

// Inspect measures the recording at path. A recording that cannot be used
// gives a *Refusal; any other error is the machine's fault.
func Inspect(ctx context.Context, run ffmpeg.Runner, limits Limits, path string) (Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Facts{}, err
	}
	if info.Size() == 0 {
		return Facts{}, &Refusal{Code: Empty}
	}
	code, container, err := sniff(path)
	if err != nil {
		return Facts{}, err
	}
	if code != "" {
		return Facts{}, &Refusal{Code: code}
	}
	return prober{run: run, limits: limits.orDefault(), path: path, size: info.Size()}.inspect(ctx, container)
}

// InspectCopy measures the copy of a recording whose clock was mended as
// Inspect found it must be.
func InspectCopy(ctx context.Context, run ffmpeg.Runner, limits Limits, path string, original Facts) (Facts, error) {
	p := prober{run: run, limits: limits.orDefault(), path: path, size: original.Size, copied: true}
	f, err := p.inspect(ctx, true)
	if err != nil {
		return Facts{}, err
	}
	f.Retime, f.Size, f.Groups = original.Retime, original.Size, nil
	if original.Warning != "" {
		f.Warning = original.Warning
	}
	// The copy keeps no languages.
	for i := range f.Sounds {
		for _, s := range original.Sounds {
			if f.Sounds[i].Stream < len(f.Retime) && f.Retime[f.Sounds[i].Stream].Stream == s.Stream {
				f.Sounds[i].Language = s.Language
			}
		}
	}
	return f, nil
}

func (p prober) inspect(ctx context.Context, container bool) (Facts, error) {
	d, err := p.describe(ctx, container)
	if err != nil {
		return Facts{}, err
	}
	f, err := p.choose(d)
	if err != nil {
		return Facts{}, err
	}
	if err := p.measure(ctx, &f, d); err != nil || f.Retime != nil {
		return f, err
	}
	return p.decodes(ctx, f)
}

func (l Limits) orDefault() Limits {
	if l.Duration <= 0 {
		l.Duration = DefaultLimits.Duration
	}
	if l.Pixels <= 0 {
		l.Pixels = DefaultLimits.Pixels
	}
	return l
}

type prober struct {
	run    ffmpeg.Runner
	limits Limits
	path   string
	size   int64
	copied bool // the clock was mended
}

// command is one run with the bounds of a probe: reading at 20 MB/s at the
// worst, 2 GB of address space.
func (p prober) command(program string, args ...string) ffmpeg.Command {
	wall := time.Minute + time.Duration(p.size/20_000_000)*time.Second
	return ffmpeg.Command{Program: program, Args: args, ReadOnly: []string{p.path}, Memory: 2 << 30, CPU: wall,
		Wall: wall, FileBytes: 1 << 20}
}

// description is what ffprobe says of a file.
type description struct {
	Format struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
	} `json:"format"`
	Streams []stream `json:"streams"`
}

type stream struct {
	Index       int               `json:"index"`
	Type        string            `json:"codec_type"`
	Codec       string            `json:"codec_name"`
	Profile     string            `json:"profile"`
	Tag         string            `json:"codec_tag_string"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	Aspect      string            `json:"sample_aspect_ratio"`
	PixelFormat string            `json:"pix_fmt"`
	FieldOrder  string            `json:"field_order"`
	ColorSpace  string            `json:"color_space"`
	Transfer    string            `json:"color_transfer"`
	FrameRate   string            `json:"r_frame_rate"`
	Average     string            `json:"avg_frame_rate"`
	TimeBase    string            `json:"time_base"`
	SampleRate  string            `json:"sample_rate"`
	Channels    int               `json:"channels"`
	Duration    string            `json:"duration"`
	Tags        map[string]string `json:"tags"`
	Disposition map[string]int    `json:"disposition"`
	SideData    []struct {
		Type     string  `json:"side_data_type"`
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

func (p prober) describe(ctx context.Context, container bool) (description, error) {
	var d description
	args := append([]string{"-hide_banner", "-v", "error"}, ffmpeg.Guard()...)
	args = append(args, "-show_format", "-show_streams", "-of", "json", ffmpeg.URL(p.path))
	out, err := p.run.Output(ctx, p.command("ffprobe", args...), 4<<20)
	if exit, ok := errors.AsType[*ffmpeg.ExitError](err); ok {
		return d, classify(exit, container)
	}
	if err != nil {
		return d, fmt.Errorf("probe: %w", err)
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return d, fmt.Errorf("probe: %w", err)
	}
	return d, nil
}

// classify turns a failed look into a reason.
func classify(exit *ffmpeg.ExitError, container bool) error {
	switch {
	case strings.Contains(exit.Tail, "max_streams"):
		return &Refusal{Code: TooManyStreams, Args: map[string]any{"limit": ffmpeg.MaxStreams}}
	case exit.Limit != "":
		return &Refusal{Code: TooMuch, Args: map[string]any{"limit": exit.Limit}}
	case container:
		return &Refusal{Code: Damaged, Cause: exit}
	}
	return &Refusal{Code: NotMedia, Cause: exit}
}

// choose picks the streams to use and refuses what can be told without
// reading on.
func (p prober) choose(d description) (Facts, error) {
	f := Facts{Format: d.Format.Name, Size: p.size, Stream: -1}
	best := 0
	var picture stream
	for _, s := range d.Streams {
		if strings.HasPrefix(s.Tag, "enc") || strings.HasPrefix(s.Tag, "drm") {
			return f, &Refusal{Code: Encrypted}
		}
		for _, side := range s.SideData {
			if strings.Contains(side.Type, "ncryption") {
				return f, &Refusal{Code: Encrypted}
			}
		}
		switch s.Type {
		case "video":
			if s.Codec == "" || s.Codec == "unknown" || s.Disposition["attached_pic"] == 1 {
				continue
			}
			if s.Width*s.Height > p.limits.Pixels {
				return f, &Refusal{Code: TooLargePicture, Args: map[string]any{"width": s.Width, "height": s.Height}}
			}
			if area := s.Width * s.Height; area > best {
				best, picture = area, s
			}
		case "audio":
			rate, _ := strconv.Atoi(s.SampleRate)
			if s.Codec == "" || s.Codec == "unknown" || s.Channels == 0 || rate < 1000 || rate > 768000 {
				continue
			}
			sound := Sound{Stream: s.Index, Codec: s.Codec, Rate: rate, Channels: s.Channels, Language: language(s)}
			if s.Disposition["default"] == 1 && len(f.Sounds) > 0 &&
				d.stream(f.Sounds[0].Stream).Disposition["default"] != 1 {
				f.Sounds = append([]Sound{sound}, f.Sounds...)
				continue
			}
			f.Sounds = append(f.Sounds, sound)
		case "subtitle":
			f.Captions = append(f.Captions, Caption{Stream: s.Index, Codec: s.Codec, Language: language(s)})
		}
	}
	f.HasAudio, f.HasVideo = len(f.Sounds) > 0, best > 0
	if !f.HasAudio && !f.HasVideo {
		return f, &Refusal{Code: NothingInside}
	}
	if f.HasVideo {
		describePicture(&f, picture)
	}
	return f, nil
}

func (d description) stream(index int) stream {
	for _, s := range d.Streams {
		if s.Index == index {
			return s
		}
	}
	return stream{}
}

func language(s stream) string {
	l := strings.ToLower(s.Tags["language"])
	if l == "und" || len(l) > 8 {
		return ""
	}
	return l
}

// describePicture notes how the picture is shown: turned, with square pixels.
func describePicture(f *Facts, s stream) {
	f.Stream, f.Codec, f.Profile, f.PixelFormat = s.Index, s.Codec, s.Profile, s.PixelFormat
	w, h := float64(s.Width), float64(s.Height)
	if a, b, ok := strings.Cut(s.Aspect, ":"); ok {
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		// Shapes beyond 8:1 are nonsense in a header, not a picture.
		if x > 0 && y > 0 && x/y < 8 && y/x < 8 {
			if x > y {
				w *= x / y
			} else {
				h *= y / x
			}
		}
	}
	if f.FrameWidth, f.FrameHeight = s.Width, s.Height; turned(s) {
		f.FrameWidth, f.FrameHeight = 0, 0
	}
	for _, side := range s.SideData {
		if side.Type == "Display Matrix" {
			f.Rotation = int(math.Round(side.Rotation))
		}
	}
	if turn := (f.Rotation%180 + 180) % 180; turn > 45 && turn < 135 {
		w, h = h, w
	}
	f.Width, f.Height = int(math.Round(w)), int(math.Round(h))
	switch s.FieldOrder {
	case "tt", "bb", "tb", "bt":
		f.Interlaced = true
	default:
		// A camcorder's tape says nothing of its fields, and always has them.
		f.Interlaced = s.Codec == "dvvideo"
	}
	f.HDR = s.Transfer == "smpte2084" || s.Transfer == "arib-std-b67"
	switch s.ColorSpace {
	case "bt709", "smpte170m", "bt470bg", "bt2020nc", "fcc", "smpte240m":
		f.Matrix = s.ColorSpace
	}
}
