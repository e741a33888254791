package gateway

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
	"latchkey/internal/upstream"
)

// perform authorises a call on objects and answers it.
func (g *Gateway) perform(q *request, in any) (any, error) {
	if err := g.permit(q, in); err != nil {
		return g.performReached(q, in, err)
	}
	g.watch(q)
	out, err := q.row.do(g, q, in)
	if err := q.watched.settle(q.row.readOnly, err); err != nil {
		return nil, err
	}
	return out, nil
}

// permit authorises everything that the call needs by the row of its operation, and finds the call's bucket. If the
// upstream answers the operation, each bucket that the upstream has under these names must be the registered one.
func (g *Gateway) permit(q *request, in any) error {
	if q.row.permissions == nil {
		return nil // do asks by itself
	}
	needed, err := q.row.permissions(in)
	if err != nil {
		return err
	}
	if err := q.row.checkDeclared(needed); err != nil {
		return err
	}
	q.key = needed[0].key
	for i := range needed {
		needed[i].resolvable = q.row.reach == dataReach
		b, err := g.authorise(q.Call, &needed[i])
		if i == 0 && b != nil {
			q.bucket = b
			q.Call.Address(b.Account)
		}
		if err != nil {
			q.refused = &needed[i]
		}
		if err == nil && q.row.answerer != byRegistry {
			err = g.Buckets.Genuine(q.Context(), b)
		}
		if err != nil {
			return err
		}
		if b.Upstream != q.bucket.Upstream {
			return fault.New(fault.Unsupported, fault.CopySource,
				"A copy from a bucket that is in another store is not implemented")
		}
	}
	q.required = needed
	if err := g.checkNames(q.bucket, checkPrefixes, q.row.names(in)...); err != nil {
		return err
	}
	return g.recordUse(q, needed)
}

// forward lets the upstream answer a call that permit authorised.
func (g *Gateway) forward(q *request, in any) (any, error) {
	out, err := g.callUpstream(q.Context(), q, in, "")
	if fault.Is(err, fault.NotFound, fault.Key) {
		return nil, g.hideAbsence(q, q.required, err)
	}
	return out, err
}

// checkNames refuses texts that the upstream of a bucket would fold into other keys. check is checkKeys or
// checkPrefixes.
func (g *Gateway) checkNames(
	b *bucket.Bucket, check func(upstream.Traits, ...*string) error, names ...*string,
) error {
	u, err := g.Buckets.InUpstream(b)
	if err != nil {
		return err
	}
	return check(u.Traits(), names...)
}

// authorise checks one permission. The bucket must exist and belong to the account that the client expects, and the
// policies of the caller and of the bucket must allow the action.
func (g *Gateway) authorise(call *control.Call, n *permission) (*bucket.Bucket, error) {
	b, err := buckets.Owned(call, n.bucket, n.owner)
	if err != nil {
		return b, err
	}
	if n.key != "" {
		if err := g.checkNames(b, checkKeys, &n.key); err != nil {
			return b, err
		}
	}
	return b, g.may(call, b, n)
}

// may checks one permission on a bucket that is known: first the ceiling of a vended credential, then the policies, and
// at last, if they do not allow it, the caller's grants. No other function asks policies for a permission.
func (g *Gateway) may(call *control.Call, b *bucket.Bucket, n *permission) error {
	if err := checkCeiling(call.Caller, n); err != nil {
		return err
	}
	ask, err := buckets.Ask(call, b, n.action, n.resource(), n.values)
	if err != nil {
		return err
	}
	d := call.Decide(ask)
	switch {
	case d.Allowed:
		return nil
	case !n.resolvable || call.IsVended() || !call.LeavesOpen(ask, d):
		return call.Refusal(ask, d)
	}
	if err := g.resolve(call, b, n); err != nil {
		n.open = true
		return resolvedRefusal(call.Refusal(ask, d), err)
	}
	return nil
}

// reauthorize authorises a call once more, when the last byte of its body has come and before the upstream gets that
// byte. A body can take hours, and a caller who lost a permission meanwhile must not write. It leaves q.Call as it is,
// because the upstream may read the body on a goroutine of its own.
func (q *request) reauthorize() error {
	_, err := q.g.reauthorize(q.Call, q.required)
	return err
}

// reauthorize judges the caller of a call that permit authorised by what is known now. It leaves the call as it is, and
// returns the caller as of now.
func (g *Gateway) reauthorize(call *control.Call, required []permission) (*caller.Caller, error) {
	who, err := g.Auth.Reauthenticate(call.Caller)
	if err != nil || who == call.Caller {
		return who, err
	}
	now := *call
	now.Caller = who
	for i := range required {
		n := required[i]
		n.resolvable = n.by != nil // no grant takes the place of a policy while the request is under way
		if _, err := g.authorise(&now, &n); err != nil {
			return nil, err
		}
	}
	return who, nil
}

// hideAbsence answers for a key that does not exist. Only a caller who may list the key learns that it does not exist.
// To any other caller it is a key that the caller may not read (S3 API reference, GetObject: "If you don't have the
// s3:ListBucket permission").
func (g *Gateway) hideAbsence(q *request, needed []permission, absent error) error {
	for i := range needed {
		n := &needed[i]
		if n.action != "s3:GetObject" && n.action != "s3:GetObjectVersion" {
			continue
		}
		b := q.Call.Snapshot.Bucket(n.bucket)
		if b == nil {
			return absent
		}
		list := permission{
			action: "s3:ListBucket", bucket: b.Name, prefix: &n.key, values: control.Values("s3:prefix", n.key),
			resolvable: n.resolvable,
		}
		if err := g.may(q.Call, b, &list); err != nil {
			return err
		}
	}
	return absent
}

// callUpstream lets the upstream of the call's bucket perform the call. See callStore.
func (g *Gateway) callUpstream(ctx context.Context, q *request, in any, nonce string) (any, error) {
	if q.bucket == nil {
		return nil, fmt.Errorf("%s is about no bucket", q.row.Name)
	}
	u, err := g.Buckets.InUpstream(q.bucket)
	if err != nil {
		return nil, err
	}
	return g.callStore(ctx, q, u, in, nonce)
}

// callStore lets an upstream perform the call. No other function calls an upstream. callStore refuses a call that no
// policy allowed, and an operation that the registry answers by its row. The ids and tokens of the store are opened on
// the way in and wrapped on the way out.
func (g *Gateway) callStore(ctx context.Context, q *request, u upstream.Upstream, in any, nonce string) (any, error) {
	if err := g.Control.Authorised(q.Call); err != nil {
		return nil, err
	}
	if q.row.answerer == byRegistry || keeperOf(q.row.Name) == ours {
		return nil, fmt.Errorf("%s is the registry's to answer", q.row.Name)
	}
	if err := refuseOurs(in); err != nil {
		return nil, err
	}
	m := g.meta(q)
	m.Nonce, m.Trace, q.event.upstream = nonce, q.event.trace, embedded
	if q.bucket != nil {
		q.event.upstream = cmp.Or(q.bucket.Upstream, embedded)
	}
	in, wrap, err := g.unwrap(q, in)
	if err != nil {
		return nil, err
	}
	end := q.traceCall()
	out, err := u.Do(ctx, upstream.Call{Meta: m, Operation: q.op, Input: in, Body: q.body})
	end(err)
	if err != nil {
		return nil, err
	}
	wrap(out)
	return out, nil
}

// meta is what the upstream learns of a call besides its input. Whether the location begins with https depends on how
// the client came, which a trusted proxy may know better than this server's own connection.
func (g *Gateway) meta(q *request) upstream.Meta {
	scheme := "http://"
	if q.From.TLS != 0 || q.From.TLSAtProxy {
		scheme = "https://"
	}
	m := upstream.Meta{Location: scheme + g.endpoint(q.Host)}
	if q.bucket != nil {
		m.Owner = g.ownerID(q.bucket.Account)
	}
	return m
}

// ownerID is the id of an account as clients see it in listings. The database's own random id is its secret: every node
// has it, no rotation changes it, and no client is ever shown it.
func (g *Gateway) ownerID(account access.AccountID) string {
	if id, ok := g.owners.Load(account); ok {
		return id.(string)
	}
	id := bucket.CanonicalID(g.Control.DB.ClusterID(), account)
	g.owners.Store(account, id)
	return id
}

// streamed is the verified body of a request as an upstream gets it.
func streamed(h http.Header, body *sigv4.Body) *upstream.Body {
	b := &upstream.Body{Reader: body, Length: body.Length(), Trailers: body.Trailer}
	b.Waits = strings.EqualFold(h.Get("Expect"), "100-continue")
	for name := range strings.SplitSeq(h.Get("X-Amz-Trailer"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			b.Announced = append(b.Announced, name)
		}
	}
	return b
}

// maxDelete is the largest number of keys in one DeleteObjects (S3 API reference).
const maxDelete = 1000

// deleteObjects checks the permission on every key by itself. It deletes the keys that the caller may delete, and
// reports an error of its own for each of the others. No permission on the bucket itself is needed.
func (g *Gateway) deleteObjects(q *request, in *s3.DeleteObjectsRequest) (any, error) {
	b, err := buckets.Owned(q.Call, awswire.Value(in.Bucket), awswire.Value(in.ExpectedBucketOwner))
	if err != nil {
		return nil, err
	}
	q.bucket = b
	q.Call.Address(b.Account)
	if err := checkDelete(in); err != nil {
		return nil, err
	}
	var refused []s3.Error
	allowed := make([]s3.ObjectIdentifier, 0, len(in.Delete.Objects))
	for _, o := range in.Delete.Objects {
		needed := deletePermissions(in, &o)
		if err := g.authoriseAll(q, needed); err != nil {
			g.recordRefusedKey(q, &needed[0], err)
			refused = append(refused, deleteError(o, err))
			q.event.refused++
			continue
		}
		allowed, q.required = append(allowed, o), append(q.required, needed...)
	}
	if len(refused) == len(in.Delete.Objects) {
		q.Call.ByRight(control.EveryKeyRefused)
	}
	out := &s3.DeleteObjectsOutput{}
	if len(allowed) > 0 {
		if err := g.Buckets.Genuine(q.Context(), b); err != nil {
			return nil, err
		}
		if err := g.recordUse(q, q.required); err != nil {
			return nil, err
		}
		if q.g.Events != nil {
			q.event.deletes(allowed)
		}
		some := *in
		some.Delete = &s3.Delete{Objects: allowed, Quiet: in.Delete.Quiet}
		done, err := g.callUpstream(q.Context(), q, &some, "")
		if err != nil {
			return nil, err
		}
		var ok bool
		if out, ok = done.(*s3.DeleteObjectsOutput); !ok {
			return nil, fmt.Errorf("the upstream answered %s with a %T", q.op.Name, done)
		}
	}
	out.Errors = append(out.Errors, refused...)
	return out, nil
}

func checkDelete(in *s3.DeleteObjectsRequest) error {
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > maxDelete {
		return fault.New(fault.Malformed, fault.XML, "")
	}
	return nil
}

// deletePermissions are the permissions that one key of a DeleteObjects needs.
func deletePermissions(in *s3.DeleteObjectsRequest, o *s3.ObjectIdentifier) []permission {
	return write(one(versioned("s3:DeleteObject", o.VersionId), in.Bucket, o.Key, nil),
		conditions{etag: o.ETag, other: o.Size != nil || o.LastModifiedTime != nil},
		writeOptions{bypass: awswire.Value(in.BypassGovernanceRetention), version: o.VersionId})
}

// authoriseAll checks the permissions that one of several keys needs.
func (g *Gateway) authoriseAll(q *request, needed []permission) error {
	if err := q.row.checkDeclared(needed); err != nil {
		return err
	}
	for i := range needed {
		if needed[i].key == "" {
			return fault.New(fault.Invalid, fault.Key, "The key of an object to delete must not be empty")
		}
		needed[i].resolvable = q.row.reach == dataReach
		if _, err := g.authorise(q.Call, &needed[i]); err != nil {
			return err
		}
	}
	return nil
}

// deleteError is the entry of one key among the errors of a DeleteObjects.
func deleteError(o s3.ObjectIdentifier, err error) s3.Error {
	e := awserror.Of(awserror.S3, err)
	return s3.Error{Key: o.Key, VersionId: o.VersionId, Code: &e.Code, Message: &e.Message}
}
