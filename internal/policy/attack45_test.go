package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// costly is a document with a statement whose condition takes many steps to evaluate against a long user agent.
func costly(t testing.TB, effect string, patterns int) *Document {
	var b strings.Builder
	for i := range patterns {
		fmt.Fprintf(&b, `"*%sa?b%d*",`, strings.Repeat("a?", 20), i)
	}
	return parse(t, Identity, `{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":"s3:*","Resource":"*"},
	 {"Effect":"`+effect+`","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"aws:UserAgent":[`+
		strings.TrimSuffix(b.String(), ",")+`]}}}]}`)
}

func deletion(agent string) Request {
	r := Request{Principal: alice, Action: "s3:DeleteObject", ResourceAccount: alice.Account}
	r.Context.Set("aws:UserAgent", agent)
	return r
}

func TestAttack45_OneRequestHasSoManySteps(t *testing.T) {
	d := costly(t, "Deny", 3000)
	r := deletion(strings.Repeat("a", maxValue))
	var m Meter
	r.Meter, r.Resource = &m, "arn:aws:s3:::lake/x"
	got := Evaluate(r, Policies{Identity: []*Document{d}})
	if got.Allowed || got.Stopped != TooManySteps || got.Effect != ExplicitDeny {
		t.Fatalf("a decision that is too costly: %s", got.Explain())
	}
	if m.Steps() > maxSteps+lookInterval {
		t.Errorf("it took %d steps", m.Steps())
	}
	if !strings.Contains(got.Because(), "more steps") || !strings.Contains(got.Explain(), "more steps") {
		t.Errorf("it does not say so: %s", got.Because())
	}
	easy := Policies{Identity: []*Document{allowAll(t)}}
	if after := Evaluate(r, easy); after.Allowed || after.Stopped != TooManySteps {
		t.Errorf("after that, the request is decided again: %s", after.Explain())
	}
	r.Meter = nil
	if next := Evaluate(r, easy); !next.Allowed {
		t.Errorf("the next request: %s", next.Explain())
	}
}

func TestAttack45_ConditionsAreEvaluatedOnceForManyKeys(t *testing.T) {
	p := Policies{Identity: []*Document{costly(t, "Deny", 20)}}
	r := deletion(strings.Repeat("a", maxValue))
	var m Meter
	r.Meter = &m
	first := 0
	for i := range 1000 {
		r.Resource = fmt.Sprintf("arn:aws:s3:::lake/%d", i)
		if d := Evaluate(r, p); !d.Allowed {
			t.Fatal(d.Explain())
		}
		if i == 0 {
			first = m.Steps()
		}
	}
	if first < 100_000 || m.Steps()-first > 1000*20 {
		t.Errorf("the first key took %d steps, the others %d", first, m.Steps()-first)
	}
}

func TestAttack45_NobodyWaitsForTheDecision(t *testing.T) {
	ctx, gone := context.WithCancel(t.Context())
	p := Policies{Identity: []*Document{costly(t, "Deny", 50)}}
	r := deletion(strings.Repeat("a", maxValue))
	var m Meter
	m.Watch(ctx)
	r.Meter, r.Resource = &m, "arn:aws:s3:::lake/x"
	if d := Evaluate(r, p); !d.Allowed {
		t.Fatal(d.Explain())
	}
	gone()
	before := m.Steps()
	r.Context.Set("aws:UserAgent", strings.Repeat("a", maxValue-1))
	if d := Evaluate(r, p); d.Allowed || d.Stopped != ClientGone || d.Effect != ExplicitDeny {
		t.Errorf("with the client gone: %s", d.Explain())
	}
	if took := m.Steps() - before; took > lookInterval+100 {
		t.Errorf("the evaluation went on for %d steps", took)
	}
}

func TestAttack45_AValueTooLongNeverMakesADenyMiss(t *testing.T) {
	long := strings.Repeat("9", maxValue+1)
	for _, c := range []struct{ operator, value string }{
		{"StringEquals", "x"}, {"StringNotEquals", long}, {"StringLike", "x*"}, {"StringNotLike", "9*"},
		{"StringEqualsIgnoreCase", "x"}, {"StringNotEqualsIgnoreCase", long}, {"NumericLessThan", "1"},
		{"NumericNotEquals", "1"}, {"DateLessThan", "2020-01-01"}, {"Bool", "true"}, {"IpAddress", "10.0.0.0/8"},
		{"NotIpAddress", "0.0.0.0/0"}, {"ArnLike", "arn:aws:iam::1:user/*"}, {"ArnNotLike", "*"},
		{"StringEqualsIfExists", "x"}, {"ForAnyValue:StringEquals", "x"}, {"ForAllValues:StringEquals", "x"},
		{"BinaryEquals", "eA=="},
	} {
		condition := fmt.Sprintf(`"Condition":{%q:{"aws:Referer":%q}}`, c.operator, c.value)
		for effect, allowed := range map[string]bool{"Deny": false, "Allow": false} {
			text := `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect +
				`","Action":"*","Resource":"*",` + condition + `}`
			if effect == "Deny" {
				text += `,{"Effect":"Allow","Action":"*","Resource":"*"}`
			}
			r := Request{Principal: alice, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: alice.Account}
			r.Context.Set("aws:Referer", long)
			d := Evaluate(r, Policies{Identity: []*Document{parse(t, Identity, text+`]}`)}})
			if d.Allowed != allowed {
				t.Errorf("%s with %s: %s", effect, c.operator, d.Explain())
			}
			r.Context.Set("aws:Referer", "neither")
			if c.operator == "StringNotLike" && effect == "Allow" {
				if d := Evaluate(r, Policies{Identity: []*Document{parse(t, Identity, text+`]}`)}}); !d.Allowed {
					t.Errorf("the honest request: %s", d.Explain())
				}
			}
		}
	}
}

func TestAttack45_AVariableTooLongNeverMakesADenyMiss(t *testing.T) {
	everything := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for name, s := range map[string]string{
		"Resource of a Deny": `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/${aws:Referer}"},` + everything,
		"NotResource of a Deny": `{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${aws:Referer}"},` +
			everything,
		"Resource of an Allow":    `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:Referer}"}`,
		"NotResource of an Allow": `{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/${aws:Referer}"}`,
		"value of a Deny": `{"Effect":"Deny","Action":"*","Resource":"*","Condition":
			{"StringEquals":{"aws:userid":"${aws:Referer}"}}},` + everything,
		"pattern of a Deny": `{"Effect":"Deny","Action":"*","Resource":"*","Condition":
			{"StringLike":{"aws:userid":"${aws:Referer}*"}}},` + everything,
		"negated value of a Deny": `{"Effect":"Deny","Action":"*","Resource":"*","Condition":
			{"StringNotEquals":{"aws:userid":"${aws:Referer}"}}},` + everything,
		"value of an Allow": `{"Effect":"Allow","Action":"*","Resource":"*","Condition":
			{"StringEquals":{"aws:userid":"${aws:Referer}"}}}`,
		"negated value of an Allow": `{"Effect":"Allow","Action":"*","Resource":"*","Condition":
			{"StringNotEquals":{"aws:userid":"${aws:Referer}"}}}`,
	} {
		r := Request{Principal: alice, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: alice.Account}
		r.Context.Set("aws:Referer", strings.Repeat("k", maxValue+1))
		d := parse(t, Identity, `{"Version":"2012-10-17","Statement":[`+s+`]}`)
		if d := Evaluate(r, Policies{Identity: []*Document{d}}); d.Allowed {
			t.Errorf("%s: %s", name, d.Explain())
		}
	}
}

func TestAttack45_AResourceTooLongIsDenied(t *testing.T) {
	r := Request{Principal: alice, Action: "s3:GetObject", ResourceAccount: alice.Account}
	r.Resource = "arn:aws:s3:::b/" + strings.Repeat("k", maxValue)
	p := Policies{Identity: []*Document{allowAll(t)}}
	if d := Evaluate(r, p); d.Allowed || d.Stopped != LongResource {
		t.Error(d.Explain())
	}
	if r.Resource = r.Resource[:maxValue]; !Evaluate(r, p).Allowed {
		t.Error("the longest resource is not allowed")
	}
}

// TestSharedMetersChangeNoDecision compares decisions that share what a meter remembers with decisions of their own.
func TestSharedMetersChangeNoDecision(t *testing.T) {
	d := parse(t, Identity, `{"Version":"2012-10-17","Statement":[
	 {"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"s3:prefix":["a*","${aws:Referer}"]}}},
	 {"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/x":"b"}}},
	 {"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:username":"${s3:prefix}"}}},
	 {"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Null":{"aws:Referer":"true"},
	  "StringEquals":{"s3:prefix":"ab"}}},
	 {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"Null":{"s3:prefix":"true"}}}]}`)
	p := Policies{Identity: []*Document{d}}
	rapid.Check(t, func(t *rapid.T) {
		var m Meter
		for range rapid.IntRange(2, 8).Draw(t, "n") {
			r := Request{
				Principal: rapid.SampledFrom([]Principal{alice, reader}).Draw(t, "who"), Action: "s3:GetObject",
				Resource:        rapid.SampledFrom([]string{"arn:aws:s3:::b/k", "arn:aws:s3:::c/k"}).Draw(t, "resource"),
				ResourceAccount: rapid.SampledFrom([]string{alice.Account, "444455556666"}).Draw(t, "owner"),
			}
			keys := []string{"s3:prefix", "s3:ExistingObjectTag/x", "aws:Referer"}
			for _, key := range rapid.Permutation(keys).Draw(t, "keys") {
				if v := rapid.SampledFrom([]string{"", "a", "ab", "b", "alice"}).Draw(t, key); v != "" {
					r.Context.Set(key, v)
				}
			}
			want := Evaluate(r, p)
			r.Meter = &m
			if got := Evaluate(r, p); got != want {
				t.Fatalf("%s, alone: %s", got.Explain(), want.Explain())
			}
		}
	})
}

// What is remembered must not outlive the principal, the owner of the resource, or a key that only a variable reads.
func TestAttack45_WhatIsRememberedHoldsForItsRequestOnly(t *testing.T) {
	many := strings.Builder{}
	for i := range maxReads + 2 {
		fmt.Fprintf(&many, `"x${ec2:%d}",`, i)
	}
	for name, c := range map[string]struct {
		condition string
		other     func(*Request)
	}{
		"principal": {`{"StringEquals":{"aws:username":"alice"}}`, func(r *Request) { r.Principal = principals["bob"] }},
		"owner": {`{"StringEquals":{"aws:ResourceAccount":"` + alice.Account + `"}}`,
			func(r *Request) { r.ResourceAccount = "444455556666" }},
		"variable": {`{"StringLike":{"aws:username":"${aws:Referer}"}}`,
			func(r *Request) { r.Context.Set("aws:Referer", "x") }},
		"one of many variables": {`{"StringEquals":{"aws:username":[` + many.String() + `"${aws:Referer}"]}}`,
			func(r *Request) { r.Context.Set("aws:Referer", "x") }},
	} {
		d := parse(t, Resource, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*",
			"Resource":"*","Condition":`+c.condition+`}}`)
		all := parse(t, Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
			"Condition":{"Bool":{"s3:always":"false"}}}}`)
		var m Meter
		r := Request{
			Principal: alice, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: alice.Account, Meter: &m,
		}
		r.Context.Set("aws:Referer", "alice")
		p := Policies{Identity: []*Document{all}, Resource: []*Document{d}}
		if name == "owner" { // of another account both policies must allow
			p.Identity = []*Document{allowAll(t)}
		}
		for range 3 { // remembered from the second decision on
			if got := Evaluate(r, p); !got.Allowed {
				t.Fatalf("%s: %s", name, got.Explain())
			}
		}
		if m.memory == nil || len(m.memory.fulfilled) == 0 {
			t.Fatalf("%s: nothing is remembered", name)
		}
		c.other(&r)
		if got := Evaluate(r, p); got.Allowed {
			t.Errorf("another %s: %s", name, got.Explain())
		}
	}
}
