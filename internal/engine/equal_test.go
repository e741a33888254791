package engine

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/directory"
	"latchkey/internal/store"
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

// world makes random changes that a store accepts. Rows come, change and go, and use the same few names and ARNs again
// and again.
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

// pick draws a number with equal chances, which rapid's own numbers do not have. rapid draws the seed and the number of
// changes.
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

// change makes one change. A change that the store refuses counts as made.
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
	case 21: // another one with the same name replaces it
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
		for range 1 + w.pick(2*maxSingleReads) {
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

// gone removes an id from those that later changes use.
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

// ignore drops the errors that so few names make unavoidable.
func ignore(err error) error {
	if k := fault.KindOf(err); err != nil && (k == fault.NotFound || k == fault.AlreadyExists) {
		return nil
	}
	return err
}

// A snapshot that followed every change equals a freshly loaded one, whatever was read from it and cached in it on the
// way.
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
