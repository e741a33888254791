package gateway

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/control/buckets"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// A store's continuation tokens and upload ids never reach a client as they are, and a client's never reach the store
// unchecked. A token is sealed for its listing: bucket, prefix, delimiter and the account that lists. An upload id
// carries a MAC over its bucket and key. So the store is never asked to go on with another listing than the one that
// was authorised, or to add a part to an upload of another key, whatever the store itself checks. The keys are those of
// the ring, so that every node opens what any node wrapped.

const uploadPurpose = "upload id"

// wrapper changes what it must in an operation's output. nil: nothing.
type wrapper func(out any)

// unwrap opens the tokens and ids of an input. It returns the input that the store gets, and what wraps the store's
// answer.
func (g *Gateway) unwrap(q *request, in any) (any, wrapper, error) {
	switch in := in.(type) {
	case *s3.ListObjectsV2Request:
		return g.unwrapListing(q, *in)
	case *s3.ListMultipartUploadsRequest:
		return g.unwrapUploads(q, *in)
	case *s3.CreateMultipartUploadRequest:
		key := awswire.Value(in.Key)
		return in, func(out any) {
			if out, ok := out.(*s3.CreateMultipartUploadOutput); ok {
				out.UploadId = g.wrapUpload(q, key, out.UploadId)
			}
		}, nil
	}
	return g.unwrapUploadID(q, in)
}

// unwrapUploadID opens the upload id of an operation on one upload.
func (g *Gateway) unwrapUploadID(q *request, in any) (any, wrapper, error) {
	nothing := func(any) {}
	var err error
	switch in := in.(type) {
	case *s3.UploadPartRequest:
		c := *in
		c.UploadId, err = g.openUpload(q, in.Key, in.UploadId)
		return &c, nothing, err
	case *s3.UploadPartCopyRequest:
		c := *in
		c.UploadId, err = g.openUpload(q, in.Key, in.UploadId)
		return &c, nothing, err
	case *s3.CompleteMultipartUploadRequest:
		c := *in
		c.UploadId, err = g.openUpload(q, in.Key, in.UploadId)
		return &c, nothing, err
	case *s3.AbortMultipartUploadRequest:
		c := *in
		c.UploadId, err = g.openUpload(q, in.Key, in.UploadId)
		return &c, nothing, err
	case *s3.ListPartsRequest:
		c := *in
		c.UploadId, err = g.openUpload(q, in.Key, in.UploadId)
		return &c, func(out any) {
			if out, ok := out.(*s3.ListPartsOutput); ok {
				out.UploadId = in.UploadId
			}
		}, err
	}
	return in, nothing, nil
}

// unwrapListing opens the continuation token of a listing of objects, and seals the next one.
func (g *Gateway) unwrapListing(q *request, in s3.ListObjectsV2Request) (any, wrapper, error) {
	purpose := bound("ListObjectsV2", buckets.StoreName(q.bucket), q.bucket.Name, string(q.Call.Account),
		awswire.Value(in.Prefix), awswire.Value(in.Delimiter))
	given := in.ContinuationToken
	if awswire.Value(given) != "" {
		bad := fault.New(fault.Invalid, fault.Argument, "The continuation token provided is incorrect").
			With("ArgumentName", "continuation-token").With("ArgumentValue", *given)
		sealed, err := base64.RawURLEncoding.Strict().DecodeString(*given)
		if err != nil {
			return nil, nil, bad.Because(err)
		}
		token, err := g.Control.Ring.Unseal(purpose, sealed)
		if err != nil {
			return nil, nil, bad.Because(err)
		}
		in.ContinuationToken = new(string(token))
	}
	return &in, func(out any) {
		o, ok := out.(*s3.ListObjectsV2Output)
		if !ok {
			return
		}
		o.ContinuationToken = given
		if next := awswire.Value(o.NextContinuationToken); next != "" {
			o.NextContinuationToken = new(base64.RawURLEncoding.EncodeToString(g.Control.Ring.Seal(purpose, []byte(next))))
		}
	}, nil
}

// unwrapUploads opens the marker of a listing of uploads, and wraps the ids of the answer. Without a key-marker, an
// upload-id-marker says nothing (S3 API reference, ListMultipartUploads).
func (g *Gateway) unwrapUploads(q *request, in s3.ListMultipartUploadsRequest) (any, wrapper, error) {
	given := in.UploadIdMarker
	in.UploadIdMarker = nil
	if awswire.Value(given) != "" && awswire.Value(in.KeyMarker) != "" {
		var err error
		if in.UploadIdMarker, err = g.openUpload(q, in.KeyMarker, given); err != nil {
			return nil, nil, fault.New(fault.Invalid, fault.Argument, "Invalid uploadId marker").
				With("ArgumentName", "upload-id-marker").With("ArgumentValue", *given)
		}
	}
	return &in, func(out any) {
		o, ok := out.(*s3.ListMultipartUploadsOutput)
		if !ok {
			return
		}
		o.UploadIdMarker = given
		name := func(p *string) string { return decodedName(o.EncodingType, awswire.Value(p)) }
		o.NextUploadIdMarker = g.wrapUpload(q, name(o.NextKeyMarker), o.NextUploadIdMarker)
		o.Uploads = slices.Clone(o.Uploads)
		for i := range o.Uploads {
			u := &o.Uploads[i]
			u.UploadId = g.wrapUpload(q, name(u.Key), u.UploadId)
		}
	}, nil
}

// decodedName is a name of a listing as it was before encoding-type.
func decodedName(encoding *string, name string) string {
	if awswire.Value(encoding) == "url" {
		if plain, err := url.PathUnescape(name); err == nil {
			return plain
		}
	}
	return name
}

// wrapUpload binds an upload id of the store to its bucket and key.
func (g *Gateway) wrapUpload(q *request, key string, id *string) *string {
	if awswire.Value(id) == "" {
		return id
	}
	mac := g.Control.Ring.MAC(uploadPurpose, buckets.StoreName(q.bucket), q.bucket.Name, key, *id)
	return new(base64.RawURLEncoding.EncodeToString(append(mac, *id...)))
}

// openUpload returns the store's id of an upload of this key. Any other text is the id of no upload.
func (g *Gateway) openUpload(q *request, key, wrapped *string) (*string, error) {
	none := fault.New(fault.NotFound, fault.Upload, "").With("UploadId", awswire.Value(wrapped))
	raw, err := base64.RawURLEncoding.Strict().DecodeString(awswire.Value(wrapped))
	if err != nil || len(raw) <= credential.MACSize {
		return nil, none
	}
	mac, id := raw[:credential.MACSize], string(raw[credential.MACSize:])
	if !g.Control.Ring.CheckMAC(mac, uploadPurpose, buckets.StoreName(q.bucket), q.bucket.Name, awswire.Value(key), id) {
		return nil, none
	}
	return &id, nil
}

// bound is the purpose of a token of one listing. Every part stands behind its length.
func bound(parts ...string) string {
	var purpose []byte
	for _, p := range parts {
		purpose = binary.AppendUvarint(purpose, uint64(len(p)))
		purpose = append(purpose, p...)
	}
	return string(purpose)
}
