package sts_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func TestAssumeRole(t *testing.T) {
	w := newWorld(t)
	r := w.roleWith(principals.NewRole{Name: "r", Path: "/svc/", Trust: trusting("sts:AssumeRole", w.u.ARN())})
	keys, a := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN(), SessionName: "s1"})
	if a.ARN != "arn:aws:sts::123456789012:assumed-role/r/s1" || a.RoleID != r.ID+":s1" || a.PackedSize >= 0 ||
		a.SourceIdentity != "" {
		t.Fatalf("assumed %+v", a)
	}
	if !strings.HasPrefix(keys.ID, "ASIA") || len(keys.ID) != 20 || len(keys.Secret) != 40 {
		t.Fatalf("key %s", keys.ID)
	}
	if left := time.Until(a.Credentials.Expires); left > time.Hour || left < time.Hour-time.Minute {
		t.Fatalf("expires in %v", left)
	}
	id, err := w.STS.CallerIdentity(w.by(keys))
	must(t, err)
	if id.ARN != a.ARN || id.UserID != a.RoleID || id.Account != account {
		t.Fatalf("it is %+v", id)
	}
	t.Run("expires", func(t *testing.T) {
		w.Advance(time.Hour)
		defer w.Advance(-time.Hour)
		if _, err := w.Authenticate(t, keys, "sts"); !fault.Is(err, fault.Expired, fault.SessionToken) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestWhoMayAssumeARole(t *testing.T) {
	w := newWorld(t)
	const text = "User: arn:aws:iam::123456789012:user/u is not authorized to perform: sts:AssumeRole on resource: "
	t.Run("not a caller whom the role does not trust", func(t *testing.T) {
		_, strange := w.User(w.t, w.root, "stranger", allow("*", "*"))
		r := w.role("trusts-u", "sts:AssumeRole", w.u.ARN())
		err := w.try(strange, sts.AssumeRole{RoleARN: r.ARN()})
		refused(t, err, fault.Denied,
			"User: arn:aws:iam::123456789012:user/stranger is not authorized to perform: sts:AssumeRole on resource: "+r.ARN())
		w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	})
	t.Run("a role that does not exist is refused in the same words", func(t *testing.T) {
		untrusted := w.role("untrusting", "sts:AssumeRole", iamARN+"root")
		for _, arn := range []string{untrusted.ARN(), iamARN + "role/none", iamARN + "role/p/untrusting", iamARN +
			"role/UNTRUSTING", "arn:aws:iam::999999999999:role/none"} {
			err := w.try(w.keys, sts.AssumeRole{RoleARN: arn})
			if f := fault.Of(err); f == nil || f.Kind != fault.Denied || f.Text.String() != text+arn {
				t.Errorf("%s: %v", arn, err)
			}
		}
	})
	t.Run("trust in the account needs the caller's own permission too", func(t *testing.T) {
		r := w.role("trusts-account", "sts:AssumeRole", iamARN+"root")
		_, permitted := w.User(w.t, w.root, "permitted", allow("sts:AssumeRole", r.ARN()))
		refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN()}), fault.Denied, text+r.ARN())
		w.assume(permitted, sts.AssumeRole{RoleARN: r.ARN()})
	})
	t.Run("across accounts both sides must allow", func(t *testing.T) {
		guest, without := w.User(w.t, w.otherRoot, "guest", "")
		r := w.role("trusts-guest", "sts:AssumeRole", guest.ARN())
		err := w.try(without, sts.AssumeRole{RoleARN: r.ARN()})
		refused(t, err, fault.Denied, "user/guest is not authorized to perform: sts:AssumeRole on resource: "+r.ARN())
		_, with := w.User(w.t, w.otherRoot, "guest2", allow("sts:AssumeRole", r.ARN()))
		refused(t, w.try(with, sts.AssumeRole{RoleARN: r.ARN()}), fault.Denied, "user/guest2 is not authorized")
		must(t, w.IAM.PutInline(t.Context(), w.Call(t, w.otherRoot, "iam", "T"), principals.UserNamed("guest"), "p",
			allow("sts:AssumeRole", r.ARN())))
		keys, _ := w.assume(without, sts.AssumeRole{RoleARN: r.ARN()})
		id, err := w.STS.CallerIdentity(w.by(keys))
		must(t, err)
		if id.Account != account {
			t.Fatalf("the session is of %s", id.Account)
		}
		both := map[string]bool{}
		for _, e := range w.Records(t) {
			if e.Latchkey != nil && e.Latchkey.Session == "session" && e.UserIdentity.ARN == guest.ARN() {
				both[e.RecipientAccountID] = true
			}
		}
		if !both[string(account)] || !both[string(other)] {
			t.Errorf("recorded in %v", both)
		}
	})
	t.Run("an explicit deny wins over trust", func(t *testing.T) {
		r := w.role("denied", "sts:AssumeRole", w.u.ARN())
		must(t, w.IAM.PutInline(t.Context(), w.asRoot(), principals.UserNamed("u"), "deny",
			strings.Replace(allow("sts:AssumeRole", r.ARN()), "Allow", "Deny", 1)))
		refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN()}), fault.Denied, text+r.ARN())
	})
	t.Run("never the root user", func(t *testing.T) {
		r := w.role("trusts-root", "sts:AssumeRole", iamARN+"root")
		refused(t, w.try(w.root, sts.AssumeRole{RoleARN: r.ARN()}), fault.Denied,
			"Roles may not be assumed by root accounts.")
	})
	t.Run("not what is no role's ARN", func(t *testing.T) {
		for _, arn := range []string{w.u.ARN(), iamARN + "root", "role/r", "arn:aws:sts::123456789012:assumed-role/r/s"} {
			refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: arn}), fault.Invalid, arn+" is invalid")
		}
	})
}

func TestConditionsOfTrust(t *testing.T) {
	w := newWorld(t)
	base := trusting("sts:AssumeRole sts:TagSession sts:SetSourceIdentity", w.u.ARN())
	for _, c := range []struct {
		key, value string
		good, bad  sts.AssumeRole
	}{
		{"sts:ExternalId", "secret-42", sts.AssumeRole{ExternalID: "secret-42"}, sts.AssumeRole{ExternalID: "guess"}},
		{"sts:ExternalId", "secret-42", sts.AssumeRole{ExternalID: "secret-42"}, sts.AssumeRole{}},
		{"sts:RoleSessionName", "etl", sts.AssumeRole{SessionName: "etl"}, sts.AssumeRole{SessionName: "other"}},
		{"sts:SourceIdentity", "alice", sts.AssumeRole{SourceIdentity: "alice"}, sts.AssumeRole{SourceIdentity: "bob"}},
		{"aws:RequestTag/team", "data", sts.AssumeRole{Tags: []iam.Tag{{Key: "team", Value: "data"}}},
			sts.AssumeRole{Tags: []iam.Tag{{Key: "team", Value: "x"}}}},
		{"aws:TagKeys", "team", sts.AssumeRole{Tags: []iam.Tag{{Key: "team"}}}, sts.AssumeRole{Tags: []iam.Tag{{Key: "x"}}}},
		{"sts:TransitiveTagKeys", "team", sts.AssumeRole{Tags: []iam.Tag{{Key: "team"}}, TransitiveTagKeys: []string{"team"}},
			sts.AssumeRole{Tags: []iam.Tag{{Key: "team"}}}},
		{"aws:PrincipalArn", w.u.ARN(), sts.AssumeRole{}, sts.AssumeRole{}},
	} {
		t.Run(c.key, func(t *testing.T) {
			name := strings.NewReplacer(":", "-", "/", "-").Replace(c.key) + c.bad.ExternalID
			r := w.roleWith(principals.NewRole{Name: name, Trust: withCondition(base, "StringEquals", c.key, c.value)})
			c.good.RoleARN, c.bad.RoleARN = r.ARN(), r.ARN()
			w.assume(w.keys, c.good)
			if c.key != "aws:PrincipalArn" {
				refused(t, w.try(w.keys, c.bad), fault.Denied, "not authorized to perform: sts:AssumeRole")
			}
		})
	}
}

func TestActionsOfTrust(t *testing.T) {
	w := newWorld(t)
	plain := w.role("plain", "sts:AssumeRole", w.u.ARN())
	tagging := w.role("tagging", "sts:AssumeRole sts:TagSession", w.u.ARN())
	naming := w.role("naming", "sts:AssumeRole sts:SetSourceIdentity", w.u.ARN())
	tags := []iam.Tag{{Key: "team", Value: "data"}}
	refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: plain.ARN(), Tags: tags}), fault.Denied,
		"not authorized to perform: sts:TagSession on resource: "+plain.ARN())
	refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: plain.ARN(), SourceIdentity: "alice"}), fault.Denied,
		"not authorized to perform: sts:SetSourceIdentity on resource: "+plain.ARN())
	w.assume(w.keys, sts.AssumeRole{RoleARN: tagging.ARN(), Tags: tags})
	_, a := w.assume(w.keys, sts.AssumeRole{RoleARN: naming.ARN(), SourceIdentity: "alice"})
	if a.SourceIdentity != "alice" {
		t.Fatalf("assumed %+v", a)
	}
}

func TestRefusedRequests(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole sts:TagSession sts:SetSourceIdentity", w.u.ARN())
	many := make([]iam.Tag, 51)
	for i := range many {
		many[i].Key = strings.Repeat("k", i+1)
	}
	for name, c := range map[string]struct {
		in   sts.AssumeRole
		kind fault.Kind
		text string
	}{
		"session name too short": {sts.AssumeRole{SessionName: "s"}, fault.Invalid,
			"Value 's' at 'roleSessionName' failed to satisfy constraint"},
		"session name with a slash": {sts.AssumeRole{SessionName: "a/b"}, fault.Invalid, "'roleSessionName'"},
		"session name too long": {sts.AssumeRole{SessionName: strings.Repeat("s", 65)}, fault.Invalid,
			"'roleSessionName'"},
		"external id with a space":     {sts.AssumeRole{ExternalID: "a b"}, fault.Invalid, "'externalId'"},
		"source identity with a colon": {sts.AssumeRole{SourceIdentity: "aws:x"}, fault.Invalid, "'sourceIdentity'"},
		"a token code":                 {sts.AssumeRole{MFA: true}, fault.Denied, "MultiFactorAuthentication failed"},
		"too many tags":                {sts.AssumeRole{Tags: many}, fault.Invalid, "at most 50 tags"},
		"the same tag twice": {sts.AssumeRole{Tags: []iam.Tag{{Key: "a"}, {Key: "A"}}}, fault.Invalid,
			"Duplicate tag keys found."},
		"a reserved tag":      {sts.AssumeRole{Tags: []iam.Tag{{Key: "AWS:a"}}}, fault.Invalid, "reserved"},
		"a tag without a key": {sts.AssumeRole{Tags: []iam.Tag{{}}}, fault.Invalid, "1 to 128 characters"},
		"a transitive key without a tag": {sts.AssumeRole{TransitiveTagKeys: []string{"a"}}, fault.Invalid,
			"must be included in the requested tags"},
		"tags too long":     {sts.AssumeRole{Tags: longTags()}, fault.TooLarge, "Packed size"},
		"too many policies": {sts.AssumeRole{PolicyARNs: make([]string, 11)}, fault.Invalid, "at most 10"},
		"a policy that does not exist": {sts.AssumeRole{PolicyARNs: []string{iamARN + "policy/none"}}, fault.Invalid,
			"Policy " + iamARN + "policy/none does not exist or is not attachable."},
		"a policy with a principal": {sts.AssumeRole{Policy: trusting("sts:AssumeRole", iamARN+"root")}, fault.Malformed,
			"principal"},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.RoleARN = r.ARN()
			refused(t, w.try(w.keys, c.in), c.kind, c.text)
		})
	}
	t.Run("a managed policy of another account", func(t *testing.T) {
		m, err := w.IAM.CreatePolicy(t.Context(), w.Call(t, w.otherRoot, "iam", "T"),
			principals.NewPolicy{Name: "p", Document: allow("*", "*")})
		must(t, err)
		refused(t, w.try(w.keys, sts.AssumeRole{RoleARN: r.ARN(), PolicyARNs: []string{m.ARN()}}), fault.Invalid,
			"does not exist or is not attachable")
	})
}

func longTags() []iam.Tag {
	var tags []iam.Tag
	for _, k := range "abcdefghi" {
		tags = append(tags, iam.Tag{Key: string(k), Value: strings.Repeat("v", 256)})
	}
	return tags
}
