package access

import (
	"slices"
	"testing"
)

func TestCase095_AGrantForAnApplicationAnswersThroughItOnly(t *testing.T) {
	g := give(t, 1, d1, "s3://bkt/*", Read)
	g.ApplicationARN = "arn:aws:sso::111122223333:application/ssoins-1/apl-x"
	ix := newIndex(g)
	for app, want := range map[string]bool{
		g.ApplicationARN: true, "arn:aws:sso::111122223333:application/ssoins-1/apl-y": false, "": false,
	} {
		r := ask(t, "s3://bkt/x", Read, d1)
		r.Application = app
		if ix.Decide(r).OK != want {
			t.Errorf("through %q: %v", app, !want)
		}
	}
	r := ask(t, "s3://bkt/x", Read, d1)
	if d := ix.Explain(r, 10); d.Reason != OtherApplication {
		t.Errorf("reason %v", d.Reason)
	}
}

func TestCasesOfCallerLists(t *testing.T) {
	app := give(t, 6, d1, "s3://bkt/app/*", Read)
	app.ApplicationARN = "app"
	other := give(t, 7, g1, "s3://bkt/other/*", Read)
	other.ApplicationARN = "other"
	abroad := give(t, 8, u1, "s3://bkt/*", Read)
	abroad.Region = "eu-west-1"
	ix := newIndex(give(t, 5, g1, "s3://bkt/group/*", Read), give(t, 1, u1, "s3://bkt/pre/*", Read),
		give(t, 2, u1, "s3://bkt/other*", Write),
		give(t, 3, u2, "s3://bkt/*", Read), give(t, 4, r1, "s3://bkt-b/pre*", ReadWrite), app, other, abroad)
	list := func(r ListRequest) (seqs []int64) {
		r.Account, r.Region = owner, region
		for g := range ix.ForIdentities(r) {
			seqs = append(seqs, g.Seq)
		}
		return seqs
	}
	enhanced := []Identity{r1, d1, g1}
	for _, c := range []struct {
		name string
		in   ListRequest
		want []int64
	}{
		{"097 only the caller's", ListRequest{Identities: []Identity{u1}}, []int64{1, 2}},
		{"098 by the beginning of the scope",
			ListRequest{Identities: []Identity{u1}, ScopePrefix: "s3://bkt/pre"}, []int64{1}},
		{"100 none", ListRequest{Identities: []Identity{d2}}, nil},
		{"101 role, user and group", ListRequest{Identities: enhanced}, []int64{4, 5, 6, 7}},
		{"102 the caller's application and any",
			ListRequest{Identities: enhanced, ByApplication: true, Application: "app"}, []int64{4, 5, 6}},
		{"102 no application", ListRequest{Identities: enhanced, ByApplication: true}, []int64{4, 5}},
		{"the next page", ListRequest{Identities: enhanced, After: 4}, []int64{5, 6, 7}},
		{"an identity given twice counts once", ListRequest{Identities: []Identity{u1, u1}}, []int64{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := list(c.in); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("099 what is no beginning of a scope", func(t *testing.T) {
		for s, ok := range map[string]bool{
			"": true, "s3://": true, "s3://bk": true, "bkt/pre": false, "S3://": false, "s3://\n": false,
		} {
			if (CheckScopePrefix(s) == nil) != ok {
				t.Errorf("%q: %v", s, !ok)
			}
		}
	})
	t.Run("097 what applications are told", func(t *testing.T) {
		var got []string
		for g := range ix.ForIdentities(ListRequest{Account: owner, Region: region, Identities: enhanced}) {
			got = append(got, g.CallerApplication())
		}
		if want := []string{"NA", "ALL", "app", "other"}; !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}
