package objects

import (
	"errors"
	"syscall"

	"latchkey/internal/fault"
)

// The failures that more than one operation has.

func noBucket(name string) error {
	return fault.New(fault.NotFound, fault.Bucket, "The specified bucket does not exist").With("BucketName", name)
}

func noKey(key string) error {
	return fault.New(fault.NotFound, fault.Key, "The specified key does not exist.").With("Key", key)
}

func noUpload(id string) error {
	return fault.New(fault.NotFound, fault.Upload,
		"The specified upload does not exist. The upload ID may be invalid, "+
			"or the upload may have been aborted or completed.").With("UploadId", id)
}

func badArgument(name, value, format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Argument, format, args...).With("ArgumentName", name).With("ArgumentValue",
		value)
}

// invalidRequest is a combination that AWS refuses with InvalidRequest.
func invalidRequest(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Request, format, args...)
}

// notServed refuses what S3 has and this store does not, in AWS's words for NotImplemented.
func notServed(header string) error {
	return fault.New(fault.Unsupported, fault.Header,
		"A header you provided implies functionality that is not implemented").With("Header", header)
}

func preconditionFailed(condition string) error {
	return fault.New(fault.Precondition, "",
		"At least one of the pre-conditions you specified did not hold").With("Condition", condition)
}

// storageFault tells a full disk from another failure of the store. A fault stays as it is.
func storageFault(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || isFull(err) {
		return fault.New(fault.LimitExceeded, fault.Storage, "The object store has no space left.").Because(err)
	}
	return err
}

// isFull reports whether SQLite says SQLITE_FULL.
func isFull(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Code() int
	}](err)
	return ok && e.Code()&0xff == 13
}

// bodyFault is the failure of a body that could not be read to its end. A fault of the gateway's reader (a hash, a
// chunk signature) stays as it is.
func bodyFault(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return incomplete().Because(err)
}

func incomplete() *fault.Error {
	return fault.New(fault.Incomplete, fault.Body,
		"You did not provide the number of bytes specified by the Content-Length HTTP header")
}
