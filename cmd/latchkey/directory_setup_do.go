package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
)

func (s *setup) provider(ctx context.Context) (string, error) {
	arn := s.fill("arn:aws:iam::<ACCOUNT>:oidc-provider/<PROVIDER>")
	have, err := invoke(ctx, s.c, iamapi.GetOpenIDConnectProvider,
		&iamapi.GetOpenIDConnectProviderRequest{OpenIDConnectProviderArn: &arn})
	switch {
	case isNotFound(err):
		return "created " + arn, invokeEmpty(ctx, s.c, iamapi.CreateOpenIDConnectProvider,
			&iamapi.CreateOpenIDConnectProviderRequest{
				Url: &s.issuer, ClientIDList: []string{s.clientID},
			})
	case err != nil:
		return "", err
	case strings.Contains(awswire.Value(have.Url), "://") && awswire.Value(have.Url) != s.issuer:
		return "", fmt.Errorf("IAM knows the provider as %s, and its ARN %s has no room for %s", awswire.Value(have.Url), arn,
			s.issuer)
	case !slices.Contains(have.ClientIDList, s.clientID):
		return "client added", invokeEmpty(ctx, s.c, iamapi.AddClientIDToOpenIDConnectProvider,
			&iamapi.AddClientIDToOpenIDConnectProviderRequest{
				OpenIDConnectProviderArn: &arn, ClientID: &s.clientID,
			})
	}
	return "there already", nil
}

// tokenIssuers are the ARNs of the trusted token issuers.
func (s *setup) tokenIssuers(ctx context.Context) (arns []string, err error) {
	in := &ssoadmin.ListTrustedTokenIssuersRequest{InstanceArn: &s.instance}
	for {
		page, err := invoke(ctx, s.c, ssoadmin.ListTrustedTokenIssuers, in)
		if err != nil {
			return nil, err
		}
		for _, i := range page.TrustedTokenIssuers {
			arns = append(arns, awswire.Value(i.TrustedTokenIssuerArn))
		}
		if awswire.Value(page.NextToken) == "" {
			return arns, nil
		}
		in.NextToken = page.NextToken
	}
}

func (s *setup) issuerStep(ctx context.Context) (string, error) {
	arns, err := s.tokenIssuers(ctx)
	if err != nil {
		return "", err
	}
	s.issuers = arns
	for _, arn := range arns {
		have, err := invoke(ctx, s.c, ssoadmin.DescribeTrustedTokenIssuer,
			&ssoadmin.DescribeTrustedTokenIssuerRequest{TrustedTokenIssuerArn: &arn})
		if err != nil {
			return "", err
		}
		c := awswire.Value(awswire.Value(have.TrustedTokenIssuerConfiguration).OidcJwtConfiguration)
		if awswire.Value(c.IssuerUrl) != s.issuer {
			continue
		}
		s.tokenIssuer = arn
		claim, attribute := awswire.Value(c.ClaimAttributePath), awswire.Value(c.IdentityStoreAttributePath)
		if claim == s.claim && attribute == s.attribute {
			return "there already: " + arn, nil
		}
		return s.reconcile(fmt.Sprintf("the trusted token issuer (claim %s as %s)", claim, attribute), func() error {
			return invokeEmpty(ctx, s.c, ssoadmin.UpdateTrustedTokenIssuer, &ssoadmin.UpdateTrustedTokenIssuerRequest{
				TrustedTokenIssuerArn: &arn, TrustedTokenIssuerConfiguration: &ssoadmin.TrustedTokenIssuerUpdateConfiguration{
					OidcJwtConfiguration: &ssoadmin.OidcJwtUpdateConfiguration{ClaimAttributePath: &s.claim,
						IdentityStoreAttributePath: &s.attribute},
				},
			})
		})
	}
	jwt := &ssoadmin.OidcJwtConfiguration{
		IssuerUrl: &s.issuer, ClaimAttributePath: &s.claim, IdentityStoreAttributePath: &s.attribute,
		JwksRetrievalOption: new("OPEN_ID_DISCOVERY"),
	}
	made, err := invoke(ctx, s.c, ssoadmin.CreateTrustedTokenIssuer, &ssoadmin.CreateTrustedTokenIssuerRequest{
		InstanceArn: &s.instance, Name: new("latchkey"), TrustedTokenIssuerType: new("OIDC_JWT"),
		TrustedTokenIssuerConfiguration: &ssoadmin.TrustedTokenIssuerConfiguration{OidcJwtConfiguration: jwt},
	})
	if err != nil {
		return "", err
	}
	s.tokenIssuer = awswire.Value(made.TrustedTokenIssuerArn)
	s.issuers = append(s.issuers, s.tokenIssuer)
	return "created " + s.tokenIssuer, nil
}

func (s *setup) personStep(ctx context.Context) (string, error) {
	trust := s.fill(setupPersonTrust)
	role, fresh, err := s.role(ctx, setupPerson, trust, 3600)
	if err == nil && !fresh && (s.freshRole && role == "there already" || s.repair) {
		role, err = "trust written", s.writeTrust(ctx, setupPerson, trust)
	}
	if err != nil {
		return "", err
	}
	policy, err := s.rolePolicy(ctx, setupPerson, setupPersonMay)
	return "the role: " + role + "; its policy: " + policy, err
}

func (s *setup) associate(ctx context.Context) (string, error) {
	out, err := invoke(ctx, s.c, s3control.GetAccessGrantsInstance,
		&s3control.GetAccessGrantsInstanceRequest{AccountId: &s.account})
	switch {
	case isNotFound(err):
		return "there is no Access Grants instance in " + s.c.region + " yet: create one with --identity-center-arn " +
			s.instance, nil
	case err != nil:
		return "", err
	}
	switch have := awswire.Value(out.IdentityCenterInstanceArn); have {
	case s.instance:
		return "there already", nil
	case "":
		return "associated", invokeEmpty(ctx, s.c, s3control.AssociateAccessGrantsIdentityCenter,
			&s3control.AssociateAccessGrantsIdentityCenterRequest{
				AccountId: &s.account, IdentityCenterArn: &s.instance,
			})
	default:
		return "kept: it is associated with " + have, nil
	}
}

// signIn writes the sign-in settings. It is the last step, because everything that the settings name must exist.
func (s *setup) signIn(ctx context.Context) (string, error) {
	out, err := invoke(ctx, s.c, latchkey.GetSignIn, &latchkey.GetSignInRequest{})
	if err != nil && !isNotFound(err) {
		return "", err
	}
	have := awswire.Value(out)
	role, person := s.fill("arn:aws:iam::<ACCOUNT>:role/"+setupRole), s.fill("arn:aws:iam::<ACCOUNT>:role/"+setupPerson)
	ours := err == nil && awswire.Value(have.IssuerUrl) == s.issuer && awswire.Value(have.ClientId) == s.clientID
	if ours && !s.scopesGiven {
		s.scopes = have.Scopes
	}
	if ours && s.secret == nil && awswire.Value(have.ApplicationArn) == s.application &&
		awswire.Value(have.ApplicationRoleArn) == role && awswire.Value(have.IdentityBearerRoleArn) == person &&
		slices.Equal(have.Scopes, s.scopes) &&
		(s.createUsers == nil || *s.createUsers == awswire.Value(have.CreateUsers)) &&
		(s.groupsClaim == nil || *s.groupsClaim == awswire.Value(have.GroupsClaim)) {
		return "there already", nil
	}
	// Whether people are created, and which claim lists groups, stays as it was unless this run's flags say otherwise.
	create, groups := awswire.Value(have.CreateUsers), awswire.Value(have.GroupsClaim)
	if s.createUsers != nil {
		create = *s.createUsers
	}
	if s.groupsClaim != nil {
		groups = *s.groupsClaim
	}
	return "set: people sign in at " + s.issuer, invokeEmpty(ctx, s.c, latchkey.PutSignIn, &latchkey.PutSignInRequest{
		IssuerUrl:             &s.issuer,
		ClientId:              &s.clientID,
		ClientSecret:          s.secret,
		Scopes:                s.scopes,
		ApplicationArn:        &s.application,
		ApplicationRoleArn:    &role,
		IdentityBearerRoleArn: &person,
		CreateUsers:           &create,
		GroupsClaim:           awswire.Optional(groups),
	})
}
