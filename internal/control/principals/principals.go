// Package principals is the administration of IAM: users and their access keys, roles and their trust policies, managed
// and inline policies, permissions boundaries and tags, and the accounts themselves.
//
// Every operation first checks the caller's policies, on the resource that the Service Authorization Reference names
// ("Actions, resources, and condition keys for AWS Identity and Access Management"). Only then it says whether the
// entity exists. A caller administers its own account only. Reads use the call's snapshot. What a change depends on is
// read again inside its transaction.
//
// Package policy defines what a policy document means, and package caller what a session depends on. Package sts makes
// sessions.
package principals

import (
	"strings"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// Source is the event source of every operation in this package.
const Source = "iam.amazonaws.com"

// Principals serves the operations of IAM.
type Principals struct {
	Control        *control.Control
	PrivateIssuers bool // OpenID Connect providers may be without TLS
}

// may checks the caller's policies for an action on a resource of the caller's account. Every operation goes through
// it. A vended credential never passes. Neither does a session that GetSessionToken made, which AWS does not admit to
// IAM (STS API reference, GetSessionToken).
func may(call *control.Call, action, resource string, values policy.Values) error {
	return maySaying(call, action, resource, resource, values)
}

// maySaying is may with a refusal that names the resource as the caller asked for it. What the caller did not know
// before, such as the path of another user or whose key it is, a refusal does not say.
func maySaying(call *control.Call, action, resource, asked string, values policy.Values) error {
	if call.IsVended() {
		return fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: asked, Because: policy.NoSessionPolicy(action).Because(),
		})
	}
	if s := call.Session; s != nil && s.Kind != credential.AssumedRole {
		return fault.New(fault.Unauthenticated, fault.SessionToken,
			"The security token included in the request is invalid: a session made by GetSessionToken cannot call IAM")
	}
	d := call.Decide(caller.Ask{Action: action, Resource: resource, ResourceAccount: call.Account, Values: values})
	if !d.Allowed { // worded without the quotes that S3 puts around the resource
		return caller.Reasoned(d, fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: asked, Because: d.Because(),
		}))
	}
	return nil
}

// permission is an action to ask the policies for, and the condition keys that come with it.
type permission struct {
	action string
	values policy.Values
}

// The condition keys of IAM's actions.

func withResource(v policy.Values, tags []iam.Tag, boundary string) policy.Values {
	v = v.Clone()
	for _, t := range tags {
		v.Set("aws:ResourceTag/"+t.Key, t.Value)
		v.Set("iam:ResourceTag/"+t.Key, t.Value)
	}
	// A change of the boundary itself is checked with the new boundary, which is set already.
	if boundary != "" && v.Get("iam:PermissionsBoundary") == nil {
		v.Set("iam:PermissionsBoundary", boundary)
	}
	return v
}

// requested are the condition keys for the tags and the boundary of a create request.
func requested(tags []iam.Tag, boundary string) policy.Values {
	var v policy.Values
	requestTags(&v, tags)
	if boundary != "" {
		v.Set("iam:PermissionsBoundary", boundary)
	}
	return v
}

func requestTags(v *policy.Values, tags []iam.Tag) {
	keys := make([]string, len(tags))
	for i, t := range tags {
		v.Set("aws:RequestTag/"+t.Key, t.Value)
		keys[i] = t.Key
	}
	if len(keys) > 0 {
		v.Set("aws:TagKeys", keys...)
	}
}

// hasPrefix is the filter of the lists: an empty prefix lets everything through.
func fold(name string) string { return strings.ToLower(name) }

func hasPrefix(path, prefix string) bool { return prefix == "" || strings.HasPrefix(path, prefix) }
