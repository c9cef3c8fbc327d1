// Package media names the objects that are kept in S3-compatible
// storage and declares what it needs from that storage.
package media

import (
	"context"
	"io"
	"os"
	"time"
)

// Object is what storage knows of one stored object.
type Object struct {
	Key         string
	Size        int64  // bytes
	ETag        string // as storage gives it, quotes removed
	ContentType string
	ModifiedAt  time.Time
	Meta        map[string]string // user metadata, lower-case names
}

// PutOptions accompany a Put. SHA256 (hex), when given, is stored as metadata
// "sha256" and checked by storage while the body is written.
type PutOptions struct {
	ContentType string
	SHA256      string
}

// Range is a byte range: Length < 0 means to the end. The zero Range with
// Length 0 is not valid; use All.
type Range struct{ Offset, Length int64 }

// All asks for the whole object.
var All = Range{0, -1}

// Part is one part of a multipart upload as storage lists it.
type Part struct {
	Number int // 1 to 10000
	Size   int64
	ETag   string
	SHA256 string // hex, when storage keeps it; else empty
}

// Pending is a multipart upload that has been neither completed nor aborted.
type Pending struct {
	Key, UploadID string
	StartedAt     time.Time
}

// Signed is a presigned request that a browser may send by itself.
type Signed struct {
	Method    string
	URL       string
	Headers   map[string]string
	ExpiresAt time.Time
}

// Store is object storage. Errors: fault.NotFound "media.not_found" for a
// missing key, fault.Unavailable "media.unavailable" when storage cannot be
// reached or refuses for a passing reason; fault.Invalid "media.bad_range"
// for a range that begins behind the object's end, and "media.damaged" when a
// body is not of the size or SHA-256 that was said. Every write is durable
// when it returns. Every call may be repeated.
type Store interface {
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64, o PutOptions) (Object, error)
	Get(ctx context.Context, key string, r Range) (io.ReadCloser, Object, error)
	Head(ctx context.Context, key string) (Object, error)
	// Delete removes keys; a missing key is no error.
	Delete(ctx context.Context, keys ...string) error
	// List calls each for every object below prefix in key order until each
	// returns false.
	List(ctx context.Context, prefix string, each func(Object) bool) error
}

// Multipart is the resumable way into storage, used by services/upload.
type Multipart interface {
	Create(ctx context.Context, key, contentType string) (uploadID string, err error)
	// PresignPart signs a PUT of one part. base is the scheme and host that the
	// client will send it to ("http://127.0.0.1:8080"); empty means storage's
	// own endpoint.
	PresignPart(ctx context.Context, base, key, uploadID string, number int, ttl time.Duration) (Signed, error)
	// PutPart uploads one part from the server itself.
	PutPart(ctx context.Context, key, uploadID string, number int, body io.ReadSeeker, size int64) (Part, error)
	// Parts lists what storage has, in order of number.
	Parts(ctx context.Context, key, uploadID string) ([]Part, error)
	// Complete joins the parts. fault.NotFound "media.no_upload" when the
	// upload is not known (any more); the object may then exist already.
	// fault.Conflict "media.bad_part" when a part is missing, too small or
	// not the one that was listed; the upload then stays as it was.
	Complete(ctx context.Context, key, uploadID string, parts []Part) (Object, error)
	// Abort forgets the upload; an unknown one is no error.
	Abort(ctx context.Context, key, uploadID string) error
	// Pending lists unfinished uploads below prefix.
	Pending(ctx context.Context, prefix string) ([]Pending, error)
}

// Opener is an optional capability of a Store whose objects are files on this
// machine: it opens the file behind an object read-only, so that it can be
// sent with sendfile or read by ffmpeg in place. The name must not be written.
// An object that is no file here at the moment (a cache may lack the space for
// it) is errors.ErrUnsupported: Get it instead.
type Opener interface {
	Open(ctx context.Context, key string) (*os.File, Object, error)
}
