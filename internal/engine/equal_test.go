package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

var (
	accounts = []access.AccountID{acct, "444455556666"}
	names    = []string{"ann", "Bob", "carl"}
	scopes   = []string{"s3://", "s3://lake/*", "s3://lake/finance/*"}
	texts    = []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{`,
	}
	resourceTexts = []string{
		"",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`,
		`{"Statement":`,
	}
	trustTexts = []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
		`not a policy`,
	}
)

// world makes random changes that a store accepts: rows with the same few names and ARNs come, change and go.
type world struct {
	*rapid.T
	tb                           testing.TB
	rand                         *rand.Rand
	users, roles, keys, policies []string
	ever                         []string
	applications, issuers        []string
	people                       []directory.UserID // ever
	groups                       []directory.GroupID
	grants                       []access.GrantID
	all                          []access.GrantID
}

// pick is fair, which rapid's own numbers are not; rapid draws the seed and how much happens.
func (w *world) pick(n int) int { return w.rand.IntN(n) }

func pickOf[T any](w *world, from []T) T { return from[w.pick(len(from))] }

func (w *world) account() access.AccountID { return pickOf(w, accounts) }

func (w *world) time() time.Time {
	return time.Unix(int64(w.pick(50)), 0).UTC()
}

func (w *world) attachments() (p iam.Policies) {
	for i, text := range texts {
		if w.pick(4) == 0 {
			p.Inline = append(p.Inline, iam.Inline{Name: fmt.Sprint("inline", i), Document: text})
		}
	}
	arns := []string{policy.ManagedPrefix + "AmazonS3FullAccess", policy.ManagedPrefix + "AmazonS3ReadOnlyAccess"}
	for _, a := range accounts {
		for _, n := range names {
			arns = append(arns, (&iam.ManagedPolicy{Account: a, Path: "/", Name: n}).ARN())
		}
	}
	for _, arn := range arns {
		if w.pick(3) == 0 {
			p.Attached = append(p.Attached, arn)
		}
	}
	if w.pick(3) == 0 {
		p.Boundary = pickOf(w, arns)
	}
	return p
}

func (w *world) managed() *iam.ManagedPolicy {
	p := &iam.ManagedPolicy{
		ID:      iam.NewID(iam.PolicyIDPrefix),
		Account: w.account(),
		Path:    "/",
		Name:    pickOf(w, names),
		Created: w.time(),
	}
	for i, text := range texts {
		p.Versions = append(p.Versions, iam.PolicyVersion{ID: fmt.Sprint("v", i+1), Document: text})
	}
	p.Default = fmt.Sprint("v", 1+w.pick(len(texts)))
	return p
}

// change makes one change; what the store refuses is as good as done.
func (w *world) change(tx *store.Tx) error {
	switch w.pick(10) {
	case 0, 1:
		return w.changeCenter(tx)
	case 2, 3, 4:
		return w.changeDirectory(tx)
	case 5:
		return w.changeOIDC(tx)
	}
	switch w.pick(23) {
	case 21: // another with the same name takes its place
		u, err := store.Users.Get(w.Context(), tx, w.id(w.users))
		if err != nil {
			return err
		}
		again := *u
		again.ID = iam.NewID(iam.UserIDPrefix)
		w.users = append(w.users, again.ID)
		return errors.Join(store.Users.Delete(tx, w.gone(&w.users, u.ID)), store.Users.Insert(tx, &again))
	case 22:
		p, err := store.ManagedPolicies.Get(w.Context(), tx, w.id(w.policies))
		if err != nil {
			return err
		}
		again := *p
		again.ID = iam.NewID(iam.PolicyIDPrefix)
		w.policies = append(w.policies, again.ID)
		return errors.Join(store.ManagedPolicies.Delete(tx, w.gone(&w.policies, p.ID)),
			store.ManagedPolicies.Insert(tx, &again))
	case 0:
		return store.Accounts.Insert(tx, &iam.Account{ID: w.account()})
	case 1:
		return store.Accounts.Delete(tx, string(w.account()))
	case 2, 3:
		u := storetest.NewUser(w.account(), pickOf(w, names), w.time())
		u.Policies = w.attachments()
		w.users = append(w.users, u.ID)
		return store.Users.Insert(tx, u)
	case 4, 5:
		u, err := store.Users.Get(w.Context(), tx, w.id(w.users))
		if err != nil {
			return err
		}
		u.Name, u.Policies = pickOf(w, names), w.attachments()
		return store.Users.Update(tx, u)
	case 6:
		return store.Users.Delete(tx, w.gone(&w.users, w.id(w.users)))
	case 7:
		r := &iam.Role{
			ID:         iam.NewID(iam.RoleIDPrefix),
			Account:    w.account(),
			Path:       "/",
			Name:       pickOf(w, names),
			Created:    w.time(),
			Trust:      pickOf(w, trustTexts),
			MaxSession: time.Hour,
			Policies:   w.attachments(),
		}
		w.roles = append(w.roles, r.ID)
		return store.Roles.Insert(tx, r)
	case 8:
		r, err := store.Roles.Get(w.Context(), tx, w.id(w.roles))
		if err != nil {
			return err
		}
		r.Trust, r.Policies = pickOf(w, trustTexts), w.attachments()
		return store.Roles.Update(tx, r)
	case 9:
		return store.Roles.Delete(tx, w.gone(&w.roles, w.id(w.roles)))
	case 10:
		k := &iam.AccessKey{ID: iam.NewAccessKeyID(), Account: w.account(), Status: iam.Active, Created: w.time()}
		if w.pick(2) == 0 {
			k.UserID = w.id(w.users)
		}
		w.keys = append(w.keys, k.ID)
		return store.AccessKeys.Insert(tx, k)
	case 11:
		k, err := store.AccessKeys.Get(w.Context(), tx, w.id(w.keys))
		if err != nil {
			return err
		}
		k.Status = iam.Inactive
		return store.AccessKeys.Update(tx, k)
	case 12:
		return store.AccessKeys.Delete(tx, w.gone(&w.keys, w.id(w.keys)))
	case 13:
		p := w.managed()
		w.policies = append(w.policies, p.ID)
		return store.ManagedPolicies.Insert(tx, p)
	case 14:
		p, err := store.ManagedPolicies.Get(w.Context(), tx, w.id(w.policies))
		if err != nil {
			return err
		}
		p.Default = fmt.Sprint("v", 1+w.pick(len(texts)))
		return store.ManagedPolicies.Update(tx, p)
	case 15:
		return store.ManagedPolicies.Delete(tx, w.gone(&w.policies, w.id(w.policies)))
	case 16:
		b := &bucket.Bucket{Name: pickOf(w, names), Account: w.account(), Policy: pickOf(w, resourceTexts), Created: w.time()}
		return errors.Join(ignore(store.Buckets.Delete(tx, b.Name)), store.Buckets.Insert(tx, b))
	case 17:
		i := &store.Instance{Instance: access.Instance{Account: w.account(), Region: here}, Policy: pickOf(w, resourceTexts)}
		err := ignore(store.Instances.Delete(tx, store.InstanceID(i.Account, i.Region)))
		if w.pick(3) == 0 {
			return err
		}
		return errors.Join(err, store.Instances.Insert(tx, i))
	case 18:
		scope, err := access.ParseLocationScope(pickOf(w, scopes))
		if err != nil {
			return err
		}
		l := &store.Location{Location: access.Location{
			ID:        access.LocationID(pickOf(w, names)),
			Account:   w.account(),
			Region:    here,
			Scope:     scope,
			CreatedAt: w.time(),
		}}
		if old, err := store.Locations.ByName(w.Context(), tx, string(l.Account),
			store.LocationName(here, scope)); err == nil {
			err = store.Locations.Delete(tx, store.LocationID(old.Account, here, old.ID)) // the scope goes to another location
			if err != nil {
				return err
			}
		}
		err = ignore(store.Locations.Delete(tx, store.LocationID(l.Account, here, l.ID)))
		if w.pick(3) == 0 {
			return err
		}
		return errors.Join(err, store.Locations.Insert(tx, l))
	case 19:
		for range 1 + w.pick(2*few) {
			g := storetest.NewGrant(w.tb, w.account(), pickOf(w, scopes[1:]), fmt.Sprint("user-", w.pick(1000)))
			w.grants, w.all = append(w.grants, g.ID), append(w.all, g.ID)
			if err := store.InsertGrant(tx, &g); err != nil {
				return err
			}
		}
		return nil
	}
	if len(w.grants) == 0 {
		return nil
	}
	i := w.pick(len(w.grants))
	id := w.grants[i]
	w.grants = slices.Delete(w.grants, i, i+1)
	return store.DeleteGrant(tx, id)
}

// gone takes an id out of those that later changes are about.
func (w *world) gone(from *[]string, id string) string {
	w.ever = append(w.ever, id)
	*from = slices.DeleteFunc(*from, func(o string) bool { return o == id })
	return id
}

func (w *world) id(from []string) string {
	if len(from) == 0 {
		return "nobody"
	}
	return pickOf(w, from)
}

// ignore forgives what the few names make unavoidable.
func ignore(err error) error {
	if k := fault.KindOf(err); err != nil && (k == fault.NotFound || k == fault.AlreadyExists) {
		return nil
	}
	return err
}

// describe is everything that can be read from a snapshot.
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

// A snapshot that went along with every change is the snapshot that a fresh load gives, whatever was read
// from it and kept on the way.
func TestAttack35_IncrementalEqualsFresh(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n, ".db"))
		db, err := store.Open(t.Context(), store.Options{Path: path})
		if err != nil {
			rt.Fatal(err)
		}
		defer os.Remove(path)
		defer db.Close()
		e, err := prepare(t.Context(), db, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		w := &world{T: rt, tb: t, rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		for range rapid.IntRange(1, 12).Draw(rt, "looks") {
			for range rapid.IntRange(1, 3).Draw(rt, "revisions") {
				_, err := db.Update(t.Context(), func(tx *store.Tx) error {
					for range rapid.IntRange(1, 5).Draw(rt, "changes") {
						if err := ignore(w.change(tx)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					rt.Fatal(err)
				}
			}
			lineage := e.Current().grants
			if err := e.follower.sync(t.Context()); err != nil {
				rt.Fatal(err)
			}
			if _, ok := lineage.CatchUp(e.Current().grants); !ok {
				rt.Fatal("the snapshot was loaded, not changed")
			}
			fresh, err := load(t.Context(), db)
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(w.describe(fresh), w.describe(e.Current())); diff != "" {
				rt.Fatalf("fresh (-), incremental (+):\n%s", diff)
			}
		}
	})
}
