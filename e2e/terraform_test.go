package e2e

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// resource replays the calls that a resource of the Terraform AWS provider makes. read returns what a refresh finds:
// the attributes that a plan compares, or nil when the resource is gone. For the provider, every status 404 means that
// it is gone.
type resource struct {
	name   string
	create func() error
	read   func() map[string]string
	remove func() error
}

// terraform does what apply, plan and destroy do. Apply creates the resources in order. Plan reads them and expects no
// differences. Destroy removes them in reverse order, and then finds none.
func terraform(t *testing.T, resources []resource) {
	t.Helper()
	applied := map[string]map[string]string{}
	for _, r := range resources {
		if r.read() != nil {
			t.Fatalf("%s is there before it was created", r.name)
		}
		if err := r.create(); err != nil {
			t.Fatalf("create %s: %v", r.name, err)
		}
		if applied[r.name] = r.read(); applied[r.name] == nil {
			t.Fatalf("%s is not there after it was created", r.name)
		}
	}
	for _, r := range resources {
		if found := r.read(); !reflect.DeepEqual(found, applied[r.name]) {
			t.Errorf("a plan after apply finds a difference in %s:\n%v\n%v", r.name, applied[r.name], found)
		}
	}
	for _, r := range slices.Backward(resources) {
		if err := r.remove(); err != nil {
			t.Fatalf("destroy %s: %v", r.name, err)
		}
		if r.read() != nil {
			t.Fatalf("%s is there after it was destroyed", r.name)
		}
		if _, status := codeOf(r.remove()); status != 404 {
			t.Errorf("destroying %s again: status %d; the provider takes 404 for success and nothing else", r.name, status)
		}
	}
}

func TestCase121_TheResourcesOfTerraform(t *testing.T) {
	a := newAccount(t)
	bucket, role, alice := a.bucket(), a.locationRole(), a.user("alice")
	ctx, c := t.Context(), a.root.control
	gone := func(err error) bool {
		_, status := codeOf(err)
		if err != nil && status != 404 {
			t.Fatal(err)
		}
		return err != nil
	}
	var location, grant, policy string
	policy = `{"Version":"2012-10-17","Statement":[{"Sid":"share","Effect":"Allow","Principal":{"AWS":"` +
		newAccount(t).id +
		`"},"Action":["s3:ListAccessGrants","s3:ListAccessGrantsLocations","s3:GetDataAccess"],"Resource":"` +
		a.instanceARN() + `"}]}`

	instance := resource{"aws_s3control_access_grants_instance",
		func() error {
			_, err := c.CreateAccessGrantsInstance(ctx,
				&s3control.CreateAccessGrantsInstanceInput{AccountId: &a.id, Tags: tagged("env", "test")})
			return err
		},
		func() map[string]string {
			out, err := c.GetAccessGrantsInstance(ctx, &s3control.GetAccessGrantsInstanceInput{AccountId: &a.id})
			if gone(err) {
				return nil
			}
			//lint:ignore SA1019 the deprecated member is there for clients that still read it
			if out.IdentityCenterArn != nil || out.IdentityCenterApplicationArn != nil || out.IdentityCenterInstanceArn != nil {
				t.Error("identity_center_arn would differ: there is none")
			}
			return map[string]string{
				"arn":  *out.AccessGrantsInstanceArn,
				"id":   *out.AccessGrantsInstanceId,
				"tags": strings.Join(a.tagsOf(*out.AccessGrantsInstanceArn), ","),
			}
		},
		func() error {
			_, err := c.DeleteAccessGrantsInstance(ctx, &s3control.DeleteAccessGrantsInstanceInput{AccountId: &a.id})
			return err
		},
	}
	resourcePolicy := resource{"aws_s3control_access_grants_instance_resource_policy",
		func() error {
			_, err := c.PutAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id, Policy: &policy})
			return err
		},
		func() map[string]string {
			out, err := c.GetAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id})
			if gone(err) {
				return nil
			}
			if !equivalent(t, policy, *out.Policy) {
				t.Errorf("the policy comes back as another: %s", *out.Policy)
			}
			return map[string]string{"policy": *out.Policy}
		},
		func() error {
			_, err := c.DeleteAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id})
			return err
		},
	}
	scope := "s3://" + bucket + "/prefixA*"
	locations := resource{"aws_s3control_access_grants_location",
		func() error {
			out, err := c.CreateAccessGrantsLocation(ctx,
				&s3control.CreateAccessGrantsLocationInput{
					AccountId:     &a.id,
					LocationScope: &scope,
					IAMRoleArn:    &role,
					Tags:          tagged("k", "v"),
				})
			if err == nil {
				location = *out.AccessGrantsLocationId
			}
			return err
		},
		func() map[string]string {
			out, err := c.GetAccessGrantsLocation(ctx,
				&s3control.GetAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: new(or(location, "unknown"))})
			if gone(err) {
				return nil
			}
			is(t, "location_scope", *out.LocationScope, scope)
			return map[string]string{
				"arn":  *out.AccessGrantsLocationArn,
				"role": *out.IAMRoleArn,
				"tags": strings.Join(a.tagsOf(*out.AccessGrantsLocationArn), ","),
			}
		},
		func() error {
			_, err := c.DeleteAccessGrantsLocation(ctx,
				&s3control.DeleteAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &location})
			return err
		},
	}
	grants := resource{"aws_s3control_access_grant",
		func() error {
			out, err := c.CreateAccessGrant(ctx, &s3control.CreateAccessGrantInput{
				AccountId: &a.id, AccessGrantsLocationId: &location, Permission: types.PermissionRead, Tags: tagged("k", "v"),
				AccessGrantsLocationConfiguration: &types.AccessGrantsLocationConfiguration{S3SubPrefix: new("prefixB*")},
				Grantee:                           &types.Grantee{GranteeType: types.GranteeTypeIam, GranteeIdentifier: &alice.arn},
			})
			if err == nil {
				grant = *out.AccessGrantId
			}
			return err
		},
		func() map[string]string {
			out, err := c.GetAccessGrant(ctx,
				&s3control.GetAccessGrantInput{AccountId: &a.id, AccessGrantId: new(or(grant, "unknown"))})
			if gone(err) {
				return nil
			}
			is(t, "s3_sub_prefix", *out.AccessGrantsLocationConfiguration.S3SubPrefix, "prefixB*")
			return map[string]string{
				"arn":        *out.AccessGrantArn,
				"grantee":    *out.Grantee.GranteeIdentifier,
				"type":       string(out.Grantee.GranteeType),
				"permission": string(out.Permission),
				"scope":      *out.GrantScope,
				"location":   *out.AccessGrantsLocationId,
				"tags":       strings.Join(a.tagsOf(*out.AccessGrantArn), ","),
			}
		},
		func() error {
			_, err := c.DeleteAccessGrant(ctx, &s3control.DeleteAccessGrantInput{AccountId: &a.id, AccessGrantId: &grant})
			return err
		},
	}
	terraform(t, []resource{instance, resourcePolicy, locations, grants})
}

// A change in a configuration is an update in place where AWS can do it, as for tags and a location's role.
func TestCase121_ChangesInPlace(t *testing.T) {
	a := newAccount(t)
	a.hasInstance()
	l := a.registers("s3://" + a.bucket())
	for _, arn := range []string{a.instanceARN(), l.arn} {
		_, err := a.root.control.TagResource(t.Context(),
			&s3control.TagResourceInput{AccountId: &a.id, ResourceArn: &arn, Tags: tagged("key1", "value1", "key2", "value2")})
		a.check(err)
		// The provider removes tags that are gone, then adds tags that are new or changed.
		_, err = a.root.control.UntagResource(t.Context(),
			&s3control.UntagResourceInput{AccountId: &a.id, ResourceArn: &arn, TagKeys: []string{"key1"}})
		a.check(err)
		_, err = a.root.control.TagResource(t.Context(),
			&s3control.TagResourceInput{AccountId: &a.id, ResourceArn: &arn, Tags: tagged("key2", "value2updated")})
		a.check(err)
		same(t, "tags", a.tagsOf(arn), []string{"key2=value2updated"})
	}
	// The provider retries on exactly these answers, which AWS gives while a role or a user is new.
	_, err := a.root.control.UpdateAccessGrantsLocation(t.Context(),
		&s3control.UpdateAccessGrantsLocationInput{
			AccountId:              &a.id,
			AccessGrantsLocationId: &l.id,
			IAMRoleArn:             new("arn:aws:iam::" + a.id + ":role/to-come"),
		})
	refused(t, err, 400, "InvalidIamRole")
	_, err = a.root.control.CreateAccessGrant(t.Context(), l.grantInput("x/*", READ, "arn:aws:iam::"+a.id+":user/to-come"))
	refused(t, err, 400, "InvalidRequest", "Invalid Grantee in the request")
	role, to := a.role("to-come", trustsService, mayAnything), a.user("to-come")
	_, err = a.root.control.UpdateAccessGrantsLocation(t.Context(),
		&s3control.UpdateAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &l.id, IAMRoleArn: &role})
	a.check(err)
	l.grants(to, READ, "x/*")
}

// equivalent compares policies as the provider does: an account id equals the ARN of its root user, and one value
// equals a list of one.
func equivalent(t testing.TB, a, b string) bool {
	t.Helper()
	return reflect.DeepEqual(normal(t, a), normal(t, b))
}

func normal(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
			return v
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
			if len(v) == 1 {
				return v[0]
			}
			slices.SortFunc(v, func(a, b any) int {
				x, _ := a.(string)
				y, _ := b.(string)
				return strings.Compare(x, y)
			})
			return v
		case string:
			if len(v) == 12 && strings.Trim(v, "0123456789") == "" {
				return "arn:aws:iam::" + v + ":root"
			}
			return v
		}
		return v
	}
	return walk(v)
}
