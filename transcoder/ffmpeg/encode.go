package ffmpeg

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// Preroll is how many AAC frames before a piece are encoded with it and
// discarded, so that the encoder's state is the same as if it had never been
// cut: half a second. Postroll frames follow the piece, because a frame is
// only right when the next one was seen.
const (
	Preroll  = 24
	Postroll = 2
)

// lead is how long before a piece reading begins, in seconds: for the sound's
// pre-roll, for the decoder to settle, and for files that interleave loosely.
const lead = 2.0

// SoundFile is the name of one encoding of the piece's sound in the folder of
// the command.
func SoundFile(s ladder.Sound) string {
	if s.Track > 0 {
		return fmt.Sprintf("sound-%d-%d-%d.mp4", s.Track, s.Channels, s.Bitrate)
	}
	return fmt.Sprintf("sound-%d-%d.mp4", s.Channels, s.Bitrate)
}

// VideoFile is the name of a rung's picture in the folder of the command.
func VideoFile(rung string) string { return "picture-" + rung + ".mp4" }

// Timescale gives the ticks a second of a plan's pictures and the ticks of one
// picture: whole numbers for every rate.
func Timescale(r ladder.Rate) (scale, tick int64) {
	k := int64(1)
	for int64(r.Num)*k < 12000 {
		k *= 2
	}
	return int64(r.Num) * k, int64(r.Den) * k
}

// EncodeArgs builds the command that makes one piece of the plan for rungs:
// one decode, a cascade of scalers, one file for each picture and one for each
// sound, which rungs share. Everything is placed by absolute times, so
// that a piece comes out the same wherever reading began. Sound that changes its
// form is read from files that UniformArgs made for the piece in dir.
func EncodeArgs(path string, p ladder.Plan, piece int, rungs []ladder.Rung, dir string, threads int,
	fromUniform bool) ([]string, error) {
	var outs []*graph.Stream
	pc := p.Pieces[piece]
	var pictures []ladder.Rung
	var sounds []ladder.Sound
	for _, r := range rungs {
		if r.Kind == ladder.Video && !r.Copy {
			pictures = append(pictures, r)
		}
		if r.Sound.Bitrate > 0 && !slices.Contains(sounds, r.Sound) {
			sounds = append(sounds, r.Sound)
		}
	}
	in := openAt(path, p.Source, Entry(pc), threads, keepGraph(p.Source))
	if len(pictures) > 0 {
		streams := cascade(picture(in, p, pc), p.Source, pictures)
		for i, r := range pictures {
			outs = append(outs, streams[i].Output(filepath.Join(dir, VideoFile(r.Name)),
				videoOptions(p, pc, r, threads)))
		}
	}
	if len(sounds) > 0 {
		streams := in.Get
		if fromUniform {
			streams = func(index string) *graph.Stream {
				n, _ := strconv.Atoi(index)
				return uniform(filepath.Join(dir, UniformFile(n))).Get("0")
			}
		}
		for i, a := range soundsOf(streams, p, pc, sounds) {
			outs = append(outs, a.Output(filepath.Join(dir, SoundFile(sounds[i])), graph.KwArgs{
				"format": "mp4", "c:a": "aac", "b:a": strconv.Itoa(sounds[i].Bitrate), "profile:a": "aac_low",
				"map_metadata": "-1", "map_chapters": "-1", "fflags": "+bitexact", "flags:a": "+bitexact",
			}))
		}
	}
	if len(outs) == 0 {
		return nil, fmt.Errorf("piece %d: nothing to encode for %s", piece, ladder.Names(rungs))
	}
	return compile(graph.MergeOutputs(outs...), "-progress", "pipe:1", "-copyts", "-max_error_rate", "1",
		"-filter_complex_threads", strconv.Itoa(threads))
}

// open is the recording, entered at or before a time of the lesson.
func open(path string, s ladder.Source, at float64, threads int, more ...graph.KwArgs) *graph.Stream {
	return openAt(path, s, at-lead, threads, more...)
}

// openAt is the recording, entered at a time of the lesson; at its beginning
// when that is not after the lesson's.
func openAt(path string, s ladder.Source, from float64, threads int, more ...graph.KwArgs) *graph.Stream {
	kw := graph.MergeKwArgs(append(more, graph.KwArgs{"threads": strconv.Itoa(threads)}))
	if from > 0 && !s.FromStart {
		// The demuxer goes to the key frame at or before this.
		kw["ss"], kw["seek_timestamp"], kw["noaccurate_seek"] = number(s.Zero+from), "1", ""
	}
	return graph.Input(URL(path), guard(kw))
}

// keepGraph is KeepGraph for the command builder.
func keepGraph(s ladder.Source) graph.KwArgs {
	kw, options := graph.KwArgs{}, KeepGraph(s)
	for i := 0; i+1 < len(options); i += 2 {
		kw[strings.TrimPrefix(options[i], "-")] = options[i+1]
	}
	return kw
}

// Entry is the time of the lesson at which the recording is entered for a piece.
func Entry(pc ladder.Piece) float64 {
	if pc.From != 0 {
		return pc.From
	}
	return pc.Start - lead
}

// picture is the piece's pictures on the plan's grid, at the recording's size.
func picture(in *graph.Stream, p ladder.Plan, pc ladder.Piece) *graph.Stream {
	s := p.Source
	v := formed(in.Get(strconv.Itoa(s.Video)), s)
	if s.Still {
		v = filter(v, "loop", "loop=-1", "size=1")
		v = filter(v, "setpts", fmt.Sprintf("round(N*%d/(%d*TB))", p.Rate.Den, p.Rate.Num))
		v = filter(v, "fps", fmt.Sprintf("fps=%d/%d", p.Rate.Num, p.Rate.Den))
		v = filter(v, "trim", fmt.Sprintf("end_pts=%d", p.Cuts[pc.Last]-p.Cuts[pc.First]))
		return toneMapped(v, s)
	}
	v = filter(v, "setpts", fmt.Sprintf("round(PTS-(%s)/TB)", number(s.Zero)))
	if s.Interlaced {
		v = filter(v, "bwdif", "mode=send_frame", "deint=all")
	}
	rate := fmt.Sprintf("fps=%d/%d", p.Rate.Num, p.Rate.Den)
	if pc.Start <= s.VideoStart-s.Zero || pc.First == 0 {
		// Nothing to show yet: the first picture stands in.
		v = filter(v, "fps", rate, "start_time="+number(pc.Start))
	} else {
		v = filter(v, "fps", rate)
	}
	v = filter(v, "tpad", "stop_mode=clone", "stop=-1")
	first, last := p.Cuts[pc.First], p.Cuts[pc.Last]
	v = filter(v, "trim", fmt.Sprintf("start_pts=%d", first), fmt.Sprintf("end_pts=%d", last))
	v = filter(v, "setpts", fmt.Sprintf("PTS-%d", first))
	return toneMapped(v, s)
}

// cascade scales each rung from the one above it: 40 % less work than scaling
// each from the recording.
func cascade(v *graph.Stream, s ladder.Source, rungs []ladder.Rung) []*graph.Stream {
	var outs []*graph.Stream
	// When all rungs leave out the same pictures, those are never scaled.
	all := rungs[0].Divide
	for _, r := range rungs {
		if r.Divide != all {
			all = 1
		}
	}
	if all > 1 {
		v = filter(v, "framestep", strconv.Itoa(all))
	}
	for i, r := range rungs {
		args := []string{strconv.Itoa(r.Width), strconv.Itoa(r.Height), "flags=bicubic"}
		if i == 0 {
			args = append(args, "out_color_matrix=bt709", "out_range=tv")
			if m := matrix(s); m != "" {
				args = append(args, "in_color_matrix="+m)
			}
		}
		v = filter(v, "scale", args...)
		if i == 0 {
			v = filter(v, "format", "yuv420p")
		}
		v = filter(v, "setsar", "1")
		out := v
		if i+1 < len(rungs) {
			split := v.Split()
			out, v = split.Get("0"), split.Get("1")
		}
		if r.Divide > 1 && all <= 1 {
			out = filter(out, "framestep", strconv.Itoa(r.Divide))
		}
		outs = append(outs, out)
	}
	return outs
}

func videoOptions(p ladder.Plan, pc ladder.Piece, r ladder.Rung, threads int) graph.KwArgs {
	scale, _ := Timescale(p.Rate)
	var keys []string
	for k := pc.First + 1; k < pc.Last; k++ {
		// A quarter of a picture early, so that rounding never misses it.
		keys = append(keys, number(p.Rate.Seconds(p.Cuts[k]-p.Cuts[pc.First])-0.25/p.Rate.Float()))
	}
	kw := graph.KwArgs{
		"format": "mp4", "c:v": "libx264", "preset": ladder.Preset, "crf": strconv.Itoa(r.CRF),
		"maxrate": strconv.Itoa(r.MaxRate), "bufsize": strconv.Itoa(2 * r.MaxRate),
		"profile:v": "high", "level:v": fmt.Sprintf("%d.%d", r.Level/10, r.Level%10), "pix_fmt": "yuv420p",
		"g": strconv.Itoa(int(10 * r.FPS)), "forced-idr": "1", "threads": strconv.Itoa(threads),
		"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv",
		"video_track_timescale": strconv.FormatInt(scale, 10), "vsync": "passthrough",
		"map_metadata": "-1", "map_chapters": "-1", "fflags": "+bitexact", "flags:v": "+bitexact",
	}
	if len(keys) > 0 {
		kw["force_key_frames"] = strings.Join(keys, ",")
	}
	return kw
}
