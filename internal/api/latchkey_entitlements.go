package api

import (
	"context"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func (a *API) registerEntitlements(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.WhoCan, a.whoCan)
	awswire.Handle(m, wire.WhatCan, a.whatCan)
}

// entitlementsPage is the size of a page of WhoCan and WhatCan if the client states none.
const entitlementsPage = 100

func (a *API) whoCan(_ context.Context, c *control.Call, in *wire.WhoCanRequest) (*wire.WhoCanResponse, error) {
	permission, err := access.ParsePermission(awswire.Value(in.Permission))
	if err != nil {
		return nil, control.AccessFault(err)
	}
	page, err := a.Grants.WhoCan(c, grants.WhoCan{
		Target: awswire.Value(in.Target), Permission: permission, Object: awswire.Value(in.TargetType) == "Object",
		All: awswire.Value(in.All), Token: awswire.Value(in.NextToken), Size: pageSize(in.MaxResults),
	})
	if err != nil {
		return nil, err
	}
	return &wire.WhoCanResponse{Entries: entitlements(page.Entries), NextToken: awswire.Optional(page.Next)}, nil
}

func (a *API) whatCan(_ context.Context, c *control.Call, in *wire.WhatCanRequest) (*wire.WhatCanResponse, error) {
	page, err := a.Grants.WhatCan(c, grants.WhatCan{
		Principal: awswire.Value(in.Principal),
		User:      awswire.Value(in.User),
		Token:     awswire.Value(in.NextToken),
		Size:      pageSize(in.MaxResults),
	})
	if err != nil {
		return nil, err
	}
	out := &wire.WhatCanResponse{
		Principal: awswire.Optional(page.PrincipalARN),
		Entries:   entitlements(page.Entries),
		NextToken: awswire.Optional(page.Next),
	}
	if p := page.Person; p != nil {
		out.UserId, out.UserName, out.UserStatus = new(string(p.ID)), new(p.UserName), new("ENABLED")
		if p.Disabled {
			out.UserStatus = new("DISABLED")
		}
	}
	for _, g := range page.Groups {
		out.Groups = append(out.Groups, wire.DirectoryGroup{GroupId: new(string(g.ID)), GroupName: new(g.DisplayName)})
	}
	return out, nil
}

func pageSize(asked *int32) int {
	if asked == nil {
		return entitlementsPage
	}
	return int(*asked)
}

func entitlements(all []grants.Entitlement) []wire.Entitlement {
	var out []wire.Entitlement
	for _, r := range all {
		e := wire.Entitlement{
			GrantId:             new(r.Grant.ID.String()),
			GrantScope:          new(r.Grant.Scope.String()),
			Permission:          new(r.Grant.Permission.String()),
			LocationId:          new(string(r.Grant.LocationID)),
			GrantApplicationArn: awswire.Optional(r.Grant.ApplicationARN),
			Open:                new(r.Open),
			Reason:              awswire.Optional(r.Reason),
		}
		if r.Direct != nil {
			e.Direct, e.DirectReason = new(r.Direct.Allowed), awswire.Optional(r.Direct.Reason())
		}
		if r.Person != nil {
			e.AssertedAllowed = new(r.Asserted)
		}
		switch {
		case r.Person != nil:
			e.Type, e.UserId, e.UserName, e.DisplayName = new("DIRECTORY_USER"), new(string(r.Person.ID)),
				awswire.Optional(r.Person.UserName), awswire.Optional(r.Person.DisplayName)
		default:
			e.Type, e.Principal = new("IAM_USER"), new(r.PrincipalARN)
			if p, ok := iam.ParsePrincipalARN(r.PrincipalARN); !ok || p.Role { // a session's ARN is not a principal's
				e.Type = new("IAM_ROLE")
			}
		}
		if r.Via != nil {
			e.GroupId, e.GroupName = new(string(r.Via.ID)), new(r.Via.DisplayName)
		}
		if r.Application != nil {
			e.ApplicationArn = new(r.Application.ARN())
		}
		out = append(out, e)
	}
	return out
}

// explained gets an explanation about a principal or about a person.
func (a *API) explained(
	c *control.Call, in *wire.ExplainRequest, data grants.DataAccess, limit int,
) (*grants.Explanation, error) {
	principal, user := awswire.Value(in.Principal), awswire.Value(in.User)
	switch {
	case (principal == "") == (user == ""):
		return nil, fault.New(fault.Invalid, fault.Member, "Exactly one of Principal and User must be given")
	case user != "":
		return a.Grants.ExplainPerson(c,
			grants.Somebody{User: user, RoleARN: awswire.Value(in.RoleArn), ApplicationARN: awswire.Value(in.ApplicationArn),
				Asserted: awswire.Value(in.Asserted)},
			data, limit)
	case in.RoleArn != nil || in.ApplicationArn != nil || awswire.Value(in.Asserted):
		return nil, fault.New(fault.Invalid, fault.Member, "RoleArn, ApplicationArn and Asserted go with User, not with Principal")
	}
	return a.Grants.Explain(c, principal, data, limit)
}
