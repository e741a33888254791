package objects

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

func (w *wire) putObject(ctx context.Context, c upstream.Call, in *s3.PutObjectRequest) (*s3.PutObjectOutput, error) {
	body, err := wireBody{c.Body, in.ContentLength, in.ContentMD5, in.ChecksumAlgorithm,
		sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA1, in.ChecksumSHA256}}.open()
	if err != nil {
		return nil, err
	}
	o, err := w.s.Put(ctx, Put{
		Bucket: awswire.Value(in.Bucket), Key: awswire.Value(in.Key), Body: body,
		Headers: wireHeaders{in.ContentType, in.ContentEncoding, in.ContentDisposition, in.ContentLanguage, in.CacheControl,
			in.Expires, in.Metadata}.headers(),
		If: Conditions{IfMatch: awswire.Value(in.IfMatch), IfNoneMatch: awswire.Value(in.IfNoneMatch)},
	})
	if err != nil {
		return nil, err
	}
	out := &s3.PutObjectOutput{ETag: quoted(o.ETag)}
	sum, kind := sumsOf(o.Checksum)
	out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	out.ChecksumSHA1, out.ChecksumSHA256, out.ChecksumType = sum.sha1, sum.sha256, kind
	return out, nil
}

// getIn reads a request for an object. One for its headers alone has the same members.
func getIn(in *s3.GetObjectRequest) Get {
	return Get{
		Bucket: awswire.Value(in.Bucket),
		Key:    awswire.Value(in.Key),
		Range:  awswire.Value(in.Range),
		Part:   int(awswire.Value(in.PartNumber)),
		If: Conditions{awswire.Value(in.IfMatch), awswire.Value(in.IfNoneMatch), awswire.Value(in.IfModifiedSince),
			awswire.Value(in.IfUnmodifiedSince)},
	}
}

func (w *wire) getObject(ctx context.Context, _ upstream.Call, in *s3.GetObjectRequest) (*s3.GetObjectOutput, error) {
	if err := checkPartParameter(in.PartNumber); err != nil {
		return nil, err
	}
	c, err := w.s.Get(ctx, getIn(in))
	if err != nil {
		return nil, err
	}
	out := &s3.GetObjectOutput{
		Body: c, AcceptRanges: new("bytes"), LastModified: &c.Modified, ContentLength: &c.Length, ETag: quoted(c.ETag),
		ContentRange: c.contentRange(), PartsCount: c.partsCount(in.PartNumber),
		CacheControl:       override(c.Headers.CacheControl, in.ResponseCacheControl),
		ContentDisposition: override(c.Headers.ContentDisposition, in.ResponseContentDisposition),
		ContentEncoding:    override(c.Headers.ContentEncoding, in.ResponseContentEncoding),
		ContentLanguage:    override(c.Headers.ContentLanguage, in.ResponseContentLanguage),
		ContentType:        override(c.Headers.ContentType, in.ResponseContentType),
		Expires:            override(c.Headers.Expires, httpDate(in.ResponseExpires)),
		Metadata:           c.Headers.Metadata,
	}
	sum, kind := sumsOf(c.answerChecksum(in.ChecksumMode))
	out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	out.ChecksumSHA1, out.ChecksumSHA256, out.ChecksumType = sum.sha1, sum.sha256, kind
	return out, nil
}

func (w *wire) headObject(
	ctx context.Context, _ upstream.Call, in *s3.HeadObjectRequest,
) (*s3.HeadObjectOutput, error) {
	if err := checkPartParameter(in.PartNumber); err != nil {
		return nil, err
	}
	c, err := w.s.Head(ctx, getIn((*s3.GetObjectRequest)(in)))
	if err != nil {
		return nil, err
	}
	out := &s3.HeadObjectOutput{
		AcceptRanges: new("bytes"), LastModified: &c.Modified, ContentLength: &c.Length, ETag: quoted(c.ETag),
		ContentRange: c.contentRange(), PartsCount: c.partsCount(in.PartNumber),
		CacheControl:       override(c.Headers.CacheControl, in.ResponseCacheControl),
		ContentDisposition: override(c.Headers.ContentDisposition, in.ResponseContentDisposition),
		ContentEncoding:    override(c.Headers.ContentEncoding, in.ResponseContentEncoding),
		ContentLanguage:    override(c.Headers.ContentLanguage, in.ResponseContentLanguage),
		ContentType:        override(c.Headers.ContentType, in.ResponseContentType),
		Expires:            override(c.Headers.Expires, httpDate(in.ResponseExpires)),
		Metadata:           c.Headers.Metadata,
	}
	sum, kind := sumsOf(c.answerChecksum(in.ChecksumMode))
	out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	out.ChecksumSHA1, out.ChecksumSHA256, out.ChecksumType = sum.sha1, sum.sha256, kind
	return out, nil
}

// checkPartParameter refuses a part number that is given and invalid. The store takes 0 for no part number.
func checkPartParameter(n *int32) error {
	if n == nil {
		return nil
	}
	return checkPartNumber(int(*n))
}

func (c *Content) contentRange() *string {
	if !c.Partial {
		return nil
	}
	return new(fmt.Sprintf("bytes %d-%d/%d", c.Offset, c.Offset+c.Length-1, c.Size))
}

// partsCount is the number of parts. Only a request for a part of a multipart object gets it.
func (c *Content) partsCount(asked *int32) *int32 {
	if asked == nil || c.Parts == 0 {
		return nil
	}
	return new(int32(c.Parts))
}

// answerChecksum is the checksum of exactly the bytes of the answer, if the client wants one and there is one. A
// checksum of other bytes would make the client's check fail.
func (c *Content) answerChecksum(mode *string) Checksum {
	switch {
	case awswire.Value(mode) != "ENABLED":
		return Checksum{}
	case c.Partial:
		return c.PartChecksum
	}
	return c.Checksum
}

func override(stored string, asked *string) *string {
	if asked != nil {
		return asked
	}
	return awswire.Optional(stored)
}

func httpDate(t *time.Time) *string {
	if t == nil {
		return nil
	}
	return new(t.UTC().Format(httpTime))
}

func (w *wire) deleteObject(
	ctx context.Context, _ upstream.Call, in *s3.DeleteObjectRequest,
) (*s3.DeleteObjectOutput, error) {
	return nil, w.s.Delete(ctx, awswire.Value(in.Bucket),
		Delete{Key: awswire.Value(in.Key), IfMatch: awswire.Value(in.IfMatch)})
}

func (w *wire) deleteObjects(
	ctx context.Context, _ upstream.Call, in *s3.DeleteObjectsRequest,
) (*s3.DeleteObjectsOutput, error) {
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > MaxDeletes {
		return nil, fault.New(fault.Malformed, fault.XML, "")
	}
	refused := make([]error, len(in.Delete.Objects))
	var keys []Delete
	var at []int // where keys[i] is in the request
	for i, o := range in.Delete.Objects {
		if refused[i] = checkIdentifier(o); refused[i] == nil {
			keys, at = append(keys, Delete{Key: awswire.Value(o.Key), IfMatch: awswire.Value(o.ETag)}), append(at, i)
		}
	}
	errs, err := w.s.DeleteMany(ctx, awswire.Value(in.Bucket), keys)
	if err != nil {
		return nil, err
	}
	for i, err := range errs {
		refused[at[i]] = err
	}
	out := new(s3.DeleteObjectsOutput)
	for i, o := range in.Delete.Objects {
		switch err := refused[i]; {
		case err != nil:
			e := awserror.Of(awserror.S3, err)
			out.Errors = append(out.Errors, s3.Error{Key: o.Key, VersionId: o.VersionId, Code: &e.Code, Message: &e.Message})
		case !awswire.Value(in.Delete.Quiet):
			out.Deleted = append(out.Deleted, s3.DeletedObject{Key: o.Key, VersionId: o.VersionId})
		}
	}
	return out, nil
}

// checkIdentifier refuses an entry that has more than a key and its entity tag.
func checkIdentifier(o s3.ObjectIdentifier) error {
	if v := awswire.Value(o.VersionId); v != "" && v != "null" {
		return notServed("VersionId")
	}
	if o.LastModifiedTime != nil || o.Size != nil {
		return notServed("LastModifiedTime")
	}
	return nil
}
