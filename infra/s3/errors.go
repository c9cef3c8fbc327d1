package s3

import (
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"lenlop/services/fault"
)

// wrap turns storage's refusal into the faults of the media contract; noun
// names what was asked for. nil stays nil.
func wrap(err error, noun string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", noun, classify(err))
}

func classify(err error) *fault.Error {
	switch code(err) {
	case "NoSuchKey", "NotFound":
		return fault.Wrap(err, fault.NotFound, "media.not_found")
	case "NoSuchUpload":
		return fault.Wrap(err, fault.NotFound, "media.no_upload")
	case "NoSuchBucket":
		return fault.Wrap(err, fault.Unavailable, "media.unavailable")
	case "InvalidPart", "InvalidPartOrder", "EntityTooSmall":
		return fault.Wrap(err, fault.Conflict, "media.bad_part")
	case "InvalidRange", "RequestedRangeNotSatisfiable":
		return fault.Wrap(err, fault.Invalid, "media.bad_range")
	case "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded":
		return fault.Wrap(err, fault.Full, "storage.full")
	case "BadDigest", "InvalidDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
		return fault.Wrap(err, fault.Invalid, "media.damaged")
	}
	switch status(err) {
	case http.StatusInsufficientStorage:
		return fault.Wrap(err, fault.Full, "storage.full")
	case http.StatusNotFound:
		return fault.Wrap(err, fault.NotFound, "media.not_found")
	case http.StatusRequestedRangeNotSatisfiable:
		return fault.Wrap(err, fault.Invalid, "media.bad_range")
	}
	return fault.Wrap(err, fault.Unavailable, "media.unavailable")
}

// code is S3's own error code, or "".
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// status is the answer's HTTP status, or 0.
func status(err error) int {
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}
