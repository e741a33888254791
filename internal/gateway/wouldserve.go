package gateway

import (
	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/control/grants"
	"latchkey/internal/fault"
)

// WouldServe tells how S3 requests of somebody would be answered: for READ the reading of the target's key and, for a
// prefix, its listing; for WRITE the writing. A prefix stands for the key that is the prefix and an asterisk, which the
// patterns of policies match as they match other keys. Conditions on the request are evaluated with the facts of the
// call that asks.
func (g *Gateway) WouldServe(in grants.Supposed) *grants.Direct {
	out := &grants.Direct{}
	b := in.Call.Snapshot.Bucket(in.Target.Bucket())
	if b == nil {
		out.Checks = []grants.Check{{Name: "the bucket exists", Text: "there is no such bucket", Reason: fault.BucketDeleted}}
		return out
	}
	key := in.Target.Key()
	if in.Target.Wildcard() {
		key += "*"
	}
	var needed []permission
	if in.Permission.Covers(access.Read) {
		if in.Target.Wildcard() {
			list := one("s3:ListBucket", &b.Name, nil, nil)
			prefix := in.Target.Key()
			if prefix != "" {
				list = listing(list, &prefix, nil, nil)
			}
			needed = append(needed, list...)
		}
		needed = append(needed, one("s3:GetObject", &b.Name, &key, nil)...)
	}
	if in.Permission.Covers(access.Write) {
		needed = append(needed, puts(&b.Name, &key, nil, true)...)
	}
	out.Allowed, out.By = len(needed) > 0, grants.ByPolicies
	for i := range needed {
		c := g.wouldServe(in, b, &needed[i])
		if out.Checks = append(out.Checks, c); !c.Passed {
			out.Allowed = false
		}
		if needed[i].by != nil {
			out.By = grants.ByGrant
		}
	}
	if !out.Allowed {
		out.By = ""
	}
	return out
}

func (g *Gateway) wouldServe(in grants.Supposed, b *bucket.Bucket, n *permission) grants.Check {
	n.resolvable, n.supposed = in.Session != nil, in.Session
	c := grants.Check{Name: n.action + " on " + n.resource()}
	err := g.may(in.Call, b, n)
	switch f := fault.Of(err); {
	case err == nil && n.by != nil:
		c.Passed, c.Text = true, "the grant "+n.by.GrantID+" answers"
	case err == nil:
		c.Passed, c.Text = true, "policies allow it"
	case in.Session != nil && !grants.Resolves(in.Call.Snapshot, b.Account):
		c.Text, c.Reason = "no policy allows it, and the account "+string(b.Account)+" does not let grants answer requests",
			fault.GrantsNotResolved
	default:
		c.Text, c.Reason = f.Message(), f.Reason
	}
	return c
}
