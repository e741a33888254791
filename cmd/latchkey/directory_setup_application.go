package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

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
