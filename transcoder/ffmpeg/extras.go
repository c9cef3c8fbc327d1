package ffmpeg

import (
	"fmt"
	"strconv"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// JoinArgs copies a joined rung of ours into one fast-start file: what needs
// no playlist. kind is "mp4" or "ipod" (M4A).
func JoinArgs(joined, kind, file string) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error", "-y", "-xerror"}, Guard()...)
	return append(args, "-i", URL(joined), "-map", "0", "-c", "copy", "-map_metadata", "-1", "-fflags", "+bitexact",
		"-movflags", "+faststart",
		"-f", kind, URL(file))
}

// MuxArgs copies a joined picture and a joined sound of ours into one
// fast-start file.
func MuxArgs(picture, sound, file string) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error", "-y", "-xerror"}, Guard()...)
	args = append(append(args, "-i", URL(picture)), Guard()...)
	return append(args, "-i", URL(sound), "-map", "0:v", "-map", "1:a", "-c", "copy", "-map_metadata", "-1",
		"-fflags", "+bitexact",
		"-movflags", "+faststart", "-f", "mp4", URL(file))
}

// Board is the shape of a storyboard: small pictures in one large one.
type Board struct {
	Every         float64 // seconds between two of them
	Count         int
	Columns, Rows int
	Width, Height int // of each, pixels
}

// BoardOf plans a storyboard: at most a hundred pictures, no more than one
// every five seconds.
func BoardOf(p ladder.Plan) Board {
	b := Board{Every: max(5, p.Duration/100), Columns: 10, Width: 160, Height: 160}
	b.Count = max(1, min(100, int(p.Duration/b.Every)))
	b.Columns = min(b.Columns, b.Count)
	b.Rows = (b.Count + b.Columns - 1) / b.Columns
	if w, h := p.Source.Width, p.Source.Height; w >= h {
		b.Height = max(2, 160*h/w/2*2)
	} else {
		b.Width = max(2, 160*w/h/2*2)
	}
	return b
}

// StoryboardArgs builds the command that makes the storyboard's picture from
// key frames only: fourteen times cheaper than decoding all.
func StoryboardArgs(path string, p ladder.Plan, b Board, file string) ([]string, error) {
	s := p.Source
	v := formed(open(path, s, 0, 1, graph.KwArgs{"skip_frame": "nokey"}, keepGraph(s)).Get(strconv.Itoa(s.Video)), s)
	v = filter(v, "setpts", fmt.Sprintf("round(PTS-(%s)/TB)", number(s.Zero)))
	v = toneMapped(v, s)
	v = filter(v, "scale", strconv.Itoa(b.Width), strconv.Itoa(b.Height), "out_range=pc")
	v = filter(v, "setsar", "1")
	v = filter(v, "fps", "fps="+number(1/b.Every), "start_time=0", "round=up")
	v = filter(v, "tpad", "stop_mode=clone", "stop=-1")
	v = filter(v, "trim", fmt.Sprintf("end_frame=%d", b.Count))
	v = filter(v, "tile", fmt.Sprintf("%dx%d", b.Columns, b.Rows))
	return compile(v.Output(file, graph.KwArgs{
		"format": "image2", "update": "1", "frames:v": "1", "c:v": "mjpeg", "q:v": "6", "pix_fmt": "yuvj420p",
		"map_metadata": "-1", "fflags": "+bitexact", "flags:v": "+bitexact",
	}), "-copyts", "-max_error_rate", "1")
}

// CaptionArgs writes a text track found inside a recording as WebVTT to
// standard output.
func CaptionArgs(path string, stream int) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error"}, Guard()...)
	return append(args, "-i", URL(path), "-map", "0:"+strconv.Itoa(stream), "-c:s", "webvtt", "-map_metadata", "-1",
		"-f", "webvtt", "pipe:1")
}
