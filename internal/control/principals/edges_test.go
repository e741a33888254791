package principals_test

import (
	"strings"
	"testing"

	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func TestOnlyWhoMayAskLearnsThatSomethingIsMissing(t *testing.T) {
	w := newWorld(t)
	_, keys := w.user("curious", "")
	_, err := w.GetUser(w.by(keys), "nobody")
	refused(t, err, fault.Denied, "iam:GetUser on resource: "+iamARN+"user/nobody")
	_, err = w.GetRole(w.by(keys), "nobody")
	refused(t, err, fault.Denied, "iam:GetRole on resource: "+iamARN+"role/nobody")
	_, err = w.GetPolicy(w.by(keys), iamARN+"policy/none")
	refused(t, err, fault.Denied, "iam:GetPolicy on resource: "+iamARN+"policy/none")
	_, err = w.AccessKeyUser(w.by(keys), "AKIAUNKNOWNUNKNOWN22")
	refused(t, err, fault.Denied, "iam:GetAccessKeyLastUsed")
	_, err = w.AccessKeyUser(w.by(keys), w.root.ID)
	refused(t, err, fault.Denied, "iam:GetAccessKeyLastUsed on resource: access key "+w.root.ID)
	name, err := w.AccessKeyUser(w.asRoot(), w.root.ID)
	must(t, err)
	if name != "" {
		t.Errorf("the root's key is %q's", name)
	}
}

// A call's snapshot may be older than the state that its transaction reads.
func TestWhatIsGoneInTheMeantimeIsNotChanged(t *testing.T) {
	w := newWorld(t)
	ctx, arn := t.Context(), iamARN+"policy/p"
	_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "u"})
	must(t, err)
	w.role("r", trusting(iamARN+"root"))
	_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "p", Document: allow("s3:*", "*")})
	must(t, err)
	key, user, role, policy := w.asRoot(), w.asRoot(), w.asRoot(), w.asRoot()
	must(t, w.DeleteUser(ctx, w.asRoot(), "u"))
	must(t, w.DeleteRole(ctx, w.asRoot(), "r"))
	must(t, w.DeletePolicy(ctx, w.asRoot(), arn))
	k, err := w.CreateAccessKey(ctx, key, "u")
	refused(t, err, fault.NotFound, "The user with name u cannot be found.")
	if k != nil {
		t.Error("a key was made for a user who is gone")
	}
	refused(t, w.PutInline(ctx, user, principals.UserNamed("u"), "p", allow("s3:*", "*")), fault.NotFound,
		"The user with name u cannot be found.")
	refused(t, w.UpdateAssumeRolePolicy(ctx, role, "r", trusting(iamARN+"root")), fault.NotFound,
		"The role with name r cannot be found.")
	_, err = w.CreatePolicyVersion(ctx, policy, arn, allow("s3:*", "*"), true)
	refused(t, err, fault.NotFound, "Policy "+arn+" was not found.")
}

func TestAttachments(t *testing.T) {
	w := newWorld(t)
	ctx, e := t.Context(), principals.UserNamed("u")
	w.user("u", "")
	m, err := w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "p", Path: "/a/", Document: allow("s3:*", "*")})
	must(t, err)
	must(t, w.AttachPolicy(ctx, w.asRoot(), e, m.ARN()))
	must(t, w.AttachPolicy(ctx, w.asRoot(), e, m.ARN()))
	page, err := w.ListAttached(w.asRoot(), e, "/a/", principals.Ask{})
	must(t, err)
	if len(page.Items) != 1 {
		t.Errorf("attached twice: %v", page.Items)
	}
	for _, arn := range []string{iamARN + "policy/p", iamARN + "policy/a/P", iamARN +
		"user/a/p", "arn:aws:iam::aws:policy/none", "p"} {
		refused(t, w.AttachPolicy(ctx, w.asRoot(), e, arn), fault.NotFound,
			"Policy "+arn+" does not exist or is not attachable.")
	}
}

func TestNamesAreChecked(t *testing.T) {
	w := newWorld(t)
	ctx, doc := t.Context(), allow("s3:*", "*")
	long := strings.Repeat("n", 65)
	_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: long})
	refused(t, err, fault.Invalid,
		"'userName' failed to satisfy constraint: Member must have length less than or equal to 64")
	_, err = w.CreateRole(ctx, w.asRoot(), principals.NewRole{Name: long, Trust: trusting(iamARN + "root")})
	refused(t, err, fault.Invalid, "'roleName'")
	_, err = w.CreateRole(ctx, w.asRoot(), principals.NewRole{Name: "a/b", Trust: trusting(iamARN + "root")})
	refused(t, err, fault.Invalid, "'roleName'")
	_, err = w.CreateRole(ctx, w.asRoot(), principals.NewRole{Name: "r", Path: "x", Trust: trusting(iamARN + "root")})
	refused(t, err, fault.Invalid, "'path'")
	_, err = w.CreateRole(ctx, w.asRoot(),
		principals.NewRole{Name: "r", Description: strings.Repeat("d", 1001), Trust: trusting(iamARN + "root")})
	refused(t, err, fault.Invalid, "'description'")
	_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: strings.Repeat("n", 129), Document: doc})
	refused(t, err, fault.Invalid, "'policyName'")
	_, err = w.CreatePolicy(ctx, w.asRoot(),
		principals.NewPolicy{Name: "p", Description: strings.Repeat("d", 1001), Document: doc})
	refused(t, err, fault.Invalid, "'description'")
	w.user("u", "")
	refused(t, w.UpdateUser(ctx, w.asRoot(), "u", principals.UserChange{Name: long}), fault.Invalid, "'newUserName'")
	refused(t, w.UpdateUser(ctx, w.asRoot(), "u", principals.UserChange{Path: "x"}), fault.Invalid, "'path'")
	_, err = w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "t", Tags: []iam.Tag{{Key: "aws:x"}}})
	refused(t, err, fault.Invalid, "reserved")
	_, err = w.ListUsers(w.asRoot(), "", principals.Ask{Max: new(int32(1001))})
	refused(t, err, fault.Invalid, "")
	_, err = w.GetUser(w.asRoot(), "")
	must(t, err)
}
