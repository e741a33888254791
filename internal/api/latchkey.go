package api

import (
	"context"
	"strconv"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// registerLatchkey registers the operations that AWS does not have: explaining a decision, reading the audit log,
// creating an account, adopting a bucket and others. Their protocol and their authorisation are those of AWS's
// operations.
func (a *API) registerLatchkey(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.Explain, a.explain)
	a.registerEntitlements(m)
	a.registerSessions(m)
	a.registerResolve(m)
	a.registerVending(m)
	awswire.Handle(m, wire.QueryAudit, a.queryAudit)
	awswire.Handle(m, wire.CreateAccount, a.createAccount)
	awswire.Handle(m, wire.AdoptBucket, a.adoptBucket)
	awswire.Handle(m, wire.ListBuckets, a.listBuckets)
	a.registerUpstreams(m)
	a.registerUsers(m)
	a.registerProvisioning(m)
	awswire.Handle(m, wire.SyncDirectory, a.syncDirectory)
	awswire.Handle(m, wire.PutSignIn, a.putSignIn)
	awswire.Handle(m, wire.GetSignIn, a.getSignIn)
	awswire.Handle(m, wire.DeleteSignIn, a.deleteSignIn)
	awswire.Handle(m, wire.ListPolicyFindings, a.listPolicyFindings)
}

func (a *API) explain(_ context.Context, c *control.Call, in *wire.ExplainRequest) (*wire.ExplainResponse, error) {
	permission, err := access.ParsePermission(awswire.Value(in.Permission))
	if err != nil {
		return nil, control.AccessFault(err)
	}
	privilege, err := access.ParsePrivilege(awswire.Value(in.Privilege))
	if err != nil {
		return nil, control.AccessFault(err)
	}
	limit := 50
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	e, err := a.explained(c, in, grants.DataAccess{
		Target:     awswire.Value(in.Target),
		Permission: permission,
		Privilege:  privilege,
		Object:     awswire.Value(in.TargetType) == "Object",
	}, limit)
	if err != nil {
		return nil, err
	}
	d := &e.Decision
	out := &wire.ExplainResponse{Allowed: new(e.Allowed()), Reason: new(d.Reason.String()), Truncated: new(d.Truncated)}
	if d.OK {
		out.MatchedGrantTarget, out.GrantId, out.LocationId = new(d.Matched()), new(d.Grant.ID.String()),
			new(string(d.Grant.LocationID))
		out.GranteeType, out.GranteeIdentifier = new(d.Grant.Grantee.Type.String()), new(d.Grant.Grantee.ID)
		out.RoleArn = awswire.Optional(e.RoleARN)
	}
	if e.Person != nil {
		out.UserId, out.UserName = new(string(e.Person.ID)), new(e.Person.UserName)
	}
	if e.Application != nil {
		out.ApplicationArn = new(e.Application.ARN())
	}
	if e.Direct != nil {
		out.Direct = &wire.DirectAccess{
			Allowed: &e.Direct.Allowed, By: awswire.Optional(e.Direct.By), Reason: awswire.Optional(e.Direct.Reason()),
			Checks: checks(e.Direct.Checks),
		}
	}
	out.Notes = e.Notes
	out.Checks = checks(e.Checks)
	for _, x := range d.Considered {
		out.Considered = append(out.Considered, wire.Considered{
			GrantId:           new(x.Grant.ID.String()),
			GrantScope:        new(x.Grant.Scope.String()),
			Permission:        new(x.Grant.Permission.String()),
			GranteeType:       new(x.Grant.Grantee.Type.String()),
			GranteeIdentifier: new(x.Grant.Grantee.ID),
			ApplicationArn:    awswire.Optional(x.Grant.ApplicationARN),
			LocationId:        new(string(x.Grant.LocationID)),
			Outcome:           new(x.Outcome.String()),
		})
	}
	return out, nil
}

func checks(all []grants.Check) (out []wire.Check) {
	for _, c := range all {
		out = append(out, wire.Check{Name: new(c.Name), Passed: new(c.Passed), Text: new(c.Text)})
	}
	return out
}

// queryAudit lists the audit records of the caller's account.
func (a *API) queryAudit(
	ctx context.Context, c *control.Call, in *wire.QueryAuditRequest,
) (*wire.QueryAuditResponse, error) {
	if err := c.May("latchkey:QueryAudit", "*", policy.Values{}, nil, c.Account); err != nil {
		return nil, err
	}
	f := store.AuditFilter{
		Account:     string(c.Account),
		EventName:   awswire.Value(in.EventName),
		Principal:   awswire.Value(in.Principal),
		AccessKey:   awswire.Value(in.AccessKeyId),
		ErrorCode:   awswire.Value(in.ErrorCode),
		GrantID:     awswire.Value(in.GrantId),
		Reason:      awswire.Value(in.Reason),
		Person:      personID(c, awswire.Value(in.Person)),
		Since:       awswire.Value(in.StartTime),
		Until:       awswire.Value(in.EndTime),
		NewestFirst: awswire.Value(in.NewestFirst),
		Limit:       100,
	}
	if in.MaxResults != nil {
		f.Limit = int(*in.MaxResults)
	}
	if in.After != nil {
		id, err := strconv.ParseInt(*in.After, 10, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, fault.Member, "After must be the Id of an event")
		}
		f.After = id
	}
	records, err := a.Control.DB.Events(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &wire.QueryAuditResponse{}
	for _, r := range records {
		line, err := r.Event.JSON()
		if err != nil {
			return nil, err
		}
		out.Events = append(out.Events, wire.Event{Id: new(strconv.FormatInt(r.ID, 10)), Event: new(string(line))})
	}
	return out, nil
}

// personID is the id of the directory user with this name in the identity store of the caller's account. If there is
// none, the name is an id: that of a user who is deleted has records, too.
func personID(c *control.Call, name string) string {
	center := c.Snapshot.IdentityCenter(c.Account)
	if center == nil || name == "" {
		return name
	}
	in := directory.StoreID(center.IdentityStoreID)
	if u := c.Snapshot.Person(directory.UserID(name)); u != nil && u.Store == in {
		return name
	}
	if u := c.Snapshot.PersonByKey(in, directory.NameKey(name)); u != nil {
		return string(u.ID)
	}
	return name
}

// createAccount creates a further account. Only the root user of the server's first account may do so. The answer has
// the new account's root key, which is shown nowhere else.
func (a *API) createAccount(
	ctx context.Context, c *control.Call, in *wire.CreateAccountRequest,
) (*wire.CreateAccountResponse, error) {
	if err := a.onlyOperator(c, "create accounts"); err != nil {
		return nil, err
	}
	account, key, err := a.Principals.CreateAccount(ctx, c, access.AccountID(awswire.Value(in.AccountId)),
		awswire.Value(in.Name))
	if err != nil {
		return nil, err
	}
	return &wire.CreateAccountResponse{
		AccountId:       new(string(account.ID)),
		Name:            awswire.Optional(account.Name),
		AccessKeyId:     new(key.AccessKeyID),
		SecretAccessKey: new(key.Secret.Reveal()),
	}, nil
}

// onlyOperator refuses every caller but the root user of the server's first account with that user's own key.
func (a *API) onlyOperator(c *control.Call, what string) error {
	if !c.IsRoot() || c.IsTemporary() || c.Account != a.Operator {
		return fault.New(fault.Denied, "", "Only the root user of account %s may %s", a.Operator, what)
	}
	c.ByRight(control.Operator)
	return nil
}
