package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func objectRequest(action, key string) Request {
	return Request{
		Principal: reader, Action: action, Resource: "arn:aws:s3:::lake/" + key, ResourceAccount: reader.Account,
	}
}

func listRequest(action string, prefix ...string) Request {
	r := Request{Principal: reader, Action: action, Resource: "arn:aws:s3:::lake", ResourceAccount: reader.Account}
	r.Context.Set("s3:prefix", prefix...)
	return r
}

func within(t testing.TB, d *Document) Policies {
	return Policies{Identity: []*Document{allowAll(t)}, Session: []*Document{d}, HasSession: true}
}

func TestAttack06_WildcardsInNamesDoNotWidenASessionPolicy(t *testing.T) {
	for _, c := range []struct{ prefix, inside, outside string }{
		{"a*b/", "a*b/x", "axxb/x"},
		{"a?b/", "a?b/x", "axb/x"},
		{"*", "*x", "anything"},
		{"${aws:userid}/", "${aws:userid}/x", reader.ID + ":s1/x"},
		{"a$", "a$x", "a"},
		{"${*}", "${*}x", "*x"},
		{"世界*/", "世界*/x", "世界/x"},
	} {
		t.Run("denied outside the literal "+c.prefix, func(t *testing.T) {
			d := DataAccess("lake", c.prefix, false, "READWRITE", false)
			p := within(t, d)
			for _, action := range []string{"s3:GetObject", "s3:PutObject"} {
				if got := Evaluate(objectRequest(action, c.inside), p); !got.Allowed {
					t.Errorf("%s %s: %s", action, c.inside, got.Explain())
				}
				if got := Evaluate(objectRequest(action, c.outside), p); got.Allowed {
					t.Errorf("%s %s: allowed by %s", action, c.outside, d)
				}
			}
			if got := Evaluate(listRequest("s3:ListBucket", c.inside), p); !got.Allowed {
				t.Errorf("list %s: %s", c.inside, got.Explain())
			}
			if got := Evaluate(listRequest("s3:ListBucket", c.outside), p); got.Allowed {
				t.Errorf("list %s: allowed by %s", c.outside, d)
			}
			exact := within(t, DataAccess("lake", c.prefix, true, "READ", false))
			if got := Evaluate(objectRequest("s3:GetObject", c.prefix), exact); !got.Allowed {
				t.Errorf("the key itself: %s", got.Explain())
			}
			if got := Evaluate(objectRequest("s3:GetObject", c.inside), exact); got.Allowed {
				t.Error("an exact key covers a longer one")
			}
		})
	}
}

func TestAttack06_WildcardsInABucketsNameDoNotWiden(t *testing.T) {
	p := within(t, DataAccess("l*e", "", false, "READ", false))
	for _, r := range []Request{objectRequest("s3:GetObject", "x"), listRequest("s3:ListBucket")} {
		if got := Evaluate(r, p); got.Allowed {
			t.Errorf("%s: %s", r.Action, got.Explain())
		}
		r.Resource = strings.Replace(r.Resource, "lake", "l*e", 1)
		if got := Evaluate(r, p); !got.Allowed {
			t.Errorf("%s of the bucket itself: %s", r.Action, got.Explain())
		}
	}
}

func TestAttack06_NoKeyOutsideThePrefixIsEverAllowed(t *testing.T) {
	identity := []*Document{allowAll(t)}
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringMatching(`[ab*?$./{}]{1,5}`).Draw(t, "prefix")
		key := rapid.StringMatching(`[ab*?$./{}]{0,7}`).Draw(t, "key")
		exact := rapid.Bool().Draw(t, "exact")
		d := DataAccess("lake", prefix, exact, "READ", false)
		want := key == prefix || !exact && len(key) >= len(prefix) && key[:len(prefix)] == prefix
		got := Evaluate(objectRequest("s3:GetObject", key), Policies{Identity: identity, Session: []*Document{d}})
		if got.Allowed != want {
			t.Fatalf("prefix %q key %q: allowed %v, want %v by %s", prefix, key, got.Allowed, want, d)
		}
	})
}

func TestAttack32_ExplicitDenyFirst(t *testing.T) {
	allow := `{"Effect":"Allow",%s"Action":"*","Resource":"*"}`
	deny := `{"Effect":"Deny",%s"Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/secret/*"}`
	make := func(k Kind, statements ...string) *Document {
		principal := ""
		if k == Resource {
			principal = `"Principal":{"AWS":"` + reader.SessionARN + `"},`
		}
		text := ""
		for i, s := range statements {
			if i > 0 {
				text += ","
			}
			text += fmt.Sprintf(s, principal)
		}
		return parse(t, k, `{"Statement":[`+text+`]}`)
	}
	layers := []Layer{LayerIdentity, LayerBoundary, LayerSession, LayerGuard, LayerResource}
	for _, where := range layers {
		for _, order := range []string{"deny first", "allow first", "deny in a document of its own"} {
			t.Run("denied by the "+where.String()+" layer, "+order, func(t *testing.T) {
				docs := func(l Layer, k Kind) []*Document {
					switch {
					case l != where:
						return []*Document{make(k, allow)}
					case order == "deny first":
						return []*Document{make(k, deny, allow)}
					case order == "allow first":
						return []*Document{make(k, allow, deny)}
					}
					return []*Document{make(k, allow), make(k, deny)}
				}
				boundary := docs(LayerBoundary, Identity)
				p := Policies{
					Identity: docs(LayerIdentity, Identity), Boundary: boundary[len(boundary)-1], Session: docs(LayerSession, Session),
					HasSession: true, Guard: docs(LayerGuard, Session), Resource: docs(LayerResource, Resource),
				}
				if got := Evaluate(objectRequest("s3:GetObject", "secret/x"), p); got.Effect != ExplicitDeny ||
					got.Allowed || got.Layer != where {
					t.Errorf("got %s", got.Explain())
				}
				if got := Evaluate(objectRequest("s3:GetObject", "open/x"), p); !got.Allowed &&
					!(where == LayerBoundary && order == "deny in a document of its own") {
					t.Errorf("the honest request: %s", got.Explain())
				}
			})
		}
	}
}

// TestAttack32_AnAddedDenyNeverAllows: one more Deny statement never turns a denied request into an allowed one,
// whatever the other policies are.
func TestAttack32_AnAddedDenyNeverAllows(t *testing.T) {
	var c corpus
	load(t, "testdata/decisions.json", &c)
	denies := []*Document{}
	for _, p := range c.Policies {
		if p.Kind == "identity" {
			if d := parse(t, Identity, string(p.Document)); d.statements[0].deny {
				denies = append(denies, d)
			}
		}
	}
	eachCase(t, c, func(t *testing.T, r Request, p Policies) {
		before := Evaluate(r, p)
		for _, d := range denies {
			q := p
			q.Identity = append(slices.Clone(p.Identity), d)
			if after := Evaluate(r, q); after.Allowed && !before.Allowed {
				t.Errorf("with %s it is allowed", d)
			}
		}
	})
}

func TestAttack32_NegatedSetOperators(t *testing.T) {
	deny := parse(t, Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
	 {"Effect":"Deny","Action":"s3:PutObject","Resource":"*",
	  "Condition":{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team","cost"]}}}]}`)
	allow := parse(t, Identity,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"*",
	 "Condition":{"ForAllValues:StringNotEquals":{"aws:TagKeys":["owner","admin"]},"Null":{"aws:TagKeys":"false"}}}}`)
	for _, c := range []struct {
		it                      string
		tags                    []string
		denyLeaves, allowAdmits bool
	}{
		{"only listed tags", []string{"team", "cost"}, true, true},
		{"one tag beside the listed", []string{"team", "owner"}, false, false},
		{"only unlisted tags", []string{"x"}, false, true},
		{"a forbidden tag among others", []string{"x", "admin"}, false, false},
		{"no tags", nil, true, false},
	} {
		t.Run(c.it, func(t *testing.T) {
			r := objectRequest("s3:PutObject", "x")
			r.Context.Set("aws:TagKeys", c.tags...)
			if got := Evaluate(r, Policies{Identity: []*Document{deny}}); got.Allowed != c.denyLeaves {
				t.Errorf("deny of unlisted tags: %s", got.Explain())
			}
			if got := Evaluate(r, Policies{Identity: []*Document{allow}}); got.Allowed != c.allowAdmits {
				t.Errorf("allow without forbidden tags: %s", got.Explain())
			}
		})
	}
}

// eachCase calls f with every decision of the corpus.
func eachCase(t *testing.T, c corpus, f func(*testing.T, Request, Policies)) {
	kinds := map[string]Kind{"identity": Identity, "session": Session, "resource": Resource, "trust": Trust}
	pick := func(names ...string) []*Document {
		var list []*Document
		for _, n := range names {
			list = append(list, parse(t, kinds[c.Policies[n].Kind], string(c.Policies[n].Document)))
		}
		return list
	}
	for _, k := range c.Cases {
		if k.Trust != "" {
			continue
		}
		t.Run(k.It, func(t *testing.T) {
			r := Request{Principal: principals[k.As], Action: k.Do, Resource: k.On, ResourceAccount: "111122223333"}
			for key, v := range k.Context {
				r.Context.Set(key, v...)
			}
			p := Policies{
				Identity: pick(k.Identity...), Session: pick(k.Session...), HasSession: k.Session != nil,
				Guard: pick(k.Guard...), Resource: pick(k.Resource...),
			}
			if k.Boundary != "" {
				p.Boundary = pick(k.Boundary)[0]
			}
			f(t, r, p)
		})
	}
}
