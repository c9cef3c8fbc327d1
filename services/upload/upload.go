// Package upload brings a recording into storage over connections that break:
// the server holds a plan, the client sends parts straight to storage under
// presigned URLs or appends bytes by tus, on any device, and the recording is
// acknowledged only when storage has all of it.
package upload

import (
	"context"
	"time"
)

// Status of an upload.
type Status string

// The statuses.
const (
	Open     Status = "open"
	Complete Status = "complete"
	Aborted  Status = "aborted"
)

// Upload is one file on its way into storage.
type Upload struct {
	ID          string
	LessonID    string
	PersonID    string
	RecordingID string // the recording it becomes
	Filename    string
	Size        int64 // bytes, as announced at the start and checked at the end
	PartSize    int64
	PartCount   int
	Key         string // final key: random, so that nobody can overwrite it
	StorageID   string // storage's multipart upload id
	Status      Status
	CreatedAt   time.Time
	ExpiresAt   time.Time // abandoned uploads are removed after 7 days
}

// Store keeps uploads. Missing rows are fault.NotFound "upload.not_found".
type Store interface {
	Upload(ctx context.Context, id string) (Upload, error)
	// Lock reads an upload for update inside the transaction in ctx.
	Lock(ctx context.Context, id string) (Upload, error)
	SaveUpload(ctx context.Context, u Upload) error
	// OpenUploads of a lesson, newest first.
	OpenUploads(ctx context.Context, lesson string) ([]Upload, error)
	// Expired lists open uploads whose ExpiresAt has passed.
	Expired(ctx context.Context, now time.Time, limit int) ([]Upload, error)
	// Reserved is the sum of sizes (bytes) of the person's open uploads and
	// of the recordings of their lessons; the quota limits it. Inside a
	// transaction it makes other transactions that call it for the same
	// person wait until this one ends, so that two uploads begun at once
	// cannot exceed the quota together.
	Reserved(ctx context.Context, person string) (int64, error)
}
