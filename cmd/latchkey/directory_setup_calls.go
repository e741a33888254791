package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
)

// isNotFound reports whether a call failed because the thing does not exist.
func isNotFound(err error) bool {
	e, ok := errors.AsType[*awswire.APIError](err)
	return ok && (e.Code == "NoSuchEntity" || e.Code == "ResourceNotFoundException" ||
		e.Code == "AccessGrantsInstanceNotExistsError")
}

// invokeEmpty calls an operation whose answer is empty.
func invokeEmpty[In, Out any](ctx context.Context, c *client, op awswire.Op[In, Out], in *In) error {
	_, err := invoke(ctx, c, op, in)
	return err
}

// samePolicy reports whether two policy documents say the same. IAM returns documents URL-encoded, and may return a
// list of one value as the value itself.
func samePolicy(given, want string) bool {
	if text, err := url.QueryUnescape(given); err == nil && strings.HasPrefix(given, "%7B") {
		given = text
	}
	var a, b any
	return json.Unmarshal([]byte(given), &a) == nil && json.Unmarshal([]byte(want), &b) == nil &&
		reflect.DeepEqual(unwrapSingles(a), unwrapSingles(b))
}

// unwrapSingles replaces every list of one value in a JSON value by that value.
func unwrapSingles(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = unwrapSingles(v[k])
		}
	case []any:
		for i := range v {
			v[i] = unwrapSingles(v[i])
		}
		if len(v) == 1 {
			return v[0]
		}
	}
	return v
}

// role creates a role, or reads the one that exists. It reports whether it created the role.
func (s *setup) role(ctx context.Context, name, trust string, seconds int32) (string, bool, error) {
	out, err := invoke(ctx, s.c, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: &name})
	switch {
	case isNotFound(err):
		return "created", true, invokeEmpty(ctx, s.c, iamapi.CreateRole, &iamapi.CreateRoleRequest{
			RoleName: &name, AssumeRolePolicyDocument: &trust, MaxSessionDuration: &seconds,
			Description: new("Made by latchkey directory setup"),
		})
	case err != nil:
		return "", false, err
	}
	if have := awswire.Value(out.Role); samePolicy(awswire.Value(have.AssumeRolePolicyDocument), trust) &&
		awswire.Value(have.MaxSessionDuration) == seconds {
		return "there already", false, nil
	}
	did, err := s.reconcile("the role "+name, func() error {
		if err := s.writeTrust(ctx, name, trust); err != nil {
			return err
		}
		return invokeEmpty(ctx, s.c, iamapi.UpdateRole,
			&iamapi.UpdateRoleRequest{RoleName: &name, MaxSessionDuration: &seconds})
	})
	return did, false, err
}

func (s *setup) writeTrust(ctx context.Context, role, trust string) error {
	return invokeEmpty(ctx, s.c, iamapi.UpdateAssumeRolePolicy,
		&iamapi.UpdateAssumeRolePolicyRequest{RoleName: &role, PolicyDocument: &trust})
}

// rolePolicy writes the policy of a role if the role does not have it yet.
func (s *setup) rolePolicy(ctx context.Context, role, document string) (string, error) {
	put := func() error {
		return invokeEmpty(ctx, s.c, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{
			RoleName: &role, PolicyName: new(setupPolicy), PolicyDocument: &document,
		})
	}
	have, err := invoke(ctx, s.c, iamapi.GetRolePolicy,
		&iamapi.GetRolePolicyRequest{RoleName: &role, PolicyName: new(setupPolicy)})
	switch {
	case isNotFound(err):
		return "written", put()
	case err != nil:
		return "", err
	case samePolicy(awswire.Value(have.PolicyDocument), document):
		return "there already", nil
	}
	return s.reconcile("the policy of the role "+role, put)
}
