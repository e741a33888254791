package principals_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// padded is a valid document of about n characters without white space.
func padded(n int) string {
	return strings.Replace(allow("s3:GetObject", "*"), `"Effect"`, `"Sid":"`+strings.Repeat("s", n)+`","Effect"`, 1)
}

func TestInlinePolicies(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.user("u", "")
	w.role("r", trusting(iamARN+"root"))
	for _, c := range []struct {
		e    principals.Entity
		most int
	}{{principals.UserNamed("u"), 2048}, {principals.RoleNamed("r"), 10240}} {
		kind := strings.ToLower(string(c.e.Kind))
		t.Run(kind+": kept as it was given", func(t *testing.T) {
			doc := "{\n  " + allow("s3:GetObject", "*")[1:]
			must(t, w.PutInline(ctx, w.asRoot(), c.e, "Read", doc))
			got, err := w.GetInline(w.asRoot(), c.e, "read")
			must(t, err)
			if got.Document != doc || got.Name != "Read" {
				t.Fatalf("got %+v", got)
			}
			must(t, w.PutInline(ctx, w.asRoot(), c.e, "read", allow("s3:PutObject", "*")))
			page, err := w.ListInline(w.asRoot(), c.e, principals.Ask{})
			must(t, err)
			if !slices.Equal(page.Items, []string{"read"}) {
				t.Fatalf("listed %v", page.Items)
			}
		})
		t.Run(kind+": refused beyond the size of all together", func(t *testing.T) {
			err := w.PutInline(ctx, w.asRoot(), c.e, "long", padded(c.most-150))
			refused(t, err, fault.LimitExceeded,
				fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s %s", c.most, kind, c.e.Name))
			must(t, w.PutInline(ctx, w.asRoot(), c.e, "long", padded(c.most-400)+strings.Repeat(" ", 1000)))
		})
		t.Run(kind+": refused when malformed, when missing", func(t *testing.T) {
			refused(t, w.PutInline(ctx, w.asRoot(), c.e, "bad", "{"), fault.Malformed, "Syntax errors in policy.")
			refused(t, w.PutInline(ctx, w.asRoot(), c.e, "b/d", allow("s3:*", "*")), fault.Invalid, "'policyName'")
			refused(t, w.PutInline(ctx, w.asRoot(), c.e, "bad", trusting(iamARN+"root")), fault.Malformed,
				"should not specify a principal")
			_, err := w.GetInline(w.asRoot(), c.e, "none")
			refused(t, err, fault.NotFound, "The "+kind+" policy with name none cannot be found.")
			refused(t, w.DeleteInline(ctx, w.asRoot(), c.e, "none"), fault.NotFound, "cannot be found")
		})
	}
}

func TestManagedPolicies(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	doc := allow("s3:GetObject", "*")
	m, err := w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "p", Path: "/a/", Document: doc})
	must(t, err)
	arn := iamARN + "policy/a/p"
	if m.ARN() != arn || m.Default != "v1" || !strings.HasPrefix(m.ID, "ANPA") {
		t.Fatalf("made %+v", m)
	}
	t.Run("refused: name taken, malformed, too long", func(t *testing.T) {
		_, err := w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "P", Document: doc})
		refused(t, err, fault.AlreadyExists, "A policy called P already exists. Duplicate names are not allowed.")
		_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "q", Document: "{"})
		refused(t, err, fault.Malformed, "Syntax errors")
		_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "q", Document: padded(6144)})
		refused(t, err, fault.LimitExceeded, "Cannot exceed quota for PolicySize: 6144")
		_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "q", Path: "/a b/", Document: doc})
		refused(t, err, fault.Invalid, "'path'")
	})
	t.Run("versions", func(t *testing.T) {
		for n := 2; n <= 5; n++ {
			v, err := w.CreatePolicyVersion(ctx, w.asRoot(), arn, allow(fmt.Sprintf("s3:Get%d", n), "*"), n == 3)
			must(t, err)
			if v.ID != fmt.Sprintf("v%d", n) {
				t.Fatalf("made %s", v.ID)
			}
		}
		_, err := w.CreatePolicyVersion(ctx, w.asRoot(), arn, doc, false)
		refused(t, err, fault.LimitExceeded, "A managed policy can have up to 5 versions.")
		_, err = w.CreatePolicyVersion(ctx, w.asRoot(), arn, "{", false)
		refused(t, err, fault.Malformed, "Syntax errors")
		refused(t, w.DeletePolicyVersion(ctx, w.asRoot(), arn, "v3"), fault.InUse,
			"Cannot delete the default version of a policy.")
		refused(t, w.DeletePolicyVersion(ctx, w.asRoot(), arn, "v9"), fault.NotFound,
			"Policy "+arn+" version v9 does not exist or is not attachable.")
		refused(t, w.SetDefaultPolicyVersion(ctx, w.asRoot(), arn, "v9"), fault.NotFound, "v9")
		must(t, w.SetDefaultPolicyVersion(ctx, w.asRoot(), arn, "v4"))
		must(t, w.DeletePolicyVersion(ctx, w.asRoot(), arn, "v3"))
		v, err := w.CreatePolicyVersion(ctx, w.asRoot(), arn, doc, false)
		must(t, err)
		page, inForce, err := w.ListPolicyVersions(w.asRoot(), arn, principals.Ask{})
		must(t, err)
		var ids []string
		for _, v := range page.Items {
			ids = append(ids, v.ID)
		}
		if v.ID != "v6" || inForce != "v4" || !slices.Equal(ids, []string{"v6", "v5", "v4", "v2", "v1"}) {
			t.Fatalf("made %s, in force %s, listed %v", v.ID, inForce, ids)
		}
		got, is, err := w.GetPolicyVersion(w.asRoot(), arn, "v4")
		must(t, err)
		if !is || got.Document != allow("s3:Get4", "*") {
			t.Fatalf("got %+v", got)
		}
		_, _, err = w.GetPolicyVersion(w.asRoot(), arn, "v3")
		refused(t, err, fault.NotFound, "v3")
	})
	t.Run("deleted only when unused and alone", func(t *testing.T) {
		w.user("u", "")
		w.role("r", trusting(iamARN+"root"))
		must(t, w.AttachPolicy(ctx, w.asRoot(), principals.RoleNamed("r"), arn))
		refused(t, w.DeletePolicy(ctx, w.asRoot(), arn), fault.InUse, "Cannot delete a policy attached to entities.")
		must(t, w.DetachPolicy(ctx, w.asRoot(), principals.RoleNamed("r"), arn))
		must(t, w.PutBoundary(ctx, w.asRoot(), principals.UserNamed("u"), arn))
		refused(t, w.DeletePolicy(ctx, w.asRoot(), arn), fault.InUse, "Cannot delete a policy attached to entities.")
		must(t, w.DeleteBoundary(ctx, w.asRoot(), principals.UserNamed("u")))
		refused(t, w.DeleteBoundary(ctx, w.asRoot(), principals.UserNamed("u")), fault.NotFound, "no permissions boundary")
		refused(t, w.DeletePolicy(ctx, w.asRoot(), arn), fault.InUse, "This policy has more than one version.")
		for _, v := range []string{"v1", "v2", "v5", "v6"} {
			must(t, w.DeletePolicyVersion(ctx, w.asRoot(), arn, v))
		}
		must(t, w.DeletePolicy(ctx, w.asRoot(), arn))
		_, err := w.GetPolicy(w.asRoot(), arn)
		refused(t, err, fault.NotFound, "Policy "+arn+" was not found.")
	})
}

func TestPolicyOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	m, err := w.CreatePolicy(ctx, w.by(w.otherRoot), principals.NewPolicy{Name: "theirs", Document: allow("s3:*", "*")})
	must(t, err)
	w.user("u", "")
	_, err = w.GetPolicy(w.asRoot(), m.ARN())
	refused(t, err, fault.NotFound, "was not found")
	refused(t, w.DeletePolicy(ctx, w.asRoot(), m.ARN()), fault.NotFound, "was not found")
	refused(t, w.AttachPolicy(ctx, w.asRoot(), principals.UserNamed("u"), m.ARN()), fault.NotFound,
		"does not exist or is not attachable")
	refused(t, w.PutBoundary(ctx, w.asRoot(), principals.UserNamed("u"), m.ARN()), fault.NotFound,
		"does not exist or is not attachable")
	_, err = w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "v", Boundary: m.ARN()})
	refused(t, err, fault.NotFound, "does not exist or is not attachable")
	_, err = w.CreateRole(ctx, w.asRoot(),
		principals.NewRole{Name: "v", Boundary: m.ARN(), Trust: trusting(iamARN + "root")})
	refused(t, err, fault.NotFound, "does not exist or is not attachable")
}

func TestPoliciesOfAWS(t *testing.T) {
	w := newWorld(t)
	ctx, arn := t.Context(), "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	w.user("u", "")
	must(t, w.AttachPolicy(ctx, w.asRoot(), principals.UserNamed("u"), arn))
	must(t, w.AttachPolicy(ctx, w.asRoot(), principals.UserNamed("u"), arn)) // twice is no mistake
	m, err := w.GetPolicy(w.asRoot(), arn)
	must(t, err)
	if m.Attached != 1 || !m.AWS {
		t.Fatalf("got %+v", m)
	}
	v, inForce, err := w.GetPolicyVersion(w.asRoot(), arn, m.Default)
	must(t, err)
	if !inForce || !strings.Contains(v.Document, "s3:Get*") {
		t.Fatalf("got %+v", v)
	}
	other, err := w.GetPolicy(w.by(w.otherRoot), arn)
	must(t, err)
	if other.Attached != 0 {
		t.Fatalf("another account sees %d attachments", other.Attached)
	}
	t.Run("cannot be changed", func(t *testing.T) {
		refused(t, w.DeletePolicy(ctx, w.asRoot(), arn), fault.Denied, "Policy is outside your own account.")
		_, err := w.CreatePolicyVersion(ctx, w.asRoot(), arn, allow("s3:*", "*"), true)
		refused(t, err, fault.Denied, "Policy is outside your own account.")
		refused(t, w.TagPolicy(ctx, w.asRoot(), arn, []iam.Tag{{Key: "a"}}), fault.Denied, "outside")
	})
}

func TestPolicyLists(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, n := range []string{"beta", "alpha"} {
		_, err := w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: n, Document: allow("s3:*", "*")})
		must(t, err)
	}
	w.user("u", "")
	w.role("r", trusting(iamARN+"root"))
	alpha := iamARN + "policy/alpha"
	must(t, w.AttachPolicy(ctx, w.asRoot(), principals.UserNamed("u"), alpha))
	must(t, w.PutBoundary(ctx, w.asRoot(), principals.RoleNamed("r"), alpha))
	list := func(f principals.PolicyFilter) (names []string) {
		t.Helper()
		page, err := w.ListPolicies(w.asRoot(), f, principals.Ask{})
		must(t, err)
		for _, m := range page.Items {
			names = append(names, m.Name)
		}
		return names
	}
	if got := list(principals.PolicyFilter{Scope: principals.Local}); !slices.Equal(got, []string{"alpha", "beta"}) {
		t.Errorf("local: %v", got)
	}
	if got := list(principals.PolicyFilter{Scope: principals.AWS}); !slices.Contains(got, "AmazonS3FullAccess") ||
		slices.Contains(got, "alpha") {
		t.Errorf("AWS: %v", got)
	}
	if got := list(principals.PolicyFilter{}); got[0] != "alpha" || !slices.Contains(got, "AmazonS3FullAccess") {
		t.Errorf("all: %v", got)
	}
	if got := list(principals.PolicyFilter{PathPrefix: "/elsewhere/"}); len(got) != 0 {
		t.Errorf("on another path: %v", got)
	}
	if got := list(principals.PolicyFilter{OnlyAttached: true}); !slices.Equal(got, []string{"alpha"}) {
		t.Errorf("attached: %v", got)
	}
	if got := list(principals.PolicyFilter{Usage: principals.AsBoundary}); !slices.Equal(got, []string{"alpha"}) {
		t.Errorf("boundary: %v", got)
	}
	entities := func(f principals.EntityFilter) (names []string) {
		t.Helper()
		page, err := w.ListEntitiesForPolicy(w.asRoot(), alpha, f, principals.Ask{})
		must(t, err)
		for _, u := range page.Items {
			names = append(names, string(u.Kind)+" "+u.Name)
		}
		return names
	}
	if got := entities(principals.EntityFilter{}); !slices.Equal(got, []string{"Role r", "User u"}) {
		t.Errorf("entities: %v", got)
	}
	if got := entities(principals.EntityFilter{Usage: principals.AsPermissions}); !slices.Equal(got, []string{"User u"}) {
		t.Errorf("with permissions: %v", got)
	}
	if got := entities(principals.EntityFilter{Kind: principals.Role}); !slices.Equal(got, []string{"Role r"}) {
		t.Errorf("roles: %v", got)
	}
	page, err := w.ListAttached(w.asRoot(), principals.UserNamed("u"), "", principals.Ask{})
	must(t, err)
	if !slices.Equal(page.Items, []string{alpha}) {
		t.Errorf("attached to u: %v", page.Items)
	}
	page, err = w.ListAttached(w.asRoot(), principals.UserNamed("u"), "/elsewhere/", principals.Ask{})
	must(t, err)
	if len(page.Items) != 0 {
		t.Errorf("filtered by path: %v", page.Items)
	}
}

func TestAttachmentQuota(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.role("r", trusting(iamARN+"root"))
	for n := range 11 {
		m, err := w.CreatePolicy(ctx, w.asRoot(),
			principals.NewPolicy{Name: fmt.Sprintf("p%d", n), Document: allow("s3:*", "*")})
		must(t, err)
		err = w.AttachPolicy(ctx, w.asRoot(), principals.RoleNamed("r"), m.ARN())
		if n < 10 {
			must(t, err)
		} else {
			refused(t, err, fault.LimitExceeded, "Cannot exceed quota for PoliciesPerRole: 10")
		}
	}
	refused(t, w.DetachPolicy(ctx, w.asRoot(), principals.RoleNamed("r"), iamARN+"policy/none"), fault.NotFound,
		"was not found")
}
