package caller_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

type keys = controltest.Keys

// TestWhoIsCalling checks the identity of every kind of caller.
func TestWhoIsCalling(t *testing.T) {
	w := newWorld(t)
	source := w.session(credential.AssumedRole)
	source.SourceIdentity = "person"
	for name, x := range map[string]struct {
		keys                       keys
		arn, id                    string
		root, temporary, vended    bool
		kind                       policy.PrincipalKind
		principal, sourceIdentity_ string
	}{
		"root": {w.root, "arn:aws:iam::123456789012:root", "123456789012", true, false, false, policy.Root,
			"arn:aws:iam::123456789012:root", ""},
		"user": {w.key, "arn:aws:iam::123456789012:user/u", "AIDAUSER", false, false, false, policy.User,
			"arn:aws:iam::123456789012:user/u", ""},
		"role": {w.mint(source), "arn:aws:sts::123456789012:assumed-role/r/session", "AROAROLE:session", false, true,
			false, policy.Role, "arn:aws:iam::123456789012:role/r", "person"},
		"vended": {w.mint(w.session(credential.Vended)), "arn:aws:sts::123456789012:assumed-role/r/session",
			"AROAROLE:session", false, true, true, policy.Role, "arn:aws:iam::123456789012:role/r", ""},
		"user session": {w.mint(w.session(credential.UserSession)), "arn:aws:iam::123456789012:user/u", "AIDAUSER", false,
			true, false, policy.User, "arn:aws:iam::123456789012:user/u", ""},
		"root session": {w.mint(w.session(credential.RootSession)), "arn:aws:iam::123456789012:root", "123456789012", true,
			true, false, policy.Root, "arn:aws:iam::123456789012:root", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.who(x.keys)
			if c.ARN() != x.arn || c.UserID() != x.id || c.IsRoot() != x.root || c.IsTemporary() != x.temporary ||
				c.IsVended() != x.vended || c.Principal.Kind != x.kind ||
				c.Principal.ARN != x.principal || c.SourceIdentity() != x.sourceIdentity_ || c.Account != account ||
				c.AccessKeyID != x.keys.ID {
				t.Errorf("got %s %s %+v", c.ARN(), c.UserID(), c.Principal)
			}
		})
	}
}

// TestRefusedCredentials checks that keys, tokens and signatures that do not belong together are refused.
func TestRefusedCredentials(t *testing.T) {
	w := newWorld(t)
	a, b := w.mint(w.session(credential.Vended)), w.mint(w.session(credential.Vended))
	late := w.session(credential.AssumedRole)
	late.Issued, late.Expires = late.Issued.Add(-2*time.Hour), late.Issued.Add(-time.Hour)
	for name, x := range map[string]struct {
		keys   keys
		kind   fault.Kind
		entity fault.Entity
	}{
		"unknown key":             {keys{ID: "AKIAUNKNOWN", Secret: "x"}, fault.Unauthenticated, fault.AccessKey},
		"wrong secret":            {keys{ID: w.key.ID, Secret: "x"}, fault.Unauthenticated, fault.Signature},
		"empty secret":            {keys{ID: w.key.ID, Secret: ""}, fault.Unauthenticated, fault.Signature},
		"temporary without token": {keys{ID: a.ID, Secret: a.Secret}, fault.Unauthenticated, fault.AccessKey},
		"the token of another": {keys{ID: a.ID, Secret: a.Secret, Token: b.Token}, fault.Unauthenticated,
			fault.SessionToken},
		"the secret of another": {keys{ID: a.ID, Secret: b.Secret, Token: a.Token}, fault.Unauthenticated,
			fault.Signature},
		"a user's key with a token": {keys{ID: w.key.ID, Secret: w.key.Secret, Token: a.Token}, fault.Unauthenticated,
			fault.SessionToken},
		"a cut token": {keys{ID: a.ID, Secret: a.Secret, Token: a.Token[:len(a.Token)-4]}, fault.Unauthenticated,
			fault.SessionToken},
		"a foreign token": {keys{ID: a.ID, Secret: a.Secret, Token: "nonsense"}, fault.Unauthenticated,
			fault.SessionToken},
		"an expired session": {w.mint(late), fault.Expired, fault.SessionToken},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Authenticate(t, x.keys, "sts"); !fault.Is(err, x.kind, x.entity) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("signed for another service", func(t *testing.T) {
		if _, _, err := w.Auth.Authenticate(w.Sign(t, w.key, "iam", ""), "sts", caller.Connection{}); !fault.Is(err,
			fault.Invalid, fault.Authorization) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a sealed secret in another key's row", func(t *testing.T) {
		moved := w.accessKey(iam.Active)
		moved.ID = "AKIAEXAMPLEUSER00002"
		w.change(func(tx *store.Tx) error { return store.AccessKeys.Insert(tx, moved) })
		if _, err := w.Authenticate(t, keys{ID: moved.ID, Secret: w.key.Secret}, "sts"); fault.KindOf(err) != fault.Internal {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an inactive key, and a key of nobody", func(t *testing.T) {
		w.change(func(tx *store.Tx) error { return store.AccessKeys.Update(tx, w.accessKey(iam.Inactive)) })
		if _, err := w.Authenticate(t, w.key, "sts"); !fault.Is(err, fault.Unauthenticated, fault.AccessKey) {
			t.Errorf("inactive: %v", err)
		}
		w.change(func(tx *store.Tx) error {
			if err := store.AccessKeys.Update(tx, w.accessKey(iam.Active)); err != nil {
				return err
			}
			return store.Users.Delete(tx, w.user.ID)
		})
		if _, err := w.Authenticate(t, w.key, "sts"); !fault.Is(err, fault.Unauthenticated, fault.AccessKey) {
			t.Errorf("without its user: %v", err)
		}
	})
}

// TestPoliciesThatCannotBeReadDeny covers the caller's own policies and those that narrow its session.
func TestPoliciesThatCannotBeReadDeny(t *testing.T) {
	w := newWorld(t)
	for name, cut := range map[string]func(*credential.Session){
		"a session policy": func(s *credential.Session) { s.Policies = []string{"{"} },
		"one of two":       func(s *credential.Session) { s.Policies = []string{everything, "{}"} },
		"a managed session policy": func(s *credential.Session) {
			s.PolicyARNs = []string{"arn:aws:iam::123456789012:policy/none"}
		},
	} {
		s := w.session(credential.AssumedRole)
		cut(&s)
		if _, err := w.Authenticate(t, w.mint(s), "sts"); !fault.Is(err, fault.Denied, fault.Policy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, scope := range []string{"lake/in/*", "s3://", "s3://la ke/x*"} {
		s := w.session(credential.Vended)
		s.Scope = scope
		c, err := w.Authenticate(t, w.mint(s), "sts")
		if err == nil {
			err = c.Authorize(caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/in/k", ResourceAccount: account})
		}
		if scope != "s3://" && err == nil {
			t.Errorf("the scope %q: %v", scope, err)
		}
	}
	w.user.Inline[0].Document = "{"
	w.change(func(tx *store.Tx) error { return store.Users.Update(tx, &w.user) })
	if _, err := w.Authenticate(t, w.key, "sts"); !fault.Is(err, fault.Denied, fault.Policy) {
		t.Errorf("its own policy: %v", err)
	}
}

// TestSessionsAreNarrowed: a session may do what its role and its session policies both allow.
func TestSessionsAreNarrowed(t *testing.T) {
	w := newWorld(t)
	s := w.session(credential.AssumedRole)
	s.Policies = []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",` +
		`"Resource":"*"}]}`}
	narrow, wide := w.who(w.mint(s)), w.who(w.mint(w.session(credential.AssumedRole)))
	vended := w.who(w.mint(w.session(credential.Vended)))
	for _, x := range []struct {
		action, resource   string
		wide, narrow, vend bool
	}{
		{"s3:GetObject", "arn:aws:s3:::lake/in/k", true, true, true},
		{"s3:GetObject", "arn:aws:s3:::lake/out", true, true, false},
		{"s3:PutObject", "arn:aws:s3:::lake/in/k", true, false, false}, {"iam:CreateUser", "*", true, false, false},
		{"s3:GetDataAccess", w.inst, true, false, false}, {"sts:AssumeRole", w.role.ARN(), true, false, false},
	} {
		ask := caller.Ask{Action: x.action, Resource: x.resource, ResourceAccount: account}
		for name, c := range map[string]struct {
			who  *caller.Caller
			want bool
		}{"wide": {wide, x.wide}, "narrow": {narrow, x.narrow}, "vended": {vended, x.vend}} {
			err := c.who.Authorize(ask)
			if (err == nil) != c.want {
				t.Errorf("%s: %s on %s: %v", name, x.action, x.resource, err)
			}
			if err != nil {
				want := "User: arn:aws:sts::123456789012:assumed-role/r/session is not authorized to perform: " + x.action +
					` on resource: "` + x.resource + `" because no session policy allows the ` + x.action + " action"
				if text := fault.Of(err).Text.String(); text != want {
					t.Errorf("got  %s\nwant %s", text, want)
				}
			}
		}
	}
}

// TestConditionKeysOfACaller evaluates policies with every condition key that a caller has.
func TestConditionKeysOfACaller(t *testing.T) {
	w := newWorld(t)
	s := w.session(credential.AssumedRole)
	s.Tags, s.SourceIdentity = map[string]string{"team": "session"}, "person"
	role, vended, user := w.who(w.mint(s)), w.who(w.mint(w.session(credential.Vended))), w.who(w.key)
	role.Facts.TLS = 0x0304
	user.Facts.AuthType, user.Facts.SignatureAge = caller.QueryString, 1500*time.Millisecond
	for _, x := range []struct {
		who        *caller.Caller
		key, value string
		operator   string
	}{
		{user, "aws:PrincipalTag/team", "blue", ""}, {role, "aws:PrincipalTag/team", "session", ""},
		{role, "aws:PrincipalTag/kind", "role", ""}, {vended, "aws:PrincipalTag/team", "red", ""},
		{role, "aws:SourceIdentity", "person", ""}, {role, "aws:TokenIssueTime", s.Issued.Format(time.RFC3339), "DateEquals"},
		{vended, "s3:AccessGrantsInstanceArn", w.inst, ""},
		{user, "aws:SecureTransport", "false", "Bool"}, {role, "aws:SecureTransport", "true", "Bool"},
		{role, "s3:TlsVersion", "1.3", "NumericEquals"},
		{user, "s3:authType", "REST-QUERY-STRING", ""}, {user, "s3:signatureAge", "1500", "NumericEquals"},
		{role, "s3:authType", "REST-HEADER", ""}, {user, "s3:signatureversion", "AWS4-HMAC-SHA256", ""},
		{user, "aws:SourceIp", "192.0.2.1", "IpAddress"}, {user, "aws:RequestedRegion", controltest.Region, ""},
		{user, "s3:ResourceAccount", string(account), ""}, {user, "aws:ResourceAccount", string(account), ""},
		{user, "aws:username", "u", ""}, {user, "aws:PrincipalAccount", string(account), ""},
		{role, "aws:userid", "AROAROLE:session", ""},
	} {
		operator := x.operator
		if operator == "" {
			operator = "StringEquals"
		}
		denied := func(value string) bool {
			doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",`+
				`"Action":"s3:GetObject","Resource":"*","Condition":{"`+
				operator+`":{"`+x.key+`":"`+value+`"}}}]}`, policy.Resource)
			if err != nil {
				t.Fatalf("%s: %v", x.key, err)
			}
			return x.who.Decide(caller.Ask{
				Action:          "s3:GetObject",
				Resource:        "arn:aws:s3:::lake/in/k",
				ResourceAccount: account,
				ResourcePolicy:  doc,
			}).Effect == policy.ExplicitDeny
		}
		if !denied(x.value) {
			t.Errorf("%s is not %s", x.key, x.value)
		}
		if denied(other(operator, x.value)) {
			t.Errorf("%s is anything", x.key)
		}
	}
	t.Run("what an action says never overrides them", func(t *testing.T) {
		doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",`+
			`"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`, policy.Resource)
		must(t, err)
		var values policy.Values
		values.Set("aws:SourceIp", "10.0.0.1")
		if err := user.Authorize(caller.Ask{
			Action:          "s3:GetObject",
			Resource:        "arn:aws:s3:::lake/k",
			ResourceAccount: account,
			Values:          values,
			ResourcePolicy:  doc,
		}); err != nil {
			t.Error(err)
		}
		if got := values.Get("aws:SourceIp"); strings.Join(got, "") != "10.0.0.1" {
			t.Errorf("the asker's own values were changed: %v", got)
		}
	})
}

// other returns another value of an operator's type.
func other(operator, value string) string {
	switch operator {
	case "IpAddress":
		return "10.9.9.9"
	case "NumericEquals":
		return "77"
	case "DateEquals":
		return "1999-01-01T00:00:00Z"
	case "Bool":
		return map[string]string{"true": "false", "false": "true"}[value]
	}
	return "something else"
}

// TestFactsOfARequest: the region that stands for the default one, and the address of the connection.
func TestFactsOfARequest(t *testing.T) {
	w := newWorld(t)
	r := w.Sign(t, w.key, "sts", "")
	r.Header.Set("X-Forwarded-For", "10.0.0.1")
	r.Header.Set("User-Agent", "tester/1")
	r.RemoteAddr = "[2001:db8::1]:5000"
	c, _, err := w.Auth.Authenticate(r, "sts", caller.Direct(r, "id"))
	must(t, err)
	if f := c.Facts; f.SourceIP.String() != "2001:db8::1" || f.Region != controltest.Region || f.UserAgent != "tester/1" ||
		f.RequestID != "id" || f.Service != "sts" || f.AuthType != caller.Header || f.Host != "latchkey.test:4242" {
		t.Errorf("got %+v", f)
	}
}
