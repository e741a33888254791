package principals_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func TestIdentityCase084_RoleNameInOtherCase(t *testing.T) {
	w := newWorld(t)
	w.role("Reader", trusting(iamARN+"root"))
	_, err := w.CreateRole(t.Context(), w.asRoot(), principals.NewRole{Name: "reader", Trust: trusting(iamARN + "root")})
	refused(t, err, fault.AlreadyExists, "Role with name reader already exists.")
}

func TestIdentityCase085_TrustPolicyWithComment(t *testing.T) {
	w := newWorld(t)
	trust := strings.Replace(trusting(iamARN+"root"), `"Effect"`, "// who may\n\"Effect\"", 1)
	_, err := w.CreateRole(t.Context(), w.asRoot(), principals.NewRole{Name: "r", Trust: trust})
	refused(t, err, fault.Malformed, "JSON has no comments")
	if f := fault.Of(err); f.Entity != fault.PolicyDocument {
		t.Fatalf("the entity is %q", f.Entity)
	}
}

func TestIdentityCase086_RoleWithInlinePolicy(t *testing.T) {
	w := newWorld(t)
	ctx, e := t.Context(), principals.RoleNamed("r")
	w.role("r", trusting(iamARN+"root"))
	must(t, w.PutInline(ctx, w.asRoot(), e, "in", allow("s3:*", "*")))
	refused(t, w.DeleteRole(ctx, w.asRoot(), "r"), fault.InUse, "Cannot delete entity, must delete policies first.")
	must(t, w.DeleteInline(ctx, w.asRoot(), e, "in"))
	must(t, w.AttachPolicy(ctx, w.asRoot(), e, "arn:aws:iam::aws:policy/AmazonS3FullAccess"))
	refused(t, w.DeleteRole(ctx, w.asRoot(), "r"), fault.InUse, "Cannot delete entity, must detach all policies first.")
	must(t, w.DetachPolicy(ctx, w.asRoot(), e, "arn:aws:iam::aws:policy/AmazonS3FullAccess"))
	must(t, w.DeleteRole(ctx, w.asRoot(), "r"))
	refused(t, w.DeleteRole(ctx, w.asRoot(), "r"), fault.NotFound, "The role with name r cannot be found.")
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	r, err := w.CreateRole(ctx, w.asRoot(),
		principals.NewRole{Name: "r", Path: "/svc/", Description: "d", Trust: trusting(iamARN + "root")})
	must(t, err)
	if r.ARN() != iamARN+"role/svc/r" || r.MaxSession != time.Hour || !strings.HasPrefix(r.ID, "AROA") {
		t.Fatalf("made %+v", r)
	}
	t.Run("the longest session has bounds", func(t *testing.T) {
		for seconds, rule := range map[time.Duration]string{
			3599:  "greater than or equal to 3600",
			43201: "less than or equal to 43200",
		} {
			_, err := w.CreateRole(ctx, w.asRoot(),
				principals.NewRole{Name: "x", Trust: trusting(iamARN + "root"), MaxSession: seconds * time.Second})
			refused(t, err, fault.Invalid, "'maxSessionDuration' failed to satisfy constraint: Member must have value "+rule)
			err = w.UpdateRole(ctx, w.asRoot(), "r", principals.RoleChange{MaxSession: new(seconds * time.Second)})
			refused(t, err, fault.Invalid, rule)
		}
		refused(t, w.UpdateRole(ctx, w.asRoot(), "r", principals.RoleChange{MaxSession: new(time.Duration)}), fault.Invalid,
			"3600")
	})
	t.Run("updated", func(t *testing.T) {
		must(t, w.UpdateRole(ctx, w.asRoot(), "r",
			principals.RoleChange{Description: new("new"), MaxSession: new(2 * time.Hour)}))
		got, err := w.GetRole(w.asRoot(), "r")
		must(t, err)
		if got.Description != "new" || got.MaxSession != 2*time.Hour {
			t.Fatalf("got %+v", got)
		}
		got, err = w.UpdateRoleDescription(ctx, w.asRoot(), "r", "newer")
		must(t, err)
		if got.Description != "newer" || got.MaxSession != 2*time.Hour {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a description has a length", func(t *testing.T) {
		refused(t, w.UpdateRole(ctx, w.asRoot(), "r", principals.RoleChange{Description: new(strings.Repeat("d", 1001))}),
			fault.Invalid, "'description'")
	})
	t.Run("a create that tags needs the permission to tag", func(t *testing.T) {
		_, keys := w.user("maker", allow("iam:CreateRole", "*"))
		in := principals.NewRole{Name: "tagged", Trust: trusting(iamARN + "root"), Tags: []iam.Tag{{Key: "a", Value: "b"}}}
		_, err := w.CreateRole(ctx, w.by(keys), in)
		refused(t, err, fault.Denied, "iam:TagRole")
		must(t, w.PutInline(ctx, w.asRoot(), principals.UserNamed("maker"), "p", allow("iam:CreateRole iam:TagRole", "*")))
		_, err = w.CreateRole(ctx, w.by(keys), in)
		must(t, err)
	})
}

func TestTrustPolicies(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	u, _ := w.user("u", "")
	bearer := w.role("bearer", trusting(iamARN+"root"))
	create := func(trust string) error {
		_, err := w.CreateRole(ctx, w.asRoot(), principals.NewRole{Name: "x", Trust: trust})
		return err
	}
	for name, arn := range map[string]string{
		"user":                      iamARN + "user/none",
		"role":                      iamARN + "role/none",
		"user with another path":    iamARN + "user/p/u",
		"user in another case":      iamARN + "user/U",
		"role in another case":      iamARN + "role/Bearer",
		"account":                   "arn:aws:iam::999999999999:root",
		"bare account":              "999999999999",
		"id":                        "AIDAAAAAAAAAAAAAAAAAA",
		"role id":                   "AROAAAAAAAAAAAAAAAAAA:s",
		"session of a role":         "arn:aws:sts::123456789012:assumed-role/none/s",
		"federated user":            "arn:aws:sts::123456789012:federated-user/f",
		"user of another partition": "arn:aws-cn:iam::123456789012:user/u",
	} {
		t.Run("refused: there is no such "+name, func(t *testing.T) {
			refused(t, create(trusting(arn)), fault.Malformed, "Invalid principal in policy: ")
		})
	}
	t.Run("refused: not a trust policy", func(t *testing.T) {
		refused(t, create(allow("sts:AssumeRole", "*")), fault.Malformed, "Principal is missing")
	})
	t.Run("refused: too long", func(t *testing.T) {
		long := strings.Replace(trusting(iamARN+"root"), `"Effect"`, `"Sid":"`+strings.Repeat("s", 2048)+`","Effect"`, 1)
		refused(t, create(long), fault.LimitExceeded, "Cannot exceed quota for ACLSizePerRole: 2048")
	})
	t.Run("bound to ids, shown as ARNs", func(t *testing.T) {
		session := "arn:aws:sts::123456789012:assumed-role/bearer/s1"
		r := w.role("bound", trusting(u.ARN(), bearer.ARN(), session, "123456789012"))
		for _, id := range []string{`"` + u.ID + `"`, `"` + bearer.ID + `"`, `"` + bearer.ID + `:s1"`, `"` + iamARN +
			`root"`} {
			if !strings.Contains(r.Trust, id) {
				t.Errorf("stored without %s: %s", id, r.Trust)
			}
		}
		snap := w.asRoot().Snapshot
		shown := principals.Trust(snap, r)
		for _, arn := range []string{u.ARN(), bearer.ARN(), session} {
			if !strings.Contains(shown, `"`+arn+`"`) {
				t.Errorf("shown without %s: %s", arn, shown)
			}
		}
		// A trust policy that was read can be written again.
		must(t, w.UpdateAssumeRolePolicy(ctx, w.asRoot(), "bound", shown))
	})
	t.Run("a deleted principal shows as its id, and its namesake is not it", func(t *testing.T) {
		gone, keys := w.user("gone", "")
		r := w.role("trusts-gone", trusting(gone.ARN()))
		must(t, w.DeleteAccessKey(ctx, w.asRoot(), "gone", keys.ID))
		must(t, w.DeleteUser(ctx, w.asRoot(), "gone"))
		again, _ := w.user("gone", "")
		if again.ARN() != gone.ARN() || again.ID == gone.ID {
			t.Fatalf("re-created as %+v", again)
		}
		shown := principals.Trust(w.asRoot().Snapshot, r)
		if !strings.Contains(shown, gone.ID) || strings.Contains(shown, gone.ARN()) {
			t.Fatalf("shown as %s", shown)
		}
	})
	t.Run("services and other accounts' principals may be named", func(t *testing.T) {
		_, err := w.CreateUser(ctx, w.by(w.otherRoot), principals.NewUser{Name: "guest"})
		must(t, err)
		must(t,
			create(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
				`"Principal":{"Service":"access-grants.s3.amazonaws.com",`+
				`"AWS":"arn:aws:iam::210987654321:user/guest"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`))
	})
}
