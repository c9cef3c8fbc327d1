package ffmpeg

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// CopiedFile is the recording's own picture of a piece in the folder of the
// command.
const CopiedFile = "copied.mp4"

// before is how long before a piece copying begins, in seconds: longer than
// any group, so that wherever the demuxer lands, the piece's own key frame
// follows. What lies before it is left out afterwards.
const before = 8.0

// CopyArgs builds the command that takes a piece's pictures out of the
// recording as they are, with more before and after, and lists the times of
// all it took on standard output.
func CopyArgs(path string, p ladder.Plan, piece int, dir string) ([]string, error) {
	pc := p.Pieces[piece]
	v := open(path, p.Source, pc.Start-before+lead, 1).Get(strconv.Itoa(p.Source.Video))
	count := strconv.Itoa(int((pc.End - pc.Start + 2*before) * p.Rate.Float()))
	list := v.Output("pipe:1", graph.KwArgs{"format": "framecrc", "c:v": "copy", "frames:v": count})
	file := v.Output(filepath.Join(dir, CopiedFile), graph.KwArgs{
		"format": "mp4", "c:v": "copy", "frames:v": count, "map_metadata": "-1", "map_chapters": "-1",
		"fflags": "+bitexact",
	})
	return compile(graph.MergeOutputs(list, file), "-copyts")
}

// ParseShown reads the list that CopyArgs writes: when each picture is shown,
// in seconds of the file, in the order of decoding.
func ParseShown(list []byte) ([]float64, error) {
	num, den := 0, 0
	var shown []float64
	for line := range bytes.SplitSeq(list, []byte("\n")) {
		text := string(line)
		if rest, ok := strings.CutPrefix(text, "#tb 0: "); ok {
			if _, err := fmt.Sscanf(rest, "%d/%d", &num, &den); err != nil {
				return nil, fmt.Errorf("time base %q: %w", rest, err)
			}
		}
		if text == "" || text[0] == '#' {
			continue
		}
		fields := strings.Split(text, ",")
		if len(fields) < 5 || num <= 0 || den <= 0 {
			return nil, fmt.Errorf("packet %q", text)
		}
		pts, err := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("packet %q: %w", text, err)
		}
		shown = append(shown, float64(pts)*float64(num)/float64(den))
	}
	return shown, nil
}
