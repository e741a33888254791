package principals_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

const iamARN = "arn:aws:iam::123456789012:"

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
		{"iam:ListUsers", "*", func(w *world, _ context.Context, c *control.Call) error {
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
		{"iam:ListRoles", "*", func(w *world, _ context.Context, c *control.Call) error {
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
		{"iam:ListInstanceProfiles", "*", func(w *world, _ context.Context, c *control.Call) error {
			return w.ListInstanceProfiles(c)
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

// denied reports whether a refusal is about the caller's permissions.
func denied(err error) bool {
	return fault.KindOf(err) == fault.Denied && err != nil &&
		strings.Contains(fault.Of(err).Text, "is not authorized to perform: ")
}

func furnished(t *testing.T) (*world, []operation) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "u"})
	must(t, err)
	w.role("r", trusting(iamARN+"root"))
	_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "p", Document: allow("s3:*", "*")})
	must(t, err)
	return w, operations(w.key("u").ID)
}

func TestEveryOperationNeedsItsPermissionOnItsResource(t *testing.T) {
	w, ops := furnished(t)
	ctx := t.Context()
	_, keys := w.user("admin", "")
	permit := func(document string) {
		t.Helper()
		must(t, w.PutInline(ctx, w.asRoot(), principals.UserNamed("admin"), "p", document))
	}
	for _, op := range ops {
		t.Run(op.action+" refused without it, and on another resource", func(t *testing.T) {
			permit(allow("s3:GetObject", "*"))
			if err := op.do(w, ctx, w.by(keys)); !denied(err) {
				t.Fatalf("not refused: %v", err)
			}
			permit(allow("iam:*", iamARN+"group/none"))
			if err := op.do(w, ctx, w.by(keys)); !denied(err) {
				t.Fatalf("not refused on another resource: %v", err)
			}
		})
	}
	// The allowed calls come in an order that leaves the entities in place until they are deleted.
	for _, op := range ops {
		if strings.HasPrefix(op.action, "iam:Delete") {
			continue
		}
		t.Run(op.action+" allowed with it", func(t *testing.T) {
			permit(allow(op.action, op.resource))
			if err := op.do(w, ctx, w.by(keys)); denied(err) {
				t.Fatalf("refused: %v", err)
			}
		})
	}
	for _, op := range ops {
		if !strings.HasPrefix(op.action, "iam:Delete") {
			continue
		}
		t.Run(op.action+" allowed with it", func(t *testing.T) {
			permit(allow(op.action, op.resource))
			if err := op.do(w, ctx, w.by(keys)); denied(err) {
				t.Fatalf("refused: %v", err)
			}
		})
	}
}

func TestAttack19_NoNarrowSessionAdministersIAM(t *testing.T) {
	w, ops := furnished(t)
	u, keys := w.user("admin", allow("iam:*", "*"))
	role := w.role("wide", trusting(iamARN+"root"))
	must(t, w.PutInline(t.Context(), w.asRoot(), principals.RoleNamed("wide"), "all", allow("iam:*", "*")))
	now := time.Now().UTC().Truncate(time.Second)
	session := credential.Session{
		ID: credential.SessionID(uuid.New()), Account: string(account), Name: "s", Issued: now, Expires: now.Add(time.Hour),
		ParentKey: keys.ID, ParentPrincipalID: u.ID,
	}
	mint := func(change func(*credential.Session)) controltest.Keys {
		s := session
		change(&s)
		c, err := w.World.Ring.Mint(s)
		must(t, err)
		return controltest.KeysOf(c)
	}
	w.Auth.Revocation = caller.AtExpiry // a vended session without a grant behind it
	vended := mint(func(s *credential.Session) {
		s.Kind, s.PrincipalID = credential.Vended, role.ID
		s.GrantID, s.LocationID, s.Scope, s.Permission = "g", "l", "s3://lake/p/*", "READ"
		s.GranteeType, s.GranteeID, s.CallerPrincipalID = "IAM", u.ARN(), u.ID
	})
	own := mint(func(s *credential.Session) { s.Kind, s.PrincipalID = credential.UserSession, u.ID })
	narrowed := mint(func(s *credential.Session) {
		s.Kind, s.PrincipalID, s.Policies = credential.AssumedRole, role.ID, []string{allow("s3:*", "*")}
	})
	wide := mint(func(s *credential.Session) { s.Kind, s.PrincipalID = credential.AssumedRole, role.ID })
	for _, op := range ops {
		t.Run(op.action, func(t *testing.T) {
			if err := op.do(w, t.Context(), w.by(vended)); !denied(err) {
				t.Errorf("a vended credential is not refused: %v", err)
			}
			if err := op.do(w, t.Context(), w.by(narrowed)); !denied(err) {
				t.Errorf("a session whose policy does not allow it is not refused: %v", err)
			}
			if err := op.do(w, t.Context(), w.by(own)); !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
				t.Errorf("a session of GetSessionToken is not refused: %v", err)
			}
		})
	}
	_, err := w.GetUser(w.by(wide), "u")
	must(t, err)
}
