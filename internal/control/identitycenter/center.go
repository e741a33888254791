// Package identitycenter has the operations of IAM Identity Center (sso-admin): the account's instance, its
// applications with their assignments, grants, authentication methods and access scopes, the trusted token issuers, and
// the tags of all three. It also creates and deletes the applications that belong to services, for the services that
// are associated with the instance.
//
// Every operation first checks the caller's IAM permission, on the resource that the Service Authorization Reference
// names ("Actions, resources, and condition keys for AWS IAM Identity Center"). Only then it says whether the entity
// exists. It exchanges no tokens and knows no people: packages oauth and identitystore do that.
package identitycenter

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// Source is the event source of every operation in this package.
const Source = "sso.amazonaws.com"

// Center serves the operations of Identity Center.
type Center struct{ Control *control.Control }

const applicationAccountKey = "sso:ApplicationAccount"

// instance returns the instance of the caller's account, after checking the action on the ARN that the caller named.
// The ARN of an instance of another account is refused like one that the caller may not see, so that nobody learns
// which instances exist.
func instance(call *control.Call, action, arn string, values policy.Values) (*sso.Instance, error) {
	i := call.Snapshot.IdentityCenter(call.Account)
	own := i != nil && i.ARN() == arn
	if own {
		values = control.Tagged(values, "aws:ResourceTag/", i.Tags)
	}
	if err := call.May(action, arn, values, nil, call.Account); err != nil {
		return nil, err
	}
	if !own {
		return nil, foreignInstance(call, action, arn)
	}
	call.Touch("AWS::SSO::Instance", arn, i.Account)
	return i, nil
}

func foreignInstance(call *control.Call, action, arn string) error {
	return fault.New(fault.Denied, fault.IdentityCenter, "%s", caller.Denial{
		User: call.ARN(), Action: action, Resource: arn, Quoted: true,
	})
}

// application returns an application after checking the action on it. Applications have no resource policy, so the
// check lets nobody of another account pass.
func application(call *control.Call, action, arn string) (*sso.Application, error) {
	return applicationWith(call, action, arn, policy.Values{})
}

// applicationWith is application, with condition keys of the request.
func applicationWith(call *control.Call, action, arn string, values policy.Values) (*sso.Application, error) {
	owner := call.Account
	if r, ok := sso.ParseARN(arn); ok && r.Kind == sso.KindApplication {
		owner = r.Account
	}
	app := call.Snapshot.Application(arn)
	if app != nil {
		values = control.Tagged(values, "aws:ResourceTag/", app.Tags)
	}
	values.Set(applicationAccountKey, string(owner))
	if err := call.May(action, arn, values, nil, owner); err != nil {
		return nil, err
	}
	if app == nil {
		return nil, noApplication(arn)
	}
	call.Touch("AWS::SSO::Application", arn, app.Account)
	return app, nil
}

// ownApplication is application, for changes that only the owner of an application may make. A service decides itself
// what its application may do.
func ownApplication(call *control.Call, action, arn string) (*sso.Application, error) {
	app, err := application(call, action, arn)
	if err == nil && app.ServiceOwned() {
		return nil, fault.New(fault.Invalid, fault.Application,
			"The application %s is managed by the service that created it and cannot be changed in this way", arn)
	}
	return app, err
}

func noApplication(arn string) error {
	return fault.New(fault.NotFound, fault.Application, "Application %s does not exist", arn)
}

// issuer returns a trusted token issuer after checking the action on it.
func issuer(call *control.Call, action, arn string, values policy.Values) (*sso.Issuer, error) {
	owner := call.Account
	if r, ok := sso.ParseARN(arn); ok && r.Kind == sso.KindIssuer {
		owner = r.Account
	}
	i := call.Snapshot.Issuer(arn)
	if i != nil {
		values = control.Tagged(values, "aws:ResourceTag/", i.Tags)
	}
	if err := call.May(action, arn, values, nil, owner); err != nil {
		return nil, err
	}
	if i == nil {
		return nil, noIssuer(arn)
	}
	call.Touch("AWS::SSO::TrustedTokenIssuer", arn, i.Account)
	return i, nil
}

func noIssuer(arn string) error {
	return fault.New(fault.NotFound, fault.TokenIssuer, "Trusted token issuer %s does not exist", arn)
}

// requestTags are the condition keys for the tags of a request.
func requestTags(tags []access.Tag) (v policy.Values) {
	keys := make([]string, len(tags))
	for i, t := range tags {
		keys[i] = t.Key
	}
	v = control.Tagged(v, "aws:RequestTag/", tags)
	if len(keys) > 0 {
		v.Set("aws:TagKeys", keys...)
	}
	return v
}

// digest is a fingerprint of the input with which an entity is created. It tells a repeated request from another
// request with the same client token.
func digest(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		panic("identitycenter: " + err.Error()) // plain values only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// tokenMismatch is the fault for a client token that was used with other input.
func tokenMismatch() error {
	return fault.New(fault.Conflict, "",
		"IdempotentParameterMismatch: the client token was used before with other parameters")
}

func quotaFault(entity fault.Entity, what string, limit int) error {
	return fault.New(fault.LimitExceeded, entity, "The maximum number of %s (%d) is reached", what, limit)
}
