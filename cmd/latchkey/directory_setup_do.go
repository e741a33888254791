package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// fields is a JSON object that is sent.
type fields = map[string]any

func (s *setup) provider(ctx context.Context) (string, error) {
	arn := s.fill("arn:aws:iam::<ACCOUNT>:oidc-provider/<PROVIDER>")
	var have struct {
		URL     string   `xml:"GetOpenIDConnectProviderResult>Url"`
		Clients []string `xml:"GetOpenIDConnectProviderResult>ClientIDList>member"`
	}
	err := s.iam(ctx, &have, "GetOpenIDConnectProvider", "OpenIDConnectProviderArn", arn)
	switch {
	case absent(err):
		return "created " + arn, s.iam(ctx, nil, "CreateOpenIDConnectProvider", "Url", s.issuer, "ClientIDList.member.1", s.clientID)
	case err != nil:
		return "", err
	case strings.Contains(have.URL, "://") && have.URL != s.issuer:
		return "", fmt.Errorf("IAM knows the provider as %s, and its ARN %s has no room for %s", have.URL, arn, s.issuer)
	case !slices.Contains(have.Clients, s.clientID):
		return "client added", s.iam(ctx, nil, "AddClientIDToOpenIDConnectProvider", "OpenIDConnectProviderArn", arn, "ClientID", s.clientID)
	}
	return "there already", nil
}

// tokenIssuers are the ARNs of the trusted token issuers.
func (s *setup) tokenIssuers(ctx context.Context) (arns []string, err error) {
	in := fields{"InstanceArn": s.instance}
	for {
		var page struct {
			TrustedTokenIssuers []struct{ TrustedTokenIssuerArn string }
			NextToken           string
		}
		if err := s.sso(ctx, "ListTrustedTokenIssuers", in, &page); err != nil {
			return nil, err
		}
		for _, i := range page.TrustedTokenIssuers {
			arns = append(arns, i.TrustedTokenIssuerArn)
		}
		if page.NextToken == "" {
			return arns, nil
		}
		in["NextToken"] = page.NextToken
	}
}

func (s *setup) issuerStep(ctx context.Context) (string, error) {
	arns, err := s.tokenIssuers(ctx)
	if err != nil {
		return "", err
	}
	s.issuers = arns
	type configuration struct{ IssuerUrl, ClaimAttributePath, IdentityStoreAttributePath, JwksRetrievalOption string }
	for _, arn := range arns {
		var have struct {
			TrustedTokenIssuerConfiguration struct{ OidcJwtConfiguration configuration }
		}
		if err := s.sso(ctx, "DescribeTrustedTokenIssuer", fields{"TrustedTokenIssuerArn": arn}, &have); err != nil {
			return "", err
		}
		c := have.TrustedTokenIssuerConfiguration.OidcJwtConfiguration
		if c.IssuerUrl != s.issuer {
			continue
		}
		s.tokenIssuer = arn
		if c.ClaimAttributePath == s.claim && c.IdentityStoreAttributePath == s.attribute {
			return "there already: " + arn, nil
		}
		return s.differ(fmt.Sprintf("the trusted token issuer (claim %s as %s)", c.ClaimAttributePath, c.IdentityStoreAttributePath), func() error {
			return s.sso(ctx, "UpdateTrustedTokenIssuer", fields{"TrustedTokenIssuerArn": arn, "TrustedTokenIssuerConfiguration": fields{
				"OidcJwtConfiguration": fields{"ClaimAttributePath": s.claim, "IdentityStoreAttributePath": s.attribute},
			}}, nil)
		})
	}
	var made struct{ TrustedTokenIssuerArn string }
	err = s.sso(ctx, "CreateTrustedTokenIssuer", fields{
		"InstanceArn": s.instance, "Name": "latchkey", "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": fields{"OidcJwtConfiguration": configuration{s.issuer, s.claim, s.attribute, "OPEN_ID_DISCOVERY"}},
	}, &made)
	s.tokenIssuer, s.issuers = made.TrustedTokenIssuerArn, append(s.issuers, made.TrustedTokenIssuerArn)
	return "created " + s.tokenIssuer, err
}

func (s *setup) applicationStep(ctx context.Context) (string, error) {
	in := fields{"InstanceArn": s.instance}
	for {
		var page struct {
			Applications []struct{ ApplicationArn, ApplicationProviderArn, Name, Status string }
			NextToken    string
		}
		if err := s.sso(ctx, "ListApplications", in, &page); err != nil {
			return "", err
		}
		for _, a := range page.Applications {
			if a.Name != setupApplication || a.ApplicationProviderArn != customProvider {
				continue
			}
			if s.application = a.ApplicationArn; a.Status == "DISABLED" {
				return s.differ("the application, which is disabled", func() error {
					return s.sso(ctx, "UpdateApplication", fields{"ApplicationArn": s.application, "Status": "ENABLED"}, nil)
				})
			}
			return "there already: " + s.application, nil
		}
		if page.NextToken == "" {
			break
		}
		in["NextToken"] = page.NextToken
	}
	var made struct{ ApplicationArn string }
	err := s.sso(ctx, "CreateApplication", fields{
		"InstanceArn": s.instance, "ApplicationProviderArn": customProvider, "Name": setupApplication, "Description": "latchkey login",
	}, &made)
	s.application, s.freshApplication = made.ApplicationArn, true
	return "created " + s.application, err
}

// tokenGrant is the jwt-bearer grant of an application.
type tokenGrant struct {
	JwtBearer struct{ AuthorizedTokenIssuers []trusted }
}

type trusted struct {
	TrustedTokenIssuerArn string
	AuthorizedAudiences   []string
}

// grantsStep adds what is missing: other issuers and audiences stay.
func (s *setup) grantsStep(ctx context.Context) (string, error) {
	var did []string
	var have struct{ Grant tokenGrant }
	err := s.sso(ctx, "GetApplicationGrant", fields{"ApplicationArn": s.application, "GrantType": grantJWT}, &have)
	if err != nil && !absent(err) {
		return "", err
	}
	// An issuer that was deleted is in the way of every change.
	have.Grant.JwtBearer.AuthorizedTokenIssuers = slices.DeleteFunc(have.Grant.JwtBearer.AuthorizedTokenIssuers, func(t trusted) bool {
		return !slices.Contains(s.issuers, t.TrustedTokenIssuerArn)
	})
	if have.Grant.add(trusted{s.tokenIssuer, s.allAudiences()}) {
		if err := s.sso(ctx, "PutApplicationGrant", fields{"ApplicationArn": s.application, "GrantType": grantJWT, "Grant": have.Grant}, nil); err != nil {
			return "", err
		}
		did = append(did, "takes tokens of the provider")
	}
	err = s.sso(ctx, "GetApplicationGrant", fields{"ApplicationArn": s.application, "GrantType": grantRefresh}, nil)
	if absent(err) {
		did = append(did, "gives refresh tokens")
		err = s.sso(ctx, "PutApplicationGrant", fields{"ApplicationArn": s.application, "GrantType": grantRefresh, "Grant": fields{"RefreshToken": fields{}}}, nil)
	}
	if err != nil {
		return "", err
	}
	err = s.sso(ctx, "GetApplicationAccessScope", fields{"ApplicationArn": s.application, "Scope": setupScope}, nil)
	if absent(err) {
		did = append(did, "has the scope "+setupScope)
		err = s.sso(ctx, "PutApplicationAccessScope", fields{"ApplicationArn": s.application, "Scope": setupScope}, nil)
	}
	if len(did) == 0 {
		did = []string{"there already"}
	}
	return strings.Join(did, ", "), err
}

// add sees to it that an issuer's tokens for these audiences are taken, and reports whether it changed anything.
func (g *tokenGrant) add(t trusted) (changed bool) {
	all := g.JwtBearer.AuthorizedTokenIssuers
	for i := range all {
		if all[i].TrustedTokenIssuerArn != t.TrustedTokenIssuerArn {
			continue
		}
		for _, a := range t.AuthorizedAudiences {
			if !slices.Contains(all[i].AuthorizedAudiences, a) {
				all[i].AuthorizedAudiences, changed = append(all[i].AuthorizedAudiences, a), true
			}
		}
		return changed
	}
	g.JwtBearer.AuthorizedTokenIssuers = append(all, t)
	return true
}

func (s *setup) actorStep(ctx context.Context) (string, error) {
	actor := s.fill(setupActor)
	put := func() error {
		return s.sso(ctx, "PutApplicationAuthenticationMethod", fields{
			"ApplicationArn": s.application, "AuthenticationMethodType": "IAM", "AuthenticationMethod": fields{"Iam": fields{"ActorPolicy": json.RawMessage(actor)}},
		}, nil)
	}
	var have struct {
		AuthenticationMethod struct {
			Iam struct{ ActorPolicy json.RawMessage }
		}
	}
	did := "there already"
	err := s.sso(ctx, "GetApplicationAuthenticationMethod", fields{"ApplicationArn": s.application, "AuthenticationMethodType": "IAM"}, &have)
	switch current := string(have.AuthenticationMethod.Iam.ActorPolicy); {
	// A policy names the role that there was when it was written: one that was made since is a stranger to it.
	case absent(err), err == nil && s.freshRole && same(current, actor), err == nil && s.repair:
		did, err = "actor policy written", put()
	case err != nil:
	case !same(current, actor):
		did, err = s.differ("the application's actor policy", put)
	}
	if err != nil {
		return "", err
	}
	policy, err := s.rolePolicy(ctx, setupRole, s.fill(setupMay))
	return did + "; the role's policy: " + policy, err
}

func (s *setup) assignmentStep(ctx context.Context) (string, error) {
	var have struct{ AssignmentRequired bool }
	if err := s.sso(ctx, "GetApplicationAssignmentConfiguration", fields{"ApplicationArn": s.application}, &have); err != nil {
		return "", err
	}
	word := map[bool]string{true: "an assignment is required", false: "no assignment is required"}
	if have.AssignmentRequired == s.assignment {
		return "there already: " + word[s.assignment], nil
	}
	if !s.freshApplication && !s.assignmentGiven {
		return "kept: " + word[have.AssignmentRequired], nil // what an administrator chose since is no mistake
	}
	return "set: " + word[s.assignment], s.sso(ctx, "PutApplicationAssignmentConfiguration", fields{"ApplicationArn": s.application, "AssignmentRequired": s.assignment}, nil)
}

func (s *setup) personStep(ctx context.Context) (string, error) {
	trust := s.fill(setupPersonTrust)
	role, fresh, err := s.role(ctx, setupPerson, trust, "3600")
	if err == nil && !fresh && (s.freshRole && role == "there already" || s.repair) {
		role, err = "trust written", s.iam(ctx, nil, "UpdateAssumeRolePolicy", "RoleName", setupPerson, "PolicyDocument", trust)
	}
	if err != nil {
		return "", err
	}
	policy, err := s.rolePolicy(ctx, setupPerson, setupPersonMay)
	return "the role: " + role + "; its policy: " + policy, err
}

func (s *setup) associate(ctx context.Context) (string, error) {
	control := func(method, path, body string) request {
		r := controlRequest(s.account, method, "/v20180820/accessgrantsinstance"+path, body)
		if u, err := url.Parse(s.c.url); err == nil && u.Hostname() == "127.0.0.1" {
			r.host = s.account + "." + u.Host
		}
		return r
	}
	var have struct {
		Instance string `xml:"IdentityCenterInstanceArn"`
	}
	err := s.c.xml(ctx, "GetAccessGrantsInstance", control(http.MethodGet, "", ""), &have)
	switch {
	case absent(err):
		return "there is no Access Grants instance in " + s.c.region + " yet: create one with --identity-center-arn " + s.instance, nil
	case err != nil:
		return "", err
	case have.Instance == s.instance:
		return "there already", nil
	case have.Instance != "":
		return "kept: it is associated with " + have.Instance, nil
	}
	return "associated", s.c.xml(ctx, "AssociateAccessGrantsIdentityCenter", control(http.MethodPost, "/identitycenter",
		`<AssociateAccessGrantsIdentityCenterRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><IdentityCenterArn>`+s.instance+
			`</IdentityCenterArn></AssociateAccessGrantsIdentityCenterRequest>`), nil)
}

// signIn is the last step: it makes no sense before everything that it names is there.
func (s *setup) signIn(ctx context.Context) (string, error) {
	var have struct {
		IssuerUrl, ClientId, ApplicationArn, ApplicationRoleArn, IdentityBearerRoleArn string
		Scopes                                                                         []string
		CreateUsers                                                                    bool
		GroupsClaim                                                                    string
	}
	err := s.c.json(ctx, "latchkey", "Latchkey.GetSignIn", struct{}{}, &have)
	if err != nil && !absent(err) {
		return "", err
	}
	role, person := s.fill("arn:aws:iam::<ACCOUNT>:role/"+setupRole), s.fill("arn:aws:iam::<ACCOUNT>:role/"+setupPerson)
	if err == nil && !s.scopesGiven && have.IssuerUrl == s.issuer && have.ClientId == s.clientID {
		s.scopes = have.Scopes
	}
	if err == nil && s.secret == nil && have.IssuerUrl == s.issuer && have.ClientId == s.clientID && have.ApplicationArn == s.application &&
		have.ApplicationRoleArn == role && have.IdentityBearerRoleArn == person && slices.Equal(have.Scopes, s.scopes) &&
		(s.createUsers == nil || *s.createUsers == have.CreateUsers) && (s.groupsClaim == nil || *s.groupsClaim == have.GroupsClaim) {
		return "there already", nil
	}
	if s.createUsers != nil {
		have.CreateUsers = *s.createUsers
	}
	if s.groupsClaim != nil {
		have.GroupsClaim = *s.groupsClaim
	}
	in := fields{
		"IssuerUrl": s.issuer, "ClientId": s.clientID, "Scopes": s.scopes, "ApplicationArn": s.application,
		"ApplicationRoleArn": role, "IdentityBearerRoleArn": person,
	}
	in["CreateUsers"] = have.CreateUsers // as it was, unless this run says otherwise
	if have.GroupsClaim != "" {
		in["GroupsClaim"] = have.GroupsClaim
	}
	if s.secret != nil {
		in["ClientSecret"] = *s.secret
	}
	return "set: people sign in at " + s.issuer, s.c.json(ctx, "latchkey", "Latchkey.PutSignIn", in, nil)
}
