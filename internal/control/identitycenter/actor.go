package identitycenter

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// maxActorPolicy is the longest actor policy, in characters without white space. AWS publishes no limit. This is the
// limit of bucket policies.
const maxActorPolicy = 20_480

// PutAuthenticationMethod sets who may ask for tokens in the name of an application. document is the policy as JSON
// values. Its principals are replaced by their immutable ids: a principal that is deleted and created again under the
// same name does not match.
func (c *Center) PutAuthenticationMethod(ctx context.Context, call *control.Call, arn string, document any) error {
	app, err := ownApplication(call, "sso:PutApplicationAuthenticationMethod", arn)
	if err != nil {
		return err
	}
	text, doc, err := parseActors(arn, document)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(tx *store.Tx, a *sso.Application) error {
		resolved, err := control.ResolvePrincipals(ctx, tx, doc)
		if unknown, ok := errors.AsType[*control.UnknownPrincipalError](err); ok {
			return badActors("%s", unknown)
		}
		if err != nil {
			return err
		}
		a.Actor = &sso.ActorPolicy{Document: text, Bound: resolved.String()}
		return nil
	})
}

func badActors(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.AuthenticationMethod, "The ActorPolicy is invalid: "+format, args...)
}

// parseActors parses an actor policy. It is a resource policy. Each of its statements has an effect, principals,
// actions of the token service, and the application or everything as its resource (IAM Identity Center user guide,
// "Trusted identity propagation").
func parseActors(arn string, document any) (json.RawMessage, *policy.Document, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, nil, badActors("it is not JSON")
	}
	root, ok := document.(map[string]any)
	if !ok {
		return nil, nil, badActors("it must be a JSON object")
	}
	for _, s := range statements(root) {
		for _, element := range []string{"Effect", "Principal", "Action", "Resource"} {
			if _, ok := s[element]; !ok {
				return nil, nil, badActors("every statement needs Effect, Principal, Action and Resource; %s is missing", element)
			}
		}
	}
	doc, err := policy.Parse(string(text), policy.Resource)
	if err != nil {
		return nil, nil, badActors("%s", err)
	}
	if doc.Size() > maxActorPolicy {
		return nil, nil, badActors("it has more than %d characters", maxActorPolicy)
	}
	if err := doc.CheckKeys(); err != nil {
		return nil, nil, badActors("%s", err)
	}
	for _, a := range doc.Actions() {
		if len(a) <= len(actionPrefix) || !strings.EqualFold(a[:len(actionPrefix)], actionPrefix) {
			return nil, nil, badActors("the action %q is not one of sso-oauth", a)
		}
	}
	for _, r := range doc.Resources() {
		if r != "*" && r != arn {
			return nil, nil, badActors("the resource %q is neither * nor the application", r)
		}
	}
	return text, doc, nil
}

const actionPrefix = "sso-oauth:"

// statements returns the statements of a policy that are objects. The policy parser reports everything else that is
// wrong.
func statements(root map[string]any) (all []map[string]any) {
	switch v := root["Statement"].(type) {
	case map[string]any:
		all = append(all, v)
	case []any:
		for _, x := range v {
			if s, ok := x.(map[string]any); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// AuthenticationMethod returns the actor policy of an application, in its original form.
func (c *Center) AuthenticationMethod(call *control.Call, arn string) (json.RawMessage, error) {
	app, err := application(call, "sso:GetApplicationAuthenticationMethod", arn)
	if err != nil {
		return nil, err
	}
	if app.Actor == nil {
		return nil, noMethod()
	}
	return app.Actor.Document, nil
}

func noMethod() error {
	return fault.New(fault.NotFound, fault.AuthenticationMethod,
		"The application has no authentication method of type IAM")
}

// AuthenticationMethods lists the actor policy of an application, if it has one.
func (c *Center) AuthenticationMethods(call *control.Call, arn, token string) ([]json.RawMessage, error) {
	app, err := application(call, "sso:ListApplicationAuthenticationMethods", arn)
	if err != nil {
		return nil, err
	}
	if err := checkToken(c.Control, token, listName(call, "ListApplicationAuthenticationMethods", arn)); err != nil {
		return nil, err
	}
	if app.Actor == nil {
		return nil, nil
	}
	return []json.RawMessage{app.Actor.Document}, nil
}

// DeleteAuthenticationMethod removes the actor policy. After that, only principals whose own policies allow it may ask
// for tokens.
func (c *Center) DeleteAuthenticationMethod(ctx context.Context, call *control.Call, arn string) error {
	app, err := ownApplication(call, "sso:DeleteApplicationAuthenticationMethod", arn)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		if a.Actor == nil {
			return noMethod()
		}
		a.Actor = nil
		return nil
	})
}
