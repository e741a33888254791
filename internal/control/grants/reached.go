package grants

import (
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
)

// maxReachedWork is how many evaluations one list of buckets may take.
const maxReachedWork = 10_000

// ReachedBuckets returns the buckets that a caller's grants reach, in no order: those for which GetDataAccess would
// vend a credential by at least one of them. A caller with very many grants that do not answer may miss some.
func (g *Grants) ReachedBuckets(who *caller.Caller) (all []*bucket.Bucket) {
	if who.IsVended() {
		return nil
	}
	subjects, reached := map[*bucket.Bucket]*subject{}, map[*bucket.Bucket]bool{}
	work := 0
	for grant := range who.Snapshot.Grants().ForIdentities(access.ListRequest{
		AnyInstance: true, Identities: everyIdentity(who),
	}) {
		b := who.Snapshot.Bucket(grant.Scope.Bucket())
		if b == nil || reached[b] || b.Account != grant.Account || b.Region != grant.Region ||
			!Resolves(who.Snapshot, b.Account) {
			continue
		}
		if work++; work > maxReachedWork {
			break
		}
		if subjects[b] == nil {
			subjects[b] = &subject{call: control.Probe(who.In(b.Region), b.Account)}
		}
		e := g.evaluate(question{
			subject: subjects[b], target: grant.Scope,
			data: DataAccess{Permission: grant.Permission, Privilege: access.Default},
		})
		if e.refusal() == nil {
			reached[b], all = true, append(all, b)
		}
	}
	return all
}

// everyIdentity is the identities under which a caller can have grants in any instance. Whether the instance counts a
// person's is the evaluation's to say.
func everyIdentity(who *caller.Caller) []access.Identity {
	all := Identities(control.Probe(who, who.Account))
	if person, ok := personOf(who); ok {
		for _, id := range who.Snapshot.AppendIdentities(nil, person) {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all
}

// ReachedPrefixes returns the prefixes of a bucket below a prefix on which a caller has a grant to read, in the
// order of their bytes, each once. It leaves out those whose keys all sort at or before the key after. more says
// that there are more than limit. Whether each grant answers is for the caller of this function to find out.
func (g *Grants) ReachedPrefixes(
	who *caller.Caller, b *bucket.Bucket, prefix, after string, limit int,
) (all []string, more bool) {
	call := control.Probe(who.In(b.Region), b.Account)
	for grant := range who.Snapshot.Grants().ForIdentities(access.ListRequest{
		Account: b.Account, Region: b.Region, Identities: Identities(call), ScopePrefix: "s3://" + b.Name + "/" + prefix,
	}) {
		s := grant.Scope
		if !s.Wildcard() || !grant.Permission.Covers(access.Read) || s.Bucket() != b.Name {
			continue
		}
		if key := s.Key(); len(key) > len(prefix) && (key > after || strings.HasPrefix(after, key)) {
			all = append(all, key)
		}
		if len(all) >= 8*(limit+1) { // keep the smallest ones only
			all, more = smallest(all, limit, more)
		}
	}
	return smallest(all, limit, more)
}

// smallest sorts texts and keeps the smallest limit of them, each once.
func smallest(all []string, limit int, more bool) ([]string, bool) {
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > limit {
		return all[:limit], true
	}
	return all, more
}
