package gateway

import (
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
)

// perform authorises a call on objects and lets the upstream do it.
func (g *Gateway) perform(q *request, in any) (any, error) {
	if in, ok := in.(*s3.DeleteObjectsRequest); ok {
		return g.deleteObjects(q, in)
	}
	needed, err := requiredPermissions(in)
	if err != nil {
		return nil, err
	}
	if err := g.checkSegments(prefixes(in)...); err != nil {
		return nil, err
	}
	q.key = needed[0].key
	for i := range needed {
		b, err := g.authorise(q.call, &needed[i])
		if i == 0 {
			q.bucket = b
		}
		if err == nil {
			err = g.Buckets.Genuine(q.Context(), b)
		}
		if err != nil {
			return nil, err
		}
	}
	q.required = needed
	out, err := g.callUpstream(q, in)
	if fault.Is(err, fault.NotFound, fault.Key) {
		return nil, g.hideAbsence(q, needed, err)
	}
	return out, err
}

// authorise checks one right: the bucket exists, belongs to whom the client expects, and the policies of the
// caller and of the bucket allow the action.
func (g *Gateway) authorise(call *control.Call, n *permission) (*bucket.Bucket, error) {
	b, err := buckets.Owned(call, n.bucket, n.owner)
	if err != nil {
		return b, err
	}
	if n.key != "" {
		if err := g.checkSegments(n.key); err != nil {
			return b, err
		}
	}
	return b, buckets.May(call, b, n.action, n.resource(), n.values)
}

// reauthorize authorises a call once more, when the last byte of its body has come and before the upstream gets it:
// a body can take hours, and what was taken away meanwhile must not be written with. It leaves q.call as it
// is, because the upstream may read the body on a goroutine of its own.
func (g *Gateway) reauthorize(q *request) error {
	who, err := g.Auth.Reauthenticate(q.call.Caller)
	if err != nil {
		return err
	}
	if who == q.call.Caller {
		return nil
	}
	now := *q.call
	now.Caller = who
	for i := range q.required {
		if _, err := g.authorise(&now, &q.required[i]); err != nil {
			return err
		}
	}
	return nil
}

// hideAbsence answers for a key that does not exist: only who may list it learns so; to others it is a key
// that they may not read (S3 API reference, GetObject: "If you don't have the s3:ListBucket permission").
func (g *Gateway) hideAbsence(q *request, needed []permission, absent error) error {
	for i := range needed {
		n := &needed[i]
		if n.action != "s3:GetObject" && n.action != "s3:GetObjectVersion" {
			continue
		}
		b := q.call.Snapshot.Bucket(n.bucket)
		if b == nil {
			return absent
		}
		if err := buckets.May(q.call, b, "s3:ListBucket", b.ARN(), control.Values("s3:prefix", n.key)); err != nil {
			return err
		}
	}
	return absent
}

// callUpstream lets the upstream do a call. It is the only way to the upstream, and closed to a call that nothing allowed.
func (g *Gateway) callUpstream(q *request, in any) (any, error) {
	if err := g.Control.Authorised(q.call); err != nil {
		return nil, err
	}
	return g.Upstream.Do(q.Context(), g.meta(q), awswire.Call{Operation: q.op, Input: in, Request: q.Request})
}

func (g *Gateway) meta(q *request) Meta {
	scheme := "http://"
	if q.TLS != nil {
		scheme = "https://"
	}
	d := Meta{Trailer: q.Header.Get("X-Amz-Trailer"), Location: scheme + g.endpoint(q.Host)}
	if q.bucket != nil {
		d.Owner = bucket.CanonicalID(q.bucket.Account)
	}
	return d
}

// maxDelete is the largest number of keys in one DeleteObjects (S3 API reference).
const maxDelete = 1000

// deleteObjects checks every key by itself and deletes those that may be deleted; the others are reported as
// refused, each with its own error. The bucket itself needs no right.
func (g *Gateway) deleteObjects(q *request, in *s3.DeleteObjectsRequest) (any, error) {
	b, err := buckets.Owned(q.call, text(in.Bucket), text(in.ExpectedBucketOwner))
	if err != nil {
		return nil, err
	}
	q.bucket = b
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > maxDelete {
		return nil, fault.New(fault.Malformed, fault.XML, "")
	}
	var refused []s3.Error
	allowed := make([]s3.ObjectIdentifier, 0, len(in.Delete.Objects))
	for _, o := range in.Delete.Objects {
		needed := write(one(versioned("s3:DeleteObject", o.VersionId), in.Bucket, o.Key, nil),
			conditions{etag: o.ETag, other: o.Size != nil || o.LastModifiedTime != nil},
			writeOptions{bypass: flag(in.BypassGovernanceRetention), version: o.VersionId})
		if err := g.authoriseAll(q, needed); err != nil {
			refused = append(refused, deleteError(o, err))
			continue
		}
		allowed = append(allowed, o)
	}
	if len(refused) == len(in.Delete.Objects) {
		q.call.ByRight(control.EveryKeyRefused)
	}
	out := &s3.DeleteObjectsOutput{}
	if len(allowed) > 0 {
		if err := g.Buckets.Genuine(q.Context(), b); err != nil {
			return nil, err
		}
		some := *in
		some.Delete = &s3.Delete{Objects: allowed, Quiet: in.Delete.Quiet}
		done, err := g.callUpstream(q, &some)
		if err != nil {
			return nil, err
		}
		out = done.(*s3.DeleteObjectsOutput)
	}
	out.Errors = append(out.Errors, refused...)
	return out, nil
}

func (g *Gateway) authoriseAll(q *request, needed []permission) error {
	for i := range needed {
		if needed[i].key == "" {
			return fault.New(fault.Invalid, fault.Key, "The key of an object to delete must not be empty")
		}
		if _, err := g.authorise(q.call, &needed[i]); err != nil {
			return err
		}
	}
	return nil
}

// deleteError is one key's entry among the errors of a DeleteObjects.
func deleteError(o s3.ObjectIdentifier, err error) s3.Error {
	e := awserror.Of(awserror.S3, err)
	return s3.Error{Key: o.Key, VersionId: o.VersionId, Code: &e.Code, Message: &e.Message}
}
