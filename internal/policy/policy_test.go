package policy

import "testing"

func parse(t testing.TB, k Kind, text string) *Document {
	t.Helper()
	d, err := Parse(text, k)
	if err != nil {
		t.Fatalf("parse: %v\n%s", err, text)
	}
	return d
}

func TestEvaluateAllowsWhatAnIdentityPolicyAllows(t *testing.T) {
	d := parse(t, Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::lake/${aws:username}/*"}}`)
	r := Request{
		Principal: Principal{Kind: User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", ID: "AIDAALICE"},
		Action:    "s3:GetObject", Resource: "arn:aws:s3:::lake/alice/x", ResourceAccount: "111122223333",
	}
	if got := Evaluate(r, Policies{Identity: []*Document{d}}); !got.Allowed {
		t.Errorf("got %s, want allowed", got.Explain())
	}
	r.Resource = "arn:aws:s3:::lake/bob/x"
	if got := Evaluate(r, Policies{Identity: []*Document{d}}); got.Allowed || got.Because() != "because no identity-based policy allows the s3:GetObject action" {
		t.Errorf("got %+v", got)
	}
}
