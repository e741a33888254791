package objects

import (
	"context"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

const standard = "STANDARD" // the one storage class

func (w *wire) createMultipartUpload(
	ctx context.Context, _ upstream.Call, in *s3.CreateMultipartUploadRequest,
) (*s3.CreateMultipartUploadOutput, error) {
	u, err := w.s.CreateUpload(ctx, CreateUpload{
		Bucket: awswire.Value(in.Bucket), Key: awswire.Value(in.Key),
		Headers: wireHeaders{in.ContentType, in.ContentEncoding, in.ContentDisposition, in.ContentLanguage, in.CacheControl,
			in.Expires, in.Metadata}.headers(),
		Algorithm: Algorithm(awswire.Value(in.ChecksumAlgorithm)), Type: ChecksumType(awswire.Value(in.ChecksumType)),
	})
	if err != nil {
		return nil, err
	}
	return &s3.CreateMultipartUploadOutput{
		Bucket: in.Bucket, Key: in.Key, UploadId: &u.ID,
		ChecksumAlgorithm: awswire.Optional(string(u.Algorithm)), ChecksumType: awswire.Optional(string(u.Type)),
	}, nil
}

func (w *wire) uploadPart(
	ctx context.Context, c upstream.Call, in *s3.UploadPartRequest,
) (*s3.UploadPartOutput, error) {
	body, err := wireBody{c.Body, in.ContentLength, in.ContentMD5, in.ChecksumAlgorithm,
		sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA1, in.ChecksumSHA256}}.open()
	if err != nil {
		return nil, err
	}
	p, err := w.s.PutPart(ctx, PutPart{
		Bucket:   awswire.Value(in.Bucket),
		Key:      awswire.Value(in.Key),
		UploadID: awswire.Value(in.UploadId),
		Number:   int(awswire.Value(in.PartNumber)),
		Body:     body,
	})
	if err != nil {
		return nil, err
	}
	out := &s3.UploadPartOutput{ETag: quoted(p.ETag)}
	sum, _ := sumsOf(p.Checksum)
	out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	out.ChecksumSHA1, out.ChecksumSHA256 = sum.sha1, sum.sha256
	return out, nil
}

func (w *wire) completeMultipartUpload(
	ctx context.Context, c upstream.Call, in *s3.CompleteMultipartUploadRequest,
) (*s3.CompleteMultipartUploadOutput, error) {
	req := Complete{
		Bucket:   awswire.Value(in.Bucket),
		Key:      awswire.Value(in.Key),
		UploadID: awswire.Value(in.UploadId),
		Type:     awswire.Value(in.ChecksumType),
		Size:     -1,
		If:       Conditions{IfMatch: awswire.Value(in.IfMatch), IfNoneMatch: awswire.Value(in.IfNoneMatch)},
	}
	if in.MpuObjectSize != nil {
		if req.Size = *in.MpuObjectSize; req.Size < 0 {
			return nil, badArgument("x-amz-mp-object-size", itoa(req.Size), "Value for x-amz-mp-object-size header is invalid.")
		}
	}
	var err error
	if req.Sum, err = (sums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA1,
		in.ChecksumSHA256}).single(); err != nil {
		return nil, err
	}
	if in.MultipartUpload != nil {
		for _, p := range in.MultipartUpload.Parts {
			if p.ChecksumMD5 != nil || p.ChecksumSHA512 != nil || p.ChecksumXXHASH64 != nil || p.ChecksumXXHASH3 != nil ||
				p.ChecksumXXHASH128 != nil {
				return nil, notServed("Checksum")
			}
			sum, err := (sums{p.ChecksumCRC32, p.ChecksumCRC32C, p.ChecksumCRC64NVME, p.ChecksumSHA1, p.ChecksumSHA256}).single()
			if err != nil {
				return nil, err
			}
			req.Parts = append(req.Parts,
				CompletePart{Number: int(awswire.Value(p.PartNumber)), ETag: awswire.Value(p.ETag), Sum: sum})
		}
	}
	o, err := w.s.Complete(ctx, req)
	if err != nil {
		return nil, err
	}
	out := &s3.CompleteMultipartUploadOutput{
		Location: new(c.Location + "/" + req.Bucket + "/" + awswire.EscapeName(req.Key)),
		Bucket:   in.Bucket,
		Key:      in.Key,
		ETag:     quoted(o.ETag),
	}
	sum, kind := sumsOf(o.Checksum)
	out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME = sum.crc32, sum.crc32c, sum.crc64nvme
	out.ChecksumSHA1, out.ChecksumSHA256, out.ChecksumType = sum.sha1, sum.sha256, kind
	return out, nil
}

func (w *wire) abortMultipartUpload(
	ctx context.Context, _ upstream.Call, in *s3.AbortMultipartUploadRequest,
) (*s3.AbortMultipartUploadOutput, error) {
	return nil, w.s.AbortUpload(ctx, awswire.Value(in.Bucket), awswire.Value(in.Key), awswire.Value(in.UploadId))
}

func (w *wire) listParts(ctx context.Context, c upstream.Call, in *s3.ListPartsRequest) (*s3.ListPartsOutput, error) {
	limit, err := pageSize("max-parts", in.MaxParts)
	if err != nil {
		return nil, err
	}
	after := awswire.Value(in.PartNumberMarker)
	if after < 0 {
		return nil, badArgument("part-number-marker", itoa(int64(after)),
			"Argument part-number-marker must be an integer between 0 and 2147483647")
	}
	page, err := w.s.ListParts(ctx, ListParts{
		Bucket: awswire.Value(in.Bucket), Key: awswire.Value(in.Key), UploadID: awswire.Value(in.UploadId),
		After: int(after), Max: limit,
	})
	if err != nil {
		return nil, err
	}
	out := &s3.ListPartsOutput{
		Bucket:            in.Bucket,
		Key:               in.Key,
		UploadId:          in.UploadId,
		PartNumberMarker:  &after,
		MaxParts:          new(int32(limit)),
		IsTruncated:       &page.Truncated,
		StorageClass:      new(standard),
		Owner:             owner(c),
		Initiator:         initiator(c),
		ChecksumAlgorithm: awswire.Optional(string(page.Upload.Algorithm)),
		ChecksumType:      awswire.Optional(string(page.Upload.Type)),
	}
	for _, p := range page.Parts {
		sum, _ := sumsOf(p.Checksum)
		out.Parts = append(out.Parts, s3.Part{
			PartNumber:        new(int32(p.Number)),
			LastModified:      &p.Modified,
			ETag:              quoted(p.ETag),
			Size:              &p.Size,
			ChecksumCRC32:     sum.crc32,
			ChecksumCRC32C:    sum.crc32c,
			ChecksumCRC64NVME: sum.crc64nvme,
			ChecksumSHA1:      sum.sha1,
			ChecksumSHA256:    sum.sha256,
		})
		out.NextPartNumberMarker = new(int32(p.Number))
	}
	if !page.Truncated {
		out.NextPartNumberMarker = nil
	}
	return out, nil
}

func owner(c upstream.Call) *s3.Owner {
	if c.Owner == "" {
		return nil
	}
	return &s3.Owner{ID: &c.Owner}
}

func initiator(c upstream.Call) *s3.Initiator {
	if c.Owner == "" {
		return nil
	}
	return &s3.Initiator{ID: &c.Owner}
}
