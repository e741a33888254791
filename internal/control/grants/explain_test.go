package grants_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// explain explains a principal's request, as the first account's root user.
func (w *world) explain(who, target string) *grants.Explanation {
	w.t.Helper()
	e, err := w.G.Explain(w.as(w.root), who, read(target), 10)
	must(w.t, err)
	return e
}

func TestExplainSaysWhatGetDataAccessDoes(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, stranger := w.user(w.otherRoot, "stranger", allow("s3:GetDataAccess", "*"))
	_, tagged := w.user(w.root, "tagged",
		under(allow("s3:GetDataAccess", "*"), "StringEquals", "aws:PrincipalTag/team", "data"))
	must(t, w.IAM.TagEntity(ctx, w.as(w.root), principals.UserNamed("tagged"), []iam.Tag{{Key: "team", Value: "data"}}))
	_, bounded := w.user(w.root, "bounded", allow("*", "*"))
	must(t, w.IAM.PutBoundary(ctx, w.as(w.root), principals.UserNamed("bounded"),
		"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"))
	_, mute := w.user(w.root, "mute", "")
	w.role("etl", trusting(w.u.ARN()), 0)
	must(t, w.IAM.PutInline(ctx, w.as(w.root), principals.RoleNamed("etl"), "p",
		under(allow("s3:GetDataAccess", "*"), "StringLike", "aws:userid", "*:alice")))
	alice := w.assume(w.keys, "etl", sts.AssumeRole{SessionName: "alice"})
	bob := w.assume(w.keys, "etl", sts.AssumeRole{SessionName: "bob"})
	for _, who := range []string{"user/u", "user/tagged", "user/bounded", "user/mute", "role/etl"} {
		w.grant(iamARN+who, "lake/x/*", access.Read)
	}
	w.grant(strangerARN, "lake/x/*", access.Read)
	callers := map[string]controltest.Keys{
		iamARN + "user/u":       w.keys,
		iamARN + "user/tagged":  tagged,
		iamARN + "user/bounded": bounded,
		iamARN + "user/mute":    mute,
		strangerARN:             stranger,
		"arn:aws:sts::111122223333:assumed-role/etl/alice": alice,
		"arn:aws:sts::111122223333:assumed-role/etl/bob":   bob,
	}
	compare := func(name string) {
		for who, keys := range callers {
			for _, target := range []string{"s3://lake/x/k", "s3://lake/y"} {
				t.Run(name+": "+who+" "+target, func(t *testing.T) {
					v, err := w.ask(w.on(account, keys), read(target))
					e := w.explain(who, target)
					if e.Allowed() != (err == nil) {
						t.Errorf("explained as %v %+v, but %v", e.Allowed(), e.Checks, err)
					}
					if err == nil && (e.Decision.Matched() != v.Matched || e.Decision.Grant.Grantee != v.Grantee || e.RoleARN == "") {
						t.Errorf("explained as %s of %v by %s, vended %s of %v", e.Decision.Matched(), e.Decision.Grant.Grantee,
							e.RoleARN, v.Matched, v.Grantee)
					}
				})
			}
		}
	}
	compare("as it is")
	w.share(sharing("s3:GetDataAccess", strangerARN))
	compare("shared")
	w.share(sharing("s3:GetDataAccess", "arn:aws:sts::111122223333:assumed-role/etl/bob"))
	compare("a session named by the resource policy")
	w.role("aloof", trusting("111122223333"), 0)
	_, err := w.G.UpdateLocation(ctx, w.as(w.root), "default", iamARN+"role/aloof")
	must(t, err)
	compare("without trust")
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	g := w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	counting := &vendor{Vendor: w.G.Vendor}
	w.G.Vendor = counting
	before, _ := w.count("AssumeRole")
	e := w.explain(iamARN+"user/u", "s3://lake/x/k")
	if !e.Allowed() || e.Decision.Grant.ID != g.ID || len(e.Checks) != 2 || e.RoleARN != iamARN+"role/lake" {
		t.Errorf("explained as %+v", e)
	}
	if after, _ := w.count("AssumeRole"); counting.asked != 0 || after != before {
		t.Error("an explanation vends or assumes a role")
	}
	t.Run("names the role of a location that does not trust", func(t *testing.T) {
		must(t, w.IAM.UpdateAssumeRolePolicy(t.Context(), w.as(w.root), "lake", trusting("111122223333")))
		e := w.explain(iamARN+"user/u", "s3://lake/x/k")
		if e.Allowed() || !strings.Contains(e.Checks[1].Text,
			"is not authorized to perform: sts:AssumeRole on resource: "+iamARN+"role/lake") {
			t.Errorf("explained as %+v", e.Checks)
		}
	})
	t.Run("tells nothing of another account's policies", func(t *testing.T) {
		w.user(w.otherRoot, "stranger", allow("s3:GetDataAccess", "*"))
		w.share(sharing("s3:GetDataAccess", strangerARN))
		foreign, own := w.explain(strangerARN, "s3://lake/x/k"), w.explain(iamARN+"user/u", "s3://lake/x/k")
		if !foreign.Checks[0].Passed || strings.Contains(foreign.Checks[0].Text, "statement") ||
			!strings.Contains(own.Checks[0].Text, "statement") {
			t.Errorf("foreign %+v\nown %+v", foreign.Checks, own.Checks)
		}
	})
	for _, who := range []string{iamARN + "user/none", iamARN +
		"root", "*", "arn:aws:sts::111122223333:assumed-role/none/x", "arn:aws:sts::111122223333:assumed-role/lake",
		"arn:aws:sts::111122223333:assumed-role/LAKE/x", "arn:aws:sts::111122223333:assumed-role/lake/"} {
		t.Run("refuses "+who, func(t *testing.T) {
			_, err := w.G.Explain(w.as(w.root), who, read("s3://lake/x/k"), 10)
			refused(t, err, fault.Invalid, fault.Grantee, "InvalidRequest", 400)
		})
	}
	t.Run("refuses another account", func(t *testing.T) {
		_, err := w.G.Explain(w.on(account, w.otherRoot), iamARN+"user/u", read("s3://lake/x/k"), 10)
		denied(t, err, "latchkey:Explain")
	})
}
