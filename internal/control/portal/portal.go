// Package portal serves Identity Center's access portal for people who signed in at this server: their access token
// tells which role they may have, brings credentials of it with their identity, and ends their sign-in.
//
// The package owns what an access token may be presented for without a signature. It does not issue the token (package
// oauth), and decides nothing about roles: it acts as the account's application role, and package sts decides whether
// that role may assume the bearer role with the person's identity. Every program on the person's own machine gets less
// by this way than by that of the application, which has the application role's own credentials, too.
package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
)

// Source is the event source of the portal.
const Source = "sso.amazonaws.com"

// Portal serves the operations of the portal. All fields must be set.
type Portal struct {
	Control  *control.Control
	Exchange *oauth.Exchange
	Tokens   *sts.Tokens
}

// RoleRequest is the input of GetRoleCredentials.
type RoleRequest struct {
	Token    credential.Secret // an access token of CreateToken
	Account  string
	RoleName string
}

// open opens an access token that CreateToken gave to a registered client. A token of an application is refused: the
// application proves itself by signatures, and its tokens are worth nothing without.
func (p *Portal) open(call *control.Call, token credential.Secret) (credential.SealedDelegation, error) {
	d, err := p.Control.Ring.OpenDelegation(credential.AccessToken, token, call.Facts.Time)
	if err != nil && !errors.Is(err, credential.ErrExpired) || d.Client == "" || d.SignInID == "" {
		return d, fault.Refuse(fault.Unauthenticated, fault.IdentityToken, fault.AccessTokenInvalid,
			"the access token is of no sign-in here")
	}
	r, _ := sso.ParseARN(d.ApplicationARN)
	call.RecordFor(r.Account)
	call.Event.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{
		UserID: d.UserID, IdentityStoreARN: caller.IdentityStoreARN(&d.Delegation),
	}
	call.Event.AdditionalEventData["signInId"] = d.SignInID
	return d, err
}

// offer is what a person who signed in may have.
type offer struct {
	credential.SealedDelegation
	settings *sso.SignIn
	bearer   iam.PrincipalARN // the role whose credentials the person gets
	stands   bool             // false: the token is of another application than people sign in at, or there is no role
}

// offered opens an access token, and finds what its person may have, if the sign-in and all that it hangs on stand.
func (p *Portal) offered(ctx context.Context, call *control.Call, token credential.Secret) (o offer, err error) {
	o.SealedDelegation, err = p.open(call, token)
	if errors.Is(err, credential.ErrExpired) {
		return o, fault.Refuse(fault.Expired, fault.IdentityToken, fault.TokenExpired, "the access token has expired")
	}
	if err != nil {
		return o, err
	}
	if err := p.Exchange.SignInStands(ctx, call, &o.Delegation); err != nil {
		return o, err
	}
	if err := caller.DelegationStands(call.Snapshot, &o.Delegation); err != nil {
		f := fault.Of(err)
		return o, fault.Refuse(fault.Denied, "", f.Reason, "%s", f.Text)
	}
	o.settings = call.Snapshot.SignIn(call.Account)
	o.bearer, o.stands = iam.ParsePrincipalARN(o.settings.BearerRole)
	o.stands = o.stands && o.ApplicationARN == o.settings.Application
	return o, nil
}

// has checks that a role of an account is what the person may have.
func (o *offer) has(call *control.Call, account, role string) error {
	if !o.stands || account != string(call.Account) || role != o.bearer.Name {
		return fault.Refuse(fault.Denied, "", fault.RoleNotOffered,
			"people who sign in get the role %s of account %s", o.bearer.Name, call.Account)
	}
	return nil
}

// GetRoleCredentials gives a person credentials of the account's bearer role, with the person's identity.
func (p *Portal) GetRoleCredentials(
	ctx context.Context, call *control.Call, in RoleRequest,
) (*credential.Credentials, error) {
	o, err := p.offered(ctx, call, in.Token)
	if err != nil {
		return nil, err
	}
	if err := o.has(call, in.Account, in.RoleName); err != nil {
		return nil, err
	}
	return p.credentials(ctx, call, &o)
}

// Session gives the server itself the credentials that GetRoleCredentials gives a person's program, to act for the
// person in one request.
func (p *Portal) Session(
	ctx context.Context, call *control.Call, token credential.Secret,
) (*credential.Credentials, error) {
	o, err := p.offered(ctx, call, token)
	if err != nil {
		return nil, err
	}
	if err := o.has(call, string(call.Account), o.bearer.Name); err != nil {
		return nil, err
	}
	return p.credentials(ctx, call, &o)
}

// credentials makes a session of the bearer role with the person's identity.
func (p *Portal) credentials(ctx context.Context, call *control.Call, o *offer) (*credential.Credentials, error) {
	assumed, err := p.assume(ctx, call, o.settings, o.SealedDelegation)
	if err != nil {
		return nil, err
	}
	call.ByRight(control.PortalToken)
	call.Event.ResponseElements = map[string]any{
		"roleCredentials": map[string]any{"expiration": assumed.Credentials.Expires.Format(time.RFC3339)},
	}
	return &assumed.Credentials, nil
}

// assume walks AWS's chain for the person: it begins with the application role, by what the OpenID provider vouched for
// at the sign-in and by the trust policy of the role now, and assumes the bearer role with the person's identity. The
// second step leaves a record of its own, as on AWS.
func (p *Portal) assume(
	ctx context.Context, call *control.Call, settings *sso.SignIn, d credential.SealedDelegation,
) (*sts.Assumed, error) {
	in, name := call.Snapshot.PersonSignIn(d.SignInID), sessionName(call, d.UserID)
	role, from, err := p.Tokens.Beginning(call, sts.SignedIn{
		RoleARN: settings.ApplicationRole, SessionName: name, Account: call.Account,
		Issuer: in.Issuer, ClientID: in.Audience, Subject: in.Subject,
	})
	if err != nil { // a new access token would not help
		f := fault.Of(err)
		if f.Kind == fault.Invalid {
			err = fault.Refuse(fault.Denied, "", f.Reason, "%s", f.Text)
		}
		return nil, err
	}
	who, err := caller.Acting(call.Snapshot, role,
		caller.ActingFor{Session: name, End: in.Expires, Facts: call.Facts, Federation: from})
	if err != nil {
		return nil, err
	}
	d.Client = ""
	identity, err := p.Control.Ring.SealDelegation(credential.IdentityContext, d)
	if err != nil {
		return nil, err
	}
	acting := p.Control.Begin(control.Opening{
		Caller: who, Source: "sts.amazonaws.com", Operation: "AssumeRole", ReadOnly: true,
		Parameters: map[string]any{"roleArn": settings.BearerRole, "roleSessionName": name},
	})
	out, err := p.Tokens.AssumeRole(ctx, acting, sts.AssumeRole{
		RoleARN: settings.BearerRole, SessionName: name,
		Contexts: []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: identity}},
	})
	if err == nil {
		return out, nil
	}
	if failed := p.Control.Finish(ctx, acting, awserror.Of(awserror.STS, err)); failed != nil {
		return nil, fault.New(fault.Internal, "", "").Because(fmt.Errorf("record the refusal: %w", failed))
	}
	return nil, err
}

// Logout ends the sign-in of an access token. A token that has expired ends it, too: the sign-in may go on by its
// refresh token, and who has the token is the one who signed in.
func (p *Portal) Logout(ctx context.Context, call *control.Call, token credential.Secret) error {
	d, err := p.open(call, token)
	if err != nil && !errors.Is(err, credential.ErrExpired) {
		return err
	}
	call.ByRight(control.PortalToken)
	return p.Exchange.End(ctx, call, d.SignInID, fault.LoggedOut)
}

// sessionName makes a role session name from the person's user name: the characters that STS allows, 2 to 64 of them.
func sessionName(call *control.Call, user string) string {
	name := user
	if u := call.Snapshot.Person(directory.UserID(user)); u != nil {
		name = u.UserName
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_=,.@-", r) {
			return r
		}
		return '_'
	}, name)
	for len(name) < 2 {
		name += "_"
	}
	return name[:min(len(name), 64)]
}
