package api

import (
	"context"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
)

// registerUsers registers what AWS does not have for users of the directory and for the issuers that vouch for them.
func (a *API) registerUsers(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.SetUserStatus, a.setUserStatus)
	awswire.Handle(m, wire.GetUserIdentity, a.getUserIdentity)
	awswire.Handle(m, wire.DeleteUserBinding, a.deleteUserBinding)
	awswire.Handle(m, wire.PutIssuerLimits, a.putIssuerLimits)
	awswire.Handle(m, wire.GetIssuerLimits, a.getIssuerLimits)
}

// setUserStatus disables or enables a user of the directory. AWS has no operation for it.
func (a *API) setUserStatus(
	ctx context.Context, c *control.Call, in *wire.SetUserStatusRequest,
) (*wire.SetUserStatusResponse, error) {
	u, err := a.Directory.SetUserStatus(ctx, c,
		named(in.UserId, in.UserName),
		people.Status{Disabled: awswire.Value(in.UserStatus) == "DISABLED", Source: awswire.Value(in.Source)})
	if err != nil {
		return nil, err
	}
	out := &wire.SetUserStatusResponse{
		UserId: new(string(u.ID)), UserName: new(u.UserName), UserStatus: new(statusOf(u)),
	}
	for _, b := range u.Blocks {
		out.DisabledBy = append(out.DisabledBy, b.Source)
	}
	return out, nil
}

func statusOf(u *directory.User) string {
	if u.Disabled {
		return "DISABLED"
	}
	return "ENABLED"
}

func named(id, name *string) people.Named {
	return people.Named{ID: directory.UserID(awswire.Value(id)), Name: awswire.Value(name)}
}

func (a *API) getUserIdentity(
	_ context.Context, c *control.Call, in *wire.GetUserIdentityRequest,
) (*wire.GetUserIdentityResponse, error) {
	u, err := a.Directory.UserIdentity(c, named(in.UserId, in.UserName))
	if err != nil {
		return nil, err
	}
	out := &wire.GetUserIdentityResponse{
		UserId: new(string(u.ID)), UserName: new(u.UserName), UserStatus: new(statusOf(u)), Bindings: bindings(u.Bindings),
	}
	for _, b := range u.Blocks {
		block := wire.Block{Source: new(b.Source), By: awswire.Optional(b.By)}
		if !b.Since.IsZero() {
			block.Since = new(b.Since)
		}
		out.DisabledBy = append(out.DisabledBy, block)
	}
	return out, nil
}

func bindings(all []directory.Binding) (out []wire.Binding) {
	for _, b := range all {
		w := wire.Binding{IssuerUrl: new(b.Issuer), Subject: new(b.Subject)}
		if !b.Bound.IsZero() {
			w.BoundTime = new(b.Bound)
		}
		out = append(out, w)
	}
	return out
}

func (a *API) deleteUserBinding(
	ctx context.Context, c *control.Call, in *wire.DeleteUserBindingRequest,
) (*wire.DeleteUserBindingResponse, error) {
	u, gone, err := a.Directory.DeleteUserBinding(ctx, c, named(in.UserId, in.UserName), awswire.Value(in.IssuerUrl))
	if err != nil {
		return nil, err
	}
	return &wire.DeleteUserBindingResponse{
		UserId: new(string(u.ID)), UserName: new(u.UserName), Bindings: bindings(gone),
	}, nil
}

func (a *API) putIssuerLimits(
	ctx context.Context, c *control.Call, in *wire.PutIssuerLimitsRequest,
) (*wire.PutIssuerLimitsResponse, error) {
	err := a.IdentityCenter.PutIssuerLimits(ctx, c, awswire.Value(in.TrustedTokenIssuerArn), sso.Limits{
		EmailDomains: in.EmailDomains, Sources: in.Sources, SubjectClaim: awswire.Value(in.SubjectClaim),
	})
	if err != nil {
		return nil, err
	}
	return &wire.PutIssuerLimitsResponse{}, nil
}

func (a *API) getIssuerLimits(
	_ context.Context, c *control.Call, in *wire.GetIssuerLimitsRequest,
) (*wire.GetIssuerLimitsResponse, error) {
	l, err := a.IdentityCenter.IssuerLimits(c, awswire.Value(in.TrustedTokenIssuerArn))
	if err != nil {
		return nil, err
	}
	return &wire.GetIssuerLimitsResponse{
		TrustedTokenIssuerArn: in.TrustedTokenIssuerArn, EmailDomains: l.EmailDomains, Sources: l.Sources,
		SubjectClaim: awswire.Optional(l.SubjectClaim),
	}, nil
}
