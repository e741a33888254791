package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func statements(kind Kind, t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse(`{"Version":"2012-10-17","Statement":[`+text+`]}`, kind)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatCoversAReach(t *testing.T) {
	under := Reach{"s3:GetObject", "arn:aws:s3:::lake/team1/", true}
	one := Reach{"s3:GetObject", "arn:aws:s3:::lake/team1/k", false}
	for text, want := range map[string][2]bool{
		`"Effect":"Allow","Action":"*","Resource":"*"`:                                                     {true, true},
		`"Effect":"Allow","Action":"S3:Get*","Resource":"arn:aws:s3:::lake/*"`:                             {true, true},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1/*"`:                  {true, true},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1*"`:                   {true, true},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1/k"`:                  {false, true},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1/k*"`:                 {false, true},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1/?"`:                  {false, false},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*/k"`:                      {false, false},
		`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/${aws:username}*"`:         {false, false},
		`"Effect":"Allow","Action":"s3:PutObject","Resource":"*"`:                                          {false, false},
		`"Effect":"Allow","NotAction":"s3:PutObject","Resource":"*"`:                                       {false, false},
		`"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::pond/*"`:                                {false, false},
		`"Effect":"Deny","Action":"*","Resource":"*"`:                                                      {false, false},
		`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}`: {false, false},
	} {
		d := statements(Identity, t, "{"+text+"}")
		if got := [2]bool{d.AllowsAll(under), d.AllowsAll(one)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestWhatMayDenyAReach(t *testing.T) {
	under := Reach{"s3:GetObject", "arn:aws:s3:::lake/team1/", true}
	one := Reach{"s3:GetObject", "arn:aws:s3:::lake/team1/k", false}
	for text, want := range map[string][2]bool{
		`"Action":"*","Resource":"*"`:                                                            {true, true},
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1/secret/*"`:                  {true, false},
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team1/secret"`:                    {true, false},
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*.key"`:                           {true, true},
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/team10/*"`:                        {false, false},
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::pond/*"`:                               {false, false},
		`"Action":"s3:PutObject","Resource":"*"`:                                                 {false, false},
		`"NotAction":"s3:GetObject","Resource":"*"`:                                              {false, false},
		`"NotAction":"s3:PutObject","Resource":"*"`:                                              {true, true},
		`"Action":"*","NotResource":"arn:aws:s3:::lake/*"`:                                       {false, false},
		`"Action":"*","NotResource":"arn:aws:s3:::lake/team1/k"`:                                 {true, false},
		`"Action":"*","NotResource":"arn:aws:s3:::pond/*"`:                                       {true, true},
		`"Action":"s3:Get*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}`: {true, true},
	} {
		d := statements(Identity, t, `{"Effect":"Deny",`+text+"}")
		if got := [2]bool{d.MayDeny(under), d.MayDeny(one)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		if statements(Identity, t, `{"Effect":"Allow",`+text+"}").MayDeny(under) {
			t.Errorf("an Allow denies: %s", text)
		}
	}
}

// Evaluate is the oracle: what a reach is said to be allowed is allowed for each request in it, and what may not deny
// denies none.
func TestReachAgreesWithEvaluate(t *testing.T) {
	word := rapid.StringMatching(`[ab/]{0,3}(\*|\?|\$\{\*\}|)[ab/]{0,2}(\*)?`)
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.SampledFrom([]string{"Resource", "NotResource"}).Draw(t, "element")
		effect := rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect")
		text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":"s3:Get*",%q:"arn:aws:s3:::lake/%s"}]}`,
			effect, element, word.Draw(t, "pattern"))
		d, err := Parse(text, Identity)
		if err != nil {
			t.Skip()
		}
		prefix := rapid.StringMatching(`[ab/]{0,4}`).Draw(t, "prefix")
		r := Reach{"s3:GetObject", "arn:aws:s3:::lake/" + prefix, rapid.Bool().Draw(t, "whole")}
		key := prefix
		if r.Prefix {
			key += rapid.StringMatching(`[ab/*]{0,3}`).Draw(t, "rest")
		}
		got := Evaluate(objectRequest("s3:GetObject", key), Policies{Identity: []*Document{d}})
		if d.AllowsAll(r) && !got.Allowed {
			t.Fatalf("%s covers %+v, and %q is refused: %s", text, r, key, got.Explain())
		}
		if got.Effect == ExplicitDeny && !d.MayDeny(r) {
			t.Fatalf("%s may not deny %+v, and denies %q", text, r, key)
		}
		if strings.Contains(text, `"Allow"`) && d.MayDeny(r) {
			t.Fatalf("%s may deny", text)
		}
		if got.Allowed && !d.MayAllow(r) {
			t.Fatalf("%s may not allow %+v, and allows %q", text, r, key)
		}
		if d.DeniesAll(r) && got.Effect != ExplicitDeny {
			t.Fatalf("%s denies all of %+v, and not %q", text, r, key)
		}
	})
}
