package engine

import (
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// describe returns everything that can be read from a snapshot.
func (w *world) describe(s *Snapshot) []string {
	out := []string{fmt.Sprint("revision ", s.Rev(), ", ", s.Grants().Len(), " grants")}
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	doc := func(d *policy.Document, err error) string {
		if d == nil {
			return fmt.Sprint(nil, err)
		}
		return d.Name() + " " + d.String()
	}
	compiled := func(id string) {
		c := s.Compiled(id)
		if c == nil {
			return
		}
		say("compiled %s: trust %s, boundary %s, %v, %v", id, doc(c.Trust, nil), doc(c.Boundary, nil), c.MaxSession, c.Err)
		for _, d := range c.Identity {
			say("  %s", doc(d, nil))
		}
	}
	for _, a := range s.Accounts() {
		say("account %+v", *a)
	}
	out = append(out, describeCuts(s)...)
	for _, a := range accounts {
		say("account %s: %v", a, s.Account(a) != nil)
		for _, u := range s.UsersOf(a) {
			say("user %+v", *u)
			compiled(u.ID)
		}
		for _, r := range s.RolesOf(a) {
			say("role %+v", *r)
			compiled(r.ID)
		}
		for _, n := range names {
			arn := (&iam.ManagedPolicy{Account: a, Path: "/", Name: n}).ARN()
			users, roles := s.AttachedTo(arn)
			bounded, boundedRoles := s.BoundedBy(arn)
			n1, n2 := s.Uses(arn)
			say("policy %s: %v, used by %v %v %v %v %d %d: %s", arn, s.Policy(arn) != nil, ids(users), roleIDs(roles),
				ids(bounded), roleIDs(boundedRoles),
				n1, n2, doc(s.PolicyDocument(arn), nil))
			say("user %s: %+v", n, s.UserByName(a, strings.ToUpper(n)))
			say("role %s: %+v", n, s.RoleByName(a, strings.ToUpper(n)))
			say("bucket %s: %+v %s", n, s.Bucket(n), doc(s.BucketPolicy(n)))
			say("location %s: %+v", n, s.Location(a, here, access.LocationID(n)))
		}
		for _, p := range s.PoliciesOf(a) {
			say("policy %+v", *p)
		}
		for _, b := range s.BucketsOf(a) {
			say("bucket %+v", *b)
		}
		for _, i := range s.InstancesOf(a) {
			say("instance %+v %v", *i, s.Instance(a, i.Region) == i)
		}
		say("instance policy %s", doc(s.InstancePolicy(a, here)))
		for _, l := range s.LocationsOf(a, here) {
			say("location %+v", *l)
		}
		for _, text := range scopes {
			scope, _ := access.ParseLocationScope(text)
			say("scope %s: %+v", text, s.LocationByScope(a, here, scope))
		}
		out = append(out, describeCenter(s, a)...)
		out = append(out, w.describeOIDC(s, a)...)
		out = append(out, w.describeSignedIn(s)...)
		for _, k := range s.KeysOf(string(a)) {
			say("root key %+v", *k)
		}
	}
	for _, id := range slices.Concat(w.users, w.roles, w.keys, w.ever) {
		say("%s: %+v %+v %+v", id, s.User(id), s.Role(id), s.AccessKey(id))
		for _, k := range s.KeysOf(id) {
			say("key %+v", *k)
		}
	}
	out = append(out, w.describeDirectory(s)...)
	for _, id := range w.all {
		g, ok := s.Grants().Grant(id)
		say("grant %s: %v %v %+v", id, s.Grants().Has(id), ok, g)
	}
	return out
}

func ids(users []*iam.User) []string {
	return project(users, func(u *iam.User) string { return u.ID })
}

func roleIDs(roles []*iam.Role) []string {
	return project(roles, func(r *iam.Role) string { return r.ID })
}

// describeCuts are the cuts, without those of memberships of users and groups that are gone.
func describeCuts(s *Snapshot) (out []string) {
	for kind := range s.cuts.of {
		for id, c := range s.cuts.of[kind].all() {
			if credential.GroundKind(kind) == credential.OnMembership {
				g, u, _ := store.CutPairID(id)
				if s.Person(u) == nil || s.Group(g) == nil {
					continue
				}
			}
			out = append(out, fmt.Sprint("cut ", credential.GroundKind(kind), " ", id, " at ", c.rev))
		}
	}
	slices.Sort(out)
	return out
}
