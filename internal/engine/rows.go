package engine

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Version identifies a snapshot: two snapshots of one engine with the same Version are equal.
type Version struct {
	lineage *token // of the load that the snapshot descends from
	rev     store.Rev
}

// Version is the snapshot's.
func (s *Snapshot) Version() Version { return Version{s.lineage, s.rev} }

// Row is what a snapshot has for a ground, or for a managed policy. It is one pointer, so that two snapshots are
// compared in nanoseconds. What hangs on the row is part of it: the compiled policies of a principal, the groups of a
// person, the assignments of an application, the policy of an instance.
type Row struct {
	kind credential.GroundKind // zero: a managed policy
	id   string
	was  any
}

// Rows returns the rows of grounds, and that of a principal.
func (s *Snapshot) Rows(grounds credential.Grounds, principalID string) []Row {
	all := make([]Row, 0, len(grounds)+2)
	for _, g := range grounds {
		all = append(all, Row{g.Kind, g.ID, s.row(g.Kind, g.ID)})
	}
	return append(all, Row{credential.OnPrincipal, principalID, s.row(credential.OnPrincipal, principalID)})
}

// PolicyRows appends the rows of managed policies, by their ARNs.
func (s *Snapshot) PolicyRows(all []Row, arns []string) []Row {
	for _, arn := range arns {
		all = append(all, Row{0, arn, s.policies.at(arn)})
	}
	return all
}

// Same reports whether the snapshot has the same rows.
func (s *Snapshot) Same(rows []Row) bool {
	for i := range rows {
		if r := &rows[i]; s.row(r.kind, r.id) != r.was {
			return false
		}
	}
	return true
}

// signInRow is a person's sign-in with the settings that it depends on.
type signInRow struct {
	in       *store.PersonSignIn
	settings *sso.SignIn
}

// row returns what the snapshot has for a ground. Rows that are a part of another ground's row are nil.
func (s *Snapshot) row(kind credential.GroundKind, id string) any {
	switch kind {
	case 0:
		return s.policies.at(id)
	case credential.OnAccessKey:
		return s.keys.at(id)
	case credential.OnPrincipal:
		if p := s.principals.at(id); p != nil {
			return p
		}
		return s.Account(access.AccountID(id))
	case credential.OnProvider:
		return s.oidcProviders.at(id)
	case credential.OnProviderClient:
		provider, _, _ := strings.Cut(id, "/")
		return s.oidcProviders.at(provider)
	case credential.OnIdentityCenter:
		account, _, _ := strings.Cut(id, "/")
		return s.IdentityCenter(access.AccountID(account))
	case credential.OnPerson:
		return s.people.at(directory.UserID(id))
	case credential.OnPersonKey:
		user, _, _ := strings.Cut(id, "/")
		return s.people.at(directory.UserID(user))
	case credential.OnMembership:
		_, user, _ := strings.Cut(id, "/")
		return s.people.at(directory.UserID(user))
	case credential.OnGroup:
		if g := s.groups.at(directory.GroupID(id)); g != nil { // its members do not matter
			return g.row
		}
		return nil
	case credential.OnApplication, credential.OnApplicationGrant, credential.OnAccessScope, credential.OnAcceptedIssuer,
		credential.OnAudience, credential.OnAssignment, credential.OnActor, credential.OnAssociation:
		app, _, _ := strings.Cut(id, "/")
		return s.applications.at(app)
	case credential.OnIssuer:
		return s.issuers.at(id)
	case credential.OnSignIn:
		in := s.signedIn.at(id)
		if in == nil {
			return nil
		}
		return signInRow{in, s.SignIn(in.Account)}
	case credential.OnGrantsInstance:
		account, region, _ := strings.Cut(id, "/")
		return s.instanceRow(access.AccountID(account), region)
	case credential.OnLocation:
		i := strings.LastIndexByte(id, '/')
		account, region, _ := strings.Cut(id[:max(i, 0)], "/")
		return s.Location(access.AccountID(account), region, access.LocationID(id[i+1:]))
	case credential.OnGrant:
		grant, err := access.ParseGrantID(id)
		return err == nil && s.grants.Has(grant)
	}
	return nil
}
