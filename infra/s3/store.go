// Package s3 keeps media in any S3-compatible storage through aws-sdk-go-v2.
package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aws3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/media"
)

// Config says where storage is.
type Config struct {
	Endpoint  string // "https://s3.example.vn"; empty: AWS's own for the region
	Bucket    string
	Region    string // empty: us-east-1
	PathStyle bool   // http://host/bucket/key instead of http://bucket.host/key
	AccessKey string // empty: the SDK's own credentials chain
	SecretKey string
	Client    *http.Client // nil: one made here
	// Encryption at rest that every object is written with: "AES256",
	// "aws:kms" or "aws:kms:KEY"; empty: what the bucket does by itself.
	Encryption string

	backoff time.Duration // longest wait between two attempts; 0: maxBackoff (tests wait less)
}

// Bounds of one call. A call that storage does not answer ends as
// media.unavailable; the caller's context may end it sooner.
const (
	attempts   = 4
	maxBackoff = 2 * time.Second
	answerTime = 60 * time.Second // from the end of a request to the start of its answer
	callTime   = 3 * time.Minute  // calls without a large body, retries included
	joinTime   = 30 * time.Minute // CompleteMultipartUpload: storage may copy 20 GiB
)

// shaName is the user metadata that holds an object's SHA-256 in hex.
const shaName = "sha256"

// Store is media.Store and media.Multipart on one bucket. It is safe for
// concurrent use.
type Store struct {
	client  *aws3.Client
	presign *aws3.PresignClient
	patient aws.HTTPClient // waits joinTime for an answer
	bucket  string
	region  string
	sse     types.ServerSideEncryption // "": not asked for
	sseKey  *string                    // of KMS; nil: the bucket's
}

// New makes a Store; it reaches nothing yet (see EnsureBucket and Check).
func New(ctx context.Context, c Config) (*Store, error) {
	if c.Bucket == "" {
		return nil, fmt.Errorf("s3: no bucket given")
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.backoff == 0 {
		c.backoff = maxBackoff
	}
	sse, sseKey, err := encryption(c.Encryption)
	if err != nil {
		return nil, err
	}
	o := aws3.Options{
		Region:       c.Region,
		UsePathStyle: c.PathStyle,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = attempts, c.backoff
		}),
		// WhenSupported adds checksum headers that presigned requests of a
		// browser cannot send and that older servers refuse.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if c.Endpoint != "" {
		o.BaseEndpoint = aws.String(strings.TrimRight(c.Endpoint, "/"))
	}
	if c.AccessKey != "" {
		o.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")
	} else {
		chain, err := config.LoadDefaultConfig(ctx, config.WithRegion(c.Region))
		if err != nil {
			return nil, fmt.Errorf("s3: credentials: %w", err)
		}
		o.Credentials = chain.Credentials
	}
	patient := c.Client
	if c.Client == nil {
		c.Client, patient = newClient(answerTime), newClient(joinTime)
	}
	o.HTTPClient = outside{c.Client}
	client := aws3.New(o)
	return &Store{client: client, presign: aws3.NewPresignClient(client), patient: outside{patient}, bucket: c.Bucket,
		region: c.Region, sse: sse, sseKey: sseKey}, nil
}

// encryption reads what Config.Encryption asks for.
func encryption(s string) (types.ServerSideEncryption, *string, error) {
	key, named := strings.CutPrefix(s, "aws:kms:")
	switch {
	case s == "" || s == string(types.ServerSideEncryptionAes256) || s == string(types.ServerSideEncryptionAwsKms):
		return types.ServerSideEncryption(s), nil, nil
	case named && key != "":
		return types.ServerSideEncryptionAwsKms, &key, nil
	}
	return "", nil, fmt.Errorf("s3: encryption %q: want AES256, aws:kms or aws:kms:KEY", s)
}

// outside keeps requests to storage out of database transactions.
type outside struct{ next aws.HTTPClient }

// Do implements aws.HTTPClient.
func (o outside) Do(r *http.Request) (*http.Response, error) {
	job.Outside(r.Context(), "object storage: "+r.Method)
	return o.next.Do(r)
}

func newClient(answer time.Duration) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: answer,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}}
}

// EnsureBucket makes the bucket when it is not there.
func (s *Store) EnsureBucket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err := s.client.HeadBucket(ctx, &aws3.HeadBucketInput{Bucket: &s.bucket})
	if err == nil {
		return nil
	}
	if status(err) != http.StatusNotFound {
		return wrap(err, "bucket "+s.bucket)
	}
	in := &aws3.CreateBucketInput{Bucket: &s.bucket}
	if s.region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(s.region)}
	}
	_, err = s.client.CreateBucket(ctx, in)
	if c := code(err); c == "BucketAlreadyOwnedByYou" {
		return nil // another process was quicker
	}
	return wrap(err, "bucket "+s.bucket)
}

// Check asks storage for the bucket, for /readyz.
func (s *Store) Check(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &aws3.HeadBucketInput{Bucket: &s.bucket})
	if err != nil {
		return fmt.Errorf("bucket %s: %w", s.bucket, fault.Wrap(err, fault.Unavailable, "media.unavailable"))
	}
	return nil
}

// Put writes one object whole. ModifiedAt of the answer is not known.
func (s *Store) Put(ctx context.Context, key string, body io.ReadSeeker, size int64,
	o media.PutOptions) (media.Object, error) {
	body, err := measure(body, size)
	if err != nil {
		return media.Object{}, fmt.Errorf("object %s: %w", key, err)
	}
	in := &aws3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: body, ContentLength: &size,
		ServerSideEncryption: s.sse, SSEKMSKeyId: s.sseKey,
	}
	if o.ContentType != "" {
		in.ContentType = &o.ContentType
	}
	meta := map[string]string{}
	if o.SHA256 != "" {
		raw, err := hex.DecodeString(o.SHA256)
		if err != nil || len(raw) != 32 {
			return media.Object{}, fmt.Errorf("object %s: %w", key, fault.Wrap(err, fault.Invalid, "media.damaged"))
		}
		meta[shaName] = strings.ToLower(o.SHA256)
		in.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(raw))
		in.Metadata = meta
	}
	out, err := s.client.PutObject(ctx, in)
	if err != nil {
		return media.Object{}, wrap(err, "object "+key)
	}
	return media.Object{Key: key, Size: size, ETag: unquote(out.ETag), ContentType: o.ContentType, Meta: meta}, nil
}

// measure refuses a body that does not hold size bytes from where it stands.
func measure(body io.ReadSeeker, size int64) (io.ReadSeeker, error) {
	if body == nil {
		body = bytes.NewReader(nil)
	}
	at, err := body.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	end, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := body.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	if end-at != size {
		return nil, fault.New(fault.Invalid, "media.damaged", "size", size, "body", end-at)
	}
	return body, nil
}

// Get reads an object or a range of it; Object.Size is that of the whole. The
// caller closes the reader.
func (s *Store) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	in := &aws3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	switch {
	case r.Offset < 0 || r.Length == 0:
		return nil, media.Object{}, fmt.Errorf("object %s: %w", key, fault.New(fault.Invalid, "media.bad_range"))
	case r.Length > 0:
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1))
	case r.Offset > 0:
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", r.Offset))
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return nil, media.Object{}, wrap(err, "object "+key)
	}
	size := aws.ToInt64(out.ContentLength)
	if out.ContentRange != nil { // "bytes 0-9/100"
		_, total, _ := strings.Cut(*out.ContentRange, "/")
		if size, err = strconv.ParseInt(total, 10, 64); err != nil {
			out.Body.Close()
			return nil, media.Object{}, fmt.Errorf("object %s: %w", key,
				fault.Wrap(err, fault.Unavailable, "media.unavailable"))
		}
	}
	return out.Body, media.Object{
		Key: key, Size: size, ETag: unquote(out.ETag), ContentType: aws.ToString(out.ContentType),
		ModifiedAt: aws.ToTime(out.LastModified).UTC(), Meta: lower(out.Metadata),
	}, nil
}

// Head tells what storage knows of an object.
func (s *Store) Head(ctx context.Context, key string) (media.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	out, err := s.client.HeadObject(ctx, &aws3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		return media.Object{}, wrap(err, "object "+key)
	}
	return media.Object{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: unquote(out.ETag),
		ContentType: aws.ToString(out.ContentType), ModifiedAt: aws.ToTime(out.LastModified).UTC(),
		Meta: lower(out.Metadata),
	}, nil
}

// deleteBatch is the most keys that one DeleteObjects may name.
const deleteBatch = 1000

// Delete removes keys; a missing key is no error.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for len(keys) > 0 {
		n := min(len(keys), deleteBatch)
		if err := s.deleteSome(ctx, keys[:n]); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func (s *Store) deleteSome(ctx context.Context, keys []string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if len(keys) == 1 {
		_, err := s.client.DeleteObject(ctx, &aws3.DeleteObjectInput{Bucket: &s.bucket, Key: &keys[0]})
		if err = wrap(err, "object "+keys[0]); fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	}
	ids := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		ids[i].Key = &keys[i]
	}
	out, err := s.client.DeleteObjects(ctx, &aws3.DeleteObjectsInput{
		Bucket: &s.bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return wrap(err, fmt.Sprintf("%d objects", len(keys)))
	}
	for _, e := range out.Errors {
		if c := aws.ToString(e.Code); c != "NoSuchKey" {
			return fmt.Errorf("object %s: %w", aws.ToString(e.Key),
				fault.Wrap(fmt.Errorf("%s: %s", c, aws.ToString(e.Message)), fault.Unavailable, "media.unavailable"))
		}
	}
	return nil
}

// List calls each for every object below prefix, in key order.
func (s *Store) List(ctx context.Context, prefix string, each func(media.Object) bool) error {
	pages := aws3.NewListObjectsV2Paginator(s.client, &aws3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := nextPage(ctx, pages.NextPage)
		if err != nil {
			return wrap(err, "list "+prefix)
		}
		for _, o := range page.Contents {
			if !each(media.Object{
				Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), ETag: unquote(o.ETag),
				ModifiedAt: aws.ToTime(o.LastModified).UTC(),
			}) {
				return nil
			}
		}
	}
	return nil
}

// nextPage bounds the time of one page, not of the whole list.
func nextPage[P any](ctx context.Context, next func(context.Context, ...func(*aws3.Options)) (P, error)) (P, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return next(ctx)
}

func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

func lower(meta map[string]string) map[string]string {
	out := make(map[string]string, len(meta))
	for k, v := range meta {
		out[strings.ToLower(k)] = v
	}
	return out
}
