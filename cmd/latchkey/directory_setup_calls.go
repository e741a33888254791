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

// absent reports whether a thing is not there.
func absent(err error) bool {
	e, ok := errors.AsType[*awswire.APIError](err)
	return ok && (e.Code == "NoSuchEntity" || e.Code == "ResourceNotFoundException" ||
		e.Code == "AccessGrantsInstanceNotExistsError")
}

// done calls an operation whose answer says no more than that it was done.
func done[In, Out any](ctx context.Context, c *client, op awswire.Op[In, Out], in *In) error {
	_, err := invoke(ctx, c, op, in)
	return err
}

// same reports whether two policy documents say the same. IAM gives them URL-encoded, and a list of one may come as
// that one.
func same(given, want string) bool {
	if text, err := url.QueryUnescape(given); err == nil && strings.HasPrefix(given, "%7B") {
		given = text
	}
	var a, b any
	return json.Unmarshal([]byte(given), &a) == nil && json.Unmarshal([]byte(want), &b) == nil &&
		reflect.DeepEqual(unlisted(a), unlisted(b))
}

// unlisted is a JSON value in which lists of one are that one.
func unlisted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = unlisted(v[k])
		}
	case []any:
		for i := range v {
			v[i] = unlisted(v[i])
		}
		if len(v) == 1 {
			return v[0]
		}
	}
	return v
}

// role makes a role or looks what it is like. It says whether it made it.
func (s *setup) role(ctx context.Context, name, trust string, seconds int32) (string, bool, error) {
	out, err := invoke(ctx, s.c, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: &name})
	switch {
	case absent(err):
		return "created", true, done(ctx, s.c, iamapi.CreateRole, &iamapi.CreateRoleRequest{
			RoleName: &name, AssumeRolePolicyDocument: &trust, MaxSessionDuration: &seconds,
			Description: new("Made by latchkey directory setup"),
		})
	case err != nil:
		return "", false, err
	}
	if have := or(out.Role); same(or(have.AssumeRolePolicyDocument), trust) && or(have.MaxSessionDuration) == seconds {
		return "there already", false, nil
	}
	did, err := s.differ("the role "+name, func() error {
		if err := s.writeTrust(ctx, name, trust); err != nil {
			return err
		}
		return done(ctx, s.c, iamapi.UpdateRole, &iamapi.UpdateRoleRequest{RoleName: &name, MaxSessionDuration: &seconds})
	})
	return did, false, err
}

func (s *setup) writeTrust(ctx context.Context, role, trust string) error {
	return done(ctx, s.c, iamapi.UpdateAssumeRolePolicy,
		&iamapi.UpdateAssumeRolePolicyRequest{RoleName: &role, PolicyDocument: &trust})
}

// rolePolicy writes the policy of a role that it has not yet.
func (s *setup) rolePolicy(ctx context.Context, role, document string) (string, error) {
	put := func() error {
		return done(ctx, s.c, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{
			RoleName: &role, PolicyName: new(setupPolicy), PolicyDocument: &document,
		})
	}
	have, err := invoke(ctx, s.c, iamapi.GetRolePolicy,
		&iamapi.GetRolePolicyRequest{RoleName: &role, PolicyName: new(setupPolicy)})
	switch {
	case absent(err):
		return "written", put()
	case err != nil:
		return "", err
	case same(or(have.PolicyDocument), document):
		return "there already", nil
	}
	return s.differ("the policy of the role "+role, put)
}
