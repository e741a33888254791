package sts_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// These are the numbered cases of AWS's behaviour that this server must follow.

func TestIdentityCase073_LongerThanTheRoleAllows(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	err := w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Duration: 2 * time.Hour})
	refused(t, err, fault.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	must(t, w.IAM.UpdateRole(t.Context(), w.asRoot(), "r", principals.RoleChange{MaxSession: new(2 * time.Hour)}))
	_, a := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Duration: 2 * time.Hour})
	if left := time.Until(a.Credentials.Expires); left < time.Hour+50*time.Minute {
		t.Fatalf("expires in %v", left)
	}
}

func TestIdentityCase074_DurationOutOfBounds(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	for seconds, text := range map[time.Duration]string{
		899: "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: " +
			"Member must have value greater than or equal to 900",
		43201: "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: " +
			"Member must have value less than or equal to 43200",
	} {
		refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Duration: seconds * time.Second}), fault.Invalid, text)
	}
}

func TestIdentityCase075_Chaining(t *testing.T) {
	w := newWorld(t)
	first := w.role("first", "sts:AssumeRole", w.u.ARN())
	second := w.roleWith(principals.NewRole{
		Name:       "second",
		Trust:      trusting("sts:AssumeRole", first.ARN()),
		MaxSession: 12 * time.Hour,
	})
	keys, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: first.ARN()})
	err := w.try(keys, sts.AssumeRole{RoleARN: second.ARN(), Duration: 2 * time.Hour})
	refused(t, err, fault.Invalid, "exceeds the 1 hour session limit for roles assumed by role chaining")
	w.assume(keys, sts.AssumeRole{RoleARN: second.ARN(), Duration: time.Hour})
}

func TestIdentityCase076_PolicyTooLarge(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	long := func(n int) string {
		d := allow("s3:GetObject", "*")
		return strings.Replace(d, `"Effect"`, `"Sid":"`+strings.Repeat("s", n-len(d)-len(`"Sid":"",`))+`","Effect"`, 1)
	}
	err := w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Policy: long(3000)})
	if !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Fatalf("got %v", err)
	}
	_, a := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Policy: long(2048)})
	if a.PackedSize != 100 {
		t.Fatalf("packed to %d %%", a.PackedSize)
	}
	managed := "arn:aws:iam::aws:policy/AmazonS3FullAccess"
	if err := w.try(w.keys, sts.AssumeRole{
		RoleARN:    r.ARN(),
		Policy:     long(2048),
		PolicyARNs: []string{managed},
	}); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Fatalf("ARNs do not count: %v", err)
	}
}

func TestIdentityCase077_MalformedPolicy(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	err := w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), Policy: "{"})
	if !fault.Is(err, fault.Malformed, fault.PolicyDocument) {
		t.Fatalf("got %v", err)
	}
}

func TestIdentityCase078_SessionPolicyNarrows(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	read := allow("s3:GetObject", "arn:aws:s3:::lake/p/*")
	must(t, w.IAM.PutInline(t.Context(), w.asRoot(), principals.RoleNamed("r"), "all", allow("s3:*", "*")))
	m, err := w.IAM.CreatePolicy(t.Context(), w.asRoot(), principals.NewPolicy{Name: "narrow", Document: read})
	must(t, err)
	for name, in := range map[string]sts.AssumeRole{
		"inline":  {RoleARN: r.ARN(), Policy: read},
		"managed": {RoleARN: r.ARN(), PolicyARNs: []string{m.ARN()}},
	} {
		t.Run(name, func(t *testing.T) {
			keys, _ := w.assume(w.keys, in)
			c := w.by(keys)
			may := func(action, key string) bool {
				return c.Decide(caller.Ask{Action: action, Resource: "arn:aws:s3:::lake/" + key, ResourceAccount: account}).Allowed
			}
			if !may("s3:GetObject", "p/x") || may("s3:GetObject", "q/x") || may("s3:PutObject", "p/x") {
				t.Errorf("get p/x %v, get q/x %v, put p/x %v", may("s3:GetObject", "p/x"), may("s3:GetObject", "q/x"),
					may("s3:PutObject", "p/x"))
			}
		})
	}
}

func TestIdentityCase079_GetCallerIdentityDespiteDeny(t *testing.T) {
	w := newWorld(t)
	must(t, w.IAM.PutInline(t.Context(), w.asRoot(), principals.UserNamed("u"), "deny",
		strings.Replace(allow("*", "*"), "Allow", "Deny", 1)))
	id, err := w.STS.CallerIdentity(w.by(w.keys))
	must(t, err)
	if id != (sts.Identity{UserID: w.u.ID, Account: account, ARN: w.u.ARN()}) {
		t.Fatalf("it is %+v", id)
	}
	id, err = w.STS.CallerIdentity(w.by(w.root))
	must(t, err)
	if id != (sts.Identity{UserID: string(account), Account: account, ARN: iamARN + "root"}) {
		t.Fatalf("the root is %+v", id)
	}
}

func TestIdentityCase080_KeysAndTokensThatDoNotBelongTogether(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	a, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	b, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	for name, k := range map[string]controltest.Keys{
		"no token":          {ID: a.ID, Secret: a.Secret},
		"another's token":   {ID: a.ID, Secret: a.Secret, Token: b.Token},
		"another's secret":  {ID: a.ID, Secret: b.Secret, Token: a.Token},
		"a long-term key's": {ID: w.keys.ID, Secret: w.keys.Secret, Token: a.Token},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Authenticate(t, k, "sts"); fault.KindOf(err) != fault.Unauthenticated {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestIdentityCase081_SourceIdentityIsSticky(t *testing.T) {
	w := newWorld(t)
	first := w.role("first", "sts:AssumeRole sts:SetSourceIdentity", w.u.ARN())
	second := w.role("second", "sts:AssumeRole sts:SetSourceIdentity", first.ARN())
	forgets := w.role("forgets", "sts:AssumeRole", first.ARN())
	keys, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: first.ARN(), SourceIdentity: "s1"})
	err := w.try(keys, sts.AssumeRole{RoleARN: second.ARN(), SourceIdentity: "s2"})
	if !fault.Is(err, fault.Denied, fault.SourceIdentity) {
		t.Fatalf("got %v", err)
	}
	_, a := w.assume(keys, sts.AssumeRole{RoleARN: second.ARN()})
	if a.SourceIdentity != "s1" {
		t.Fatalf("carried %q", a.SourceIdentity)
	}
	w.assume(keys, sts.AssumeRole{RoleARN: second.ARN(), SourceIdentity: "s1"})
	refused(t, w.try(keys, sts.AssumeRole{RoleARN: forgets.ARN()}), fault.Denied,
		"not authorized to perform: sts:SetSourceIdentity on resource: "+forgets.ARN())
}

func TestTransitiveTags(t *testing.T) {
	w := newWorld(t)
	first := w.role("first", "sts:AssumeRole sts:TagSession", w.u.ARN())
	second := w.role("second", "sts:AssumeRole sts:TagSession", first.ARN())
	untagged := w.role("untagged", "sts:AssumeRole", first.ARN())
	keys, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: first.ARN(), TransitiveTagKeys: []string{"team"},
		Tags: []iam.Tag{{Key: "team", Value: "data"}, {Key: "once", Value: "here"}}})
	next, _ := w.assume(keys, sts.AssumeRole{RoleARN: second.ARN(), Tags: []iam.Tag{{Key: "step", Value: "2"}}})
	s := w.by(next).Session
	if s.Tags["team"] != "data" || s.Tags["step"] != "2" || len(s.Tags) != 2 || len(s.TransitiveTagKeys) != 1 {
		t.Fatalf("tags %v, transitive %v", s.Tags, s.TransitiveTagKeys)
	}
	t.Run("a transitive tag cannot be replaced", func(t *testing.T) {
		err := w.try(keys, sts.AssumeRole{RoleARN: second.ARN(), Tags: []iam.Tag{{Key: "TEAM", Value: "ops"}}})
		refused(t, err, fault.Invalid, "conflicts with a transitive tag key")
	})
	t.Run("a role that does not let itself be tagged ends the chain", func(t *testing.T) {
		refused(t, w.try(keys, sts.AssumeRole{RoleARN: untagged.ARN()}), fault.Denied, "sts:TagSession")
	})
	t.Run("session tags are the caller's", func(t *testing.T) {
		d := w.by(keys).Decide(caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: account,
			ResourcePolicy: mustParse(t,
				`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",`+
					`"Condition":{"StringEquals":{"aws:PrincipalTag/team":"data"}}}]}`)})
		if d.Effect != policy.ExplicitDeny {
			t.Fatalf("decided %s", d.Explain())
		}
	})
	t.Run("an empty session tag hides the role's tag of the same key", func(t *testing.T) {
		tagged := w.roleWith(principals.NewRole{Name: "tagged", Trust: trusting("sts:AssumeRole sts:TagSession", w.u.ARN()),
			Tags: []iam.Tag{{Key: "team", Value: "data"}}})
		keys, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: tagged.ARN(), Tags: []iam.Tag{{Key: "team", Value: ""}}})
		d := w.by(keys).Decide(caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: account,
			ResourcePolicy: mustParse(t,
				`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",`+
					`"Condition":{"StringEquals":{"aws:PrincipalTag/team":"data"}}}]}`)})
		if d.Effect == policy.ExplicitDeny {
			t.Fatalf("the role's own tag counted: %s", d.Explain())
		}
	})
}

func mustParse(t *testing.T, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse(text, policy.Resource)
	must(t, err)
	return d
}
