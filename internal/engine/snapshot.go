package engine

import (
	"cmp"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/directory"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Snapshot is the whole state as of one revision. It never changes, so any number of goroutines may read it without
// locks, and everything read from one Snapshot agrees. Its results are shared: nobody may change them. A nil pointer
// means that the requested thing does not exist.
type Snapshot struct {
	rev           store.Rev
	accounts      pmap[access.AccountID, *account]
	principals    pmap[string, *principal]        // users and roles by id
	keys          pmap[string, *iam.AccessKey]    // by id
	keysOf        pmap[string, []*iam.AccessKey]  // by user id; root keys by account id
	policies      pmap[string, *managed]          // by ARN
	policyIDs     pmap[string, *managed]          // by id
	uses          pmap[string, uses]              // by the ARN of a managed policy, ours or AWS's
	buckets       pmap[string, *ruledBucket]      // by name
	applications  pmap[string, *application]      // of Identity Center, by id
	issuers       pmap[string, *sso.Issuer]       // by id
	oidcProviders pmap[string, *iam.OIDCProvider] // of IAM, by id
	stores        pmap[directory.StoreID, *identityStore]
	people        pmap[directory.UserID, *person]
	groups        pmap[directory.GroupID, *group]
	grants        *access.Index
	lastGrant     int64 // the largest Seq that any grant ever had

	provisioning provisioning
	signedIn     pmap[string, *store.PersonSignIn] // by id

	cuts      *cuts
	cutsOwner *token
	lineage   *token // of the load that the snapshot descends from
}

// account is what belongs to one account. The snapshot keeps the rows of an account even if the account has no row of
// its own.
type account struct {
	owner         *token
	row           *iam.Account
	users         list[string, *principal]   // by folded name
	roles         list[string, *principal]   // by folded name
	policies      list[string, *managed]     // by ARN
	buckets       list[string, *ruledBucket] // by name
	regions       map[string]*region         // copied by every change
	center        center
	oidcProviders list[string, *iam.OIDCProvider] // by name
}

// region is the Access Grants instance of an account in a region, with its locations.
type region struct {
	owner     *token
	instance  *instance
	locations list[access.LocationID, *store.Location]
	byScope   pmap[string, *store.Location]
}

// Rev is the revision that the snapshot shows.
func (s *Snapshot) Rev() store.Rev { return s.rev }

// Account finds an account.
func (s *Snapshot) Account(id access.AccountID) *iam.Account {
	if a := s.accounts.at(id); a != nil {
		return a.row
	}
	return nil
}

// Accounts is every account in the order of their ids.
func (s *Snapshot) Accounts() []*iam.Account {
	var all list[access.AccountID, *iam.Account]
	t := new(token)
	for id, a := range s.accounts.all() {
		if a.row != nil {
			all.set(t, id, a.row)
		}
	}
	return all.sorted(func(a, b *iam.Account) int { return cmp.Compare(a.ID, b.ID) })
}

// User returns a user by the immutable id.
func (s *Snapshot) User(id string) *iam.User {
	if p := s.principals.at(id); p != nil {
		return p.user
	}
	return nil
}

// UserByName returns a user by name, whatever the case (IAM API reference, CreateUser: names are not distinguished by
// case).
func (s *Snapshot) UserByName(id access.AccountID, name string) *iam.User {
	if a := s.accounts.at(id); a != nil {
		if p := a.users.entries.at(fold(name)); p != nil {
			return p.user
		}
	}
	return nil
}

// UsersOf is every user of an account, oldest first.
func (s *Snapshot) UsersOf(id access.AccountID) []*iam.User {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	return project(a.users.sorted(byAge), func(p *principal) *iam.User { return p.user })
}

// Role returns a role by its immutable id.
func (s *Snapshot) Role(id string) *iam.Role {
	if p := s.principals.at(id); p != nil {
		return p.role
	}
	return nil
}

// RoleByName returns a role by name, whatever the case.
func (s *Snapshot) RoleByName(id access.AccountID, name string) *iam.Role {
	if a := s.accounts.at(id); a != nil {
		if p := a.roles.entries.at(fold(name)); p != nil {
			return p.role
		}
	}
	return nil
}

// RolesOf is every role of an account, oldest first.
func (s *Snapshot) RolesOf(id access.AccountID) []*iam.Role {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	return project(a.roles.sorted(byAge), func(p *principal) *iam.Role { return p.role })
}

// AccessKey finds a long-term access key.
func (s *Snapshot) AccessKey(id string) *iam.AccessKey { return s.keys.at(id) }

// KeysOf returns every long-term key of a user, oldest first. For an account's id it returns the root user's keys.
func (s *Snapshot) KeysOf(userID string) []*iam.AccessKey { return s.keysOf.at(userID) }

// Bucket finds a bucket.
func (s *Snapshot) Bucket(name string) *bucket.Bucket {
	if b := s.buckets.at(name); b != nil {
		return b.Bucket
	}
	return nil
}

// BucketsOf is every bucket of an account in the order of their names.
func (s *Snapshot) BucketsOf(id access.AccountID) []*bucket.Bucket {
	a := s.accounts.at(id)
	if a == nil {
		return nil
	}
	all := a.buckets.sorted(func(a, b *ruledBucket) int { return cmp.Compare(a.Name, b.Name) })
	return project(all, func(b *ruledBucket) *bucket.Bucket { return b.Bucket })
}

func project[A, B any](from []A, f func(A) B) []B {
	if len(from) == 0 {
		return nil
	}
	to := make([]B, len(from))
	for i, v := range from {
		to[i] = f(v)
	}
	return to
}

// fold is a name as the unique index compares it. Names are ASCII (IAM API reference, [\w+=,.@-]+).
func fold(name string) string { return strings.ToLower(name) }
