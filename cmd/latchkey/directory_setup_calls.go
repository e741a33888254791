package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// apiError is what a service of the server answered in place of what was asked for.
type apiError struct {
	operation, code, message string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.operation, e.code, e.message)
}

// absent reports whether a thing is not there.
func absent(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && (e.code == "NoSuchEntity" || e.code == "ResourceNotFoundException" || e.code == "AccessGrantsInstanceNotExistsError")
}

// json calls an operation of one of AWS's json services.
func (c *client) json(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	status, answer, err := c.do(ctx, request{
		service: service, method: http.MethodPost, path: "/", body: body,
		header: http.Header{"X-Amz-Target": {target}, "Content-Type": {"application/x-amz-json-1.1"}},
	})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var e struct {
			Type    string `json:"__type"`
			Message string
		}
		_ = json.Unmarshal(answer, &e) // an answer that cannot be read has no code
		return &apiError{target[strings.LastIndexByte(target, '.')+1:], firstOf(e.Type, http.StatusText(status)), e.Message}
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (s *setup) sso(ctx context.Context, operation string, in, out any) error {
	return s.c.json(ctx, "sso", "SWBExternalService."+operation, in, out)
}

// xml calls an operation with an answer in XML.
func (c *client) xml(ctx context.Context, operation string, r request, out any) error {
	status, answer, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var e struct {
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
		}
		_ = xml.Unmarshal(answer, &e) // an answer that cannot be read has no code
		return &apiError{operation, firstOf(e.Code, http.StatusText(status)), e.Message}
	}
	if out == nil {
		return nil
	}
	return xml.Unmarshal(answer, out)
}

func (s *setup) iam(ctx context.Context, out any, action string, pairs ...string) error {
	return s.c.xml(ctx, action, iamRequest(action, pairs...), out)
}

// same reports whether two policy documents say the same. IAM gives them URL-encoded, and a list of one may come as
// that one.
func same(given, want string) bool {
	if text, err := url.QueryUnescape(given); err == nil && strings.HasPrefix(given, "%7B") {
		given = text
	}
	var a, b any
	return json.Unmarshal([]byte(given), &a) == nil && json.Unmarshal([]byte(want), &b) == nil && reflect.DeepEqual(unlisted(a), unlisted(b))
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
func (s *setup) role(ctx context.Context, name, trust, seconds string) (string, bool, error) {
	var have struct {
		Trust   string `xml:"GetRoleResult>Role>AssumeRolePolicyDocument"`
		Seconds string `xml:"GetRoleResult>Role>MaxSessionDuration"`
	}
	err := s.iam(ctx, &have, "GetRole", "RoleName", name)
	switch {
	case absent(err):
		return "created", true, s.iam(ctx, nil, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust, "MaxSessionDuration", seconds,
			"Description", "Made by latchkey directory setup")
	case err != nil:
		return "", false, err
	case same(have.Trust, trust) && have.Seconds == seconds:
		return "there already", false, nil
	}
	did, err := s.differ("the role "+name, func() error {
		if err := s.iam(ctx, nil, "UpdateAssumeRolePolicy", "RoleName", name, "PolicyDocument", trust); err != nil {
			return err
		}
		return s.iam(ctx, nil, "UpdateRole", "RoleName", name, "MaxSessionDuration", seconds)
	})
	return did, false, err
}

// rolePolicy writes the policy of a role that it has not yet.
func (s *setup) rolePolicy(ctx context.Context, role, document string) (string, error) {
	put := func() error {
		return s.iam(ctx, nil, "PutRolePolicy", "RoleName", role, "PolicyName", setupPolicy, "PolicyDocument", document)
	}
	var have struct {
		Document string `xml:"GetRolePolicyResult>PolicyDocument"`
	}
	err := s.iam(ctx, &have, "GetRolePolicy", "RoleName", role, "PolicyName", setupPolicy)
	switch {
	case absent(err):
		return "written", put()
	case err != nil:
		return "", err
	case same(have.Document, document):
		return "there already", nil
	}
	return s.differ("the policy of the role "+role, put)
}
