package policy

import (
	"encoding/json"
	"strings"
	"testing"
)

// principals are the callers in the corpus of decisions. The resources of the corpus belong to account 111122223333.
var principals = map[string]Principal{
	"alice": alice,
	"bob": {
		Kind:    User,
		ARN:     "arn:aws:iam::111122223333:user/bob",
		Account: "111122223333",
		ID:      "AIDA1111222233334444B",
	},
	"star": {
		Kind:    User,
		ARN:     "arn:aws:iam::111122223333:user/*",
		Account: "111122223333",
		ID:      "AIDA1111222233334444S",
	},
	"dora": {
		Kind:    User,
		ARN:     "arn:aws:iam::444455556666:user/dora",
		Account: "444455556666",
		ID:      "AIDA1111222233334444D",
	},
	"root":   {Kind: Root, ARN: "arn:aws:iam::111122223333:root", Account: "111122223333", ID: "111122223333"},
	"root-B": {Kind: Root, ARN: "arn:aws:iam::444455556666:root", Account: "444455556666", ID: "444455556666"},
	"reader": reader,
	"far-reader": {
		Kind:       Role,
		ARN:        "arn:aws:iam::444455556666:role/reader",
		Account:    "444455556666",
		ID:         "AROA1111222233334444F",
		SessionARN: "arn:aws:sts::444455556666:assumed-role/reader/s1",
	},
	"service":       {Kind: Service, Service: "access-grants.s3.amazonaws.com"},
	"other-service": {Kind: Service, Service: "ec2.amazonaws.com"},
	"web":           {Kind: Federated, Federated: "arn:aws:iam::111122223333:oidc-provider/idp.example.org/x"},
	"other-web":     {Kind: Federated, Federated: "arn:aws:iam::111122223333:oidc-provider/idp.example.net/x"},
	"anonymous":     {},
}

var reader = Principal{
	Kind: Role, ARN: "arn:aws:iam::111122223333:role/reader", Account: "111122223333", ID: "AROA1111222233334444R",
	SessionARN: "arn:aws:sts::111122223333:assumed-role/reader/s1",
}

// corpus is testdata/decisions.json.
type corpus struct {
	Policies map[string]struct {
		Kind     string
		Document json.RawMessage
	}
	Cases []struct {
		It                                   string
		As, Do, On                           string
		Owner                                *string
		Context                              map[string][]string
		Identity, Session, Guard, Resource   []string
		Boundary, Trust, Effect, By, Because string
	}
}

func TestDecisions(t *testing.T) {
	var c corpus
	load(t, "testdata/decisions.json", &c)
	if len(c.Cases) < 120 {
		t.Errorf("the corpus has shrunk to %d decisions", len(c.Cases))
	}
	kinds := map[string]Kind{"identity": Identity, "session": Session, "resource": Resource, "trust": Trust}
	docs := map[string]*Document{}
	for name, p := range c.Policies {
		docs[name] = parse(t, kinds[p.Kind], string(p.Document)).Named(name)
	}
	pick := func(names []string) []*Document {
		var list []*Document
		for _, n := range names {
			list = append(list, docs[n])
		}
		return list
	}
	for _, k := range c.Cases {
		t.Run(k.It, func(t *testing.T) {
			who, ok := principals[k.As]
			if !ok {
				t.Fatalf("who is %s?", k.As)
			}
			r := Request{Principal: who, Action: k.Do, Resource: k.On, ResourceAccount: "111122223333"}
			if k.Owner != nil {
				r.ResourceAccount = *k.Owner
			}
			for key, v := range k.Context {
				r.Context.Set(key, v...)
			}
			p := Policies{
				Identity: pick(k.Identity), Boundary: docs[k.Boundary], Session: pick(k.Session), HasSession: k.Session != nil,
				Guard: pick(k.Guard), Resource: pick(k.Resource),
			}
			var got Decision
			if k.Trust != "" {
				got = EvaluateTrust(r, docs[k.Trust], p)
			} else {
				got = Evaluate(r, p)
			}
			if got.Effect.String() != k.Effect || got.Allowed != (k.Effect == "allow") || got.Because() != k.Because {
				t.Errorf("got %s %q, want %s %q", got.Effect, got.Because(), k.Effect, k.Because)
			}
			by := ""
			if got.Effect != ImplicitDeny {
				by = strings.Replace(strings.TrimPrefix(got.Explain(), got.Effect.String()+" by "), " layer", "", 1)
			}
			if by != k.By {
				t.Errorf("by %q, want %q", by, k.By)
			}
		})
	}
}

func TestTheZeroDecisionDenies(t *testing.T) {
	var d Decision
	if d.Allowed || d.Effect != ImplicitDeny || d.Because() == "" {
		t.Errorf("got %+v", d)
	}
}

func TestAMissingDocumentDenies(t *testing.T) {
	r := Request{Principal: alice, Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/x", ResourceAccount: alice.Account}
	good := []*Document{allowAll(t)}
	for name, p := range map[string]Policies{
		"identity": {Identity: append([]*Document{nil}, good...)},
		"session":  {Identity: good, Session: []*Document{allowAll(t), nil}},
		"guard":    {Identity: good, Guard: []*Document{nil}},
		"resource": {Identity: good, Resource: []*Document{nil}},
	} {
		t.Run("denied when a document is missing among "+name, func(t *testing.T) {
			if got := Evaluate(r, p); got.Allowed || got.Missing.String() != name {
				t.Errorf("got %s, want an implicit deny for %s", got.Explain(), name)
			}
		})
	}
	if got := EvaluateTrust(r, nil, Policies{Identity: good}); got.Allowed || got.Missing != LayerTrust {
		t.Errorf("without trust policy: %s", got.Explain())
	}
	b := parse(t, Session, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	if got := Evaluate(r, Policies{Identity: good, Boundary: b}); got.Allowed || got.Missing != LayerBoundary {
		t.Errorf("with a boundary of the wrong kind: %s", got.Explain())
	}
}
