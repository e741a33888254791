package gateway

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
)

// A caller who may not list a prefix, but has grants below it, gets the listing of what the grants reach. So a client
// that begins at a bucket's root finds its way.

// maxReached is how many grants one page of such a listing looks at.
const maxReached = 256

type listedObject = s3.Object

// performReached answers a request that permit refused by what the caller's grants reach below the prefix, if it is a
// listing of objects or HeadBucket, and the caller has such grants. Otherwise the refusal stands.
func (g *Gateway) performReached(q *request, in any, refusal error) (any, error) {
	n := q.refused
	if n == nil || n.action != "s3:ListBucket" || !n.open {
		return nil, refusal
	}
	b, err := buckets.Owned(q.Call, n.bucket, n.owner)
	if err != nil {
		return nil, refusal
	}
	r := &reachedList{prefix: awswire.Value(n.prefix)}
	var ask listAsk
	switch in := in.(type) {
	case *s3.HeadBucketRequest:
	case *s3.ListObjectsRequest:
		ask = listAsk{in.Delimiter, in.EncodingType, in.MaxKeys}
		r.after = awswire.Value(in.Marker)
	case *s3.ListObjectsV2Request:
		ask = listAsk{in.Delimiter, in.EncodingType, in.MaxKeys}
		if r.after = awswire.Value(in.StartAfter); in.ContinuationToken != nil {
			if r.after, err = g.openReached(q, n, *in.ContinuationToken); err != nil {
				return nil, err
			}
		}
	default:
		return nil, refusal
	}
	if r.delimiter = awswire.Value(ask.delimiter); len(r.delimiter) > 1 {
		return nil, refusal
	}
	if !g.reaches(q, b, n) {
		return nil, refusal
	}
	q.refused = nil
	if in, ok := in.(*s3.HeadBucketRequest); ok {
		return g.headBucket(q, in)
	}
	return g.listReached(q, b, in, r, ask)
}

// listAsk is what listings of objects have in common.
type listAsk struct {
	delimiter, encoding *string
	max                 *int32
}

// part is the permission to list a part of what a request asks for.
func part(n *permission, prefix string) *permission {
	p := *n
	p.prefix, p.open, p.by = &prefix, false, nil
	p.values = n.values.Clone()
	p.values.Set("s3:prefix", prefix)
	return &p
}

// reaches reports whether the caller may list anything below a prefix. It does not depend on where the listing begins.
func (g *Gateway) reaches(q *request, b *bucket.Bucket, n *permission) bool {
	for after, work := "", 0; work < 8; work++ {
		parts, more := g.Grants.ReachedPrefixes(q.Call.Caller, b, awswire.Value(n.prefix), after, maxReached)
		for _, prefix := range parts {
			p := part(n, prefix)
			if g.may(q.Call, b, p) == nil {
				return g.recordUse(q, []permission{*p}) == nil
			}
		}
		if !more {
			return false
		}
		after = parts[len(parts)-1] + afterAll
	}
	return false
}

// listReached lists.
func (g *Gateway) listReached(q *request, b *bucket.Bucket, in any, r *reachedList, ask listAsk) (any, error) {
	if ask.max != nil && *ask.max < 0 {
		return nil, fault.New(fault.Invalid, fault.Argument, "Argument max-keys must be an integer between 0 and 2147483647").
			With("ArgumentName", "max-keys").With("ArgumentValue", strconv.Itoa(int(*ask.max)))
	}
	if r.max = 1000; ask.max != nil {
		r.max = min(r.max, int(*ask.max))
	}
	if err := g.checkNames(b, checkPrefixes, q.row.names(in)...); err != nil {
		return nil, err
	}
	if err := g.Buckets.Genuine(q.Context(), b); err != nil {
		return nil, err
	}
	needed := listing(one("s3:ListBucket", &b.Name, nil, nil), nil, ask.delimiter, ask.max)
	needed[0].resolvable = true
	g.watch(q)
	r.parts, r.more = g.Grants.ReachedPrefixes(q.Call.Caller, b, r.prefix, r.after, maxReached)
	var failed error
	r.may = func(prefix string) bool {
		p := part(&needed[0], prefix)
		if failed != nil || g.may(q.Call, b, p) != nil {
			return false
		}
		if failed = g.recordUse(q, []permission{*p}); failed == nil {
			q.watched.also(*p)
		}
		return failed == nil
	}
	r.list = func(prefix, delimiter, after string, max int) (*listed, error) {
		return g.listPart(q, in, partAsk{prefix, delimiter, after, max})
	}
	page, err := r.page()
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, q.watched.stop(err)
	}
	return g.reachedOutput(q, in, r, page, ask)
}

// partAsk is a request for a page of a part.
type partAsk struct {
	prefix, delimiter, after string
	max                      int
}

// listPart asks the upstream for a page of a part. It asks for encoded names, because not every name can stand in XML.
func (g *Gateway) listPart(q *request, in any, ask partAsk) (*listed, error) {
	limit := new(int32(ask.max))
	var out any
	var err error
	switch in := in.(type) {
	case *s3.ListObjectsRequest:
		some := *in
		some.Prefix, some.Marker, some.MaxKeys, some.EncodingType = &ask.prefix, &ask.after, limit, new("url")
		some.Delimiter = awswire.Optional(ask.delimiter)
		out, err = g.callUpstream(q.Context(), q, &some, "")
	case *s3.ListObjectsV2Request:
		some := *in
		some.Prefix, some.StartAfter, some.MaxKeys, some.EncodingType = &ask.prefix, &ask.after, limit, new("url")
		some.Delimiter, some.ContinuationToken = awswire.Optional(ask.delimiter), nil
		out, err = g.callUpstream(q.Context(), q, &some, "")
	}
	if err != nil {
		return nil, err
	}
	switch out := out.(type) {
	case *s3.ListObjectsOutput:
		return readListed(out.EncodingType, out.Contents, out.CommonPrefixes, awswire.Value(out.IsTruncated), ask)
	case *s3.ListObjectsV2Output:
		return readListed(out.EncodingType, out.Contents, out.CommonPrefixes, awswire.Value(out.IsTruncated), ask)
	}
	return nil, fmt.Errorf("the upstream answered %s with a %T", q.op.Name, out)
}

// readListed reads an upstream's page. A name outside of what was asked for is an error: an upstream that ignores the
// prefix must not tell the caller more than the grants do.
func readListed(
	encoding *string, objects []s3.Object, prefixes []s3.CommonPrefix, truncated bool, ask partAsk,
) (*listed, error) {
	page := &listed{truncated: truncated}
	read := func(name *string) (string, error) {
		text, err := awswire.Value(name), error(nil)
		if encoding != nil {
			text, err = url.QueryUnescape(text)
		}
		if err == nil && !strings.HasPrefix(text, ask.prefix) {
			err = fmt.Errorf("the upstream's listing of a prefix has a name outside of it")
		}
		page.last = max(page.last, text)
		return text, err
	}
	for _, o := range objects {
		name, err := read(o.Key)
		if err != nil {
			return nil, err
		}
		o.Key = &name
		page.objects = append(page.objects, o)
	}
	for _, p := range prefixes {
		name, err := read(p.Prefix)
		if err != nil {
			return nil, err
		}
		page.prefixes = append(page.prefixes, name)
	}
	return page, nil
}

// reachedOutput is the answer of a listing of what grants reach.
func (g *Gateway) reachedOutput(q *request, in any, r *reachedList, page *listed, ask listAsk) (any, error) {
	name := func(s string) *string {
		if ask.encoding != nil {
			s = awswire.EscapeName(s)
		}
		return &s
	}
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return name(s)
	}
	for i := range page.objects {
		page.objects[i].Key = name(*page.objects[i].Key)
	}
	var prefixes []s3.CommonPrefix
	for _, p := range page.prefixes {
		prefixes = append(prefixes, s3.CommonPrefix{Prefix: name(p)})
	}
	limit := new(int32(r.max))
	if in, ok := in.(*s3.ListObjectsRequest); ok {
		out := &s3.ListObjectsOutput{
			IsTruncated: &page.truncated, Marker: name(r.after), Name: in.Bucket, Prefix: name(r.prefix),
			Delimiter: optional(r.delimiter), MaxKeys: limit, EncodingType: ask.encoding, CommonPrefixes: prefixes,
			Contents: page.objects,
		}
		if page.truncated {
			out.NextMarker = name(page.last)
		}
		return out, nil
	}
	v2 := in.(*s3.ListObjectsV2Request)
	out := &s3.ListObjectsV2Output{
		IsTruncated: &page.truncated, Name: v2.Bucket, Prefix: name(r.prefix), Delimiter: optional(r.delimiter),
		MaxKeys: limit, EncodingType: ask.encoding, KeyCount: new(int32(page.count())), CommonPrefixes: prefixes,
		Contents: page.objects, ContinuationToken: v2.ContinuationToken, StartAfter: optional(awswire.Value(v2.StartAfter)),
	}
	if page.truncated {
		n := permission{bucket: awswire.Value(v2.Bucket), prefix: &r.prefix}
		sealed := g.Control.Ring.Seal(reachedPurpose(q.Call, &n), []byte(page.last))
		out.NextContinuationToken = new(base64.RawURLEncoding.EncodeToString(sealed))
	}
	return out, nil
}

// reachedPurpose names a listing for its tokens: a token is of no use in another listing, or to another principal.
func reachedPurpose(call *control.Call, n *permission) string {
	return fmt.Sprintf("%q", []string{"reached list", call.Principal.ID, n.bucket, awswire.Value(n.prefix)})
}

func (g *Gateway) openReached(q *request, n *permission, token string) (string, error) {
	bad := fault.New(fault.Invalid, fault.Argument, "The continuation token provided is incorrect").
		With("ArgumentName", "continuation-token")
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", bad.Because(err)
	}
	last, err := g.Control.Ring.Unseal(reachedPurpose(q.Call, n), sealed)
	if err != nil {
		return "", bad.Because(err)
	}
	return string(last), nil
}
