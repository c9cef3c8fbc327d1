// Package ffmpeg builds the commands that the transcoder runs, as lists of
// arguments, and runs them inside a sandbox. It decides nothing: the settings
// come from package ladder.
package ffmpeg

import (
	"context"
	"fmt"
	"io"
	"time"
)

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
	Resident  int64 // bytes of memory that its processes may have in use together; 0: the sandbox's default
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
	Limit   string // one of the limits below when it is known to have ended the command, or ""
}

// The limits that end a command.
const (
	LimitWall   = "wall"
	LimitCPU    = "cpu"
	LimitMemory = "memory"
	LimitFile   = "file" // it wrote a larger file than it may
	LimitDisk   = "disk" // it could not write: the disk is full, or fails; ffmpeg may still say that all went well
)

// Error is for logs.
func (e *ExitError) Error() string {
	return fmt.Sprintf("%s: exit %d %s %s: %s", e.Program, e.Code, e.Signal, e.Limit, e.Tail)
}
