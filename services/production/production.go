// Package production turns received recordings into verified packages: the
// workers (probe, transcode, finish, hash, publish, sweep) and
// the packages and segments they leave behind.
//
// The way of a recording: lesson.Receive asks for probe and hash; probe
// refuses the recording or plans its package and asks for one transcode job
// per task of the plan; each transcode stores what it made and, with its last
// words, adds it to the package; the one that completes the package asks for
// finish, which looks at the whole, writes the final playlists and switches
// the lesson over. Every worker may run twice: what it stores stands below a
// folder named by its fencing token, and what it says to the database commits
// together with its end.
package production

import (
	"context"
	"encoding/json"
	"time"

	"lenlop/services/lesson"
)

// Package is the set of renditions made from one recording.
type Package struct {
	ID          string
	LessonID    string
	RecordingID string
	State       PackageState
	Facts       json.RawMessage // transcoder.Facts: what was measured of the recording
	Plan        json.RawMessage // transcoder.Plan
	Duration    float64         // seconds
	Files       []File          // plain files beside the ladder; none until they are made
	CreatedAt   time.Time
	PlayableAt  time.Time
	FinishedAt  time.Time
	RetiredAt   time.Time // replaced since; its objects go a day later
}

// PackageState of a package.
type PackageState string

// The states of a package.
const (
	Growing  PackageState = "growing"
	Verified PackageState = "verified"
	Broken   PackageState = "broken"
	Retired  PackageState = "retired"
)

// File is one plain file of a package: it needs no playlist and is no segment.
type File struct {
	Key       string           `json:"key"`       // media key
	Size      int64            `json:"size"`      // bytes
	Rendition lesson.Rendition `json:"rendition"` // what the lesson says of it; without a name: nothing
}

// Segment is one stored file of a rendition: an init section (Index -1) or a
// media chunk.
type Segment struct {
	PackageID string
	Rung      string
	Piece     int
	Index     int     // within the piece; -1: init section
	Duration  float64 // seconds
	Key       string  // media key
	Size      int64
	SHA256    string
}

// Store keeps packages and segments. Missing rows are fault.NotFound "package.not_found".
type Store interface {
	Package(ctx context.Context, id string) (Package, error)
	// LockPackage reads it for change inside the transaction in ctx.
	LockPackage(ctx context.Context, id string) (Package, error)
	SavePackage(ctx context.Context, p Package) error
	// AddPiece stores the segments of one piece of one rung, replacing those
	// of an earlier attempt.
	AddPiece(ctx context.Context, packageID, rung string, piece int, segs []Segment) error
	// Packages of a lesson, newest first.
	Packages(ctx context.Context, lesson string) ([]Package, error)
	// Segments of a package in order of rung, piece, index.
	Segments(ctx context.Context, packageID string) ([]Segment, error)
	// Retired lists packages with RetiredAt before the time.
	Retired(ctx context.Context, before time.Time, limit int) ([]Package, error)
	DeletePackage(ctx context.Context, id string) error
}
