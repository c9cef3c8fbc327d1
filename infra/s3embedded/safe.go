package s3embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// safe closes the defects of versitygw's posix backend, measured on v1.8.0:
// it never syncs, so a power cut takes acknowledged objects (0 of 10 were
// whole); it takes a body that ends early, and lists the part at its full
// size; and a second Complete of one upload answers before the first is done.
// (The third measured defect, uploads stuck in Complete after kill -9, is
// mended at start: see mend.go.)
type safe struct {
	*posix.Posix
	root string // absolute: the process may change its working directory
	sync func(*os.File) error

	mu      sync.Mutex
	joining map[string]chan struct{} // upload id -> closed when its Complete ends
}

var _ backend.Backend = (*safe)(nil)

func newSafe(p *posix.Posix, root string, sync func(*os.File) error) *safe {
	return &safe{Posix: p, root: root, sync: sync, joining: map[string]chan struct{}{}}
}

// PutObject writes the data through before the object gets its name, so that
// replacing an object never leaves an empty one, and name and attributes after.
func (b *safe) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	in.Body = whole(in.Body, in.ContentLength)
	out, err := b.PutObjectWithPostFunc(ctx, in, b.sync)
	if err != nil {
		return out, err
	}
	return out, b.syncObject(*in.Bucket, *in.Key)
}

// UploadPart writes data and attributes through before the part gets its
// name, then the name.
func (b *safe) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	in.Body = whole(in.Body, in.ContentLength)
	out, err := b.UploadPartWithPostFunc(ctx, in, b.sync)
	if err != nil {
		return out, err
	}
	// The folders above lasted before the upload was acknowledged.
	return out, syncFile(b.sync, b.uploadDir(*in.Bucket, *in.Key, *in.UploadId))
}

// CreateMultipartUpload makes the upload itself last.
func (b *safe) CreateMultipartUpload(ctx context.Context,
	in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	out, err := b.Posix.CreateMultipartUpload(ctx, in)
	if err != nil {
		return out, err
	}
	return out, b.syncFolders(b.uploadDir(out.Bucket, out.Key, out.UploadId), out.Bucket)
}

// CompleteMultipartUpload joins the parts, one call at a time for one upload,
// and writes the joined file through before the parts are removed.
func (b *safe) CompleteMultipartUpload(ctx context.Context,
	in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if in.UploadId == nil || in.Key == nil || in.MultipartUpload == nil {
		return b.Posix.CompleteMultipartUpload(ctx, in) // refuses it
	}
	free, err := b.hold(ctx, *in.UploadId)
	if err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	defer free()
	left, synced := len(in.MultipartUpload.Parts), error(nil)
	join := func(from, to *os.File) (bool, error) {
		if _, err := io.Copy(to, from); err != nil {
			return true, err
		}
		if left--; left == 0 {
			// An error given back here would be taken as leave to copy by
			// other means, and then as success: it is kept for the end.
			synced = b.sync(to)
		}
		return true, nil
	}
	out, version, err := b.CompleteMultipartUploadWithCopy(ctx, in, join)
	if err != nil {
		return out, version, err
	}
	if synced != nil {
		return out, version, fmt.Errorf("sync %s: %w", *in.Key, synced)
	}
	return out, version, b.syncObject(*in.Bucket, *in.Key)
}

// CopyObject copies within storage.
func (b *safe) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	out, err := b.Posix.CopyObject(ctx, in)
	if err != nil {
		return out, err
	}
	return out, b.syncObject(*in.Bucket, *in.Key)
}

// UploadPartCopy is not offered: nothing here uses it, so nothing here has
// shown that it is safe.
func (b *safe) UploadPartCopy(context.Context, *s3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	return s3response.CopyPartResult{}, s3err.GetAPIError(s3err.ErrNotImplemented)
}

// DeleteObject removes an object for good.
func (b *safe) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	out, err := b.Posix.DeleteObject(ctx, in)
	if err != nil {
		return out, err
	}
	return out, b.syncFolders(filepath.Dir(b.object(*in.Bucket, *in.Key)), *in.Bucket)
}

// DeleteObjects removes many for good.
func (b *safe) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	out, err := b.Posix.DeleteObjects(ctx, in)
	if err != nil || in.Delete == nil {
		return out, err
	}
	done := map[string]bool{}
	for _, o := range in.Delete.Objects {
		if o.Key == nil {
			continue
		}
		dir := filepath.Dir(b.object(*in.Bucket, *o.Key))
		if done[dir] {
			continue
		}
		done[dir] = true
		if err := b.syncFolders(dir, *in.Bucket); err != nil {
			return out, err
		}
	}
	return out, nil
}

// hold waits until no other Complete of the upload runs.
func (b *safe) hold(ctx context.Context, upload string) (free func(), _ error) {
	for {
		b.mu.Lock()
		busy, ok := b.joining[upload]
		if !ok {
			done := make(chan struct{})
			b.joining[upload] = done
			b.mu.Unlock()
			return func() {
				b.mu.Lock()
				delete(b.joining, upload)
				b.mu.Unlock()
				close(done)
			}, nil
		}
		b.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *safe) object(bucket, key string) string { return filepath.Join(b.root, bucket, key) }

func (b *safe) uploadDir(bucket, key, upload string) string {
	return filepath.Join(b.root, bucket, uploadsDir, keyDir(key), upload)
}

// syncObject writes an object's file and the folders above it through.
func (b *safe) syncObject(bucket, key string) error {
	name := b.object(bucket, key)
	if err := syncFile(b.sync, name); err != nil {
		return err
	}
	return b.syncFolders(filepath.Dir(name), bucket)
}

func (b *safe) syncFolders(from, bucket string) error {
	return syncPath(b.sync, from, filepath.Join(b.root, bucket))
}

// syncPath writes a folder and those above it, up to and with top, through: a
// new folder lasts only when the one above it knows its name. Folders removed
// meanwhile are passed over.
func syncPath(sync func(*os.File) error, from, top string) error {
	for dir := from; ; dir = filepath.Dir(dir) {
		if err := syncFile(sync, dir); err != nil {
			return err
		}
		if dir == top || dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// syncFile writes one file or folder through. One that was removed since, by
// a call that came later, has nothing left to write.
func syncFile(sync func(*os.File) error, name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	defer f.Close()
	if err := sync(f); err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	return nil
}

// whole refuses a body that ends before its length. Bodies that carry a
// trailing checksum keep it.
func whole(body io.Reader, length *int64) io.Reader {
	if body == nil || length == nil {
		return body
	}
	w := &wholeReader{body: body, left: *length}
	if sum, ok := body.(middlewares.ChecksumReader); ok {
		return &wholeSumReader{wholeReader: w, sum: sum}
	}
	return w
}

type wholeReader struct {
	body io.Reader
	left int64
}

// Read gives an error of our own for an early end: io.ErrUnexpectedEOF is
// taken for a good end on the way up.
func (r *wholeReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.left -= int64(n)
	if r.left > 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	return n, err
}

type wholeSumReader struct {
	*wholeReader
	sum middlewares.ChecksumReader
}

func (r *wholeSumReader) Algorithm() string { return r.sum.Algorithm() }
func (r *wholeSumReader) Checksum() string  { return r.sum.Checksum() }
