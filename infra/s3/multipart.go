package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// maxSigned is the longest life of a presigned address (docs: leaked addresses
// must die within 15 minutes).
const maxSigned = 15 * time.Minute

// Create begins a multipart upload.
func (s *Store) Create(ctx context.Context, key, contentType string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	in := &aws3.CreateMultipartUploadInput{Bucket: &s.bucket, Key: &key, ServerSideEncryption: s.sse,
		SSEKMSKeyId: s.sseKey}
	if contentType != "" {
		in.ContentType = &contentType
	}
	out, err := s.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", wrap(err, "upload of "+key)
	}
	return aws.ToString(out.UploadId), nil
}

// PresignPart signs a PUT of one part for at most 15 minutes. The Host is part
// of what is signed, so base must be the address that the client really uses.
func (s *Store) PresignPart(ctx context.Context, base, key, uploadID string, number int,
	ttl time.Duration) (media.Signed, error) {
	ttl = min(ttl, maxSigned)
	out, err := s.presign.PresignUploadPart(ctx, &aws3.UploadPartInput{
		Bucket: &s.bucket, Key: &key, UploadId: &uploadID, PartNumber: aws.Int32(int32(number)),
	}, func(o *aws3.PresignOptions) {
		o.Expires = ttl
		if base != "" {
			aws3.WithPresignClientFromClientOptions(func(c *aws3.Options) {
				c.BaseEndpoint, c.UsePathStyle = aws.String(strings.TrimRight(base, "/")), true
			})(o)
		}
	})
	if err != nil {
		return media.Signed{}, wrap(err, fmt.Sprintf("part %d of %s", number, key))
	}
	// The address itself says when it was signed, by the clock that counts.
	signed, err := url.Parse(out.URL)
	if err != nil {
		return media.Signed{}, fmt.Errorf("part %d of %s: %w", number, key, err)
	}
	at, err := time.Parse("20060102T150405Z", signed.Query().Get("X-Amz-Date"))
	if err != nil {
		return media.Signed{}, fmt.Errorf("part %d of %s: %w", number, key, err)
	}
	headers := map[string]string{}
	for k, v := range out.SignedHeader {
		if len(v) > 0 && !strings.EqualFold(k, "Host") {
			headers[k] = v[0]
		}
	}
	return media.Signed{Method: out.Method, URL: out.URL, Headers: headers, ExpiresAt: at.Add(ttl)}, nil
}

// PutPart sends one part from here; storage checks its MD5.
func (s *Store) PutPart(ctx context.Context, key, uploadID string, number int, body io.ReadSeeker,
	size int64) (media.Part, error) {
	noun := fmt.Sprintf("part %d of %s", number, key)
	body, err := measure(body, size)
	if err != nil {
		return media.Part{}, fmt.Errorf("%s: %w", noun, err)
	}
	at, err := body.Seek(0, io.SeekCurrent)
	if err != nil {
		return media.Part{}, fmt.Errorf("%s: %w", noun, err)
	}
	sum := md5.New()
	if _, err := io.Copy(sum, body); err != nil {
		return media.Part{}, fmt.Errorf("%s: %w", noun, err)
	}
	if _, err := body.Seek(at, io.SeekStart); err != nil {
		return media.Part{}, fmt.Errorf("%s: %w", noun, err)
	}
	out, err := s.client.UploadPart(ctx, &aws3.UploadPartInput{
		Bucket: &s.bucket, Key: &key, UploadId: &uploadID, PartNumber: aws.Int32(int32(number)),
		Body: body, ContentLength: &size, ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum.Sum(nil))),
	})
	if err != nil {
		return media.Part{}, wrap(err, noun)
	}
	return media.Part{Number: number, Size: size, ETag: unquote(out.ETag)}, nil
}

// Parts lists the parts that storage has.
func (s *Store) Parts(ctx context.Context, key, uploadID string) ([]media.Part, error) {
	var parts []media.Part
	pages := aws3.NewListPartsPaginator(s.client,
		&aws3.ListPartsInput{Bucket: &s.bucket, Key: &key, UploadId: &uploadID})
	for pages.HasMorePages() {
		page, err := nextPage(ctx, pages.NextPage)
		if err != nil {
			return nil, wrap(err, "upload of "+key)
		}
		for _, p := range page.Parts {
			part := media.Part{Number: int(aws.ToInt32(p.PartNumber)), Size: aws.ToInt64(p.Size), ETag: unquote(p.ETag)}
			if raw, err := base64.StdEncoding.DecodeString(aws.ToString(p.ChecksumSHA256)); err == nil &&
				len(raw) == 32 {
				part.SHA256 = hex.EncodeToString(raw)
			}
			parts = append(parts, part)
		}
	}
	return parts, nil
}

// Complete joins the parts and tells what storage then has.
func (s *Store) Complete(ctx context.Context, key, uploadID string, parts []media.Part) (media.Object, error) {
	if len(parts) == 0 {
		return media.Object{}, fmt.Errorf("upload of %s: %w", key, fault.New(fault.Conflict, "media.bad_part"))
	}
	ctx, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	done := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		done[i] = types.CompletedPart{PartNumber: aws.Int32(int32(p.Number)), ETag: aws.String(p.ETag)}
	}
	_, err := s.client.CompleteMultipartUpload(ctx, &aws3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, UploadId: &uploadID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	}, func(o *aws3.Options) { o.HTTPClient = s.patient })
	if err != nil {
		return media.Object{}, wrap(err, "upload of "+key)
	}
	return s.Head(ctx, key)
}

// Abort forgets an upload; an unknown one is no error.
func (s *Store) Abort(ctx context.Context, key, uploadID string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err := s.client.AbortMultipartUpload(ctx,
		&aws3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &key, UploadId: &uploadID})
	if err = wrap(err, "upload of "+key); fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Pending lists unfinished uploads below prefix. (MinIO lists only those of
// one exact key; it clears abandoned ones by itself after a day.)
func (s *Store) Pending(ctx context.Context, prefix string) ([]media.Pending, error) {
	var out []media.Pending
	pages := aws3.NewListMultipartUploadsPaginator(s.client,
		&aws3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := nextPage(ctx, pages.NextPage)
		if err != nil {
			return nil, wrap(err, "uploads below "+prefix)
		}
		for _, u := range page.Uploads {
			out = append(out, media.Pending{Key: aws.ToString(u.Key), UploadID: aws.ToString(u.UploadId),
				StartedAt: aws.ToTime(u.Initiated).UTC()})
		}
	}
	return out, nil
}
