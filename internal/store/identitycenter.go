package store

import (
	"context"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// The kinds of Identity Center's rows.
const (
	KindIdentityCenter Kind = "identity-center"
	KindApplication    Kind = "application"
	KindAssignment     Kind = "application-assignment"
	KindIssuer         Kind = "token-issuer"
	KindSignIn         Kind = "sign-in"
)

// IdentityCenters: id is the account, which has at most one instance. An account without a row has the instance that
// every account begins with; see IdentityCenter.
var IdentityCenters = Table[sso.Instance]{
	Kind: KindIdentityCenter, Entity: fault.IdentityCenter,
	Key: func(i *sso.Instance) Key { return Key{ID: string(i.Account), Account: string(i.Account)} },
}

// Applications: id is the apl-... id, name the client token that it was created with, parent the instance's id.
var Applications = Table[sso.Application]{
	Kind: KindApplication, Entity: fault.Application,
	Key: func(a *sso.Application) Key {
		return Key{ID: a.ID, Account: string(a.Account), Name: a.ClientToken, Parent: a.InstanceID}
	},
	Seq:  func(a *sso.Application, seq int64) { a.Seq = seq },
	Cuts: cutsOfApplication,
}

// cutsOfApplication: an application that is disabled, the grants, issuers, audiences, scopes and their targets that it
// no longer has, and that everybody may use it.
func cutsOfApplication(old, now *sso.Application) (cut []credential.Ground) {
	if now == nil {
		return nil
	}
	add := func(k credential.GroundKind, parts ...string) {
		cut = append(cut, credential.Ground{Kind: k, ID: credential.Joined(append([]string{now.ID}, parts...)...)})
	}
	if now.Disabled && !old.Disabled {
		add(credential.OnApplication)
	}
	if old.AssignmentOptional && !now.AssignmentOptional {
		cut = append(cut, credential.Ground{
			Kind: credential.OnAssignment, ID: sso.AssignmentID(now.ID, sso.Everybody, ""),
		})
	}
	for _, g := range old.Grants {
		kept := now.Grant(g.Type)
		if kept == nil {
			add(credential.OnApplicationGrant, string(g.Type))
			kept = &sso.Grant{}
		}
		for _, i := range g.Issuers {
			accepted := kept.Issuer(i.IssuerARN)
			issuer, _ := sso.ParseARN(i.IssuerARN)
			if accepted == nil {
				add(credential.OnAcceptedIssuer, issuer.ID)
				accepted = &sso.AuthorizedIssuer{}
			}
			for _, audience := range i.Audiences {
				if !slices.Contains(accepted.Audiences, audience) {
					add(credential.OnAudience, issuer.ID, audience)
				}
			}
		}
	}
	for _, s := range old.Scopes {
		for _, target := range s.Entries() {
			if !now.Scope(s.Name).Covers(target) {
				add(credential.OnAccessScope, s.Name, target)
			}
		}
	}
	return cut
}

// Assignments: id is AssignmentID, parent the directory user or group. The account column holds the application's id.
// So InAccount finds the assignments of an application, and Children those of a principal.
var Assignments = Table[sso.Assignment]{
	Kind: KindAssignment, Entity: fault.Assignment,
	Key: func(a *sso.Assignment) Key {
		return Key{ID: a.ID(), Account: a.ApplicationID, Parent: a.PrincipalID}
	},
	Seq: func(a *sso.Assignment, seq int64) { a.Seq = seq },
	Cuts: func(old, now *sso.Assignment) []credential.Ground {
		if now != nil {
			return nil
		}
		return []credential.Ground{{Kind: credential.OnAssignment, ID: old.ID()}}
	},
}

// Issuers: id is the tti-... id, name the issuer's URL, unique in the account; parent the instance's id.
var Issuers = Table[sso.Issuer]{
	Kind: KindIssuer, Entity: fault.TokenIssuer,
	Key: func(i *sso.Issuer) Key {
		return Key{ID: i.ID, Account: string(i.Account), Name: i.URL, Parent: i.InstanceID}
	},
	Seq: func(i *sso.Issuer, seq int64) { i.Seq = seq },
	Cuts: func(old, now *sso.Issuer) []credential.Ground { // whom its tokens name is another question now
		if now == nil || now.ClaimPath == old.ClaimPath && now.StorePath == old.StorePath {
			return nil
		}
		return []credential.Ground{{Kind: credential.OnIssuer, ID: now.ID}}
	},
}

// SignIns: id is the account, of which each has at most one.
var SignIns = Table[sso.SignIn]{
	Kind: KindSignIn, Entity: fault.SignIn,
	Key: func(i *sso.SignIn) Key { return Key{ID: string(i.Account), Account: string(i.Account)} },
}

// IdentityCenter is the Identity Center instance of an account: its row or, while nobody has changed it, the instance
// that every account begins with. It fails with NotFound when the account deleted its instance or does not exist.
func IdentityCenter(ctx context.Context, q Querier, account access.AccountID) (*sso.Instance, error) {
	i, err := IdentityCenters.Get(ctx, q, string(account))
	switch {
	case err == nil && i.Deleted:
		return nil, fault.New(fault.NotFound, fault.IdentityCenter, "")
	case !fault.Is(err, fault.NotFound, fault.IdentityCenter):
		return i, err
	}
	a, err := Accounts.Get(ctx, q, string(account))
	if err != nil {
		return nil, err
	}
	return sso.First(a.ID, a.Created), nil
}

// IdentityStoreID is the id of an account's identity store, which the account's Identity Center instance names. It
// fails with NotFound when the account deleted its instance.
func IdentityStoreID(ctx context.Context, q Querier, account access.AccountID) (string, error) {
	i, err := IdentityCenters.Get(ctx, q, string(account))
	switch {
	case fault.Is(err, fault.NotFound, fault.IdentityCenter):
		return sso.IdentityStoreID(account), nil
	case err != nil:
		return "", err
	case i.Deleted:
		return "", fault.New(fault.NotFound, fault.IdentityCenter, "")
	}
	return i.IdentityStoreID, nil
}

// PutIdentityCenter inserts or replaces the row of an account's instance.
func PutIdentityCenter(tx *Tx, i *sso.Instance) error {
	err := IdentityCenters.Update(tx, i)
	if fault.Is(err, fault.NotFound, fault.IdentityCenter) {
		return IdentityCenters.Insert(tx, i)
	}
	return err
}

// DeleteAssignmentsOf deletes every assignment of a directory user or group. It is called before the user or group is
// deleted.
func DeleteAssignmentsOf(ctx context.Context, tx *Tx, principalID string) error {
	all, err := Assignments.Children(ctx, tx, principalID)
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := Assignments.Delete(tx, a.ID()); err != nil {
			return err
		}
	}
	return nil
}
