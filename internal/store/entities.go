package store

import (
	"encoding/json"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// The kinds of rows that the change list tells of. Directory entities are declared with their tables.
const (
	KindAccount       Kind = "account"
	KindUser          Kind = "user"
	KindRole          Kind = "role"
	KindAccessKey     Kind = "access-key"
	KindManagedPolicy Kind = "managed-policy"
	KindBucket        Kind = "bucket"
	KindInstance      Kind = "instance"
	KindLocation      Kind = "location"
	KindGrant         Kind = "grant"      // ID is the grant's id; only inserted and deleted
	KindGrantTags     Kind = "grant-tags" // ID is the grant's id; its tags were set
)

// Accounts: id is the account number.
var Accounts = Table[iam.Account]{
	Kind: KindAccount, Entity: fault.Account,
	Key: func(a *iam.Account) Key { return Key{ID: string(a.ID), Name: a.Name} },
}

// Users: id is the immutable AIDA... id. Names differ by more than case within an account (IAM API
// reference, CreateUser).
var Users = Table[iam.User]{
	Kind: KindUser, Entity: fault.User, FoldCase: true,
	Key: func(u *iam.User) Key { return Key{ID: u.ID, Account: string(u.Account), Name: u.Name} },
}

// Roles: id is the immutable AROA... id. Names differ by more than case within an account.
var Roles = Table[iam.Role]{
	Kind: KindRole, Entity: fault.Role, FoldCase: true,
	Key: func(r *iam.Role) Key { return Key{ID: r.ID, Account: string(r.Account), Name: r.Name} },
}

// AccessKeys: id is the AKIA... id, parent the user's id; an account's root key has the account as parent.
var AccessKeys = Table[iam.AccessKey]{
	Kind: KindAccessKey, Entity: fault.AccessKey,
	Key: func(k *iam.AccessKey) Key {
		parent := k.UserID
		if parent == "" {
			parent = string(k.Account)
		}
		return Key{ID: k.ID, Account: string(k.Account), Parent: parent}
	},
	Cuts: func(old, now *iam.AccessKey) []credential.Ground {
		if now == nil || old.Status != iam.Active || now.Status == iam.Active {
			return nil
		}
		return []credential.Ground{{Kind: credential.OnAccessKey, ID: now.ID}}
	},
}

// ManagedPolicies: id is the immutable ANPA... id. Names differ by more than case within an account.
var ManagedPolicies = Table[iam.ManagedPolicy]{
	Kind: KindManagedPolicy, Entity: fault.Policy, FoldCase: true,
	Key: func(p *iam.ManagedPolicy) Key { return Key{ID: p.ID, Account: string(p.Account), Name: p.Name} },
}

// Buckets: id is the name, unique in the whole store; parent is the account.
var Buckets = Table[bucket.Bucket]{
	Kind: KindBucket, Entity: fault.Bucket,
	Key: func(b *bucket.Bucket) Key { return Key{ID: b.Name, Name: b.Name, Parent: string(b.Account)} },
	Cuts: func(old, now *bucket.Bucket) []credential.Ground {
		if now != nil && now.Account == old.Account && now.Nonce == old.Nonce {
			return nil
		}
		return []credential.Ground{{Kind: credential.OnBucket, ID: old.Name}}
	},
}

// Instance is an Access Grants instance with what is kept beside it.
type Instance struct {
	access.Instance
	Policy        string    // resource policy; empty: none
	Organization  string    // as PutAccessGrantsInstanceResourcePolicy was given it
	PolicyCreated time.Time // zero without a policy
	Tags          []access.Tag
}

// Instances: id is InstanceID of account and region, so there is one in a region.
var Instances = Table[Instance]{
	Kind: KindInstance, Entity: fault.Instance,
	Key: func(i *Instance) Key {
		return Key{ID: InstanceID(i.Account, i.Region), Account: string(i.Account), Name: i.Region}
	},
	Seq: func(i *Instance, seq int64) { i.Seq = seq },
	Cuts: func(old, now *Instance) []credential.Ground { // an instance that is made anew has the same ARN
		if now != nil {
			return nil
		}
		return []credential.Ground{{Kind: credential.OnGrantsInstance, ID: InstanceID(old.Account, old.Region)}}
	},
}

// InstanceID is the id of an instance in Instances, and the parent of its locations.
func InstanceID(a access.AccountID, region string) string { return string(a) + "/" + region }

// Location is a registered location with its tags.
type Location struct {
	access.Location
	Tags    []access.Tag
	Vending *Vending // nil: credentials are sealed by this server

	// Asserted lets the location's grants answer people whom an engine has named in a session tag, and who have proved
	// nothing themselves.
	Asserted bool
}

// Locations: id is LocationID of account, region and location id. Parent is the instance's id. The scope, as the client
// wrote it, is unique in the instance.
var Locations = Table[Location]{
	Kind: KindLocation, Entity: fault.Location,
	Key: func(l *Location) Key {
		return Key{ID: LocationID(l.Account, l.Region, l.ID), Account: string(l.Account),
			Name: LocationName(l.Region, l.Scope), Parent: InstanceID(l.Account, l.Region)}
	},
	Seq: func(l *Location, seq int64) { l.Seq = seq },
	Cuts: func(old, now *Location) []credential.Ground { // the default location has the same id when it is made anew
		if now != nil && now.RoleARN == old.RoleARN && now.RoleID == old.RoleID && (now.Asserted || !old.Asserted) {
			return nil
		}
		return []credential.Ground{{Kind: credential.OnLocation, ID: LocationID(old.Account, old.Region, old.ID)}}
	},
	Encode: func(l *Location) any {
		return encodedLocation{l.Location, l.Scope.String(), l.Tags, l.Asserted, l.Vending}
	},
	Decode: func(body []byte, l *Location) (err error) {
		var p encodedLocation
		if err := json.Unmarshal(body, &p); err != nil {
			return err
		}
		*l = Location{Location: p.Location, Tags: p.Tags, Vending: p.Vending, Asserted: p.Asserted}
		l.Scope, err = access.ParseLocationScope(p.Scope)
		return err
	},
	OnDelete: func(tx *Tx, id string) error {
		if err := LocationProbes.Delete(tx, id); !fault.Is(err, fault.NotFound, fault.Location) {
			return err
		}
		return nil
	},
}

// encodedLocation is a location as JSON. Its outer Scope replaces the inner one, which does not encode as text.
type encodedLocation struct {
	access.Location
	Scope    string
	Tags     []access.Tag
	Asserted bool     `json:",omitempty"`
	Vending  *Vending `json:",omitempty"`
}

// LocationID is the id of a location in Locations: location ids themselves are unique in one instance only.
func LocationID(a access.AccountID, region string, id access.LocationID) string {
	return InstanceID(a, region) + "/" + string(id)
}

// LocationName is the name under which Locations.ByName finds the location of a scope.
func LocationName(region string, scope access.LocationScope) string {
	return region + " " + scope.String()
}
