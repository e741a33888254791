package gateway

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/front"
)

// Described is a request that somebody describes and does not send: a client that wants it signed. It is judged as
// ServeHTTP would judge it, and nothing is performed. It is judged again when it is sent.
type Described struct {
	g  *Gateway
	q  *request
	in any
}

// Describe names the operation of a request, with the bucket in its path or in its host. It refuses what ServeHTTP
// refuses, and also every operation that does not read or write data. The body is needed if it has the keys that the
// operation touches, which is so for DeleteObjects alone; for any other operation it must be empty, and is not needed:
// its content decides nothing.
func (g *Gateway) Describe(r *http.Request, body []byte) (*Described, error) {
	q := &request{Request: r, Exchange: &front.Exchange{}, g: g}
	labels, err := g.recognise(q)
	if err != nil {
		return nil, err
	}
	if q.row.plane != data || q.row.reach != dataReach {
		return nil, notSignable("%s is not an operation on data", q.op.Name)
	}
	if deletes := q.op == s3.DeleteObjects.Operation; deletes != (len(body) > 0) {
		if deletes {
			return nil, fault.New(fault.Invalid, fault.Request, "DeleteObjects is signed with its body only: the keys are in it")
		}
		return nil, fault.New(fault.Invalid, fault.Request, "The body of %s is not needed to sign it", q.op.Name)
	}
	in, err := awswire.Decode(q.row.budget, q.op, r, labels, body)
	if err != nil {
		return nil, err
	}
	if in, ok := in.(*s3.DeleteObjectsRequest); ok {
		if err := checkDelete(in); err != nil {
			return nil, err
		}
	}
	return &Described{g: g, q: q, in: in}, nil
}

// Name is the operation's, and whether it changes nothing.
func (d *Described) Name() (operation string, readOnly bool) { return d.q.op.Name, d.q.row.readOnly }

func notSignable(format string, args ...any) error {
	return fault.New(fault.Unsupported, fault.Operation, format, args...).For(fault.NotSignable)
}

// permissions are what the request needs. The first is on what it addresses.
func (d *Described) permissions() (all []permission, err error) {
	if in, ok := d.in.(*s3.DeleteObjectsRequest); ok {
		for i := range in.Delete.Objects {
			all = append(all, deletePermissions(in, &in.Delete.Objects[i])...)
		}
		return all, nil
	}
	if d.q.row.permissions == nil {
		return nil, notSignable("%s is not signed for others", d.q.op.Name)
	}
	return d.q.row.permissions(d.in)
}

// Permit authorises everything that the request needs for the call's caller, and places the call: its region and the
// account whose data it is about. Of several keys all must be allowed.
func (d *Described) Permit(call *control.Call) error {
	q := d.q
	q.Call = call
	needed, err := d.permissions()
	if err != nil {
		return err
	}
	name := needed[0].bucket
	b := q.row.place(call.Caller, name)
	call.Event.AWSRegion = call.Facts.Region
	if err := d.g.checkRegion(q, b); err != nil {
		return err
	}
	if err := q.row.checkReach(call.Caller, name); err != nil {
		return err
	}
	if q.row.permissions != nil {
		return d.g.permit(q, d.in)
	}
	for i := range needed {
		if err := d.g.authoriseAll(q, needed[i:i+1]); err != nil {
			return err
		}
	}
	call.Address(b.Account)
	return d.g.Buckets.Genuine(q.Context(), b)
}

// Resource is the bucket that the request addresses, and the key, which is empty for a listing. The bucket is nil if it
// is not registered.
func (d *Described) Resource(call *control.Call) (b *bucket.Bucket, key string) {
	needed, err := d.permissions()
	if err != nil || len(needed) == 0 {
		return nil, ""
	}
	return call.Snapshot.Bucket(needed[0].bucket), needed[0].key
}

// Grant is what a grant must cover to allow the request: what it addresses, and the permission for all that it needs.
// Whether the grant also covers the other keys of the request is Permit's to say.
func (d *Described) Grant() (target string, level access.Permission, err error) {
	needed, err := d.permissions()
	if err != nil {
		return "", 0, err
	}
	for i := range needed {
		l, ok := dataActions[needed[i].action]
		if !ok {
			return "", 0, notSignable("No grant gives %s", needed[i].action)
		}
		level |= l.needs
	}
	first := &needed[0]
	if first.key == "" {
		return "s3://" + first.bucket + "/" + awswire.Value(first.prefix) + "*", level, nil
	}
	return "s3://" + first.bucket + "/" + first.key, level, nil
}
