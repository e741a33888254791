package principals_test

import (
	"fmt"
	"slices"
	"testing"

	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// allowIf is allow under one condition.
func allowIf(actions, operator, key, value string) string {
	d := allow(actions, "*")
	return d[:len(d)-3] + fmt.Sprintf(`,"Condition":{"%s":{"%s":"%s"}}}]}`, operator, key, value)
}

// Conditions limit what a delegated administrator may do. Without these condition keys the limits would be missing, or
// would deny everything.
func TestConditionKeys(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	const readOnly, full = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess"
	_, keys := w.user("delegate", "")
	permit := func(document string) {
		t.Helper()
		must(t, w.PutInline(ctx, w.asRoot(), principals.UserNamed("delegate"), "p", document))
	}
	create := func(name string, in principals.NewUser) error {
		in.Name = name
		_, err := w.CreateUser(ctx, w.by(keys), in)
		return err
	}
	t.Run("iam:PermissionsBoundary of a create", func(t *testing.T) {
		permit(allowIf("iam:CreateUser", "StringEquals", "iam:PermissionsBoundary", readOnly))
		refused(t, create("a", principals.NewUser{}), fault.Denied, "iam:CreateUser")
		refused(t, create("a", principals.NewUser{Boundary: full}), fault.Denied, "iam:CreateUser")
		must(t, create("a", principals.NewUser{Boundary: readOnly}))
	})
	t.Run("iam:PermissionsBoundary of an entity that is changed", func(t *testing.T) {
		permit(allowIf("iam:AttachUserPolicy iam:PutUserPolicy", "StringEquals", "iam:PermissionsBoundary", readOnly))
		must(t, w.AttachPolicy(ctx, w.by(keys), principals.UserNamed("a"), full))
		_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "free"})
		must(t, err)
		refused(t, w.AttachPolicy(ctx, w.by(keys), principals.UserNamed("free"), full), fault.Denied, "iam:AttachUserPolicy")
		refused(t, w.PutInline(ctx, w.by(keys), principals.UserNamed("delegate"), "q", allow("*", "*")), fault.Denied,
			"iam:PutUserPolicy")
	})
	t.Run("iam:PermissionsBoundary of its own change is the new one", func(t *testing.T) {
		permit(allowIf("iam:PutUserPermissionsBoundary", "StringEquals", "iam:PermissionsBoundary", readOnly))
		refused(t, w.PutBoundary(ctx, w.by(keys), principals.UserNamed("a"), full), fault.Denied,
			"iam:PutUserPermissionsBoundary")
		must(t, w.PutBoundary(ctx, w.by(keys), principals.UserNamed("free"), readOnly))
	})
	t.Run("iam:PolicyARN", func(t *testing.T) {
		permit(allowIf("iam:AttachUserPolicy iam:DetachUserPolicy", "ArnEquals", "iam:PolicyARN", readOnly))
		refused(t, w.AttachPolicy(ctx, w.by(keys), principals.UserNamed("delegate"), full), fault.Denied,
			"iam:AttachUserPolicy")
		must(t, w.AttachPolicy(ctx, w.by(keys), principals.UserNamed("a"), readOnly))
		must(t, w.DetachPolicy(ctx, w.by(keys), principals.UserNamed("a"), readOnly))
		refused(t, w.DetachPolicy(ctx, w.by(keys), principals.UserNamed("a"), full), fault.Denied, "iam:DetachUserPolicy")
	})
	t.Run("aws:RequestTag and aws:TagKeys", func(t *testing.T) {
		team := []iam.Tag{{Key: "team", Value: "data"}}
		permit(allowIf("iam:CreateUser iam:TagUser", "StringEquals", "aws:RequestTag/team", "data"))
		refused(t, create("b", principals.NewUser{}), fault.Denied, "iam:CreateUser")
		must(t, create("b", principals.NewUser{Tags: team}))
		permit(allowIf("iam:UntagUser", "ForAllValues:StringEquals", "aws:TagKeys", "other"))
		refused(t, w.UntagEntity(ctx, w.by(keys), principals.UserNamed("b"), []string{"team"}), fault.Denied, "iam:UntagUser")
	})
	t.Run("aws:ResourceTag and iam:ResourceTag", func(t *testing.T) {
		for _, key := range []string{"aws:ResourceTag/team", "iam:ResourceTag/team"} {
			permit(allowIf("iam:GetUser", "StringEquals", key, "data"))
			_, err := w.GetUser(w.by(keys), "b")
			must(t, err)
			_, err = w.GetUser(w.by(keys), "a")
			refused(t, err, fault.Denied, "iam:GetUser")
		}
	})
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.user("u", "")
	w.role("r", trusting(iamARN+"root"))
	m, err := w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "p", Document: allow("s3:*", "*")})
	must(t, err)
	type tagged struct {
		name  string
		tag   func(...iam.Tag) error
		untag func(...string) error
		list  func() (principals.Page[iam.Tag], error)
	}
	entity := func(e principals.Entity) tagged {
		return tagged{string(e.Kind),
			func(tags ...iam.Tag) error { return w.TagEntity(ctx, w.asRoot(), e, tags) },
			func(keys ...string) error { return w.UntagEntity(ctx, w.asRoot(), e, keys) },
			func() (principals.Page[iam.Tag], error) { return w.ListTags(w.asRoot(), e, principals.Ask{}) }}
	}
	for _, n := range []tagged{entity(principals.UserNamed("u")), entity(principals.RoleNamed("r")), {"Policy",
		func(tags ...iam.Tag) error { return w.TagPolicy(ctx, w.asRoot(), m.ARN(), tags) },
		func(keys ...string) error { return w.UntagPolicy(ctx, w.asRoot(), m.ARN(), keys) },
		func() (principals.Page[iam.Tag], error) {
			return w.ListPolicyTags(w.asRoot(), m.ARN(), principals.Ask{})
		}}} {
		t.Run(n.name, func(t *testing.T) {
			must(t, n.tag(iam.Tag{Key: "Team", Value: "data"}, iam.Tag{Key: "env"}))
			must(t, n.tag(iam.Tag{Key: "team", Value: "ops"}))
			page, err := n.list()
			must(t, err)
			if want := []iam.Tag{{Key: "env"}, {Key: "team", Value: "ops"}}; !slices.Equal(page.Items, want) {
				t.Fatalf("tags %v", page.Items)
			}
			refused(t, n.tag(iam.Tag{Key: "a"}, iam.Tag{Key: "A"}), fault.Invalid, "Duplicate tag keys found.")
			refused(t, n.tag(iam.Tag{Key: "aws:x"}), fault.Invalid, "reserved")
			refused(t, n.tag(iam.Tag{Key: ""}), fault.Invalid, "1 to 128 characters")
			refused(t, n.tag(iam.Tag{Key: "k", Value: string(make([]byte, 257))}), fault.Invalid, "at most 256")
			var many []iam.Tag
			for i := range 49 {
				many = append(many, iam.Tag{Key: fmt.Sprintf("k%d", i)})
			}
			refused(t, n.tag(many...), fault.LimitExceeded, "Cannot exceed quota for TagsPerResource: 50")
			must(t, n.untag("TEAM", "none"))
			must(t, n.tag(many...))
			page, err = n.list()
			must(t, err)
			if len(page.Items) != 50 {
				t.Fatalf("%d tags", len(page.Items))
			}
		})
	}
}
