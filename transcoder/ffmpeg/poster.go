package ffmpeg

import (
	"strconv"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// PosterArgs builds the command that makes a JPEG at most width pixels wide of
// the most typical picture among those after a time of the lesson.
func PosterArgs(path string, p ladder.Plan, at float64, width int, file string, threads int) ([]string, error) {
	s := p.Source
	w, h := s.Width, s.Height
	if long := max(w, h); long > width {
		w, h = max(2, w*width/long), max(2, h*width/long)
	}
	v := formed(open(path, s, at+lead, threads, keepGraph(s)).Get(strconv.Itoa(s.Video)), s)
	if s.Interlaced {
		v = filter(v, "bwdif", "mode=send_frame", "deint=all")
	}
	v = toneMapped(v, s)
	v = filter(v, "thumbnail", "24")
	v = filter(v, "scale", strconv.Itoa(w), strconv.Itoa(h), "out_range=pc")
	v = filter(v, "setsar", "1")
	out := v.Output(file, graph.KwArgs{
		"format": "image2", "update": "1", "frames:v": "1", "c:v": "mjpeg", "q:v": "4", "pix_fmt": "yuvj420p",
		"map_metadata": "-1", "fflags": "+bitexact", "flags:v": "+bitexact",
	})
	return compile(out, "-copyts", "-max_error_rate", "1")
}

// toneMapped brings HDR pictures to linear light, maps their tones, and gives
// them the colours of every screen.
func toneMapped(v *graph.Stream, s ladder.Source) *graph.Stream {
	if !s.HDR {
		return v
	}
	v = filter(v, "zscale", "t=linear", "npl=100")
	v = filter(v, "format", "gbrpf32le")
	v = filter(v, "zscale", "p=bt709")
	v = filter(v, "tonemap", "hable", "desat=0")
	v = filter(v, "zscale", "t=bt709", "m=bt709", "r=tv")
	return filter(v, "format", "yuv420p")
}

// matrix is what scale must believe of the picture's colours when the file
// does not say.
func matrix(s ladder.Source) string {
	switch {
	case s.Matrix != "" || s.HDR:
		return ""
	case s.Height >= 720:
		return "bt709"
	}
	return "bt601"
}
