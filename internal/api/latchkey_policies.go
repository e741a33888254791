package api

import (
	"context"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/policycheck"
)

func (a *API) listPolicyFindings(
	ctx context.Context, c *control.Call, in *wire.ListPolicyFindingsRequest,
) (*wire.ListPolicyFindingsResponse, error) {
	found, next, err := a.PolicyCheck.List(ctx, c, policycheck.Ask{
		Notes: awswire.Value(in.Notes), Token: awswire.Value(in.NextToken), Size: pageSize(in.MaxResults),
	})
	if err != nil {
		return nil, err
	}
	out := &wire.ListPolicyFindingsResponse{NextToken: awswire.Optional(next)}
	for _, f := range found {
		out.Findings = append(out.Findings, wire.PolicyFinding{
			Kind:        new(f.Kind.String()),
			Serious:     new(f.Kind.Serious()),
			PolicyType:  new(f.Type),
			ResourceArn: new(f.Resource),
			PolicyName:  awswire.Optional(f.Policy),
			Statement:   new(int32(f.Statement)),
			Sid:         awswire.Optional(f.Sid),
			Subject:     new(f.Subject),
			Text:        new(f.Text),
		})
	}
	return out, nil
}
