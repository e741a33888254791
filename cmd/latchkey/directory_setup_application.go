package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
)

func (s *setup) applicationStep(ctx context.Context) (string, error) {
	in := &ssoadmin.ListApplicationsRequest{InstanceArn: &s.instance}
	for {
		page, err := invoke(ctx, s.c, ssoadmin.ListApplications, in)
		if err != nil {
			return "", err
		}
		for _, a := range page.Applications {
			if awswire.Value(a.Name) != setupApplication || awswire.Value(a.ApplicationProviderArn) != customProvider {
				continue
			}
			if s.application = awswire.Value(a.ApplicationArn); awswire.Value(a.Status) == "DISABLED" {
				return s.reconcile("the application, which is disabled", func() error {
					return invokeEmpty(ctx, s.c, ssoadmin.UpdateApplication, &ssoadmin.UpdateApplicationRequest{
						ApplicationArn: &s.application, Status: new("ENABLED"),
					})
				})
			}
			return "there already: " + s.application, nil
		}
		if awswire.Value(page.NextToken) == "" {
			break
		}
		in.NextToken = page.NextToken
	}
	made, err := invoke(ctx, s.c, ssoadmin.CreateApplication, &ssoadmin.CreateApplicationRequest{
		InstanceArn: &s.instance, ApplicationProviderArn: new(customProvider), Name: new(setupApplication),
		Description: new("latchkey login"),
	})
	if err != nil {
		return "", err
	}
	s.application, s.freshApplication = awswire.Value(made.ApplicationArn), true
	return "created " + s.application, nil
}

// grantsStep adds the grants that are missing. It keeps other issuers and audiences.
func (s *setup) grantsStep(ctx context.Context) (string, error) {
	did, err := s.tokenGrant(ctx)
	if err != nil {
		return "", err
	}
	_, err = s.grant(ctx, grantRefresh)
	if isNotFound(err) {
		did = append(did, "gives refresh tokens")
		err = s.putGrant(ctx, grantRefresh, &ssoadmin.Grant{RefreshToken: &ssoadmin.RefreshTokenGrant{}})
	}
	if err != nil {
		return "", err
	}
	_, err = invoke(ctx, s.c, ssoadmin.GetApplicationAccessScope, &ssoadmin.GetApplicationAccessScopeRequest{
		ApplicationArn: &s.application, Scope: new(setupScope),
	})
	if isNotFound(err) {
		did = append(did, "has the scope "+setupScope)
		err = invokeEmpty(ctx, s.c, ssoadmin.PutApplicationAccessScope, &ssoadmin.PutApplicationAccessScopeRequest{
			ApplicationArn: &s.application, Scope: new(setupScope),
		})
	}
	if len(did) == 0 {
		did = []string{"there already"}
	}
	return strings.Join(did, ", "), err
}

func (s *setup) grant(ctx context.Context, kind string) (*ssoadmin.Grant, error) {
	out, err := invoke(ctx, s.c, ssoadmin.GetApplicationGrant,
		&ssoadmin.GetApplicationGrantRequest{ApplicationArn: &s.application, GrantType: &kind})
	if err != nil {
		return nil, err
	}
	return out.Grant, nil
}

func (s *setup) putGrant(ctx context.Context, kind string, g *ssoadmin.Grant) error {
	return invokeEmpty(ctx, s.c, ssoadmin.PutApplicationGrant,
		&ssoadmin.PutApplicationGrantRequest{ApplicationArn: &s.application, GrantType: &kind, Grant: g})
}

// tokenGrant makes the application accept the provider's tokens.
func (s *setup) tokenGrant(ctx context.Context) (did []string, err error) {
	have, err := s.grant(ctx, grantJWT)
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	all := awswire.Value(awswire.Value(have).JwtBearer).AuthorizedTokenIssuers
	// The server refuses every change of a grant that names an issuer that was deleted.
	all = slices.DeleteFunc(all, func(t trusted) bool {
		return !slices.Contains(s.issuers, awswire.Value(t.TrustedTokenIssuerArn))
	})
	all, changed := authorize(all, s.tokenIssuer, s.allAudiences())
	if !changed {
		return nil, nil
	}
	err = s.putGrant(ctx, grantJWT, &ssoadmin.Grant{JwtBearer: &ssoadmin.JwtBearerGrant{AuthorizedTokenIssuers: all}})
	return []string{"takes tokens of the provider"}, err
}

type trusted = ssoadmin.AuthorizedTokenIssuer

// authorize adds an issuer and audiences to those whose tokens are accepted, and reports whether that changed anything.
func authorize(all []trusted, issuer string, audiences []string) (_ []trusted, changed bool) {
	for i := range all {
		if awswire.Value(all[i].TrustedTokenIssuerArn) != issuer {
			continue
		}
		for _, a := range audiences {
			if !slices.Contains(all[i].AuthorizedAudiences, a) {
				all[i].AuthorizedAudiences, changed = append(all[i].AuthorizedAudiences, a), true
			}
		}
		return all, changed
	}
	return append(all, trusted{TrustedTokenIssuerArn: &issuer, AuthorizedAudiences: audiences}), true
}

func (s *setup) actorStep(ctx context.Context) (string, error) {
	actor := s.fill(setupActor)
	put := func() error {
		return invokeEmpty(ctx, s.c, ssoadmin.PutApplicationAuthenticationMethod,
			&ssoadmin.PutApplicationAuthenticationMethodRequest{
				ApplicationArn: &s.application, AuthenticationMethodType: new("IAM"),
				AuthenticationMethod: &ssoadmin.AuthenticationMethod{
					Iam: &ssoadmin.IamAuthenticationMethod{ActorPolicy: json.RawMessage(actor)},
				},
			})
	}
	did := "there already"
	current, err := s.actorPolicy(ctx)
	switch {
	// A policy is bound to the role that existed when it was written. A role that was created since is not the one that it
	// names.
	case isNotFound(err), err == nil && s.freshRole && samePolicy(current, actor), err == nil && s.repair:
		did, err = "actor policy written", put()
	case err != nil:
	case !samePolicy(current, actor):
		did, err = s.reconcile("the application's actor policy", put)
	}
	if err != nil {
		return "", err
	}
	policy, err := s.rolePolicy(ctx, setupRole, s.fill(setupMay))
	return did + "; the role's policy: " + policy, err
}

// actorPolicy writes the policy that says who may ask for tokens in the name of the application.
func (s *setup) actorPolicy(ctx context.Context) (string, error) {
	out, err := invoke(ctx, s.c, ssoadmin.GetApplicationAuthenticationMethod,
		&ssoadmin.GetApplicationAuthenticationMethodRequest{
			ApplicationArn: &s.application, AuthenticationMethodType: new("IAM"),
		})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(awswire.Value(awswire.Value(out.AuthenticationMethod).Iam).ActorPolicy)
	return string(text), err
}

func (s *setup) assignmentStep(ctx context.Context) (string, error) {
	out, err := invoke(ctx, s.c, ssoadmin.GetApplicationAssignmentConfiguration,
		&ssoadmin.GetApplicationAssignmentConfigurationRequest{
			ApplicationArn: &s.application,
		})
	if err != nil {
		return "", err
	}
	have := awswire.Value(out.AssignmentRequired)
	word := map[bool]string{true: "an assignment is required", false: "no assignment is required"}
	if have == s.assignment {
		return "there already: " + word[s.assignment], nil
	}
	if !s.freshApplication && !s.assignmentGiven {
		return "kept: " + word[have], nil // an administrator may have chosen it since
	}
	return "set: " + word[s.assignment], invokeEmpty(ctx, s.c, ssoadmin.PutApplicationAssignmentConfiguration,
		&ssoadmin.PutApplicationAssignmentConfigurationRequest{
			ApplicationArn: &s.application, AssignmentRequired: &s.assignment,
		})
}
