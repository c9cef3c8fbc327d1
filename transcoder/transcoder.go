// Package transcoder turns one recording into a verified adaptive package. It
// knows nothing of lessons, databases, storage or HTTP: files in, files out.
package transcoder

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Refusal says why a recording cannot be used: a stable code that a teacher is
// told in a sentence ("recording.not_media"), and its facts.
type Refusal struct {
	Code string
	Args map[string]any
}

// Error is for logs.
func (r *Refusal) Error() string { return fmt.Sprintf("refused: %s %v", r.Code, r.Args) }

// Task is one unit of encoding that any worker may take: one piece of the
// recording for a group of rungs made from one decode.
type Task struct {
	Piece  int      `json:"piece"` // 0-based
	Group  string   `json:"group"` // "low", "high", ...: unique within a piece
	Rungs  []string `json:"rungs"`
	Weight float64  `json:"weight"` // share of the whole plan's work; all tasks add up to 1
}

// Output is one finished file of a rendition: an init section (Index -1) or a
// media segment.
type Output struct {
	Rung     string
	Piece    int
	Index    int
	Path     string
	Duration float64 // seconds; 0 for an init section
	Size     int64
	SHA256   string // hex
}

// Command is one program run for the transcoder inside a sandbox.
type Command struct {
	Program   string   // "ffmpeg" or "ffprobe"
	Args      []string // without the program
	ReadOnly  []string // absolute paths of files or folders it may read
	WriteDir  string   // absolute path of the one folder it may write, or ""
	Stdin     io.Reader
	Stdout    io.Writer // nil discards
	Stderr    io.Writer // nil keeps the last 8 KiB for the error
	Extra     []io.Writer
	Memory    int64 // bytes of address space; 0: the sandbox's default
	CPU       time.Duration
	Wall      time.Duration
	FileBytes int64 // largest file it may write
}

// Sandbox runs commands with no network and nothing but their folders
// (infra/sandbox implements it). The error of a command that failed is an
// *ExitError. Cancelling ctx ends the whole process group within 2 s.
type Sandbox interface {
	Run(ctx context.Context, c Command) error
	// Describe says which protection is on, for health and log: "bubblewrap",
	// "prlimit only".
	Describe() string
}

// ExitError tells how a command ended.
type ExitError struct {
	Program string
	Code    int    // exit status; -1 when ended by a signal
	Signal  string // "killed", ... or ""
	Tail    string // the end of its standard error
	Limit   string // "wall", "cpu", "memory" when a limit is known to have ended it
}

// Error is for logs.
func (e *ExitError) Error() string {
	return fmt.Sprintf("%s: exit %d %s %s: %s", e.Program, e.Code, e.Signal, e.Limit, e.Tail)
}
