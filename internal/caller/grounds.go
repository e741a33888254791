package caller

import (
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
)

// groundRule says when a ground of one kind stands.
type groundRule struct {
	// gone returns why the ground does not stand now, or an empty reason. Nil: the ground can only be cut.
	gone func(*engine.Snapshot, string) (fault.Reason, string)
	// reason and text are those of a ground that stands now and was cut in between.
	reason fault.Reason
	text   string
}

// groundRules are the rules of all kinds. A ground of a kind without a rule does not stand.
var groundRules = [credential.GroundKinds + 1]groundRule{
	credential.OnAccessKey: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		k := s.AccessKey(id)
		return when(k == nil || k.Status != iam.Active, fault.AccessKeyInactive,
			"the access key that this session was made with is deleted or inactive")
	}, fault.AccessKeyInactive, "the access key that this session was made with was inactive in between"},
	credential.OnPrincipal: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		return when(!principalStands(s, id), fault.PrincipalDeleted, "a principal on the way to this session is deleted")
	}, fault.PrincipalDeleted, "the sessions of a principal on the way to this session were ended"},
	credential.OnProvider: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		return when(s.OIDCProvider(id) == nil, fault.ProviderDeleted,
			"the OpenID Connect provider that vouched for this session is deleted")
	}, fault.ProviderDeleted, "the OpenID Connect provider that vouched for this session was deleted in between"},
	credential.OnProviderClient: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		provider, client, _ := strings.Cut(id, "/")
		p := s.OIDCProvider(provider)
		return when(p == nil || !p.Accepts(client), fault.ProviderClientRemoved,
			"the client id that this session was made for is removed from its OpenID Connect provider")
	}, fault.ProviderClientRemoved, "the client id that this session was made for was removed in between"},
	credential.OnIdentityCenter: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		account, center, _ := strings.Cut(id, "/")
		i := s.IdentityCenter(access.AccountID(account))
		return when(i == nil || i.ID != center, fault.InstanceDeleted,
			"the Identity Center instance of the directory user is deleted")
	}, fault.InstanceDeleted, "the Identity Center instance of the directory user was deleted in between"},
	credential.OnPerson: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		u := s.Person(directory.UserID(id))
		if u != nil && u.Disabled {
			return fault.UserDisabled, "the directory user is disabled"
		}
		return when(u == nil, fault.UserDeleted, "the directory user is deleted")
	}, fault.UserDisabled, "the directory user was disabled in between"},
	credential.OnPersonKey: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		user, key, _ := strings.Cut(id, "/")
		u := s.Person(directory.UserID(user))
		return when(u == nil || !u.HasKey(directory.Key(key)), fault.KeyOfPersonChanged,
			"the name, address or subject by which the directory user signed in is no longer the user's")
	}, fault.KeyOfPersonChanged,
		"the name, address or subject by which the directory user signed in was not the user's in between"},
	credential.OnMembership: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		group, user, _ := strings.Cut(id, "/")
		return when(!s.InGroup(directory.UserID(user), directory.GroupID(group)), fault.MembershipRemoved,
			"the directory user is not in the group that was granted access any more")
	}, fault.MembershipRemoved, "the directory user was taken out of the group that was granted access in between"},
	credential.OnGroup: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		return when(s.Group(directory.GroupID(id)) == nil, fault.MembershipRemoved,
			"the group that was granted access is deleted")
	}, fault.MembershipRemoved, "the group that was granted access was deleted in between"},
	credential.OnApplication: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		app := s.ApplicationByID(id)
		if app != nil && app.Disabled {
			return fault.ApplicationDisabled, "the application that acts for the directory user is disabled"
		}
		return when(app == nil, fault.ApplicationDeleted,
			"the application that acts for the directory user is deleted")
	}, fault.ApplicationDisabled, "the application that acts for the directory user was disabled in between"},
	credential.OnApplicationGrant: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		app, grant := applicationOf(s, id)
		return when(app == nil || app.Grant(sso.GrantType(grant)) == nil, fault.ApplicationGrantRemoved,
			"the application may not use the grant any more by which it got the user's token")
	}, fault.ApplicationGrantRemoved,
		"the application could not use the grant in between by which it got the user's token"},
	credential.OnAccessScope: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		app, rest := applicationOf(s, id)
		scope, target, _ := strings.Cut(rest, "/")
		return when(app == nil || !app.Scope(scope).Covers(target), fault.ScopeRemoved,
			"the application that acts for the user may not reach S3 Access Grants any more")
	}, fault.ScopeRemoved, "the application that acts for the user could not reach S3 Access Grants in between"},
	credential.OnAssignment: {nil, fault.NotAssigned,
		"the assignment of the application by which the directory user came is removed, or was not required then"},
	credential.OnIssuer: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		return when(s.IssuerByID(id) == nil, fault.IssuerDeleted,
			"the trusted token issuer that vouched for the user is deleted")
	}, fault.IssuerChanged, "the trusted token issuer that vouched for the user names people in another way now"},
	credential.OnAcceptedIssuer: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		return when(acceptedIssuer(s, id) == nil, fault.IssuerUnknown,
			"the application does not accept the issuer that vouched for the user any more")
	}, fault.IssuerNotAccepted, "the application did not accept the issuer that vouched for the user in between"},
	credential.OnAudience: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		app, rest, _ := strings.Cut(id, "/")
		issuer, audience, _ := strings.Cut(rest, "/")
		accepted := acceptedIssuer(s, credential.Joined(app, issuer))
		return when(accepted == nil || !accepted.Has(audience), fault.AudienceRemoved,
			"the application does not accept the audience of the user's token any more")
	}, fault.AudienceRemoved, "the application did not accept the audience of the user's token in between"},
	credential.OnSignIn: {nil, fault.SignInEnded, "the person's sign-in has ended"}, // SignInStands says more
	credential.OnGrantsInstance: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		account, region, _ := strings.Cut(id, "/")
		return when(s.Instance(access.AccountID(account), region) == nil, fault.GrantsInstanceDeleted,
			"the Access Grants instance behind this credential is deleted")
	}, fault.GrantsInstanceDeleted, "the Access Grants instance behind this credential was deleted in between"},
	credential.OnLocation: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		instance, location, _ := cutLast(id)
		account, region, _ := strings.Cut(instance, "/")
		return when(s.Location(access.AccountID(account), region, access.LocationID(location)) == nil,
			fault.LocationDeleted, "the location behind this credential is deleted")
	}, fault.LocationRoleChanged, "the location behind this credential has another role now, or was made anew"},
	credential.OnGrant: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		grant, err := access.ParseGrantID(id)
		return when(err != nil || !s.Grants().Has(grant), fault.GrantDeleted,
			"the grant behind this credential is deleted")
	}, fault.GrantDeleted, "the grant behind this credential was deleted in between"},
	credential.OnActor: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		app, actor := applicationOf(s, id)
		if app != nil && app.Actor == nil {
			return fault.ActorPolicyRemoved, "the application has no actor policy any more"
		}
		return when(app == nil || !principalStands(s, actor), fault.PrincipalDeleted,
			"the principal that asked for the user's token is deleted")
	}, fault.ActorPolicyRemoved, "whoever asked for the user's token could not do that in between"},
	credential.OnAssociation: {func(s *engine.Snapshot, id string) (fault.Reason, string) {
		app := s.ApplicationByID(id)
		return when(app == nil || app.Disabled, fault.AssociationRemoved, notAssociated)
	}, fault.AssociationRemoved, notAssociated},
	credential.OnBucket:  {nil, fault.BucketDeleted, "the bucket that this credential is for was deleted"},
	credential.OnSession: {nil, fault.SessionsEnded, "the session was ended"},
}

const notAssociated = "the Access Grants instance is not associated with the user's Identity Center any more"

// when is the reason and the text if the condition holds.
func when(gone bool, r fault.Reason, text string) (fault.Reason, string) {
	if gone {
		return r, text
	}
	return "", ""
}

func applicationOf(s *engine.Snapshot, id string) (*sso.Application, string) {
	app, rest, _ := strings.Cut(id, "/")
	return s.ApplicationByID(app), rest
}

// acceptedIssuer finds application "/" issuer.
func acceptedIssuer(s *engine.Snapshot, id string) *sso.AuthorizedIssuer {
	app, issuerID := applicationOf(s, id)
	issuer := s.IssuerByID(issuerID)
	if app == nil || issuer == nil {
		return nil
	}
	grant := app.Grant(sso.JWTBearer)
	if grant == nil {
		return nil
	}
	return grant.Issuer(issuer.ARN())
}

func cutLast(id string) (before, after string, ok bool) {
	i := strings.LastIndexByte(id, '/')
	if i < 0 {
		return id, "", false
	}
	return id[:i], id[i+1:], true
}

// generation is what the grounds of a session were decided at.
type generation struct {
	rev    uint64 // of the store; zero: of an earlier release
	issued time.Time
}

// groundsStand returns why one of the grounds does not stand, or nil. A ground stands when what it names exists, lets
// people in, and was not cut since the generation.
func groundsStand(snap *engine.Snapshot, all credential.Grounds, from generation) *fault.Error {
	for _, g := range all {
		if f := groundStands(snap, g, from); f != nil {
			return f
		}
	}
	return nil
}

func groundStands(snap *engine.Snapshot, g credential.Ground, from generation) *fault.Error {
	if g.Kind == 0 || int(g.Kind) >= len(groundRules) || groundRules[g.Kind].reason == "" {
		return sessionEnded(fault.SessionInvalid, "the session hangs on something that is not known here")
	}
	rule := &groundRules[g.Kind]
	if rule.gone != nil {
		if reason, text := rule.gone(snap, g.ID); reason != "" {
			return endedBy(g.Kind, reason, text)
		}
	}
	at := g
	if g.Kind == credential.OnAssociation {
		at.Kind = credential.OnApplication // what cuts it is that application's end
	}
	switch snap.Cut(at, from.rev, from.issued) {
	case engine.CutByChange:
		return endedBy(g.Kind, rule.reason, rule.text)
	case engine.CutByOperator:
		return sessionEnded(fault.SessionsEnded, "the sessions that hang on this "+g.Kind.String()+" were ended")
	}
	return nil
}

// endedBy is the end of a session by a ground. What has to do with people names the reason in its text: clients tell
// these reasons apart.
func endedBy(k credential.GroundKind, r fault.Reason, text string) *fault.Error {
	switch k {
	case credential.OnAccessKey, credential.OnPrincipal, credential.OnProvider, credential.OnProviderClient,
		credential.OnGrantsInstance, credential.OnLocation, credential.OnGrant, credential.OnBucket, credential.OnSession:
		return sessionEnded(r, text)
	}
	return fault.Refuse(fault.Denied, fault.SessionToken, r, "%s", text)
}
