package gateway

import (
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/fault"
)

// A request takes place in the region of the bucket that it addresses, whatever region its signature is for. Policies
// see that region in aws:RequestedRegion, and records have it. A copy takes place where it is written, as on S3.

// locality says in which region an operation takes place, and for which region its signature must be.
type locality uint8

const (
	inBucket    locality = iota // in the bucket's region, for which the signature must be
	ofBucket                    // in the bucket's region, signed for any: it is how clients find the region out
	inServer                    // in the server's region, signed for any: it is about no bucket
	whereSigned                 // in the region of the signature, in which the operation makes something
)

// place sets the region of a request. It returns the addressed bucket, nil if there is none.
func (o *operation) place(who *caller.Caller, name string) *bucket.Bucket {
	b := who.Snapshot.Bucket(name)
	switch {
	case o.locality == whereSigned:
		who.Facts.Region = who.Facts.SignedRegion
	case b != nil && o.locality != inServer:
		who.Facts.Region = b.Region
	}
	return b
}

// checkRegion refuses a signature that is for another region than the bucket's, in S3's words. The answer has the
// bucket's region, as every answer of S3 about a bucket has, whoever asks.
func (g *Gateway) checkRegion(q *request, b *bucket.Bucket) error {
	f := &q.Call.Facts
	if b == nil || g.AnyRegion || q.row.locality != inBucket || f.SignedRegion == b.Region {
		return nil
	}
	q.bucket = b // the answer names its region
	const text = "the region '%s' is wrong; expecting '%s'"
	wrong := fault.New(fault.Invalid, fault.Authorization, "The authorization header is malformed; "+text,
		f.SignedRegion, b.Region)
	if f.AuthType == caller.QueryString {
		wrong = fault.New(fault.Invalid, fault.AuthQuery, "Error parsing the X-Amz-Credential parameter; "+text,
			f.SignedRegion, b.Region)
	}
	return wrong.For(fault.RegionMismatch).With("Region", b.Region)
}
