package grants

import (
	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
)

// S3 requests can be answered by the grants of their caller, without a credential being vended first. The rights are
// those of the credential that GetDataAccess would vend to the caller for the same target and permission: Resolve makes
// its session by the same evaluation and seals nothing. The gateway then asks the request once more as the holder of
// that session. See docs/direct.md.

// Wanted is what a permission of an S3 request needs of a grant.
type Wanted struct {
	Bucket     *bucket.Bucket
	Target     access.Scope // one key, or all keys with a prefix: see access.KeyTarget and access.PrefixTarget
	Permission access.Permission
}

// Resolves reports whether an account lets grants answer S3 requests for its buckets.
func Resolves(snap *engine.Snapshot, account access.AccountID) bool {
	a := snap.Account(account)
	return a != nil && a.ResolveGrants
}

// Resolve returns the session that GetDataAccess would vend to a caller for a target. It changes and records nothing:
// see RecordUse. Its error is for records, and only says why no grant answers.
func (g *Grants) Resolve(who *caller.Caller, in Wanted) (*credential.Session, error) {
	if !Resolves(who.Snapshot, in.Bucket.Account) {
		return nil, fault.New(fault.Denied, "", "").For(fault.GrantsNotResolved)
	}
	e := g.evaluate(question{
		subject: &subject{call: control.Probe(who.In(in.Bucket.Region), in.Bucket.Account)}, target: in.Target,
		data: DataAccess{Permission: in.Permission, Privilege: access.Default},
	})
	if err := e.refusal(); err != nil {
		return nil, err
	}
	return e.session(), nil
}
