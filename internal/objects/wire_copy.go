package objects

import (
	"context"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

// wireSource reads a copy source. The gateway has authorised what ParseCopySource returns for the same header.
func wireSource(header *string, cond Conditions) (Source, error) {
	from, err := upstream.ParseCopySource(awswire.Value(header))
	if err != nil {
		return Source{}, err
	}
	if from.Version != "" && from.Version != "null" {
		return Source{}, notServed("versionId")
	}
	return Source{Bucket: from.Bucket, Key: from.Key, If: cond}, nil
}

func (w *wire) copyObject(
	ctx context.Context, _ upstream.Call, in *s3.CopyObjectRequest,
) (*s3.CopyObjectOutput, error) {
	from, err := wireSource(in.CopySource,
		Conditions{awswire.Value(in.CopySourceIfMatch), awswire.Value(in.CopySourceIfNoneMatch),
			awswire.Value(in.CopySourceIfModifiedSince), awswire.Value(in.CopySourceIfUnmodifiedSince)})
	if err != nil {
		return nil, err
	}
	o, err := w.s.Copy(ctx, Copy{
		From:    from,
		Bucket:  awswire.Value(in.Bucket),
		Key:     awswire.Value(in.Key),
		Replace: awswire.Value(in.MetadataDirective) == "REPLACE",
		Headers: wireHeaders{in.ContentType, in.ContentEncoding, in.ContentDisposition, in.ContentLanguage, in.CacheControl,
			in.Expires, in.Metadata}.headers(),
		Algorithm: Algorithm(awswire.Value(in.ChecksumAlgorithm)),
		If:        Conditions{IfMatch: awswire.Value(in.IfMatch), IfNoneMatch: awswire.Value(in.IfNoneMatch)},
	})
	if err != nil {
		return nil, err
	}
	res := &s3.CopyObjectResult{ETag: quoted(o.ETag), LastModified: &o.Modified}
	sum, kind := sumsOf(o.Checksum)
	res.ChecksumCRC32, res.ChecksumCRC32C, res.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	res.ChecksumSHA1, res.ChecksumSHA256, res.ChecksumType = sum.sha1, sum.sha256, kind
	return &s3.CopyObjectOutput{CopyObjectResult: res}, nil
}

func (w *wire) uploadPartCopy(
	ctx context.Context, _ upstream.Call, in *s3.UploadPartCopyRequest,
) (*s3.UploadPartCopyOutput, error) {
	from, err := wireSource(in.CopySource,
		Conditions{awswire.Value(in.CopySourceIfMatch), awswire.Value(in.CopySourceIfNoneMatch),
			awswire.Value(in.CopySourceIfModifiedSince), awswire.Value(in.CopySourceIfUnmodifiedSince)})
	if err != nil {
		return nil, err
	}
	p, err := w.s.CopyPart(ctx, CopyPart{
		From: from, Range: awswire.Value(in.CopySourceRange), Bucket: awswire.Value(in.Bucket), Key: awswire.Value(in.Key),
		UploadID: awswire.Value(in.UploadId), Number: int(awswire.Value(in.PartNumber)),
	})
	if err != nil {
		return nil, err
	}
	res := &s3.CopyPartResult{ETag: quoted(p.ETag), LastModified: &p.Modified}
	sum, _ := sumsOf(p.Checksum)
	res.ChecksumCRC32, res.ChecksumCRC32C, res.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	res.ChecksumSHA1, res.ChecksumSHA256 = sum.sha1, sum.sha256
	return &s3.UploadPartCopyOutput{CopyPartResult: res}, nil
}
