package delivery

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"lenlop/transcoder/ffmpeg"
)

// Check is one line of a QC sheet.
type Check struct {
	Code     string `json:"code"`     // stable: "qc.loudness"
	Demanded string `json:"demanded"` // "" when it is only noted
	Measured string `json:"measured"`
	Pass     bool   `json:"pass"`
}

// Sheet is the QC sheet of a broadcast copy: every demanded property, measured
// on the finished file.
type Sheet struct {
	Format   string  `json:"format"`
	Duration float64 `json:"duration"` // seconds
	Pass     bool    `json:"pass"`
	Checks   []Check `json:"checks"`
}

// ProbeArgs are ffprobe's for the finished file.
func ProbeArgs(file string) []string {
	args := append([]string{"-hide_banner", "-v", "error"}, ffmpeg.Guard()...)
	return append(args, "-count_packets", "-show_format", "-show_streams", "-of", "json", ffmpeg.URL(file))
}

// SizesArgs list the sizes of the picture's packets, for its true bit rate.
func SizesArgs(file string) []string {
	args := append([]string{"-hide_banner", "-v", "error"}, ffmpeg.Guard()...)
	return append(args, "-select_streams", "v:0", "-show_entries", "packet=size", "-of", "csv=p=0", ffmpeg.URL(file))
}

// WatchArgs decode the whole finished file and look and listen: loudness, true
// peak, black, frozen and silent stretches, order of fields. What they find is
// in what they write to standard error.
func WatchArgs(file string, threads int) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "info", "-nostats", "-threads", strconv.Itoa(threads)},
		ffmpeg.Guard()...)
	return append(args, "-i", ffmpeg.URL(file), "-filter_complex",
		"[0:v:0]idet,scale=480:-2,blackdetect=d=1:pix_th=0.10,freezedetect=n=-60dB:d=30[v];[0:a:0]ebur128=peak=true:framelog=verbose,silencedetect=n=-60dB:d=3[a]",
		"-map", "[v]", "-map", "[a]", "-f", "null", "pipe:")
}

// Findings is what watching a file found.
type Findings struct {
	Loudness     float64 // LUFS
	TruePeak     float64 // dBTP
	Black        float64 // seconds, the longest
	Frozen       float64 // seconds, the longest
	Silent       float64 // seconds, the longest
	TopFirst     int     // frames seen as top field first
	BottomFirst  int     // frames seen as bottom field first
	PictureBytes int64
}

var (
	loudnessIs = regexp.MustCompile(`(?m)^\s+I:\s+(-?[0-9.]+) LUFS`)
	peakIs     = regexp.MustCompile(`(?m)^\s+Peak:\s+(-?[0-9.]+|-inf) dBFS`)
	blackIs    = regexp.MustCompile(`black_duration:([0-9.]+)`)
	frozenIs   = regexp.MustCompile(`freeze_duration: ([0-9.]+)`)
	silentIs   = regexp.MustCompile(`silence_duration: ([0-9.]+)`)
	fieldsAre  = regexp.MustCompile(`Multi frame detection: TFF:\s*([0-9]+) BFF:\s*([0-9]+)`)
)

// ParseFindings reads what WatchArgs' command wrote.
func ParseFindings(text string) Findings {
	longest := func(re *regexp.Regexp) float64 {
		most := 0.0
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			v, _ := strconv.ParseFloat(m[1], 64)
			most = max(most, v)
		}
		return most
	}
	last := func(re *regexp.Regexp, none float64) float64 {
		all := re.FindAllStringSubmatch(text, -1)
		if len(all) == 0 {
			return none
		}
		v, err := strconv.ParseFloat(all[len(all)-1][1], 64)
		if err != nil {
			return math.Inf(-1)
		}
		return v
	}
	f := Findings{Loudness: last(loudnessIs, math.NaN()), TruePeak: last(peakIs, math.NaN()), Black: longest(blackIs),
		Frozen: longest(frozenIs), Silent: longest(silentIs)}
	if m := fieldsAre.FindStringSubmatch(text); m != nil {
		f.TopFirst, _ = strconv.Atoi(m[1])
		f.BottomFirst, _ = strconv.Atoi(m[2])
	}
	return f
}

// probed is what ffprobe says of a finished file.
type probed struct {
	Format struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
	} `json:"format"`
	Streams []struct {
		Type        string `json:"codec_type"`
		Codec       string `json:"codec_name"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		PixelFormat string `json:"pix_fmt"`
		FieldOrder  string `json:"field_order"`
		FrameRate   string `json:"r_frame_rate"`
		Aspect      string `json:"display_aspect_ratio"`
		SampleRate  string `json:"sample_rate"`
		Channels    int    `json:"channels"`
		Packets     string `json:"nb_read_packets"`
	} `json:"streams"`
}

// Judge writes the sheet: what was measured against the format. duration is
// the lesson's, in seconds; hasSound says whether the recording has any.
func Judge(f Format, probe []byte, w Findings, duration float64, hasSound bool) (Sheet, error) {
	var p probed
	if err := json.Unmarshal(probe, &p); err != nil {
		return Sheet{}, fmt.Errorf("qc: %w", err)
	}
	s := Sheet{Format: f.Name, Pass: true}
	s.Duration, _ = strconv.ParseFloat(p.Format.Duration, 64)
	add := func(code, demanded, measured string, pass bool) {
		s.Checks = append(s.Checks, Check{code, demanded, measured, pass})
		s.Pass = s.Pass && pass
	}
	same := func(code, demanded, measured string) { add(code, demanded, measured, demanded == measured) }
	add("qc.container", f.Demuxer, p.Format.Name, strings.Contains(","+p.Format.Name+",", ","+f.Demuxer+","))
	want := duration + f.Leader
	add("qc.duration", fmt.Sprintf("%.2f s ± 0.1", want), fmt.Sprintf("%.2f s", s.Duration),
		math.Abs(s.Duration-want) <= 0.1)
	pictures, sounds := 0, 0
	for _, x := range p.Streams {
		switch x.Type {
		case "video":
			pictures++
			same("qc.video_codec", f.VideoCodec, x.Codec)
			same("qc.size", fmt.Sprintf("%dx%d", f.Width, f.Height), fmt.Sprintf("%dx%d", x.Width, x.Height))
			same("qc.aspect", "16:9", x.Aspect)
			same("qc.frame_rate", fmt.Sprintf("%d/1", f.Rate), x.FrameRate)
			same("qc.pixel_format", f.PixelFormat, x.PixelFormat)
			// Containers name it by storage and display order: both top first.
			add("qc.field_order", "tt", x.FieldOrder, x.FieldOrder == "tt" || x.FieldOrder == "tb" &&
				f.Container == "mp4")
			rate := float64(8*w.PictureBytes) / math.Max(s.Duration, 0.04)
			add("qc.video_bitrate", fmt.Sprintf("%.1f-%.1f Mb/s", float64(f.LeastBitrate)/1e6,
				float64(f.MostBitrate)/1e6), fmt.Sprintf("%.2f Mb/s", rate/1e6),
				rate >= float64(f.LeastBitrate) && (f.MostBitrate == 0 || rate <= float64(f.MostBitrate)))
		case "audio":
			sounds++
			same("qc.audio_codec", f.AudioCodec, x.Codec)
			same("qc.sample_rate", "48000", x.SampleRate)
			same("qc.channels", "2", strconv.Itoa(x.Channels))
		}
	}
	add("qc.tracks", "1 + 1", fmt.Sprintf("%d + %d", pictures, sounds), pictures == 1 && sounds == 1)
	// What stands still has no order of fields to be seen.
	add("qc.fields_seen", "top first", fmt.Sprintf("%d top first, %d bottom first", w.TopFirst, w.BottomFirst),
		w.BottomFirst <= w.TopFirst/20)
	if hasSound {
		add("qc.loudness", fmt.Sprintf("%.1f ± %.1f LUFS", f.Loudness, f.Tolerance),
			fmt.Sprintf("%.1f LUFS", w.Loudness), math.Abs(w.Loudness-f.Loudness) <= f.Tolerance)
		add("qc.true_peak", fmt.Sprintf("≤ %.1f dBTP", f.TruePeak), fmt.Sprintf("%.1f dBTP", w.TruePeak),
			w.TruePeak <= f.TruePeak)
	}
	// A lesson may show one slide for a minute, and a recording may be silent
	// in places: noted for the operator's eye, not a fault of the copy.
	note := func(code string, v float64) { add(code, "", fmt.Sprintf("%.1f s", v), true) }
	note("qc.longest_freeze", w.Frozen)
	note("qc.longest_silence", w.Silent)
	note("qc.longest_black", w.Black)
	return s, nil
}
