package ffmpeg

import (
	"fmt"
	"strconv"
	"strings"

	graph "github.com/u2takey/ffmpeg-go"

	"lenlop/transcoder/ladder"
)

// formFilters bring pictures that change on the way to one form: size, shape of
// pixels and pixel format. They must stand before all others, because only they
// look at the form of each picture; those of that form pass untouched. Pictures
// of another shape get black borders.
func formFilters(s ladder.Source) [][]string {
	if !hasForm(s) {
		return nil
	}
	shape := number(float64(s.Width) / float64(s.Height))
	fit := func(side int, share string) string {
		// Two in a hundred are a header's rounding.
		return fmt.Sprintf("if(lt(abs(dar/%[1]s-1),0.02),%[2]d,max(2,2*trunc(%[2]d*min(1,%[3]s)/2)))", shape, side, share)
	}
	return [][]string{
		{"scale", "w=" + fit(s.FrameWidth, "dar/"+shape), "h=" + fit(s.FrameHeight, shape+"/dar"), "eval=frame",
			"flags=bicubic"},
		{"pad", strconv.Itoa(s.FrameWidth), strconv.Itoa(s.FrameHeight), "-1", "-1", "eval=frame"},
	}
}

// FormText is formFilters in a graph written by hand: it ends with a comma.
func FormText(s ladder.Source) string {
	var b strings.Builder
	for _, f := range formFilters(s) {
		b.WriteString(f[0] + "=" + strings.ReplaceAll(strings.Join(f[1:], ":"), ",", "\\,") + ",")
	}
	return b.String()
}

// hasForm tells whether pictures are brought to one form.
func hasForm(s ladder.Source) bool { return s.FrameWidth > 0 && s.FrameHeight > 0 && s.Height > 0 }

// formed is a picture in one form.
func formed(v *graph.Stream, s ladder.Source) *graph.Stream {
	for _, f := range formFilters(s) {
		v = filter(v, f[0], f[1:]...)
	}
	return v
}

// KeepGraph are the options of an input whose changes must not make ffmpeg
// build its graph again: all that the filters know of time would be lost.
// Sound that changes is then an error (SoundChanges).
func KeepGraph(s ladder.Source) []string {
	options := []string{"-reinit_filter:a", "0"}
	if hasForm(s) {
		options = append(options, "-reinit_filter:v", "0")
	}
	return options
}

// SoundChanges tells from the end of a command's standard error that the sound
// of the recording changes its form.
func SoundChanges(tail string) bool {
	return strings.Contains(tail, "Changing audio frame properties on the fly")
}

// UniformFile is the recording's sound of one stream in one form in the folder
// of the command.
func UniformFile(stream int) string { return fmt.Sprintf("uniform-%d.nut", stream) }

// UniformArgs builds the command that decodes sound of the recording between
// two times of the lesson and brings it to one rate and two channels, with the
// times that it has in the file. It holds no time itself, so that ffmpeg may
// build its graph again wherever the sound changes.
func UniformArgs(path string, s ladder.Source, from, to float64, file string) ([]string, error) {
	a := openAt(path, s, from, 1).Get(strconv.Itoa(s.Audio))
	a = filter(a, "aformat", "sample_fmts=s16", "sample_rates="+strconv.Itoa(s.SampleRate), "channel_layouts=stereo")
	a = filter(a, "atrim", "end="+number(s.Zero+to))
	return compile(a.Output(file, graph.KwArgs{"format": "nut", "c:a": "pcm_s16le", "map_metadata": "-1"}), "-copyts",
		"-max_error_rate", "1")
}

// uniform is the file that UniformArgs made, as an input.
func uniform(file string) *graph.Stream {
	return graph.Input(URL(file), graph.KwArgs{"protocol_whitelist": "file", "f": "nut"})
}
