package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

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
	case 6:
		return w.changeSignedIn(tx)
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
