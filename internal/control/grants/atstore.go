package grants

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/broker"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// UpstreamSTS and SealedMode are how a location vends: sessions of the store's own STS, or credentials that this server
// seals and that work at its gateway.
const (
	UpstreamSTS = "upstream-sts"
	SealedMode  = "sealed"
)

// ExpiryOnly is what is left of the leash of a session that a store made: nothing but its expiry ends it.
const ExpiryOnly = "expiry-only"

// proofHolds is how long a probe that passed says something about a store. The probe runs every ProbeEvery.
const proofHolds = 3 * ProbeEvery

// atStore is the store that makes a credential, and what it is asked for.
type atStore struct {
	*broker.Store
	fence   broker.Fence
	escapes bool
}

// storeVends checks that the location's store can make the session, that the store was seen to keep sessions inside
// their prefix, and that nothing which this server would check at each use gets lost.
func (e *evaluation) storeVends() *failure {
	l := e.Location
	if !e.vends || l.Vending == nil || l.Vending.Since.IsZero() {
		return skipped
	}
	b := e.subject.call.Snapshot.Bucket(e.Decision.Scope.Bucket())
	s, name, err := e.grants.storeOf(b)
	if err != nil {
		return failed(fault.Of(err).Reason, err)
	}
	if err := proven(l.Vending, s, e.subject.call.Facts.Time); err != nil {
		return failed(fault.ProbeNotPassed, err)
	}
	at := &atStore{s, broker.FenceOf(e.Decision.Scope, e.Decision.Permission, e.Decision.Object), l.Vending.Escapes}
	at.fence.Bucket = name
	if err := e.expressible(&at.fence, b); err != nil {
		return failed(fault.RoleNotExpressible, err)
	}
	if err := s.CanFence(at.escapes, at.fence); err != nil {
		return failed(fault.PrefixNotFenced, err)
	}
	if err := e.longEnough(s); err != nil {
		return failed(fault.SessionTooShort, err)
	}
	e.atStore = at
	return nil
}

func describeStoreVends(e *evaluation, f *failure) (name, text string) {
	if f == nil {
		text = "upstream " + e.atStore.Name
	}
	return "the location's store makes the session by its own STS", text
}

// storeOf finds the STS of the store that has a bucket. The store must know the bucket by the same name, because the
// answer names it, and clients then go to the store.
func (g *Grants) storeOf(b *bucket.Bucket) (s *broker.Store, name string, err error) {
	if b != nil && g.Stores != nil {
		s, name = g.Stores(b)
	}
	switch {
	case s == nil:
		return nil, "", fault.Refuse(fault.Unavailable, fault.Location, fault.StoreNotConfigured,
			"The upstream of the location's bucket has no STS in the server's configuration.")
	case name != b.Name:
		return nil, "", fault.Refuse(fault.Unavailable, fault.Location, fault.StoreNotConfigured,
			"The store knows the bucket %s by another name, so clients would not find it there.", b.Name)
	}
	return s, name, nil
}

// proven checks that the store was seen to keep sessions inside their prefix, not long ago and as it is configured now.
func proven(v *store.Vending, s *broker.Store, now time.Time) error {
	no := func(format string, args ...any) error {
		return fault.Refuse(fault.Unavailable, fault.Location, fault.ProbeNotPassed, format, args...)
	}
	switch {
	case v.Stopped != "":
		return no("The location vends no sessions of its store any more: the store failed the probe.")
	case v.Proven.IsZero() || v.Of != s.Fingerprint():
		return no("The configuration of the location's store has changed since the store passed the probe.")
	case now.Sub(v.Proven) > proofHolds:
		return no("The location's store has not passed the probe since %s.", v.Proven.UTC().Format(time.RFC3339))
	}
	return nil
}

// longEnough checks that the store makes sessions that end before the one that asks.
func (e *evaluation) longEnough(s *broker.Store) error {
	left := e.Duration
	if now := e.subject.call.Facts.Time; !e.ValidUntil.IsZero() {
		left = min(left, e.ValidUntil.Sub(now))
	}
	if left >= s.MinDuration {
		return nil
	}
	return fault.Refuse(fault.Invalid, fault.SessionDuration, fault.SessionTooShort,
		"The store's shortest session has %d seconds, and this one may have %d.",
		int(s.MinDuration.Seconds()), int(left.Seconds()))
}

// expressible narrows a fence to what this server's policies allow at all, and refuses what they allow in part or under
// a condition: the store does not know these policies, and this server does not see the session's uses.
func (e *evaluation) expressible(f *broker.Fence, b *bucket.Bucket) error {
	snap := e.subject.call.Snapshot
	compiled := snap.Compiled(e.Role.ID)
	if compiled == nil || compiled.Err != nil {
		return notExpressible("The policies of the location's role cannot be read.")
	}
	all := slices.Clone(compiled.Identity)
	limits := [][]*policy.Document{compiled.Identity}
	if compiled.Boundary != nil {
		all, limits = append(all, compiled.Boundary), append(limits, []*policy.Document{compiled.Boundary})
	}
	own, err := snap.BucketPolicy(b.Name)
	if err != nil {
		return notExpressible("The policy of the bucket cannot be read.")
	}
	if own != nil {
		all = append(all, own)
	}
	for _, r := range reaches(f, b.Name) {
		switch whole, some := allowance(r, limits, all); {
		case whole:
		case some:
			return notExpressible("A policy of the location's role or of the bucket allows %s on a part of the prefix only, "+
				"or under a condition.", r.Action)
		default: // the gateway would refuse it, too
			f.Without = append(f.Without, r.Action)
		}
	}
	return nil
}

// allowance reports whether policies allow all of a reach whatever the request is, and whether they could allow any of
// it. Each of limits must allow it; none of all may deny it.
func allowance(r policy.Reach, limits [][]*policy.Document, all []*policy.Document) (whole, some bool) {
	whole, some = true, true
	for _, docs := range limits {
		whole = whole && slices.ContainsFunc(docs, func(d *policy.Document) bool { return d.AllowsAll(r) })
		some = some && slices.ContainsFunc(docs, func(d *policy.Document) bool { return d.MayAllow(r) })
	}
	for _, d := range all {
		whole, some = whole && !d.MayDeny(r), some && !d.DeniesAll(r)
	}
	return whole, some
}

func notExpressible(format string, args ...any) error {
	return fault.Refuse(fault.Denied, "", fault.RoleNotExpressible,
		format+" The store cannot keep to that. A location that vends sealed credentials can.", args...)
}

// reaches is everything that a session with this fence may do.
func reaches(f *broker.Fence, bucket string) (all []policy.Reach) {
	arn := "arn:aws:s3:::" + bucket
	for _, group := range []struct {
		needs   access.Permission
		actions []string
	}{
		{access.Read, []string{"s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts"}},
		{access.Write, []string{"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"}},
	} {
		for _, action := range group.actions {
			if f.Permission.Covers(group.needs) {
				all = append(all, policy.Reach{Action: action, Resource: arn + "/" + f.Prefix, Prefix: !f.Exact})
			}
		}
	}
	if f.Permission.Covers(access.Read) && !f.Exact && !f.ObjectOnly {
		for _, action := range []string{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"} {
			all = append(all, policy.Reach{Action: action, Resource: arn})
		}
	}
	return all
}

// vendAtStore asks the store for the session, and commits the audit record before the session leaves this server. The
// expiry is the store's.
func (g *Grants) vendAtStore(
	ctx context.Context, call *control.Call, e *evaluation, session *credential.Session,
) (*Vended, error) {
	s := e.atStore
	name := broker.SessionName(nameOf(call), session.ID.String())
	asked := time.Now()
	credentials, err := s.Assume(ctx, broker.Ask{
		Fence: s.fence, Escapes: s.escapes, Name: name, Duration: session.Expires.Sub(session.Issued),
	})
	if err != nil {
		return nil, err
	}
	session.Expires = credentials.Expires
	recordDecision(call, &e.Decision, session, e.Role)
	recordAtStore(call, s, credentials, name)
	if err := g.Control.Record(ctx, call); err != nil {
		return nil, err // and nobody has the session
	}
	if g.Observe != nil {
		g.Observe(e.decidedAt.Sub(e.began), time.Since(asked))
	}
	return &Vended{Credentials: credentials, Matched: e.Decision.Matched(), Grantee: e.Decision.Grant.Grantee}, nil
}

// nameOf says who asks, for the store's own log: the person, else the user, else the session of a role.
func nameOf(call *control.Call) string {
	if d, ok := call.OnBehalfOf(); ok {
		if p := call.Snapshot.Person(directory.UserID(d.UserID)); p != nil {
			return p.UserName
		}
		return d.UserID
	}
	switch {
	case call.User != nil:
		return call.User.Name
	case call.Role != nil:
		return call.Role.Name + "." + call.Session.Name
	}
	return string(call.Account)
}

// recordAtStore completes the audit records with the session that the store made. The record of the service's request
// to the store can be found by the access key id that the store gave: see store.AuditFilter.
func recordAtStore(call *control.Call, s *atStore, c credential.Credentials, name string) {
	added := call.Event.Added()
	added.Vending, added.Upstream, added.Leash = UpstreamSTS, s.Name, ExpiryOnly
	added.StoreAccessKeyID, added.StoreSession = c.AccessKeyID, name
	e := call.ServiceEvent("sts.amazonaws.com", "AssumeRole", ServicePrincipal, map[string]any{
		"roleArn": s.RoleARN, "roleSessionName": name, "upstream": s.Name, "dialect": string(s.Dialect),
		"durationSeconds": int(c.Expires.Sub(call.Facts.Time).Seconds()),
	})
	e.ResponseElements = map[string]any{"credentials": map[string]any{
		"accessKeyId": c.AccessKeyID, "expiration": c.Expires.Format(time.RFC3339),
	}}
	own := e.Added()
	*own = *added
	own.RequestedBy = call.ARN()
	call.Also(e)
}
