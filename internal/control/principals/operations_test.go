package principals_test

import (
	"context"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

// operation is one operation of IAM with the permission that it needs.
type operation struct {
	action, resource string
	do               func(*world, context.Context, *control.Call) error
}

// operations act on user u, role r and policy p, which exist, as does key k of u.
func operations(k string) []operation {
	const user, role, policy = iamARN + "user/u", iamARN + "role/r", iamARN + "policy/p"
	u, r, doc := principals.UserNamed("u"), principals.RoleNamed("r"), allow("s3:GetObject", "*")
	ask := principals.Ask{}
	tags := []iam.Tag{{Key: "team", Value: "data"}}
	ops := []operation{
		{"iam:CreateUser", iamARN + "user/new", func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.CreateUser(ctx, c, principals.NewUser{Name: "new"})
			return err
		}},
		{"iam:GetUser", user, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.GetUser(c, "u")
			return err
		}},
		{"iam:ListUsers", iamARN + "user/", func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ListUsers(c, "", ask)
			return err
		}},
		{"iam:UpdateUser", user, func(w *world, ctx context.Context, c *control.Call) error {
			return w.UpdateUser(ctx, c, "u", principals.UserChange{})
		}},
		{"iam:DeleteUser", user, func(w *world, ctx context.Context, c *control.Call) error {
			return w.DeleteUser(ctx, c, "u")
		}},
		{"iam:ListGroupsForUser", user, func(w *world, _ context.Context, c *control.Call) error {
			return w.ListBelongings(c, "iam:ListGroupsForUser", u)
		}},
		{"iam:CreateAccessKey", user, func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.CreateAccessKey(ctx, c, "u")
			return err
		}},
		{"iam:ListAccessKeys", user, func(w *world, _ context.Context, c *control.Call) error {
			_, _, err := w.ListAccessKeys(c, "u", ask)
			return err
		}},
		{"iam:UpdateAccessKey", user, func(w *world, ctx context.Context, c *control.Call) error {
			return w.UpdateAccessKey(ctx, c, "u", k, iam.Inactive)
		}},
		{"iam:DeleteAccessKey", user, func(w *world, ctx context.Context, c *control.Call) error {
			return w.DeleteAccessKey(ctx, c, "u", k)
		}},
		{"iam:GetAccessKeyLastUsed", user, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.AccessKeyUser(c, k)
			return err
		}},
		{"iam:GetAccessKeyLastUsed", "*", func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.AccessKeyUser(c, "AKIAUNKNOWNUNKNOWN22")
			return err
		}},
		{"iam:CreateRole", iamARN + "role/new", func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.CreateRole(ctx, c, principals.NewRole{Name: "new", Trust: trusting(iamARN + "root")})
			return err
		}},
		{"iam:GetRole", role, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.GetRole(c, "r")
			return err
		}},
		{"iam:ListRoles", iamARN + "role/", func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ListRoles(c, "", ask)
			return err
		}},
		{"iam:UpdateRole", role, func(w *world, ctx context.Context, c *control.Call) error {
			return w.UpdateRole(ctx, c, "r", principals.RoleChange{})
		}},
		{"iam:UpdateRoleDescription", role, func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.UpdateRoleDescription(ctx, c, "r", "d")
			return err
		}},
		{"iam:UpdateAssumeRolePolicy", role, func(w *world, ctx context.Context, c *control.Call) error {
			return w.UpdateAssumeRolePolicy(ctx, c, "r", trusting(iamARN+"root"))
		}},
		{"iam:DeleteRole", role, func(w *world, ctx context.Context, c *control.Call) error {
			return w.DeleteRole(ctx, c, "r")
		}},
		{"iam:ListInstanceProfiles", iamARN + "instance-profile/", func(w *world, _ context.Context, c *control.Call) error {
			return w.ListInstanceProfiles(c, "")
		}},
		{"iam:ListInstanceProfilesForRole", role, func(w *world, _ context.Context, c *control.Call) error {
			return w.ListBelongings(c, "iam:ListInstanceProfilesForRole", r)
		}},
		{"iam:CreatePolicy", iamARN + "policy/new", func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.CreatePolicy(ctx, c, principals.NewPolicy{Name: "new", Document: doc})
			return err
		}},
		{"iam:GetPolicy", policy, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.GetPolicy(c, policy)
			return err
		}},
		{"iam:ListPolicies", "*", func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ListPolicies(c, principals.PolicyFilter{}, ask)
			return err
		}},
		{"iam:DeletePolicy", policy, func(w *world, ctx context.Context, c *control.Call) error {
			return w.DeletePolicy(ctx, c, policy)
		}},
		{"iam:CreatePolicyVersion", policy, func(w *world, ctx context.Context, c *control.Call) error {
			_, err := w.CreatePolicyVersion(ctx, c, policy, doc, true)
			return err
		}},
		{"iam:GetPolicyVersion", policy, func(w *world, _ context.Context, c *control.Call) error {
			_, _, err := w.GetPolicyVersion(c, policy, "v1")
			return err
		}},
		{"iam:ListPolicyVersions", policy, func(w *world, _ context.Context, c *control.Call) error {
			_, _, err := w.ListPolicyVersions(c, policy, ask)
			return err
		}},
		{"iam:DeletePolicyVersion", policy, func(w *world, ctx context.Context, c *control.Call) error {
			return w.DeletePolicyVersion(ctx, c, policy, "v1")
		}},
		{"iam:SetDefaultPolicyVersion", policy, func(w *world, ctx context.Context, c *control.Call) error {
			return w.SetDefaultPolicyVersion(ctx, c, policy, "v1")
		}},
		{"iam:ListEntitiesForPolicy", policy, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ListEntitiesForPolicy(c, policy, principals.EntityFilter{}, ask)
			return err
		}},
		{"iam:TagPolicy", policy, func(w *world, ctx context.Context, c *control.Call) error {
			return w.TagPolicy(ctx, c, policy, tags)
		}},
		{"iam:UntagPolicy", policy, func(w *world, ctx context.Context, c *control.Call) error {
			return w.UntagPolicy(ctx, c, policy, []string{"team"})
		}},
		{"iam:ListPolicyTags", policy, func(w *world, _ context.Context, c *control.Call) error {
			_, err := w.ListPolicyTags(c, policy, ask)
			return err
		}},
	}
	for _, e := range []principals.Entity{u, r} {
		arn, kind := iamARN+strings.ToLower(string(e.Kind))+"/"+e.Name, string(e.Kind)
		ops = append(ops, []operation{
			{"iam:Put" + kind + "Policy", arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.PutInline(ctx, c, e, "in", doc)
			}},
			{"iam:Get" + kind + "Policy", arn, func(w *world, _ context.Context, c *control.Call) error {
				_, err := w.GetInline(c, e, "in")
				return err
			}},
			{"iam:Delete" + kind + "Policy", arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.DeleteInline(ctx, c, e, "in")
			}},
			{"iam:List" + kind + "Policies", arn, func(w *world, _ context.Context, c *control.Call) error {
				_, err := w.ListInline(c, e, ask)
				return err
			}},
			{"iam:Attach" + kind + "Policy", arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.AttachPolicy(ctx, c, e, policy)
			}},
			{"iam:Detach" + kind + "Policy", arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.DetachPolicy(ctx, c, e, policy)
			}},
			{"iam:ListAttached" + kind + "Policies", arn, func(w *world, _ context.Context, c *control.Call) error {
				_, err := w.ListAttached(c, e, "", ask)
				return err
			}},
			{"iam:Put" + kind + "PermissionsBoundary", arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.PutBoundary(ctx, c, e, policy)
			}},
			{"iam:Delete" + kind + "PermissionsBoundary", arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.DeleteBoundary(ctx, c, e)
			}},
			{"iam:Tag" + kind, arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.TagEntity(ctx, c, e, tags)
			}},
			{"iam:Untag" + kind, arn, func(w *world, ctx context.Context, c *control.Call) error {
				return w.UntagEntity(ctx, c, e, []string{"team"})
			}},
			{"iam:List" + kind + "Tags", arn, func(w *world, _ context.Context, c *control.Call) error {
				_, err := w.ListTags(c, e, ask)
				return err
			}},
		}...)
	}
	return ops
}
