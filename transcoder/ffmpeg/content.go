package ffmpeg

import (
	"regexp"
	"strconv"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// ContentArgs builds the command that looks at a window of the picture: how
// much changes from one picture to the next (in what it writes to standard
// error), and how many bytes it takes at the settings of the 360p rung (what
// it writes to standard output).
func ContentArgs(path string, p ladder.Plan, at, length float64, w, h int) ([]string, error) {
	s := p.Source
	v := open(path, s, at, 1, keepGraph(s)).Get(strconv.Itoa(s.Video))
	v = formed(filter(v, "showinfo", "checksum=0"), s)
	v = filter(v, "setpts", "round(PTS-("+number(s.Zero)+")/TB)")
	v = filter(v, "fps", "fps="+strconv.Itoa(p.Rate.Num)+"/"+strconv.Itoa(p.Rate.Den))
	v = filter(v, "trim", "start="+number(at), "end="+number(at+length))
	v = toneMapped(v, s)
	v = filter(v, "scale", strconv.Itoa(w), strconv.Itoa(h), "flags=bicubic")
	v = filter(v, "format", "yuv420p")
	v = filter(v, "signalstats")
	v = filter(v, "metadata", "mode=print", "key=lavfi.signalstats.YDIF")
	return compile(v.Output("pipe:1", graph.KwArgs{
		"format": "h264", "c:v": "libx264", "preset": ladder.Preset, "crf": "27", "threads": "1", "g": "300",
		"pix_fmt": "yuv420p", "vsync": "passthrough",
	}), "-v", "info", "-nostats", "-copyts", "-max_error_rate", "1")
}

var size = regexp.MustCompile(` fmt:\S+ .* sar:(\d+)/(\d+) s:(\d+)x(\d+) `)

// Frame is the stored size of a picture and the shape of its pixels.
type Frame struct{ Width, Height, AspectX, AspectY int }

// ParseFrames counts the sizes of the pictures that ContentArgs looked at.
func ParseFrames(text string) map[Frame]int {
	found := map[Frame]int{}
	for _, m := range size.FindAllStringSubmatch(text, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
		}
		found[Frame{n[2], n[3], n[0], n[1]}]++
	}
	return found
}

var change = regexp.MustCompile(`lavfi\.signalstats\.YDIF=([0-9.]+)`)

// ParseChanges finds the mean change of luma (0 to 255) from each picture to
// the next. The first picture of a window has none before it.
func ParseChanges(text string) []float64 {
	var list []float64
	for _, m := range change.FindAllStringSubmatch(text, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err == nil {
			list = append(list, v)
		}
	}
	if len(list) > 0 {
		list = list[1:]
	}
	return list
}
