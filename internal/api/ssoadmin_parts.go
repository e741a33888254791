package api

import (
	"context"
	"encoding/json"

	wire "latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// registerApplicationParts registers the operations on the parts of an application.
func (a *API) registerApplicationParts(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateApplicationAssignment, a.createAssignment)
	awswire.Handle(m, wire.DescribeApplicationAssignment, a.describeAssignment)
	awswire.Handle(m, wire.DeleteApplicationAssignment, a.deleteAssignment)
	awswire.Handle(m, wire.ListApplicationAssignments, a.listAssignments)
	awswire.Handle(m, wire.ListApplicationAssignmentsForPrincipal, a.listAssignmentsFor)
	awswire.Handle(m, wire.PutApplicationAssignmentConfiguration, a.putAssignmentConfiguration)
	awswire.Handle(m, wire.GetApplicationAssignmentConfiguration, a.getAssignmentConfiguration)

	awswire.Handle(m, wire.PutApplicationGrant, a.putApplicationGrant)
	awswire.Handle(m, wire.GetApplicationGrant, a.getApplicationGrant)
	awswire.Handle(m, wire.ListApplicationGrants, a.listApplicationGrants)
	awswire.Handle(m, wire.DeleteApplicationGrant, a.deleteApplicationGrant)

	awswire.Handle(m, wire.PutApplicationAuthenticationMethod, a.putAuthenticationMethod)
	awswire.Handle(m, wire.GetApplicationAuthenticationMethod, a.getAuthenticationMethod)
	awswire.Handle(m, wire.ListApplicationAuthenticationMethods, a.listAuthenticationMethods)
	awswire.Handle(m, wire.DeleteApplicationAuthenticationMethod, a.deleteAuthenticationMethod)

	awswire.Handle(m, wire.PutApplicationAccessScope, a.putAccessScope)
	awswire.Handle(m, wire.GetApplicationAccessScope, a.getAccessScope)
	awswire.Handle(m, wire.ListApplicationAccessScopes, a.listAccessScopes)
	awswire.Handle(m, wire.DeleteApplicationAccessScope, a.deleteAccessScope)
}

func (a *API) createAssignment(
	ctx context.Context, c *control.Call, in *wire.CreateApplicationAssignmentRequest,
) (*wire.CreateApplicationAssignmentResponse, error) {
	return nil, a.IdentityCenter.Assign(ctx, c, awswire.Value(in.ApplicationArn),
		sso.PrincipalType(awswire.Value(in.PrincipalType)), awswire.Value(in.PrincipalId))
}

func (a *API) deleteAssignment(
	ctx context.Context, c *control.Call, in *wire.DeleteApplicationAssignmentRequest,
) (*wire.DeleteApplicationAssignmentResponse, error) {
	return nil, a.IdentityCenter.Unassign(ctx, c, awswire.Value(in.ApplicationArn),
		sso.PrincipalType(awswire.Value(in.PrincipalType)), awswire.Value(in.PrincipalId))
}

func (a *API) describeAssignment(
	_ context.Context, c *control.Call, in *wire.DescribeApplicationAssignmentRequest,
) (*wire.DescribeApplicationAssignmentResponse, error) {
	if err := a.IdentityCenter.Assigned(c, awswire.Value(in.ApplicationArn),
		sso.PrincipalType(awswire.Value(in.PrincipalType)), awswire.Value(in.PrincipalId)); err != nil {
		return nil, err
	}
	return &wire.DescribeApplicationAssignmentResponse{
		ApplicationArn: in.ApplicationArn,
		PrincipalType:  in.PrincipalType,
		PrincipalId:    in.PrincipalId,
	}, nil
}

func (a *API) listAssignments(
	_ context.Context, c *control.Call, in *wire.ListApplicationAssignmentsRequest,
) (*wire.ListApplicationAssignmentsResponse, error) {
	page, err := a.IdentityCenter.Assignments(c, awswire.Value(in.ApplicationArn),
		pageAt(in.NextToken, in.MaxResults, ssoPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationAssignmentsResponse{NextToken: awswire.Optional(page.Next)}
	for _, s := range page.Items {
		out.ApplicationAssignments = append(out.ApplicationAssignments, wire.ApplicationAssignment{
			ApplicationArn: in.ApplicationArn, PrincipalId: new(s.PrincipalID), PrincipalType: new(string(s.Type)),
		})
	}
	return out, nil
}

func (a *API) listAssignmentsFor(
	ctx context.Context, c *control.Call, in *wire.ListApplicationAssignmentsForPrincipalRequest,
) (*wire.ListApplicationAssignmentsForPrincipalResponse, error) {
	f := identitycenter.PrincipalFilter{
		Type: sso.PrincipalType(awswire.Value(in.PrincipalType)),
		ID:   awswire.Value(in.PrincipalId),
	}
	if in.Filter != nil {
		f.Application = awswire.Value(in.Filter.ApplicationArn)
	}
	page, err := a.IdentityCenter.AssignmentsFor(ctx, c, awswire.Value(in.InstanceArn), f,
		pageAt(in.NextToken, in.MaxResults, ssoPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationAssignmentsForPrincipalResponse{NextToken: awswire.Optional(page.Next)}
	for _, s := range page.Items {
		out.ApplicationAssignments = append(out.ApplicationAssignments, wire.ApplicationAssignmentForPrincipal{
			ApplicationArn: new(s.Application.ARN()), PrincipalId: new(s.PrincipalID), PrincipalType: new(string(s.Type)),
		})
	}
	return out, nil
}

func (a *API) putAssignmentConfiguration(
	ctx context.Context, c *control.Call, in *wire.PutApplicationAssignmentConfigurationRequest,
) (*wire.PutApplicationAssignmentConfigurationResponse, error) {
	return nil, a.IdentityCenter.RequireAssignment(ctx, c, awswire.Value(in.ApplicationArn), *in.AssignmentRequired)
}

func (a *API) getAssignmentConfiguration(
	_ context.Context, c *control.Call, in *wire.GetApplicationAssignmentConfigurationRequest,
) (*wire.GetApplicationAssignmentConfigurationResponse, error) {
	required, err := a.IdentityCenter.AssignmentRequired(c, awswire.Value(in.ApplicationArn))
	if err != nil {
		return nil, err
	}
	return &wire.GetApplicationAssignmentConfigurationResponse{AssignmentRequired: &required}, nil
}

// grantIn reads a grant. It must have the member of its type and no other one.
func grantIn(kind *string, in *wire.Grant) (sso.Grant, error) {
	g := sso.Grant{Type: sso.GrantType(awswire.Value(kind))}
	n, fits := 0, false
	if in.AuthorizationCode != nil {
		n, fits = n+1, g.Type == sso.AuthorizationCode
		g.RedirectURIs = in.AuthorizationCode.RedirectUris
	}
	if in.JwtBearer != nil {
		n, fits = n+1, g.Type == sso.JWTBearer
		for _, i := range in.JwtBearer.AuthorizedTokenIssuers {
			g.Issuers = append(g.Issuers,
				sso.AuthorizedIssuer{IssuerARN: awswire.Value(i.TrustedTokenIssuerArn), Audiences: i.AuthorizedAudiences})
		}
	}
	if in.RefreshToken != nil {
		n, fits = n+1, g.Type == sso.RefreshToken
	}
	if in.TokenExchange != nil {
		n, fits = n+1, g.Type == sso.TokenExchange
	}
	if n != 1 || !fits {
		return g, fault.New(fault.Invalid, fault.ApplicationGrant,
			"Grant must have exactly the member that belongs to the GrantType %s", g.Type)
	}
	return g, nil
}

func grantBack(g *sso.Grant) *wire.Grant {
	switch g.Type {
	case sso.AuthorizationCode:
		return &wire.Grant{AuthorizationCode: &wire.AuthorizationCodeGrant{RedirectUris: g.RedirectURIs}}
	case sso.JWTBearer:
		b := &wire.JwtBearerGrant{}
		for _, i := range g.Issuers {
			b.AuthorizedTokenIssuers = append(b.AuthorizedTokenIssuers,
				wire.AuthorizedTokenIssuer{TrustedTokenIssuerArn: new(i.IssuerARN), AuthorizedAudiences: i.Audiences})
		}
		return &wire.Grant{JwtBearer: b}
	case sso.RefreshToken:
		return &wire.Grant{RefreshToken: &wire.RefreshTokenGrant{}}
	default:
		return &wire.Grant{TokenExchange: &wire.TokenExchangeGrant{}}
	}
}

func (a *API) putApplicationGrant(
	ctx context.Context, c *control.Call, in *wire.PutApplicationGrantRequest,
) (*wire.PutApplicationGrantResponse, error) {
	g, err := grantIn(in.GrantType, in.Grant)
	if err != nil {
		return nil, err
	}
	return nil, a.IdentityCenter.PutGrant(ctx, c, awswire.Value(in.ApplicationArn), g)
}

func (a *API) getApplicationGrant(
	_ context.Context, c *control.Call, in *wire.GetApplicationGrantRequest,
) (*wire.GetApplicationGrantResponse, error) {
	g, err := a.IdentityCenter.Grant(c, awswire.Value(in.ApplicationArn), sso.GrantType(awswire.Value(in.GrantType)))
	if err != nil {
		return nil, err
	}
	return &wire.GetApplicationGrantResponse{Grant: grantBack(g)}, nil
}

func (a *API) listApplicationGrants(
	_ context.Context, c *control.Call, in *wire.ListApplicationGrantsRequest,
) (*wire.ListApplicationGrantsResponse, error) {
	all, err := a.IdentityCenter.Grants(c, awswire.Value(in.ApplicationArn), awswire.Value(in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationGrantsResponse{}
	for i := range all {
		out.Grants = append(out.Grants, wire.GrantItem{GrantType: new(string(all[i].Type)), Grant: grantBack(&all[i])})
	}
	return out, nil
}

func (a *API) deleteApplicationGrant(
	ctx context.Context, c *control.Call, in *wire.DeleteApplicationGrantRequest,
) (*wire.DeleteApplicationGrantResponse, error) {
	return nil, a.IdentityCenter.DeleteGrant(ctx, c, awswire.Value(in.ApplicationArn),
		sso.GrantType(awswire.Value(in.GrantType)))
}

func (a *API) putAuthenticationMethod(
	ctx context.Context, c *control.Call, in *wire.PutApplicationAuthenticationMethodRequest,
) (*wire.PutApplicationAuthenticationMethodResponse, error) {
	if in.AuthenticationMethod.Iam == nil {
		return nil, fault.New(fault.Invalid, fault.AuthenticationMethod, "AuthenticationMethod must have the member Iam")
	}
	return nil, a.IdentityCenter.PutAuthenticationMethod(ctx, c, awswire.Value(in.ApplicationArn),
		in.AuthenticationMethod.Iam.ActorPolicy)
}

// methodOut returns an actor policy as the JSON object that it is.
func methodOut(document json.RawMessage) (*wire.AuthenticationMethod, error) {
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return nil, err
	}
	return &wire.AuthenticationMethod{Iam: &wire.IamAuthenticationMethod{ActorPolicy: v}}, nil
}

func (a *API) getAuthenticationMethod(
	_ context.Context, c *control.Call, in *wire.GetApplicationAuthenticationMethodRequest,
) (*wire.GetApplicationAuthenticationMethodResponse, error) {
	document, err := a.IdentityCenter.AuthenticationMethod(c, awswire.Value(in.ApplicationArn))
	if err != nil {
		return nil, err
	}
	m, err := methodOut(document)
	return &wire.GetApplicationAuthenticationMethodResponse{AuthenticationMethod: m}, err
}

func (a *API) listAuthenticationMethods(
	_ context.Context, c *control.Call, in *wire.ListApplicationAuthenticationMethodsRequest,
) (*wire.ListApplicationAuthenticationMethodsResponse, error) {
	all, err := a.IdentityCenter.AuthenticationMethods(c, awswire.Value(in.ApplicationArn), awswire.Value(in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationAuthenticationMethodsResponse{}
	for _, document := range all {
		m, err := methodOut(document)
		if err != nil {
			return nil, err
		}
		out.AuthenticationMethods = append(out.AuthenticationMethods,
			wire.AuthenticationMethodItem{AuthenticationMethodType: new("IAM"), AuthenticationMethod: m})
	}
	return out, nil
}

func (a *API) deleteAuthenticationMethod(
	ctx context.Context, c *control.Call, in *wire.DeleteApplicationAuthenticationMethodRequest,
) (*wire.DeleteApplicationAuthenticationMethodResponse, error) {
	return nil, a.IdentityCenter.DeleteAuthenticationMethod(ctx, c, awswire.Value(in.ApplicationArn))
}

func (a *API) putAccessScope(
	ctx context.Context, c *control.Call, in *wire.PutApplicationAccessScopeRequest,
) (*wire.PutApplicationAccessScopeResponse, error) {
	return nil, a.IdentityCenter.PutScope(ctx, c, awswire.Value(in.ApplicationArn), awswire.Value(in.Scope),
		in.AuthorizedTargets)
}

func (a *API) getAccessScope(
	_ context.Context, c *control.Call, in *wire.GetApplicationAccessScopeRequest,
) (*wire.GetApplicationAccessScopeResponse, error) {
	s, err := a.IdentityCenter.Scope(c, awswire.Value(in.ApplicationArn), awswire.Value(in.Scope))
	if err != nil {
		return nil, err
	}
	return &wire.GetApplicationAccessScopeResponse{Scope: new(s.Name), AuthorizedTargets: s.Targets}, nil
}

func (a *API) listAccessScopes(
	_ context.Context, c *control.Call, in *wire.ListApplicationAccessScopesRequest,
) (*wire.ListApplicationAccessScopesResponse, error) {
	const limit = 10
	page, err := a.IdentityCenter.Scopes(c, awswire.Value(in.ApplicationArn), pageAt(in.NextToken, in.MaxResults, limit))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationAccessScopesResponse{NextToken: awswire.Optional(page.Next)}
	for _, s := range page.Items {
		out.Scopes = append(out.Scopes, wire.ScopeDetails{Scope: new(s.Name), AuthorizedTargets: s.Targets})
	}
	return out, nil
}

func (a *API) deleteAccessScope(
	ctx context.Context, c *control.Call, in *wire.DeleteApplicationAccessScopeRequest,
) (*wire.DeleteApplicationAccessScopeResponse, error) {
	return nil, a.IdentityCenter.DeleteScope(ctx, c, awswire.Value(in.ApplicationArn), awswire.Value(in.Scope))
}
