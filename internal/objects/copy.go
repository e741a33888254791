package objects

import (
	"context"
	"encoding/base64"

	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// Source is what a copy reads.
type Source struct {
	Bucket, Key string
	If          Conditions
}

// Copy is a request to make an object out of another.
type Copy struct {
	From        Source
	Bucket, Key string
	Replace     bool      // take Headers, not the source's
	Headers     Headers   // used when Replace is set
	Algorithm   Algorithm // of the copy's checksum; empty keeps the source's
	If          Conditions
}

// Copy copies an object in the store. A copy of an object that came in one piece shares the blob's bytes on the disk. A
// copy of a multipart object becomes an object in one piece, as in S3.
func (s *Store) Copy(ctx context.Context, in Copy) (Object, error) {
	if err := upstream.CheckKey(in.Key); err != nil {
		return Object{}, err
	}
	if err := in.If.checkWritable(); err != nil {
		return Object{}, err
	}
	if in.Algorithm != "" && !in.Algorithm.known() {
		return Object{}, notServed("x-amz-checksum-algorithm")
	}
	if in.From.Bucket == in.Bucket && in.From.Key == in.Key && !in.Replace && in.Algorithm == "" {
		return Object{}, invalidRequest("This copy request is illegal because it is trying to copy an object to itself " +
			"without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	bucket, err := s.bucketID(ctx, in.Bucket)
	if err != nil {
		return Object{}, err
	}
	src, err := s.openSource(ctx, in.From)
	if err != nil {
		return Object{}, err
	}
	defer src.Close()
	if src.Size > MaxPutSize {
		return Object{}, invalidRequest("The specified copy source is larger than the maximum allowable "+
			"size for a copy source: %d", int64(MaxPutSize))
	}
	headers := src.Headers
	if in.Replace {
		headers = in.Headers
	}
	if err := headers.check(); err != nil {
		return Object{}, err
	}
	algorithm := in.Algorithm
	if algorithm == "" {
		algorithm = src.Checksum.Algorithm
	}
	p, sum, err := s.copyPiece(src, algorithm)
	if err != nil {
		return Object{}, err
	}
	o := Object{
		Key: in.Key, Size: p.size, ETag: etagOf(p.md5), Headers: headers,
		Checksum: Checksum{Algorithm: algorithm, Type: FullObject, Value: sum},
	}
	return s.putPiece(ctx, bucketRef{in.Bucket, bucket}, o, p, in.If)
}

// openSource opens the source of a copy. A condition that is not met is Precondition, never NotModified.
func (s *Store) openSource(ctx context.Context, from Source) (*Content, error) {
	src, err := s.Get(ctx, Get{Bucket: from.Bucket, Key: from.Key})
	if err != nil {
		return nil, err
	}
	if err := from.If.checkSource(src.Object); err != nil {
		src.Close()
		return nil, err
	}
	return src, nil
}

// copyPiece makes a piece of the source's content. Where it can, it gives the source's blob a second name instead of
// copying the bytes.
func (s *Store) copyPiece(src *Content, algorithm Algorithm) (p piece, sum string, err error) {
	if src.Parts == 0 && algorithm == src.Checksum.Algorithm && len(src.pieces) == 1 {
		if p, ok := s.sharePiece(src); ok {
			return p, src.Checksum.Value, nil
		}
	}
	p, err = s.receive(Body{Reader: src, Length: src.Size}, algorithm)
	if err != nil && fault.KindOf(err) == fault.Incomplete {
		err = src.short() // our disk's fault, not the client's
	}
	return p, base64.StdEncoding.EncodeToString(p.sum), err
}

// sharePiece is a piece with the source's bytes; ok is false where the file system cannot share them.
func (s *Store) sharePiece(src *Content) (p piece, ok bool) {
	only := src.pieces[0]
	md5, err1 := hexBytes(src.ETag)
	sum, err2 := base64.StdEncoding.DecodeString(src.Checksum.Value)
	if err1 != nil || err2 != nil {
		return piece{}, false
	}
	p = piece{size: src.Size, md5: md5, sum: sum, data: only.data}
	if only.blob != "" {
		s.blobs.loose.Add(1)
		var err error
		if p.blob, err = s.blobs.link(only.blob); err != nil {
			s.blobs.loose.Add(-1)
			return piece{}, false
		}
	}
	return p, true
}
