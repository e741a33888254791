package objects

import (
	"context"
	"reflect"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

// Traits says that the store keeps keys as they are, and nonces.
func (s *Store) Traits() upstream.Traits { return upstream.Traits{Flat: true, Nonces: true} }

// Do performs one S3 operation: the store is an upstream of the gateway.
func (s *Store) Do(ctx context.Context, call upstream.Call) (any, error) {
	return s.mux.Do(ctx, call, awswire.Call{Operation: call.Operation, Input: call.Input})
}

// newMux registers the S3 operations of this store. A GetObject whose answer has a Content-Range is a 206. The caller
// of GetObject closes the output's Body.
func newMux(s *Store) *awswire.Mux[upstream.Call] {
	m := new(awswire.Mux[upstream.Call])
	w := &wire{s}
	handle(m, s3.ListBuckets, w.listBuckets)
	handle(m, s3.CreateBucket, w.createBucket)
	handle(m, s3.DeleteBucket, w.deleteBucket)
	handle(m, s3.HeadBucket, w.headBucket)
	handle(m, s3.PutObject, w.putObject)
	handle(m, s3.GetObject, w.getObject)
	handle(m, s3.HeadObject, w.headObject)
	handle(m, s3.DeleteObject, w.deleteObject)
	handle(m, s3.DeleteObjects, w.deleteObjects)
	handle(m, s3.CopyObject, w.copyObject)
	handle(m, s3.CreateMultipartUpload, w.createMultipartUpload)
	handle(m, s3.UploadPart, w.uploadPart)
	handle(m, s3.UploadPartCopy, w.uploadPartCopy)
	handle(m, s3.ListParts, w.listParts)
	handle(m, s3.CompleteMultipartUpload, w.completeMultipartUpload)
	handle(m, s3.AbortMultipartUpload, w.abortMultipartUpload)
	handle(m, s3.ListMultipartUploads, w.listMultipartUploads)
	handle(m, s3.ListObjects, w.listObjects)
	handle(m, s3.ListObjectsV2, w.listObjectsV2)
	return m
}

// wire translates S3's inputs into requests to the store, and the store's answers into S3's outputs.
type wire struct{ s *Store }

// handle registers f behind the check for members that are not served.
func handle[In, Out any](
	m *awswire.Mux[upstream.Call], op awswire.Op[In, Out], f func(context.Context, upstream.Call, *In) (*Out, error),
) {
	rs := rulesFor(reflect.TypeFor[In]())
	awswire.Handle(m, op, func(ctx context.Context, c upstream.Call, in *In) (*Out, error) {
		if err := rs.check(reflect.ValueOf(in).Elem()); err != nil {
			return nil, err
		}
		return f(ctx, c, in)
	})
}

func quoted(etag string) *string { return new(`"` + etag + `"`) }

// wireHeaders are the members that describe a representation. Three inputs have them.
type wireHeaders struct {
	contentType, encoding, disposition, language, cache, expires *string
	metadata                                                     map[string]string
}

func (h wireHeaders) headers() Headers {
	out := Headers{
		ContentType:        awswire.Value(h.contentType),
		ContentEncoding:    contentEncoding(awswire.Value(h.encoding)),
		ContentDisposition: awswire.Value(h.disposition),
		ContentLanguage:    awswire.Value(h.language),
		CacheControl:       awswire.Value(h.cache),
		Expires:            awswire.Value(h.expires),
	}
	if len(h.metadata) > 0 {
		out.Metadata = make(map[string]string, len(h.metadata))
		for name, v := range h.metadata {
			out.Metadata[strings.ToLower(name)] = v
		}
	}
	return out
}

// contentEncoding removes aws-chunked, which is a framing of the request, from the object's encodings.
func contentEncoding(header string) string {
	var kept []string
	for e := range strings.SplitSeq(header, ",") {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "aws-chunked") {
			kept = append(kept, e)
		}
	}
	return strings.Join(kept, ",")
}
