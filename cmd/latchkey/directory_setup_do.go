package main

import (
	"context"
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
