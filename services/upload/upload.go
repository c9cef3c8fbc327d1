// Package upload brings a recording into storage over lines that break: a
// plan held by the server, parts sent straight to storage under presigned
// addresses, resumed on any device, acknowledged only when storage has it all.
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
	Size        int64 // bytes, as said at the start and checked at the end
	PartSize    int64
	PartCount   int
	Key         string // final key: random, nobody can write it again
	StorageID   string // storage's multipart upload id
	Status      Status
	CreatedAt   time.Time
	ExpiresAt   time.Time // abandoned uploads go after 7 days
}

// Store keeps uploads. Missing rows are fault.NotFound "upload.not_found".
type Store interface {
	Upload(ctx context.Context, id string) (Upload, error)
	// Lock reads an upload for change inside the transaction in ctx.
	Lock(ctx context.Context, id string) (Upload, error)
	SaveUpload(ctx context.Context, u Upload) error
	// OpenUploads of a lesson, newest first.
	OpenUploads(ctx context.Context, lesson string) ([]Upload, error)
	// Expired lists open uploads whose ExpiresAt has passed.
	Expired(ctx context.Context, now time.Time, limit int) ([]Upload, error)
	// Reserved is the sum of sizes (bytes) of the person's open uploads and
	// of recordings kept for their lessons: what the quota is held against.
	// Inside a transaction nobody else reserves for the person until it ends.
	// Inside a transaction it makes other transactions that ask the same of
	// the same person wait until it ends, so that two uploads begun at once
	// cannot pass the quota together.
	Reserved(ctx context.Context, person string) (int64, error)
}
