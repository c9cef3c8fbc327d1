// Package transcoder turns one recording into a verified adaptive package. It
// knows nothing of lessons, databases, storage or HTTP: files in, files out.
//
// The way of a recording: Inspect measures it or refuses it, Plan decides the
// ladder and cuts it into pieces, each of the Plan's Tasks is given to Encode
// on any machine, and VerifyPackage looks at the whole once all are there.
package transcoder

import (
	"log/slog"
	"runtime"

	"lenlop/transcoder/ffmpeg"
	"lenlop/transcoder/ladder"
	"lenlop/transcoder/probe"
)

// The words of the transcoder, each defined in the package that owns it.
type (
	// Refusal says why a recording cannot be used.
	Refusal = probe.Refusal
	// Facts is what was measured of a recording.
	Facts = probe.Facts
	// Caption is one text track inside a recording.
	Caption = probe.Caption
	// Sound is one sound track of a recording.
	Sound = probe.Sound
	// Limits bound what recordings are taken.
	Limits = probe.Limits
	// Plan is the ladder of one recording and its pieces.
	Plan = ladder.Plan
	// Rung is one rendition of a plan.
	Rung = ladder.Rung
	// Piece is one stretch of the recording.
	Piece = ladder.Piece
	// Track is one of several sound tracks.
	Track = ladder.Track
	// Task is one unit of encoding that any worker may take.
	Task = ladder.Task
	// Command is one program run inside a sandbox.
	Command = ffmpeg.Command
	// Sandbox runs commands with no network and nothing but their folders.
	Sandbox = ffmpeg.Sandbox
	// ExitError tells how a command ended.
	ExitError = ffmpeg.ExitError
)

// The limits that end a command.
const (
	LimitWall   = ffmpeg.LimitWall
	LimitCPU    = ffmpeg.LimitCPU
	LimitMemory = ffmpeg.LimitMemory
	LimitFile   = ffmpeg.LimitFile
	LimitDisk   = ffmpeg.LimitDisk
)

// Transcoder is the entry point. Its methods may be called at the same
// time from many goroutines.
type Transcoder struct {
	Sandbox Sandbox
	Limits  Limits // zero fields mean probe.DefaultLimits
	Log     *slog.Logger
	Threads int // of each encoder; 0 means GOMAXPROCS
	// Scratch is where folders are made that no caller gives, and copies of
	// recordings with a mended clock; "" only in
	// tests: the folder for temporary files, which nobody sweeps.
	Scratch string

	copies retimedCopies
}

// Output is one finished file of a rendition: an init section (Index -1) or a
// media segment.
type Output struct {
	Rung     string
	Piece    int
	Index    int     // within the piece, from 0
	Path     string  // absolute, below the folder given to Encode
	Duration float64 // seconds; 0 for an init section
	Size     int64
	SHA256   string // hex
}

func (t *Transcoder) threads() int {
	if t.Threads > 0 {
		return t.Threads
	}
	return runtime.GOMAXPROCS(0)
}

func (t *Transcoder) log() *slog.Logger {
	if t.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return t.Log
}

// runner is the way every command of this package goes.
func (t *Transcoder) runner() ffmpeg.Runner { return ffmpeg.Runner{Sandbox: t.Sandbox} }
