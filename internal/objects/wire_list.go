package objects

import (
	"context"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

// pageSize is the size of a page that a listing asks for: 1000 unless it asks for less.
func pageSize(name string, asked *int32) (int, error) {
	if asked == nil {
		return MaxKeys, nil
	}
	if *asked < 0 {
		return 0, badArgument(name, itoa(int64(*asked)), "Argument %s must be an integer between 0 and 2147483647", name)
	}
	return min(int(*asked), MaxKeys), nil
}

// encoder writes names as the encoding-type asks.
type encoder struct{ url bool }

func (e encoder) name(s string) *string {
	if e.url {
		s = awswire.EscapeName(s)
	}
	return &s
}

// optional is name for a member that is left out when it is empty.
func (e encoder) optional(s string) *string {
	if s == "" {
		return nil
	}
	return e.name(s)
}

func (e encoder) kind() *string {
	if !e.url {
		return nil
	}
	return new("url")
}

func (e encoder) prefixes(all []string) (out []s3.CommonPrefix) {
	for _, p := range all {
		out = append(out, s3.CommonPrefix{Prefix: e.name(p)})
	}
	return out
}

func (e encoder) contents(page Page, by *s3.Owner) (out []s3.Object) {
	for i := range page.Objects {
		o := &page.Objects[i]
		out = append(out, s3.Object{
			Key:               e.name(o.Key),
			LastModified:      &o.Modified,
			ETag:              quoted(o.ETag),
			Size:              &o.Size,
			StorageClass:      new(standard),
			Owner:             by,
			ChecksumAlgorithm: []string{string(o.Checksum.Algorithm)},
			ChecksumType:      awswire.Optional(string(o.Checksum.Type)),
		})
	}
	return out
}

func (w *wire) listObjects(
	ctx context.Context, c upstream.Call, in *s3.ListObjectsRequest,
) (*s3.ListObjectsOutput, error) {
	limit, err := pageSize("max-keys", in.MaxKeys)
	if err != nil {
		return nil, err
	}
	list := List{
		Bucket:    awswire.Value(in.Bucket),
		Prefix:    awswire.Value(in.Prefix),
		Delimiter: awswire.Value(in.Delimiter),
		After:     awswire.Value(in.Marker),
		Max:       limit,
	}
	page, err := w.s.List(ctx, list)
	if err != nil {
		return nil, err
	}
	e := encoder{awswire.Value(in.EncodingType) == "url"}
	out := &s3.ListObjectsOutput{
		IsTruncated:    &page.Truncated,
		Marker:         e.name(list.After),
		Name:           in.Bucket,
		Prefix:         e.name(list.Prefix),
		Delimiter:      e.optional(list.Delimiter),
		MaxKeys:        new(int32(limit)),
		EncodingType:   e.kind(),
		CommonPrefixes: e.prefixes(page.Prefixes),
		Contents:       e.contents(page, owner(c)),
	}
	if page.Truncated && list.Delimiter != "" { // without one, the last key is the next marker
		out.NextMarker = e.name(page.Last)
	}
	return out, nil
}

func (w *wire) listObjectsV2(
	ctx context.Context, c upstream.Call, in *s3.ListObjectsV2Request,
) (*s3.ListObjectsV2Output, error) {
	limit, err := pageSize("max-keys", in.MaxKeys)
	if err != nil {
		return nil, err
	}
	list := List{
		Bucket:    awswire.Value(in.Bucket),
		Prefix:    awswire.Value(in.Prefix),
		Delimiter: awswire.Value(in.Delimiter),
		After:     awswire.Value(in.StartAfter),
		Max:       limit,
	}
	if in.ContinuationToken != nil { // which wins over start-after
		if list.After, err = w.s.OpenToken(list, *in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	page, err := w.s.List(ctx, list)
	if err != nil {
		return nil, err
	}
	e := encoder{awswire.Value(in.EncodingType) == "url"}
	var by *s3.Owner
	if awswire.Value(in.FetchOwner) {
		by = owner(c)
	}
	out := &s3.ListObjectsV2Output{
		IsTruncated:       &page.Truncated,
		Name:              in.Bucket,
		Prefix:            e.name(list.Prefix),
		Delimiter:         e.optional(list.Delimiter),
		MaxKeys:           new(int32(limit)),
		EncodingType:      e.kind(),
		KeyCount:          new(int32(len(page.Objects) + len(page.Prefixes))),
		ContinuationToken: in.ContinuationToken,
		StartAfter:        e.optional(awswire.Value(in.StartAfter)),
		CommonPrefixes:    e.prefixes(page.Prefixes),
		Contents:          e.contents(page, by),
	}
	if page.Truncated {
		out.NextContinuationToken = new(w.s.NextToken(list, page.Last))
	}
	return out, nil
}

func (w *wire) listMultipartUploads(
	ctx context.Context, c upstream.Call, in *s3.ListMultipartUploadsRequest,
) (*s3.ListMultipartUploadsOutput, error) {
	limit, err := pageSize("max-uploads", in.MaxUploads)
	if err != nil {
		return nil, err
	}
	list := ListUploads{
		Bucket: awswire.Value(in.Bucket), Prefix: awswire.Value(in.Prefix), Delimiter: awswire.Value(in.Delimiter),
		Max:   limit,
		After: awswire.Value(in.KeyMarker), AfterID: awswire.Value(in.UploadIdMarker),
	}
	if list.After == "" { // S3 ignores an upload marker without a key marker
		list.AfterID = ""
	}
	page, err := w.s.ListUploads(ctx, list)
	if err != nil {
		return nil, err
	}
	e := encoder{awswire.Value(in.EncodingType) == "url"}
	out := &s3.ListMultipartUploadsOutput{
		Bucket:         in.Bucket,
		KeyMarker:      e.name(list.After),
		UploadIdMarker: &list.AfterID,
		Prefix:         e.name(list.Prefix),
		Delimiter:      e.optional(list.Delimiter),
		MaxUploads:     new(int32(limit)),
		IsTruncated:    &page.Truncated,
		EncodingType:   e.kind(),
		CommonPrefixes: e.prefixes(page.Prefixes),
	}
	if page.Truncated {
		out.NextKeyMarker, out.NextUploadIdMarker = e.name(page.Last), &page.LastID
	}
	for i := range page.Uploads {
		u := &page.Uploads[i]
		out.Uploads = append(out.Uploads, s3.MultipartUpload{
			UploadId:          &u.ID,
			Key:               e.name(u.Key),
			Initiated:         &u.Initiated,
			StorageClass:      new(standard),
			Owner:             owner(c),
			Initiator:         initiator(c),
			ChecksumAlgorithm: awswire.Optional(string(u.Algorithm)),
			ChecksumType:      awswire.Optional(string(u.Type)),
		})
	}
	return out, nil
}
