package gateway

import (
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// A request that the caller's policies do not allow may be one that the caller's grants do. It is then served with
// the caller's own credentials, by the rights of the credential that GetDataAccess would vend for it: the request
// is decided once more as if that credential's holder had sent it. So a grant gives the same access whether the
// client knows GetDataAccess or not.

// resolve lets the caller's grants answer a permission that no policy allows, and that none of the caller's own stands
// against. A permission that a grant answered before is answered by that grant alone.
func (g *Gateway) resolve(call *control.Call, b *bucket.Bucket, n *permission) error {
	level, known := dataActions[n.action]
	if !known || !grants.Resolves(call.Snapshot, b.Account) {
		return fault.New(fault.Denied, "", "").For(fault.GrantsNotResolved)
	}
	s, err := g.wouldVend(call, b, n, level)
	if err != nil {
		return err
	}
	holder, err := g.Auth.Holder(call.Caller, s)
	if err != nil {
		return err
	}
	theirs := *n
	theirs.resolvable = false
	if err := g.may(control.Probe(holder, b.Account), b, &theirs); err != nil {
		return err
	}
	n.by = s
	call.ByRight(control.GrantHeld)
	return nil
}

// wouldVend returns the session that GetDataAccess would vend for a permission.
func (g *Gateway) wouldVend(
	call *control.Call, b *bucket.Bucket, n *permission, level dataLevel,
) (*credential.Session, error) {
	if n.by != nil {
		return n.by, g.Auth.StillHolds(call.Caller, n.by)
	}
	if n.supposed != nil {
		return n.supposed, nil
	}
	target, err := access.KeyTarget(b.Name, n.key)
	if level.onList {
		target, err = access.PrefixTarget(b.Name, awswire.Value(n.prefix))
	}
	if err != nil {
		return nil, control.AccessFault(err)
	}
	return g.Grants.Resolve(call.Caller, grants.Wanted{Bucket: b, Target: target, Permission: level.needs})
}

// resolvedRefusal is the refusal by policies with the reason for which grants did not help, if a grant was close. A
// caller without a grant is refused for what the policies say.
func resolvedRefusal(refusal *fault.Error, why error) error {
	f, ok := errors.AsType[*fault.Error](why)
	if !ok {
		return refusal.Because(why)
	}
	switch f.Reason {
	case "", fault.GrantsNotResolved, fault.GrantMissing, fault.InstanceMissing, fault.NotAllowed, fault.RequestInvalid,
		fault.IdentityPolicyDenies:
		return refusal
	}
	return refusal.For(f.Reason)
}

// recordUse records by which grants a request is about to be served.
func (g *Gateway) recordUse(q *request, needed []permission) error {
	var sessions []*credential.Session
	for i := range needed {
		if needed[i].by != nil {
			sessions = append(sessions, needed[i].by)
		}
	}
	if sessions == nil {
		return nil
	}
	q.resolvedBy(sessions[0])
	return g.Grants.RecordUse(q.Context(), q.Call, sessions...)
}

// resolvedBy notes in the log record, and in the record of the call if it leaves one, that a grant answered.
func (q *request) resolvedBy(s *credential.Session) {
	q.grant = s
	grants.NoteUse(q.Call, s)
}
