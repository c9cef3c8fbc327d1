// Package probe finds out what a recording is: it measures and never believes
// what the file says of itself, and refuses what cannot be used, with a
// reason.
package probe

import (
	"fmt"
	"time"

	"lenlop/transcoder/ladder"
)

// Refusal says why a recording cannot be used: a stable code that a teacher is
// told in a sentence ("recording.not_media"), and its facts.
type Refusal struct {
	Code  string
	Args  map[string]any
	Cause error // what a program said, for logs; may be nil
}

// Error is for logs.
func (r *Refusal) Error() string {
	if r.Cause != nil {
		return fmt.Sprintf("refused: %s %v: %v", r.Code, r.Args, r.Cause)
	}
	return fmt.Sprintf("refused: %s %v", r.Code, r.Args)
}

// The reasons for refusing a recording.
const (
	Empty           = "recording.empty"
	NotMedia        = "recording.not_media"
	Playlist        = "recording.playlist"
	Damaged         = "recording.damaged"
	Image           = "recording.image"
	Encrypted       = "recording.encrypted"
	TooLong         = "recording.too_long"          // args: hours, limit
	TooLargePicture = "recording.too_large_picture" // args: width, height
	TooManyStreams  = "recording.too_many_streams"  // args: limit
	NothingInside   = "recording.no_picture_or_sound"
	TooMuch         = "recording.too_much" // reading it took more time or memory than a recording may
)

// The warnings: the recording is used, and its teacher told.
const (
	Truncated = "recording.truncated"  // only a part of it is there
	Flawed    = "recording.flawed"     // some moments cannot be read: the picture stands or the sound is silent there
	Silent    = "recording.silent"     // there are sound tracks, and nothing is heard in any
	NoPicture = "recording.no_picture" // there is a picture track that cannot be read; the sound is used alone
	NoSound   = "recording.no_sound"   // there is a sound track that cannot be read; the picture is used alone
)

// Limits bound what recordings are taken.
type Limits struct {
	Duration time.Duration // of the lesson
	Pixels   int           // of one picture
}

// DefaultLimits: no lesson is longer than four hours; 8K is the largest
// picture a phone makes.
var DefaultLimits = Limits{Duration: 4 * time.Hour, Pixels: 8192 * 4352}

// Sound is one sound track of a recording.
type Sound struct {
	Stream   int     `json:"stream"` // index in the file
	Codec    string  `json:"codec"`
	Rate     int     `json:"rate"` // samples a second
	Channels int     `json:"channels"`
	Language string  `json:"language,omitempty"` // as the file says it, ISO 639
	Start    float64 `json:"start"`              // the file's timestamp, seconds
	End      float64 `json:"end"`
	Grid     int     `json:"grid,omitempty"`  // samples in a packet when the file's clock is too coarse to cut by
	Phase    float64 `json:"phase,omitempty"` // samples
}

// Caption is one text track inside a recording.
type Caption struct {
	Stream   int    `json:"stream"`
	Codec    string `json:"codec"`
	Language string `json:"language,omitempty"`
}

// Facts is what was measured of a recording.
type Facts struct {
	Format      string    `json:"format"`
	Size        int64     `json:"size"`
	Duration    float64   `json:"duration"` // seconds, from the packets' own times
	HasVideo    bool      `json:"hasVideo"`
	HasAudio    bool      `json:"hasAudio"`
	Stream      int       `json:"stream"` // of the picture; -1: none
	Codec       string    `json:"codec,omitempty"`
	Profile     string    `json:"profile,omitempty"`
	PixelFormat string    `json:"pixelFormat,omitempty"`
	Width       int       `json:"width,omitempty"` // as shown: turned, square pixels
	Height      int       `json:"height,omitempty"`
	FrameWidth  int       `json:"frameWidth,omitempty"`  // as stored; 0: turned
	FrameHeight int       `json:"frameHeight,omitempty"` // as stored
	Rotation    int       `json:"rotation,omitempty"`    // degrees
	Pictures    int       `json:"pictures,omitempty"`    // at times of their own
	FPS         float64   `json:"fps,omitempty"`         // measured
	RateNum     int       `json:"rateNum,omitempty"`     // the nearest exact rate
	RateDen     int       `json:"rateDen,omitempty"`
	Variable    bool      `json:"variable,omitempty"` // pictures do not come at equal distances
	Interlaced  bool      `json:"interlaced,omitempty"`
	HDR         bool      `json:"hdr,omitempty"`
	Matrix      string    `json:"matrix,omitempty"`
	VideoStart  float64   `json:"videoStart"` // the file's timestamp of the first picture, seconds
	VideoEnd    float64   `json:"videoEnd"`
	KeyFrames   []float64 `json:"keyFrames,omitempty"` // the file's timestamps, seconds
	Bitrate     int       `json:"bitrate,omitempty"`   // of the picture, bits a second
	Sounds      []Sound   `json:"sounds,omitempty"`
	Captions    []Caption `json:"captions,omitempty"`
	Warning     string    `json:"warning,omitempty"`
	// Retime is how the clock of the file is mended; the rest is true of the copy that is made so.
	Retime []ladder.Retiming `json:"retime,omitempty"`
	// Groups says whether the picture can be repackaged. It serves planning,
	// and is not kept: the plan has what follows from it.
	Groups *Groups `json:"-"`
}
