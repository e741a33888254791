package caller_test

import (
	"strings"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// has reports whether a request of the caller for an action has a condition key.
func has(t *testing.T, c *caller.Caller, action, key string) bool {
	t.Helper()
	return denies(t, c, action, `{"Null":{"`+key+`":"false"}}`)
}

// denies reports whether a Deny with this condition applies to the caller.
func denies(t *testing.T, c *caller.Caller, action, condition string) bool {
	t.Helper()
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",`+
		`"Action":"*","Resource":"*","Condition":`+condition+`}]}`, policy.Resource)
	must(t, err)
	return c.Decide(caller.Ask{
		Action: action, Resource: "arn:aws:s3:::lake/in/k", ResourceAccount: account, ResourcePolicy: d,
	}).Effect == policy.ExplicitDeny
}

// TestAttack46_KeysArePresentAsTheRegistrySays: for each kind of credential, what is always present is there, and what
// never is, is not.
func TestAttack46_KeysArePresentAsTheRegistrySays(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]*caller.Caller{
		"root": w.who(w.root), "user": w.who(w.key), "role": w.who(w.mint(w.session(credential.AssumedRole))),
		"user session": w.who(w.mint(w.session(credential.UserSession))),
		"vended":       w.who(w.mint(w.session(credential.Vended))),
	} {
		for _, k := range policy.ConditionKeys() {
			key := k.Name
			if strings.HasSuffix(key, "/") {
				key += "x"
			}
			if present := has(t, c, "s3:GetObject", key); k.Presence == policy.Always && !present ||
				k.Presence == policy.Never && present {
				t.Errorf("%s: %s is %s present: %t", name, key, k.Presence, present)
			}
		}
	}
}

// TestAttack46_KeysThatAWSSets: a Deny on a key that AWS sets must not silently never apply.
func TestAttack46_KeysThatAWSSets(t *testing.T) {
	w := newWorld(t)
	key, role := w.who(w.key), w.who(w.mint(w.session(credential.AssumedRole)))
	session, vended := w.who(w.mint(w.session(credential.UserSession))), w.who(w.mint(w.session(credential.Vended)))
	const noMFA, direct = `{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`, `{"Bool":{"aws:ViaAWSService":"false"}}`
	for name, c := range map[string]*caller.Caller{"role": role, "user session": session, "vended": vended} {
		if !denies(t, c, "s3:GetObject", noMFA) {
			t.Errorf("%s: a session without MFA has no aws:MultiFactorAuthPresent", name)
		}
	}
	if has(t, key, "s3:GetObject", "aws:MultiFactorAuthPresent") {
		t.Error("a long-term key has aws:MultiFactorAuthPresent")
	}
	for name, c := range map[string]*caller.Caller{"key": key, "role": role} {
		if !denies(t, c, "s3:GetObject", direct) {
			t.Errorf("%s: a direct call has no aws:ViaAWSService", name)
		}
	}
	t.Run("sessions of a foreign token", func(t *testing.T) {
		_, s := w.federate(credential.AssumedRole)
		if has(t, w.who(w.mint(s)), "s3:GetObject", "aws:MultiFactorAuthPresent") {
			t.Error("the session itself has aws:MultiFactorAuthPresent")
		}
		if s.Chained = true; !denies(t, w.who(w.mint(s)), "s3:GetObject", noMFA) {
			t.Error("a session made with it has no aws:MultiFactorAuthPresent")
		}
	})
	t.Run("headers", func(t *testing.T) {
		r := w.Sign(t, w.key, "sts", "")
		r.Header.Set("Referer", "https://example.org/page")
		c, _, err := w.Auth.Authenticate(r, "sts", caller.Direct(r, "id"))
		must(t, err)
		if !denies(t, c, "s3:GetObject", `{"StringLike":{"aws:Referer":"https://example.org/*"}}`) {
			t.Error("no aws:referer")
		}
		if !denies(t, c, "s3:GetObject", `{"StringEquals":{"aws:UserAgent":""}}`) {
			t.Error("no aws:UserAgent without the header")
		}
		if has(t, key, "s3:GetObject", "aws:Referer") {
			t.Error("aws:referer without the header")
		}
	})
	t.Run("keys of S3 are in requests of S3", func(t *testing.T) {
		for _, k := range []string{"s3:ResourceAccount", "s3:authType", "s3:signatureversion"} {
			if !has(t, key, "s3:GetObject", k) || has(t, key, "iam:GetUser", k) {
				t.Errorf("%s: of S3 %t, of IAM %t", k, has(t, key, "s3:GetObject", k), has(t, key, "iam:GetUser", k))
			}
		}
	})
}

// TestAttack46_TheRefusalHasAReason that the record shows, and the client is not told.
func TestAttack46_TheRefusalHasAReason(t *testing.T) {
	w := newWorld(t)
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*",`+
		`"Resource":"*","Condition":{"IpAddress":{"aws:SorceIp":"10.0.0.0/8"}}}]}`, policy.Resource)
	must(t, err)
	err = w.who(w.key).Authorize(caller.Ask{
		Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: account, ResourcePolicy: d,
	})
	f := fault.Of(err)
	if f.Kind != fault.Denied || f.Reason != fault.ConditionKeyUnknown || strings.Contains(f.Message(), "SorceIp") ||
		!strings.Contains(f.Message(), "explicit deny") || !strings.Contains(err.Error(), "aws:SorceIp") {
		t.Errorf("got %v, told %q", err, f.Message())
	}
}
