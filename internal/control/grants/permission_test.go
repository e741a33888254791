package grants_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

const resourcePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"AWS":"444455556666"},"Action":"s3:GetDataAccess","Resource":"` + instanceARN + `"}]}`

// operation is one operation of S3 Access Grants, with the permission that it needs and the condition keys that its
// policies can use.
type operation struct {
	name     string // empty: the action's
	action   string
	resource string
	keys     map[string]string // condition keys, each with its value
	do       func(*world, context.Context, *control.Call) error
}

// operations use a world with a grant (by its id) and a location besides the default one.
func operations(grant, location string) []operation {
	grantARN, locationARN := instanceARN+"/grant/"+grant, instanceARN+"/location/"+location
	tags := []access.Tag{{Key: "team", Value: "data"}}
	requestTag := map[string]string{"aws:RequestTag/team": "data", "aws:TagKeys": "team"}
	ownTag := map[string]string{"aws:ResourceTag/kind": "instance"}
	locationKeys := map[string]string{"s3:AccessGrantsLocationScope": "s3://lake/p*", "aws:ResourceTag/kind": "location"}
	grantKeys := map[string]string{"s3:AccessGrantScope": "s3://lake/granted/*", "aws:ResourceTag/kind": "grant"}
	passed := map[string]string{
		"iam:PassedToService":       "access-grants.s3.amazonaws.com",
		"iam:AssociatedResourceArn": instanceARN,
		"iam:ResourceTag/kind":      "role",
		"aws:ResourceTag/kind":      "role",
	}
	createLocation := func(w *world, ctx context.Context, c *control.Call) error {
		_, err := w.G.CreateLocation(ctx, c, "s3://pond", iamARN+"role/lake", tags)
		return err
	}
	updateLocation := func(w *world, ctx context.Context, c *control.Call) error {
		_, err := w.G.UpdateLocation(ctx, c, access.LocationID(location), iamARN+"role/lake")
		return err
	}
	tag := func(arn string) func(*world, context.Context, *control.Call) error {
		return func(w *world, ctx context.Context, c *control.Call) error { return w.G.Tag(ctx, c, arn, tags) }
	}
	read := func(f func(*world, *control.Call) error) func(*world, context.Context, *control.Call) error {
		return func(w *world, _ context.Context, c *control.Call) error { return f(w, c) }
	}
	return []operation{
		{"", "s3:GetAccessGrantsInstance", instanceARN, ownTag, read(func(w *world, c *control.Call) error {
			_, err := w.G.Instance(c)
			return err
		})},
		{"", "s3:GetAccessGrantsInstanceForPrefix", instanceARN, ownTag, read(func(w *world, c *control.Call) error {
			_, err := w.G.InstanceForPrefix(c, "s3://lake/k")
			return err
		})},
		{"", "s3:ListAccessGrantsInstances", "*", nil, read(func(w *world, c *control.Call) error {
			_, err := w.G.Instances(c, "")
			return err
		})},
		{"", "s3:PutAccessGrantsInstanceResourcePolicy", instanceARN, ownTag,
			func(w *world, ctx context.Context, c *control.Call) error {
				_, err := w.G.PutPolicy(ctx, c, resourcePolicy, "")
				return err
			}},
		{"", "s3:GetAccessGrantsInstanceResourcePolicy", instanceARN, ownTag, read(func(w *world, c *control.Call) error {
			_, err := w.G.Policy(c)
			return err
		})},
		{"", "s3:DeleteAccessGrantsInstanceResourcePolicy", instanceARN, ownTag,
			func(w *world, ctx context.Context, c *control.Call) error {
				return w.G.DeletePolicy(ctx, c)
			}},
		{"", "s3:AssociateAccessGrantsIdentityCenter", instanceARN, ownTag,
			func(w *world, ctx context.Context, c *control.Call) error {
				return w.G.Associate(ctx, c, "arn:aws:sso:::instance/ssoins-1234567890abcdef")
			}},
		{"", "s3:DissociateAccessGrantsIdentityCenter", instanceARN, ownTag,
			func(w *world, ctx context.Context, c *control.Call) error {
				return w.G.Dissociate(ctx, c)
			}},
		{"", "s3:CreateAccessGrantsLocation", instanceARN,
			map[string]string{
				"s3:AccessGrantsLocationScope": "s3://pond",
				"aws:RequestTag/team":          "data",
				"aws:TagKeys":                  "team",
				"aws:ResourceTag/kind":         "instance",
			}, createLocation},
		{"CreateAccessGrantsLocation passes its role", "iam:PassRole", iamARN + "role/lake", passed, createLocation},
		{"", "s3:GetAccessGrantsLocation", locationARN, locationKeys, read(func(w *world, c *control.Call) error {
			_, err := w.G.Location(c, access.LocationID(location))
			return err
		})},
		{"", "s3:ListAccessGrantsLocations", instanceARN, ownTag, read(func(w *world, c *control.Call) error {
			_, err := w.G.Locations(c, "", "", 10)
			return err
		})},
		{"", "s3:UpdateAccessGrantsLocation", locationARN, locationKeys, updateLocation},
		{"UpdateAccessGrantsLocation passes its role", "iam:PassRole", iamARN + "role/lake", passed, updateLocation},
		{"", "s3:CreateAccessGrant", locationARN, map[string]string{
			"s3:AccessGrantScope":          "s3://lake/px/*",
			"s3:AccessGrantsLocationScope": "s3://lake/p*",
			"aws:RequestTag/team":          "data",
			"aws:TagKeys":                  "team",
			"aws:ResourceTag/kind":         "location",
		}, func(w *world, ctx context.Context, c *control.Call) error {
			n := grantTo(iamARN+"user/u", "x/*", access.Read)
			n.LocationID, n.Tags = access.LocationID(location), tags
			_, err := w.G.CreateGrant(ctx, c, n)
			return err
		}},
		{"", "s3:GetAccessGrant", grantARN, grantKeys, func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.G.Grant(ctx, c, grant)
			return err
		}},
		{"", "s3:ListAccessGrants", instanceARN, ownTag, func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.G.Grants(ctx, c, grants.GrantFilter{}, "", 10)
			return err
		}},
		{"", "s3:ListCallerAccessGrants", instanceARN, ownTag, read(func(w *world, c *control.Call) error {
			_, err := w.G.CallerGrants(c, "", false, "", 10)
			return err
		})},
		{"", "s3:GetDataAccess", instanceARN, ownTag, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ask(c, grants.DataAccess{
				Target:     "s3://lake/granted/x",
				Permission: access.Read,
				Privilege:  access.Default,
			})
			return err
		}},
		{"TagResource of the instance", "s3:TagResource", instanceARN, requestTag, tag(instanceARN)},
		{"TagResource of a location", "s3:TagResource", locationARN,
			map[string]string{"aws:RequestTag/team": "data", "aws:TagKeys": "team", "aws:ResourceTag/kind": "location"},
			tag(locationARN)},
		{"TagResource of a grant", "s3:TagResource", grantARN,
			map[string]string{"aws:RequestTag/team": "data", "aws:TagKeys": "team", "aws:ResourceTag/kind": "grant"},
			tag(grantARN)},
		{"", "s3:UntagResource", grantARN, map[string]string{"aws:TagKeys": "team", "aws:ResourceTag/kind": "grant"},
			func(w *world, ctx context.Context, c *control.Call) error {
				return w.G.Untag(ctx, c, grantARN, []string{"team"})
			}},
		{"", "s3:ListTagsForResource", grantARN, map[string]string{"aws:ResourceTag/kind": "grant"},
			func(w *world, ctx context.Context, c *control.Call) error {
				_, err := w.G.Tags(ctx, c, grantARN)
				return err
			}},
		{"", "latchkey:Explain", instanceARN, ownTag, read(func(w *world, c *control.Call) error {
			_, err := w.G.Explain(c, iamARN+"user/u",
				grants.DataAccess{Target: "s3://lake/granted/x", Permission: access.Read, Privilege: access.Default}, 10)
			return err
		})},
		{"", "s3:DeleteAccessGrant", grantARN, grantKeys, func(w *world, ctx context.Context, c *control.Call) error {
			return w.G.DeleteGrant(ctx, c, grant)
		}},
		{"", "s3:DeleteAccessGrantsLocation", locationARN, locationKeys,
			func(w *world, ctx context.Context, c *control.Call) error {
				return w.G.DeleteLocation(ctx, c, access.LocationID(location))
			}},
		{"", "s3:DeleteAccessGrantsInstance", instanceARN, ownTag,
			func(w *world, ctx context.Context, c *control.Call) error {
				return w.G.DeleteInstance(ctx, c)
			}},
		{"", "s3:CreateAccessGrantsInstance", instanceARN, requestTag,
			func(w *world, ctx context.Context, c *control.Call) error {
				_, err := w.G.CreateInstance(ctx, c, "", tags)
				return err
			}},
	}
}

// permissionWorld has a resource for every operation, and user admin with a key.
func permissionWorld(t *testing.T) (w *world, ops []operation, admin controltest.Keys) {
	w = newWorld(t)
	ctx := t.Context()
	kind := func(arn, value string) {
		must(t, w.G.Tag(ctx, w.as(w.root), arn, []access.Tag{{Key: "kind", Value: value}}))
	}
	l := w.location("s3://lake/p*", "lake")
	_, admin = w.user(w.root, "admin", allow("*", "*"))
	g := w.grant(iamARN+"user/admin", "lake/granted/*", access.Read)
	kind(instanceARN, "instance")
	kind(l.ARN(), "location")
	kind(g.ARN(), "grant")
	must(t, w.IAM.TagEntity(ctx, w.as(w.root), principals.RoleNamed("lake"), []iam.Tag{{Key: "kind", Value: "role"}}))
	return w, operations(g.ID.String(), string(l.ID)), admin
}

func TestEveryOperationNeedsItsPermissionOnItsResource(t *testing.T) {
	w, ops, admin := permissionWorld(t)
	for _, op := range ops {
		name := op.name
		if name == "" {
			_, name, _ = strings.Cut(op.action, ":")
		}
		t.Run(name+" is refused to who may do everything else", func(t *testing.T) {
			w.policy(w.root, "admin", allBut(op.action, op.resource))
			denied(t, op.do(w, t.Context(), w.as(admin)), op.action)
		})
		matching := allBut("none:None", "*")
		for key, value := range op.keys {
			t.Run(fmt.Sprintf("%s is refused under a condition on %s", name, key), func(t *testing.T) {
				w.policy(w.root, "admin", under(allBut(op.action, op.resource), "ForAnyValue:StringEquals", key, value))
				denied(t, op.do(w, t.Context(), w.as(admin)), op.action)
			})
			other := under(statement("Deny", op.action, "*")+"]}", "ForAllValues:StringNotEquals", key, value)
			matching = strings.TrimSuffix(matching, "]}") + "," + other
		}
		t.Run(name+" is not refused when all conditions are met", func(t *testing.T) {
			w.policy(w.root, "admin", matching)
			if err := op.do(w, t.Context(), w.as(admin)); fault.KindOf(err) == fault.Denied && err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestPermissionComesBeforeExistence(t *testing.T) {
	w := newEmpty(t) // nothing exists: not even an instance
	_, nobody := w.user(w.root, "nobody", allow("iam:*", "*"))
	const unknown = "00000000-0000-4000-8000-000000000000"
	seen := map[string]bool{}
	for _, op := range operations(unknown, unknown) {
		if seen[op.action] || op.action == "iam:PassRole" {
			continue
		}
		seen[op.action] = true
		t.Run(op.action, func(t *testing.T) { denied(t, op.do(w, t.Context(), w.as(nobody)), op.action) })
	}
	if len(seen) != 25 {
		t.Errorf("%d actions tried", len(seen))
	}
	t.Run("of the role that a location passes", func(t *testing.T) {
		_, err := w.G.CreateInstance(t.Context(), w.as(w.root), "", nil)
		must(t, err)
		_, half := w.user(w.root, "half", allow("s3:*", "*"))
		for _, role := range []string{"lake", "none"} {
			_, err := w.G.CreateLocation(t.Context(), w.as(half), "s3://lake", iamARN+"role/"+role, nil)
			denied(t, err, "iam:PassRole")
		}
	})
}

func TestNothingOfAnAccountIsChangedFromAnother(t *testing.T) {
	w, ops, _ := permissionWorld(t)
	_, err := w.G.PutPolicy(t.Context(), w.as(w.root),
		sharing("s3:GetDataAccess s3:ListAccessGrants s3:ListAccessGrantsLocations s3:ListCallerAccessGrants "+
			"s3:GetAccessGrantsInstanceForPrefix", "444455556666"), "")
	must(t, err)
	_, stranger := w.user(w.otherRoot, "stranger", allow("*", "*"))
	shared := map[string]bool{
		"s3:GetDataAccess":             true,
		"s3:ListAccessGrants":          true,
		"s3:ListAccessGrantsLocations": true,
		"s3:ListCallerAccessGrants":    true,
	}
	for _, op := range ops {
		for who, keys := range map[string]controltest.Keys{"a user": stranger, "the root user": w.otherRoot} {
			if shared[op.action] {
				continue
			}
			t.Run(op.action+" by "+who+" of another account", func(t *testing.T) {
				err := op.do(w, t.Context(), w.on(account, keys))
				if fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "not allowed across accounts") {
					t.Errorf("got %v, want a refusal", err)
				}
			})
		}
	}
}
