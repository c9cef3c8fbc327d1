// Package ladder decides which renditions a recording gets, with which
// settings, and where the recording is cut. It is pure: facts in, plan out.
package ladder

import (
	"math"
)

// Video is the kind of a rung with a picture, Audio of one with sound only.
const (
	Video = "video"
	Audio = "audio"
)

// Rate is a number of pictures a second, exactly.
type Rate struct {
	Num int `json:"num"`
	Den int `json:"den"`
}

// Float is the rate as a number.
func (r Rate) Float() float64 {
	if r.Den == 0 {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// Seconds tells when picture n is shown.
func (r Rate) Seconds(n int64) float64 {
	if r.Num == 0 {
		return 0
	}
	return float64(n) * float64(r.Den) / float64(r.Num)
}

// Sound is how the sound of a rung is encoded: AAC-LC at 48 kHz.
type Sound struct {
	Bitrate  int     `json:"bitrate"` // bits a second
	Channels int     `json:"channels"`
	Gain     float64 `json:"gain,omitempty"`  // dB, one for the whole lesson, never per piece
	Mix      string  `json:"mix,omitempty"`   // how channels become one: "" their mean, or MixDifference
	Track    int     `json:"track,omitempty"` // index into Plan.Tracks; 0 also when there is but one
}

// Rung is one rendition: every rung with a picture carries the sound too,
// because hls.js light cannot play separate sound, unless there are Tracks.
type Rung struct {
	Name    string  `json:"name"` // "360p", "audio": unique in the plan, safe as a file name
	Kind    string  `json:"kind"` // Video or Audio
	Width   int     `json:"width,omitempty"`
	Height  int     `json:"height,omitempty"`
	FPS     float64 `json:"fps,omitempty"`
	Divide  int     `json:"divide,omitempty"` // every how-manieth picture of the plan's grid is kept: 1 or 2
	CRF     int     `json:"crf,omitempty"`
	MaxRate int     `json:"maxRate,omitempty"` // bits a second, the cap of the picture
	Level   int     `json:"level,omitempty"`   // H.264 level times ten
	Sound   Sound   `json:"sound"`             // zero when the recording is silent
	Copy    bool    `json:"copy,omitempty"`    // repackaged from the recording, not encoded; its sound is encoded
	// of a repackaged rung: how many the recording has, the last stands until the end
	Pictures  int64   `json:"pictures,omitempty"`
	Bandwidth int     `json:"bandwidth"` // planned: the peak, bits a second
	Codecs    string  `json:"codecs"`    // planned, RFC 6381
	Work      float64 `json:"work"`      // share of the encoding work of a second of lesson
}

// Piece is one stretch of the recording, from one key frame of all rungs to
// another: [Start, End) in seconds of the lesson.
type Piece struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	First int     `json:"first"` // index into Plan.Cuts of its first segment
	Last  int     `json:"last"`  // index into Plan.Cuts of its end
	// Where the recording is entered for it, in seconds of the lesson: under 0 at the recording's beginning, 0 a
	// little before Start.
	From float64 `json:"from,omitempty"`
}

// Source is how the recording is read: streams, clock, corrections.
type Source struct {
	Video      int     `json:"video"`      // stream index; -1: no picture
	Audio      int     `json:"audio"`      // stream index; -1: silent
	Zero       float64 `json:"zero"`       // the file's timestamp that is the lesson's 0, seconds
	VideoStart float64 `json:"videoStart"` // the file's timestamp of the first picture
	AudioStart float64 `json:"audioStart"` // seconds of the lesson
	AudioEnd   float64 `json:"audioEnd"`   // seconds of the lesson
	Width      int     `json:"width"`      // as shown: turned, square pixels
	Height     int     `json:"height"`     // as shown
	// The stored size to which all pictures are brought, because some have another; 0: they are turned, and taken as
	// they are.
	FrameWidth  int    `json:"frameWidth,omitempty"`
	FrameHeight int    `json:"frameHeight,omitempty"`
	Interlaced  bool   `json:"interlaced,omitempty"`
	HDR         bool   `json:"hdr,omitempty"`
	Matrix      string `json:"matrix,omitempty"` // colour matrix of the picture as scale names it
	SampleRate  int    `json:"sampleRate,omitempty"`
	// samples in a sound packet when the file's clock is too coarse to cut by; 0: the clock is exact
	SampleGrid  int     `json:"sampleGrid,omitempty"`
	SamplePhase float64 `json:"samplePhase,omitempty"` // samples
	FromStart   bool    `json:"fromStart,omitempty"`   // the file cannot be entered in its middle
	Still       bool    `json:"still,omitempty"`       // there is one picture, which stands for the whole lesson
	// Mix are the streams whose sound is mixed to the lesson's, Audio among them; none: it is Audio's alone.
	Mix []int `json:"mix,omitempty"`
	// Retime is how the clock of the file is mended: all else here is true of the copy that is made so; none: it needs
	// no mending.
	Retime []Retiming `json:"retime,omitempty"`
}

// Retiming gives the packets of a stream their times in a copy.
type Retiming struct {
	Stream int     `json:"stream"` // index in the file; its index in the copy is its place in Source.Retime
	Shifts []Shift `json:"shifts"`
}

// Shift is added to the times of packets from one on, until the next shift.
type Shift struct {
	Packet  int     `json:"packet"`  // number in its stream, from 0
	Seconds float64 `json:"seconds"` // in all, not added to the shift before
}

// Plan is the ladder of one recording and its pieces. It is all that a worker
// needs beside the recording itself.
type Plan struct {
	Version        int     `json:"version"`
	Duration       float64 `json:"duration"` // seconds
	Source         Source  `json:"source"`
	Rate           Rate    `json:"rate"`             // the grid on which pictures stand and the lesson is cut
	Cuts           []int64 `json:"cuts"`             // picture numbers where segments begin; the last is the end
	TargetDuration int     `json:"targetDuration"`   // seconds, of every playlist
	Rungs          []Rung  `json:"rungs"`            // best first; the sound-only ones last
	Tracks         []Track `json:"tracks,omitempty"` // of a recording with several sound tracks; else none
	Pieces         []Piece `json:"pieces"`
	Warning        string  `json:"warning,omitempty"` // code of something the teacher should know
}

// Frames is the number of pictures of the whole lesson on the plan's grid.
func (p Plan) Frames() int64 { return p.Cuts[len(p.Cuts)-1] }

// Rung finds a rung by name.
func (p Plan) Rung(name string) (Rung, bool) {
	for _, r := range p.Rungs {
		if r.Name == name {
			return r, true
		}
	}
	return Rung{}, false
}

// PicturesOf is how many pictures a rung has between two of the plan's Cuts.
func (p Plan) PicturesOf(r Rung, from, to int64) int {
	if r.Copy {
		return int(min(to, r.Pictures) - min(from, r.Pictures))
	}
	divide := int64(max(1, r.Divide))
	return int((to+divide-1)/divide - (from+divide-1)/divide)
}

// SoundFrame is the number of the AAC frame (1024 samples at 48 kHz, on one
// grid from the lesson's beginning) nearest to picture n: picture and sound
// never share a cut, so sound is cut at its own.
func (p Plan) SoundFrame(n int64) int64 {
	return int64(math.Round(p.Rate.Seconds(n) * SampleRate / SamplesPerFrame))
}

// The sound of every rung.
const (
	SampleRate      = 48000
	SamplesPerFrame = 1024
)
