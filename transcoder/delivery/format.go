// Package delivery knows the files that television stations take: their
// formats as data, the commands that make them, and the QC sheet that says,
// measured on the finished file, whether it keeps to its format.
package delivery

// Format is what a station demands of a broadcast copy. Formats are data: a
// station with other wishes gets its own.
type Format struct {
	Name         string `json:"name"`
	Container    string `json:"container"` // ffmpeg's muxer: "mp4", "mxf", "vob"
	Extension    string `json:"extension"`
	Demuxer      string `json:"demuxer"`    // how ffprobe names the container
	VideoCodec   string `json:"videoCodec"` // as ffprobe names it
	PixelFormat  string `json:"pixelFormat"`
	VideoBitrate int    `json:"videoBitrate"` // bits a second
	// bits a second of the picture measured over the file; 0: not demanded
	LeastBitrate int     `json:"leastBitrate"`
	MostBitrate  int     `json:"mostBitrate"`  // bits a second; 0: not demanded
	AudioCodec   string  `json:"audioCodec"`   // as ffprobe names it
	AudioBitrate int     `json:"audioBitrate"` // bits a second; 0: uncompressed
	Width        int     `json:"width"`        // pixels
	Height       int     `json:"height"`       // pixels
	Rate         int     `json:"rate"`         // frames a second
	Loudness     float64 `json:"loudness"`     // LUFS, EBU R 128
	Tolerance    float64 `json:"tolerance"`    // LU either way
	TruePeak     float64 `json:"truePeak"`     // dBTP, at most
	LongestBlack float64 `json:"longestBlack"` // seconds of black anywhere, at most
	// seconds without sound, at most; only noted when the recording has them itself
	LongestSilent float64 `json:"longestSilent"`
	Leader        float64 `json:"leader,omitzero"` // seconds of black and silence before the lesson
}

// Formats are the presets, all 1920x1080, 25 frames of two fields, top
// field first, loudness by EBU R 128.
func Formats() []Format {
	base := Format{Width: 1920, Height: 1080, Rate: 25, Loudness: -23, Tolerance: 0.5, TruePeak: -1, LongestBlack: 3,
		LongestSilent: 10}
	mp4, mxf, ps := base, base, base
	mp4.Name, mp4.Container, mp4.Extension, mp4.Demuxer = "h264-1080i50-mp4", "mp4", "mp4", "mov"
	mp4.VideoCodec, mp4.PixelFormat, mp4.VideoBitrate, mp4.LeastBitrate, mp4.MostBitrate = "h264", "yuv420p",
		15_000_000, 6_000_000, 20_000_000
	mp4.AudioCodec, mp4.AudioBitrate = "aac", 256_000
	mxf.Name, mxf.Container, mxf.Extension, mxf.Demuxer = "xdcam-hd422-1080i50-mxf", "mxf", "mxf", "mxf"
	mxf.VideoCodec, mxf.PixelFormat, mxf.VideoBitrate, mxf.LeastBitrate, mxf.MostBitrate = "mpeg2video", "yuv422p",
		50_000_000, 48_000_000, 52_000_000
	mxf.AudioCodec = "pcm_s24le"
	ps.Name, ps.Container, ps.Extension, ps.Demuxer = "mpeg2-ps-15m", "vob", "mpg", "mpeg"
	ps.VideoCodec, ps.PixelFormat, ps.VideoBitrate, ps.LeastBitrate, ps.MostBitrate = "mpeg2video", "yuv420p",
		15_000_000, 13_000_000, 17_000_000
	ps.AudioCodec, ps.AudioBitrate = "mp2", 384_000
	return []Format{mp4, mxf, ps}
}

// Find gives a preset by name.
func Find(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Overlay is a picture burned in at moments of the lesson: the check-in code
// and its QR.
type Overlay struct {
	PNG     string    // absolute path of a picture, shown a third of the screen high
	Moments []float64 // seconds of the lesson at which it appears
	Length  float64   // seconds it stays
}
