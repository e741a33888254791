package remote

import (
	"net/http"
	"strings"

	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// what is the kind of a failure and what it is about.
type what struct {
	kind   fault.Kind
	entity fault.Entity
}

// kinds says what a store's code means. The codes are those of the S3 API reference ("Error responses") and those that
// MinIO, Ceph, versitygw and Garage use besides.
var kinds = map[string]what{
	"NoSuchBucket":  {fault.NotFound, fault.Bucket},
	"NoSuchKey":     {fault.NotFound, fault.Key},
	"NoSuchUpload":  {fault.NotFound, fault.Upload},
	"NoSuchVersion": {fault.NotFound, fault.Object},

	"BucketAlreadyExists":                {fault.AlreadyExists, fault.Bucket},
	"BucketAlreadyOwnedByYou":            {fault.AlreadyExists, fault.Bucket}, // by us, not by the caller
	"BucketNotEmpty":                     {fault.InUse, fault.Bucket},
	"TooManyBuckets":                     {fault.LimitExceeded, fault.Bucket},
	"InvalidBucketName":                  {fault.Invalid, fault.BucketName},
	"InvalidLocationConstraint":          {fault.Invalid, fault.Region},
	"IllegalLocationConstraintException": {fault.Invalid, fault.Region},

	"PreconditionFailed":         {fault.Precondition, ""},
	"NotModified":                {fault.NotModified, ""},
	"InvalidRange":               {fault.Range, fault.ByteRange},
	"InvalidPartNumber":          {fault.Range, fault.Part},
	"OperationAborted":           {fault.Conflict, ""},
	"ConditionalRequestConflict": {fault.Conflict, ""},
	"InvalidObjectState":         {fault.Conflict, fault.Object},
	"ObjectLocked":               {fault.Conflict, fault.Object}, // MinIO
	"RestoreAlreadyInProgress":   {fault.Conflict, fault.Object},

	"InvalidPart":      {fault.Invalid, fault.Part},
	"InvalidPartOrder": {fault.Invalid, fault.PartOrder},
	"EntityTooSmall":   {fault.Invalid, fault.PartSize},

	"BadDigest":                    {fault.Invalid, fault.Checksum},
	"XAmzContentChecksumMismatch":  {fault.Invalid, fault.Checksum}, // MinIO
	"InvalidDigest":                {fault.Invalid, fault.ContentMD5},
	"IncompleteBody":               {fault.Incomplete, fault.Body},
	"RequestTimeout":               {fault.Incomplete, fault.Body},
	"MalformedTrailerError":        {fault.Malformed, fault.Request},
	"MalformedXML":                 {fault.Malformed, fault.XML},
	"MissingContentLength":         {fault.Invalid, fault.ContentLength},
	"EntityTooLarge":               {fault.TooLarge, fault.ObjectSize},
	"KeyTooLongError":              {fault.TooLarge, fault.Key},
	"KeyTooLong":                   {fault.TooLarge, fault.Key},
	"MetadataTooLarge":             {fault.TooLarge, fault.Metadata},
	"MaxMessageLengthExceeded":     {fault.TooLarge, fault.Body},
	"RequestHeaderSectionTooLarge": {fault.TooLarge, fault.Header},

	"InsufficientStorage":            {fault.LimitExceeded, fault.Storage},
	"QuotaExceeded":                  {fault.LimitExceeded, fault.Storage}, // Ceph, versitygw
	"XMinioStorageFull":              {fault.LimitExceeded, fault.Storage},
	"XMinioAdminBucketQuotaExceeded": {fault.LimitExceeded, fault.Storage},
	"StorageFull":                    {fault.LimitExceeded, fault.Storage},

	"NotImplemented":      {fault.Unsupported, fault.Operation},
	"MethodNotAllowed":    {fault.Unsupported, fault.Method},
	"InvalidArgument":     {fault.Invalid, fault.Argument},
	"InvalidRequest":      {fault.Invalid, fault.Request},
	"InvalidStorageClass": {fault.Invalid, fault.Header},
	"InvalidTag":          {fault.Invalid, fault.Tag},

	"SlowDown":             {fault.Throttled, ""},
	"SlowDownRead":         {fault.Throttled, ""}, // MinIO
	"SlowDownWrite":        {fault.Throttled, ""},
	"RequestLimitExceeded": {fault.Throttled, ""},
	"ThrottlingException":  {fault.Throttled, ""},
	"TooManyRequests":      {fault.Throttled, ""},
	"InternalError":        {fault.Unavailable, fault.Upstream},
	"ServiceUnavailable":   {fault.Unavailable, fault.Upstream},
}

// ourFault are the codes by which a store says that the gateway's own request was wrong: its keys, its signature, its
// clock, its region. They have other statuses than 401 and 403, too.
var ourFault = map[string]bool{
	"AccessDenied": true, "AllAccessDisabled": true, "AccountProblem": true, "NotSignedUp": true,
	"InvalidAccessKeyId": true, "SignatureDoesNotMatch": true, "InvalidSecurity": true, "InvalidToken": true,
	"ExpiredToken": true, "TokenRefreshRequired": true, "CredentialsNotSupported": true, "MissingSecurityHeader": true,
	"MissingAuthenticationToken": true, "RequestTimeTooSkewed": true, "RequestExpired": true,
	"AuthorizationHeaderMalformed": true, "AuthorizationQueryParametersError": true,
	"XAmzContentSHA256Mismatch": true, "InvalidHTTPAuthHeader": true, "UnauthorizedAccess": true,
}

// kindOf says what a store's failure is: by its code, else by its status.
func kindOf(op *awswire.Operation, e *awswire.APIError) (fault.Kind, fault.Entity) {
	if e.Code == "BadDigest" && strings.Contains(e.Message, "Content-MD5") {
		return fault.Invalid, fault.Digest
	}
	if w, ok := kinds[e.Code]; ok {
		return w.kind, w.entity
	}
	switch s := e.Status; {
	case s == http.StatusNotModified && op.Method != http.MethodGet && op.Method != http.MethodHead:
		return fault.Precondition, "" // versitygw, of the source of a copy
	case s == http.StatusNotModified:
		return fault.NotModified, ""
	case s == http.StatusNotFound && e.Code != "":
		return fault.NotFound, fault.Argument // a configuration that is not there
	case s == http.StatusNotFound:
		return fault.NotFound, absent(op)
	case s == http.StatusMethodNotAllowed:
		return fault.Unsupported, fault.Method
	case s == http.StatusConflict:
		return fault.Conflict, ""
	case s == http.StatusLengthRequired:
		return fault.Invalid, fault.ContentLength
	case s == http.StatusPreconditionFailed:
		return fault.Precondition, ""
	case s == http.StatusRequestEntityTooLarge:
		return fault.TooLarge, fault.ObjectSize
	case s == http.StatusRequestedRangeNotSatisfiable:
		return fault.Range, fault.ByteRange
	case s == http.StatusTooManyRequests:
		return fault.Throttled, ""
	case s == http.StatusNotImplemented:
		return fault.Unsupported, fault.Operation
	case s == http.StatusInsufficientStorage:
		return fault.LimitExceeded, fault.Storage
	case s >= 400 && s < 500:
		return fault.Invalid, fault.Request
	}
	return fault.Unavailable, fault.Upstream
}

// absent is what a HEAD asked for. Its answer does not say whether the key or the bucket is missing. The key is what
// the gateway hides from those who may not list.
func absent(op *awswire.Operation) fault.Entity {
	if strings.Contains(op.URI, "{Key") {
		return fault.Key
	}
	return fault.Bucket
}
