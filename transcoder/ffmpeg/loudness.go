package ffmpeg

import (
	"regexp"
	"strconv"
	"strings"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// LoudnessArgs builds the command that measures a window of the recording's
// sound with EBU R 128, once as it would be in mono and, when stereo is asked
// for, once in stereo. What it finds is in what it writes to standard error.
func LoudnessArgs(path string, s ladder.Source, at, length float64, stereo bool) ([]string, error) {
	a := mixed(open(path, s, at+lead, 1, graph.KwArgs{"t": number(length)}).Get, s)
	measure := func(a *graph.Stream, layout string) *graph.Stream {
		a = filter(a, "aformat", "channel_layouts="+layout)
		return filter(a, "ebur128", "framelog=verbose").Output("pipe:", graph.KwArgs{"format": "null"})
	}
	if !stereo {
		return compile(measure(a, "mono"), "-v", "info", "-nostats")
	}
	split := bothChannels(a).ASplit()
	return compile(graph.MergeOutputs(measure(split.Get("0"), "mono"), measure(split.Get("1"), "stereo")), "-v",
		"info", "-nostats")
}

var integrated = regexp.MustCompile(`(?m)^\s+I:\s+(-?[0-9.]+) LUFS`)

// ParseLoudness finds the integrated loudness of each measurement, in LUFS, in
// order of the filters' names: mono first.
func ParseLoudness(text string) []float64 {
	blocks := map[string]float64{}
	var names []string
	for _, block := range strings.Split(text, "[Parsed_ebur128_")[1:] {
		name, _, _ := strings.Cut(block, " ")
		m := integrated.FindStringSubmatch(block)
		if m == nil {
			continue
		}
		if v, err := strconv.ParseFloat(m[1], 64); err == nil {
			if _, seen := blocks[name]; !seen {
				names = append(names, name)
			}
			blocks[name] = v
		}
	}
	// Names are the filters' numbers in the graph.
	list := make([]float64, 0, len(names))
	for len(names) > 0 {
		least := 0
		for i := range names {
			a, _ := strconv.Atoi(names[i])
			b, _ := strconv.Atoi(names[least])
			if a < b {
				least = i
			}
		}
		list = append(list, blocks[names[least]])
		names = append(names[:least], names[least+1:]...)
	}
	return list
}
