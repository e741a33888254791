// Package principals is the administration of IAM: users and their access keys, roles and their trust
// policies, managed and inline policies, permissions boundaries and tags, and the accounts themselves.
//
// Every operation first asks the caller's policies, on the resource that the Service Authorization Reference
// names ("Actions, resources, and condition keys for AWS Identity and Access Management"), and only then says
// whether the thing exists. A caller administers its own account and no other. Reads come from the call's
// snapshot; what a change rests on is read again inside its transaction.
//
// What a policy document means is package policy's to say, what a session needs to stay alive package
// caller's. Sessions are made in package sts.
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

// may asks the caller's policies for an action on a resource of the caller's account. It is the only way in:
// a vended credential never passes, and neither does a session that GetSessionToken made, which AWS keeps
// out of IAM (STS API reference, GetSessionToken).
func may(call *control.Call, action, resource string, values policy.Values) error {
	if call.IsVended() {
		return fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: resource, Because: policy.NoSessionPolicy(action).Because(),
		})
	}
	if s := call.Session; s != nil && s.Kind != credential.AssumedRole {
		return fault.New(fault.Unauthenticated, fault.SessionToken,
			"The security token included in the request is invalid: a session made by GetSessionToken cannot call IAM")
	}
	d := call.Decide(caller.Ask{Action: action, Resource: resource, ResourceAccount: call.Account, Values: values})
	if !d.Allowed { // worded without the quotes that S3 puts around the resource
		return fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: resource, Because: d.Because(),
		})
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
	// A change of the boundary itself is judged by the new one, which is there already.
	if boundary != "" && v.Get("iam:PermissionsBoundary") == nil {
		v.Set("iam:PermissionsBoundary", boundary)
	}
	return v
}

// requested are the condition keys of what a create brings along.
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
