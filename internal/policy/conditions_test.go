package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// TestConditions decides each condition of the corpus twice: in an Allow and in a Deny statement. "unsure" marks a
// value that cannot be read. It fails an Allow and fulfils a Deny.
func TestConditions(t *testing.T) {
	var cases []struct {
		It      string
		Version string
		If      json.RawMessage
		Given   map[string][]string
		Holds   string
	}
	load(t, "testdata/conditions.json", &cases)
	if len(cases) < 120 {
		t.Errorf("the corpus has shrunk to %d conditions", len(cases))
	}
	for _, c := range cases {
		t.Run(c.It, func(t *testing.T) {
			if c.Version == "" {
				c.Version = Version2012
			}
			document := func(effect string) *Document {
				return parse(t, Identity, fmt.Sprintf(
					`{"Version":%q,"Statement":[{"Effect":%q,"Action":"*","Resource":"*","Condition":%s}]}`, c.Version, effect, c.If))
			}
			r := Request{
				Principal:       alice,
				Action:          "s3:ListBucket",
				Resource:        "arn:aws:s3:::lake",
				ResourceAccount: alice.Account,
			}
			for k, v := range c.Given {
				r.Context.Set(k, v...)
			}
			allow := Evaluate(r, Policies{Identity: []*Document{document("Allow")}})
			if want := c.Holds == "yes"; allow.Allowed != want {
				t.Errorf("in an Allow: allowed %v, want %v", allow.Allowed, want)
			}
			deny := Evaluate(r, Policies{Identity: []*Document{allowAll(t), document("Deny")}})
			if want := c.Holds == "no"; deny.Allowed != want {
				t.Errorf("in a Deny: allowed %v, want %v", deny.Allowed, want)
			}
		})
	}
}

var alice = Principal{
	Kind:    User,
	ARN:     "arn:aws:iam::111122223333:user/team/alice",
	Account: "111122223333",
	ID:      "AIDA1111222233334444A",
}

func allowAll(t testing.TB) *Document {
	return parse(t, Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`).Named("allow-all")
}

func load(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
