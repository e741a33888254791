package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/sso"
)

// signInWorld is a deployment in which everything is there that a sign-in refers to.
type signInWorld struct {
	*centerWorld
	in object
}

func newSignInWorld(t *testing.T) *signInWorld {
	t.Helper()
	w := &signInWorld{centerWorld: newCenterWorld(t)}
	w.issuer("idp", "https://idp.example.org")
	app := w.application("cli")
	for _, role := range []string{"exchanger", "person"} {
		w.iam("CreateRole&RoleName=" + role + "&AssumeRolePolicyDocument=" + queryEscape(trustRoot))
	}
	w.in = object{
		"IssuerUrl":             "https://idp.example.org",
		"ClientId":              "cli",
		"ApplicationArn":        app,
		"ApplicationRoleArn":    "arn:aws:iam::123456789012:role/exchanger",
		"IdentityBearerRoleArn": "arn:aws:iam::123456789012:role/person",
	}
	return w
}

// own calls an operation of Latchkey's own service.
func (w *signInWorld) own(who, op string, in object) (int, object) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	status, answer := w.do(who, "latchkey", http.MethodPost, "/", http.Header{
		"X-Amz-Target": {"Latchkey." + op}, "Content-Type": {"application/x-amz-json-1.1"},
	}, body)
	out := object{}
	if err := json.Unmarshal(answer, &out); err != nil {
		w.t.Fatalf("%s: %s", op, answer)
	}
	return status, out
}

// with is what PutSignIn takes, with a change.
func (w *signInWorld) with(change object) object {
	in := object{}
	for _, all := range []object{w.in, change} {
		for k, v := range all {
			in[k] = v
		}
	}
	return in
}

func (w *signInWorld) secret() string {
	w.t.Helper()
	snap, err := w.Engine.Snapshot()
	if err != nil {
		w.t.Fatal(err)
	}
	s := snap.SignIn(centerAccount)
	if s == nil || len(s.Sealed) == 0 {
		return ""
	}
	secret, err := w.Ring.Unseal(sso.SignInPurpose(centerAccount), s.Sealed)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(secret)
}

func TestSignIn(t *testing.T) {
	w := newSignInWorld(t)
	if status, out := w.own("root", "GetSignIn", object{}); status != 400 || out["__type"] != "ResourceNotFoundException" {
		t.Errorf("before it is set up: %d %v", status, out)
	}
	put := func(change object) {
		t.Helper()
		if status, out := w.own("root", "PutSignIn", w.with(change)); status != http.StatusOK {
			t.Fatalf("%d %v", status, out)
		}
	}
	put(object{"ClientSecret": "between us", "Scopes": []string{"email"}})
	_, out := w.own("root", "GetSignIn", object{})
	for k, v := range w.in {
		if out[k] != v {
			t.Errorf("%s is %v, want %v", k, out[k], v)
		}
	}
	if out["HasClientSecret"] != true || !slices.Equal(out["Scopes"].([]any), []any{"openid", "email"}) {
		t.Errorf("%v", out)
	}
	for _, c := range []struct {
		outcome string
		change  object
		want    string
	}{
		{"kept when nothing is said", nil, "between us"},
		{"replaced", object{"ClientSecret": "another"}, "another"},
		{"dropped with another client", object{"ClientId": "other"}, ""},
		{"set again", object{"ClientSecret": "third"}, "third"},
		{"dropped when empty", object{"ClientSecret": ""}, ""},
	} {
		t.Run("the secret is "+c.outcome, func(t *testing.T) {
			put(c.change)
			if got := w.secret(); got != c.want {
				t.Errorf("it is %q, want %q", got, c.want)
			}
		})
	}
	if status, out := w.own("root", "DeleteSignIn", object{}); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	if status, out := w.own("root", "DeleteSignIn", object{}); status != 400 ||
		out["__type"] != "ResourceNotFoundException" {
		t.Errorf("deleted twice: %d %v", status, out)
	}
	for _, e := range w.Records(t) {
		if line, _ := e.JSON(); strings.Contains(string(line), "between us") {
			t.Errorf("the record of %s holds the secret", e.EventName)
		}
	}
}

func TestSignInRefused(t *testing.T) {
	w := newSignInWorld(t)
	for name, c := range map[string]struct {
		change object
		says   string
	}{
		"an issuer that nobody trusts": {object{"IssuerUrl": "https://evil.example.org"}, "no trusted token issuer"},
		"an issuer that is no URL":     {object{"IssuerUrl": "idp"}, "not the URL"},
		"an application that is not there": {object{
			"ApplicationArn": "arn:aws:sso::123456789012:application/ssoins-1111111111111111/apl-1111111111111111",
		}, "not a custom application"},
		"a role that is not there": {object{"ApplicationRoleArn": "arn:aws:iam::123456789012:role/none"},
			"does not exist"},
		"a role of another account": {object{"IdentityBearerRoleArn": "arn:aws:iam::210987654321:role/person"},
			"not the ARN of a role of account"},
		"a role under another path": {object{"IdentityBearerRoleArn": "arn:aws:iam::123456789012:role/x/person"},
			"does not exist"},
		"a user in the place of a role": {object{"ApplicationRoleArn": "arn:aws:iam::123456789012:user/exchanger"},
			"not the ARN of a role"},
		"something that is no ARN of a role": {object{"ApplicationRoleArn": "exchanger"}, "not the ARN of a role"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.own("root", "PutSignIn", w.with(c.change))
			message, _ := out["Message"].(string)
			if status != 400 || out["__type"] != "ValidationException" || !strings.Contains(message, c.says) {
				t.Errorf("%d %v, want %q", status, out, c.says)
			}
		})
	}
	w.user("alice", allow("s3:*", "sso:*", "latchkey:Explain"))
	for _, op := range []string{"PutSignIn", "GetSignIn", "DeleteSignIn"} {
		t.Run("somebody who may not "+op, func(t *testing.T) {
			in := object{}
			if op == "PutSignIn" {
				in = w.in
			}
			if status, out := w.own("alice", op, in); status != 400 || out["__type"] != "AccessDeniedException" {
				t.Errorf("%d %v", status, out)
			}
		})
	}
}
