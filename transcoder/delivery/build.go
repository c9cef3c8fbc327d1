package delivery

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
)

// MeasureArgs measures the whole sound of a recording by EBU R 128: the first
// of two passes.
func MeasureArgs(path string, s ladder.Source) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "info", "-nostats"}, ffmpeg.Guard()...)
	return append(args, "-i", ffmpeg.URL(path), "-filter_complex",
		mixed(s)+"aformat=channel_layouts=stereo,ebur128=framelog=verbose:peak=true", "-f", "null", "pipe:")
}

// MakeArgs builds the command of the second pass. loudness is what the first
// found, in LUFS, or 0 when there is no sound; uniform is the file with the
// recording's sound in one form, or "" while it needs none.
func MakeArgs(path string, p ladder.Plan, f Format, loudness float64, os []Overlay, uniform, file string,
	threads int) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error", "-y", "-progress", "pipe:1", "-copyts",
		"-max_error_rate", "1",
		"-threads", strconv.Itoa(threads)}, ffmpeg.Guard()...)
	args = append(append(args, ffmpeg.KeepGraph(p.Source)...), "-i", ffmpeg.URL(path))
	for _, o := range os {
		args = append(args, "-protocol_whitelist", "file", "-f", "png_pipe", "-i", ffmpeg.URL(o.PNG))
	}
	from := mixed(p.Source)
	if uniform != "" {
		args = append(args, "-protocol_whitelist", "file", "-f", "nut", "-i", ffmpeg.URL(uniform))
		from = fmt.Sprintf("[%d:0]", 1+len(os))
	}
	args = append(args, "-filter_complex", picture(p, f, os)+";"+sound(p, f, from, loudness),
		"-map", "[v]", "-map", "[a]")
	args = append(args, videoArgs(f, threads)...)
	args = append(args, "-c:a", f.AudioCodec, "-ar", strconv.Itoa(ladder.SampleRate), "-ac", "2")
	if f.AudioBitrate > 0 {
		args = append(args, "-b:a", strconv.Itoa(f.AudioBitrate))
	}
	args = append(args, "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact")
	if f.Container == "mp4" {
		args = append(args, "-movflags", "+faststart")
	}
	return append(args, "-f", f.Container, ffmpeg.URL(file))
}

// picture is the graph of the picture: on the lesson's clock, 50 pictures a
// second, scaled into the frame, and two of them woven into each frame.
func picture(p ladder.Plan, f Format, os []Overlay) string {
	s := p.Source
	var b strings.Builder
	fields := 2 * f.Rate
	if s.Video < 0 {
		fmt.Fprintf(&b, "color=c=0x1f6f78:s=%dx%d:r=%d:d=%s,format=%s", f.Width, f.Height, fields, seconds(p.Duration),
			f.PixelFormat)
	} else {
		fmt.Fprintf(&b, "[0:%d]%ssetpts=round(PTS-(%s)/TB)", s.Video, ffmpeg.FormText(s), seconds(s.Zero))
		if s.Interlaced {
			b.WriteString(",bwdif=mode=send_field:deint=all")
		}
		// Rates that do not divide 50 are blended: a repeated picture every
		// third one stutters on a television.
		if r := p.Rate.Float(); math.Abs(r-25) < 0.01 || math.Abs(r-50) < 0.01 || r < 12.6 {
			fmt.Fprintf(&b, ",fps=%d:start_time=0", fields)
		} else {
			fmt.Fprintf(&b, ",fps=%d/%d:start_time=0,framerate=fps=%d", p.Rate.Num, p.Rate.Den, fields)
		}
		fmt.Fprintf(&b, ",tpad=stop_mode=clone:stop=-1,trim=end=%s", seconds(p.Duration))
		if s.HDR {
			b.WriteString(
				",zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv")
		}
		fmt.Fprintf(&b,
			",scale=%d:%d:force_original_aspect_ratio=decrease:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1,format=%s,pad=%d:%d:-1:-1",
			f.Width, f.Height, f.PixelFormat, f.Width, f.Height)
	}
	for i, o := range os {
		var when []string
		for _, at := range o.Moments {
			when = append(when, fmt.Sprintf("between(t\\,%s\\,%s)", seconds(at), seconds(at+o.Length)))
		}
		// In the lower right corner, inside the safe area of 5 %.
		fmt.Fprintf(&b,
			"[p%d];[%d:0]scale=-1:%d[c%d];[p%d][c%d]overlay=x=W-w-W*0.05:y=H-h-H*0.05:eof_action=repeat:enable=%s",
			i, i+1, f.Height/3, i, i, i, strings.Join(when, "+"))
	}
	if f.Leader > 0 {
		fmt.Fprintf(&b, ",tpad=start_duration=%s:color=black", seconds(f.Leader))
	}
	// Lines of the two fields are softened a little, or fine writing flickers.
	fmt.Fprintf(&b, ",interlace=scan=tff:lowpass=linear,setfield=tff,format=%s[v]", f.PixelFormat)
	return b.String()
}

// mixed is the sound of the recording as a graph's beginning, from as many
// streams as it has for it.
func mixed(s ladder.Source) string {
	if len(s.Mix) < 2 {
		return fmt.Sprintf("[0:%d]", s.Audio)
	}
	var b strings.Builder
	for _, stream := range s.Mix {
		fmt.Fprintf(&b, "[0:%d]", stream)
	}
	fmt.Fprintf(&b, "amix=inputs=%d:duration=longest,", len(s.Mix))
	return b.String()
}

// sound is the graph of the sound: one gain, found in the first pass, and a
// limiter that works at four times the rate, so that it sees true peaks.
func sound(p ladder.Plan, f Format, from string, loudness float64) string {
	s := p.Source
	total := seconds(p.Duration + f.Leader)
	if s.Audio < 0 {
		return fmt.Sprintf("anullsrc=r=%d:cl=stereo,atrim=end=%s[a]", ladder.SampleRate, total)
	}
	gain := 0.0
	if loudness < 0 && loudness > -60 {
		gain = min(30, f.Loudness-loudness)
	}
	// AAC and MP2 add a little to peaks.
	limit := math.Pow(10, (f.TruePeak-1)/20)
	return fmt.Sprintf(
		"%saformat=sample_rates=%d,asetpts=PTS-(%d),aresample=async=1:min_hard_comp=0.02:first_pts=0,atrim=start_pts=0,aresample=%d,aformat=channel_layouts=stereo,"+
			"volume=%sdB,aresample=192000,alimiter=limit=%s:level=disabled:latency=1:attack=1,aresample=%d,adelay=%s:all=1,apad,atrim=end=%s[a]",
		from, s.SampleRate, int64(math.Round(s.Zero*float64(s.SampleRate))), ladder.SampleRate,
		seconds(gain), seconds(limit),
		ladder.SampleRate, seconds(f.Leader*1000), total)
}

func videoArgs(f Format, threads int) []string {
	rate := strconv.Itoa(f.VideoBitrate)
	args := []string{"-r", strconv.Itoa(f.Rate), "-pix_fmt", f.PixelFormat, "-b:v", rate, "-threads:v",
		strconv.Itoa(threads),
		"-flags:v", "+ildct+ilme", "-top", "1", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc",
		"bt709", "-color_range", "tv"}
	if f.VideoCodec == "h264" {
		// Constant: stations plan their disks and links by it.
		return append(args, "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-level:v", "4.1", "-g",
			"25", "-bf", "2",
			"-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-x264-params", "tff=1:nal-hrd=cbr:force-cfr=1")
	}
	args = append(args, "-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-minrate", rate, "-maxrate", rate, "-qmin",
		"1", "-qmax", "28", "-dc", "10", "-intra_vlc", "1", "-non_linear_quant", "1")
	if f.PixelFormat == "yuv422p" {
		// SMPTE RDD 9: XDCAM HD422 is 4:2:2 at High level, 50 Mb/s.
		return append(args, "-profile:v", "0", "-level:v", "2", "-bufsize", "36408333", "-seq_disp_ext", "1")
	}
	return append(args, "-profile:v", "4", "-level:v", "4", "-bufsize", "9781248")
}

func seconds(v float64) string {
	s := strconv.FormatFloat(v, 'f', 6, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
