// Package grants serves S3 Access Grants: instances, locations, grants, their tags and resource policy, and the vending
// of credentials.
//
// Every operation first checks the caller's IAM permission on the resource that the Service Authorization Reference
// names ("Actions, resources, and condition keys for Amazon S3"). Only then it says whether the resource exists.
// Package access decides which grant answers a request. Package credential seals credentials.
package grants

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/broker"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Source is the event source of every operation in this package.
const Source = "s3.amazonaws.com"

// ServicePrincipal is the name under which S3 Access Grants assumes the role of a location.
const ServicePrincipal = "access-grants.s3.amazonaws.com"

// Grants serves the operations of S3 Access Grants.
type Grants struct {
	Control *control.Control
	Tokens  *sts.Tokens
	Vendor  Vendor
	// Stores finds the STS of the store that has a bucket, and the bucket's name there. It returns nil if the store has no
	// STS in the server's configuration. nil: no store has.
	Stores  func(*bucket.Bucket) (s *broker.Store, name string)
	Observe func(decision, vend time.Duration) // how long a decision and the vending after it took; may be nil

	// Direct tells how the S3 requests that a target and a permission stand for would be answered, see Direct. Nil: nobody
	// tells.
	Direct func(Supposed) *Direct

	uses uses
}

// Condition keys of the Access Grants actions.
const (
	grantScopeKey    = "s3:AccessGrantScope"
	locationScopeKey = "s3:AccessGrantsLocationScope"
)

// mayInstance checks an action on the instance of the account that the call addresses. The instance's resource policy
// is evaluated too: it is what admits callers of other accounts.
func (g *Grants) mayInstance(call *control.Call, action string, values policy.Values) error {
	ask, err := askInstance(call, action, values)
	if err != nil {
		return err
	}
	return call.Authorize(ask)
}

// askInstance returns the permission request that mayInstance evaluates.
func askInstance(call *control.Call, action string, values policy.Values) (caller.Ask, error) {
	if err := refuseVended(call, action); err != nil {
		return caller.Ask{}, err
	}
	doc, err := call.Snapshot.InstancePolicy(call.Target, call.Facts.Region)
	if err != nil {
		return caller.Ask{}, err
	}
	if i := call.Snapshot.Instance(call.Target, call.Facts.Region); i != nil {
		values = control.Tagged(values, "aws:ResourceTag/", i.Tags)
	}
	return caller.Ask{
		Action: action, Resource: access.InstanceARN(call.Target, call.Facts.Region), ResourceAccount: call.Target,
		Values: values, ResourcePolicy: doc,
	}, nil
}

// mayOwn is mayInstance for actions that only principals of the instance's own account may be allowed.
func (g *Grants) mayOwn(call *control.Call, action string, values policy.Values) error {
	if call.Account != call.Target {
		return crossAccount(call, action)
	}
	return g.mayInstance(call, action, values)
}

// refuseVended refuses a vended credential: it may access a prefix of a bucket and nothing else. Its session policy
// says so too, but a resource policy that names everybody would bypass that.
func refuseVended(call *control.Call, action string) error {
	if !call.IsVended() {
		return nil
	}
	d := policy.NoSessionPolicy(action)
	return deniedOnInstance(call, action, d.Because()).For(call.ReasonOf(d))
}

// mayOn checks an action on a grant or a location of the caller's own account.
func mayOn(call *control.Call, action, resource string, values policy.Values, tags []access.Tag) error {
	if call.Account != call.Target {
		return crossAccount(call, action)
	}
	if err := refuseVended(call, action); err != nil {
		return err
	}
	return call.May(action, resource, control.Tagged(values, "aws:ResourceTag/", tags), nil, call.Target)
}

func crossAccount(call *control.Call, action string) error {
	return deniedOnInstance(call, action, "because the action is not allowed across accounts").
		For(fault.ResourcePolicyDenies)
}

func deniedOnInstance(call *control.Call, action, because string) *fault.Error {
	return fault.New(fault.Denied, "", "%s", caller.Denial{
		User:     call.ARN(),
		Action:   action,
		Resource: access.InstanceARN(call.Target, call.Facts.Region),
		Quoted:   true,
		Because:  because,
	})
}

// instance returns the instance that the call addresses.
func (g *Grants) instance(call *control.Call) (*store.Instance, error) {
	i := call.Snapshot.Instance(call.Target, call.Facts.Region)
	if i == nil {
		return nil, fault.New(fault.NotFound, fault.Instance, "")
	}
	call.Touch("AWS:S3::AccessGrantsInstance", i.ARN(), i.Account)
	return i, nil
}

// ownInstance checks an action that only principals of the instance's own account may be allowed, and then that the
// instance exists.
func (g *Grants) ownInstance(call *control.Call, action string) (*store.Instance, error) {
	if err := g.mayOwn(call, action, policy.Values{}); err != nil {
		return nil, err
	}
	return g.instance(call)
}

// updateInstance calls fn with the instance of the call as the transaction reads it, so that fn can change it.
func (g *Grants) updateInstance(
	ctx context.Context, call *control.Call, fn func(*store.Tx, *store.Instance) error,
) error {
	return g.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Instances.Get(ctx, tx, store.InstanceID(call.Target, call.Facts.Region))
		if err != nil {
			return err
		}
		return fn(tx, current)
	})
}

// requestTags adds the condition keys for the tags of a create request.
func requestTags(values policy.Values, tags []access.Tag) policy.Values {
	v := control.Tagged(values, "aws:RequestTag/", tags)
	if len(tags) > 0 {
		keys := make([]string, len(tags))
		for i, t := range tags {
			keys[i] = t.Key
		}
		v.Set("aws:TagKeys", keys...)
	}
	return v
}

func instanceID(i *access.Instance) string { return store.InstanceID(i.Account, i.Region) }

func locationID(l *access.Location) string { return store.LocationID(l.Account, l.Region, l.ID) }

// locationARN and grantARN name the resource that the call asks for, whether it exists or not. Permissions are checked
// on that name first.
func locationARN(call *control.Call, id access.LocationID) string {
	return access.Location{ID: id, Account: call.Target, Region: call.Facts.Region}.ARN()
}

func grantARN(call *control.Call, id string) string {
	return access.InstanceARN(call.Target, call.Facts.Region) + "/grant/" + id
}
