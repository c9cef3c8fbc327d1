package ffmpeg

import (
	"fmt"
	"strconv"
	"strings"

	"lenlop/transcoder/ladder"
)

// RetimeArgs builds the command that copies streams of a recording, packet by
// packet, with other times.
func RetimeArgs(path string, list []ladder.Retiming, file string) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error", "-y", "-copyts"}, Guard()...)
	args = append(args, "-i", URL(path))
	for _, r := range list {
		args = append(args, "-map", "0:"+strconv.Itoa(r.Stream))
	}
	args = append(args, "-c", "copy", "-copyinkf", "-copypriorss", "1", "-map_metadata", "-1", "-map_chapters", "-1")
	for i, r := range list {
		args = append(args, "-bsf:"+strconv.Itoa(i),
			"setts=pts="+shifted("PTS", r.Shifts)+":dts="+shifted("DTS", r.Shifts))
	}
	// A transport stream holds whatever its packets hold; no other container
	// takes sound that changes.
	return append(args, "-f", "mpegts", "-mpegts_copyts", "1", "-muxdelay", "0", "-muxpreload", "0",
		"-avoid_negative_ts",
		"disabled", "-max_muxing_queue_size", "4096", URL(file))
}

// shifted is the time of packet N in an expression of ffmpeg.
func shifted(time string, shifts []ladder.Shift) string {
	var b strings.Builder
	before := 0.0
	for _, s := range shifts {
		step := number(s.Seconds - before)
		before = s.Seconds
		if s.Packet == 0 {
			fmt.Fprintf(&b, "+(%s)", step)
			continue
		}
		fmt.Fprintf(&b, "+gte(N,%d)*(%s)", s.Packet, step)
	}
	return fmt.Sprintf("'if(eq(%[1]s,NOPTS),NOPTS,%[1]s+(%[2]s)/TB)'", time, strings.TrimPrefix(b.String(), "+"))
}
