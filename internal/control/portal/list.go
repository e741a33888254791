package portal

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// ListRequest is the input of ListAccounts and ListAccountRoles.
type ListRequest struct {
	Token     credential.Secret // an access token of CreateToken
	NextToken string            // of no page that there is
}

// ListAccounts returns the accounts in which a person gets credentials: the one of the sign-in, or none.
func (p *Portal) ListAccounts(ctx context.Context, call *control.Call, in ListRequest) ([]*iam.Account, error) {
	o, err := p.list(ctx, call, in)
	if err != nil || !o.stands || !o.exists(call) {
		return nil, err
	}
	return []*iam.Account{call.Snapshot.Account(call.Account)}, nil
}

// ListAccountRoles returns the one role of an account whose credentials a person gets. It is refused for every other
// account.
func (p *Portal) ListAccountRoles(
	ctx context.Context, call *control.Call, account string, in ListRequest,
) (role iam.PrincipalARN, err error) {
	o, err := p.list(ctx, call, in)
	if err != nil {
		return role, err
	}
	o.stands = o.stands && o.exists(call)
	if err := o.has(call, account, o.bearer.Name); err != nil {
		return role, err
	}
	return o.bearer, nil
}

// list finds what a list is made of. A list has one page.
func (p *Portal) list(ctx context.Context, call *control.Call, in ListRequest) (o offer, err error) {
	if o, err = p.offered(ctx, call, in.Token); err != nil {
		return o, err
	}
	if in.NextToken != "" {
		return o, fault.Refuse(fault.Invalid, fault.Member, fault.RequestMalformed,
			"there is one page, which has no nextToken")
	}
	call.ByRight(control.PortalToken)
	return o, nil
}

// exists reports whether the role is there. A list promises nothing that is deleted; the role's trust is asked when
// somebody wants the credentials.
func (o *offer) exists(call *control.Call) bool {
	role := call.Snapshot.RoleByName(o.bearer.Account, o.bearer.Name)
	return role != nil && role.ARN() == o.settings.BearerRole
}
