package access

import "testing"

// TestAttack04_KeysAreComparedAsTheyAre asks for targets beside a grant on "allowed/" that some parser takes for keys
// below it, and for honest keys.
func TestAttack04_KeysAreComparedAsTheyAre(t *testing.T) {
	ix := newIndex(give(t, 1, u1, "s3://bkt/allowed/*", Read), give(t, 2, u1, "s3://bkt/caf\u00e9/*", Read))
	for target, want := range map[string]bool{
		"s3://bkt/allowed/x":                true,
		"s3://bkt/allowed//x":               true, // a key below, with an empty segment in it
		"s3://bkt/allowed/x%2F..%2Fy":       true, // percent signs and dots in a key below
		"s3://bkt/caf\u00e9/x":              true,
		"s3://bkt//allowed/x":               false,
		"s3://bkt/./allowed/x":              false,
		"s3://bkt/a/../allowed/x":           false,
		"s3://bkt/allowed%2Fx":              false,
		"s3://bkt/allowed%2fx":              false,
		"s3://bkt/%61llowed/x":              false,
		`s3://bkt/allowed\x`:                false,
		"s3://bkt/allowed\u2215x":           false, // a character that looks like a slash
		"s3://bkt/allowed\uff0fx":           false,
		"s3://bkt/Allowed/x":                false,
		"s3://bkt/allowed /x":               false,
		"s3://bkt/allowed./x":               false,
		"s3://bkt/allowed+/x":               false,
		"s3://bkt/allowed":                  false,
		"s3://bkt/cafe\u0301/x":             false, // the same letters, decomposed
		"s3://bkt/al\u200dlowed/x":          false,
		"s3://bkt/allowed\t/x":              false,
		"s3://bkt/../bkt/allowed/x":         false,
		"s3://bkt/s3://bkt/allowed/x":       false,
		"s3://bkt-allowed/allowed/x":        false,
		"s3://bkt.allowed/allowed/x":        false,
		"s3://other-bucket/bkt/allowed/xyz": false,
	} {
		if got := ix.Decide(ask(t, target, Read, u1)).OK; got != want {
			t.Errorf("%q: %v, want %v", target, got, want)
		}
	}
	for _, target := range []string{
		"s3://bkt/allowed/\x00", "s3://bkt/allowed/\xc0\xaf",
		"s3://bkt/allowed/\xff", "s3://bkt/allowed/a\nb", "s3://bkt/allowed/a\rb",
		"s3://bkt/allowed/\u2028", "s3://bkt/allowed/\x7f",
		"s3://bkt/allowed/\uffff", "s3://BKT/allowed/x", "S3://bkt/allowed/x",
		"s3:/bkt/allowed/x", "s3:///allowed/x", "s3://bkt\\allowed/x",
		"s3://bkt%2Fallowed/x", "s3://bkt?/allowed/x", "s3://u@bkt/allowed/x",
		"s3://bkt:80/allowed/x", "http://bkt/allowed/x", " s3://bkt/allowed/x",
		"s3://", "s3:", "", "bkt/allowed/x", "s3://*", "s3://*/x",
	} {
		if s, err := ParseTarget(target); err == nil {
			t.Errorf("%q was read as %+v", target, s)
		}
	}
}

// TestAttack05_APrefixEndsWhereItSays: a grant on team1/ does not cover team10/. A grant on team1* does, as on AWS.
// No wildcard covers a part of a bucket's name.
func TestAttack05_APrefixEndsWhereItSays(t *testing.T) {
	slash := newIndex(give(t, 1, u1, "s3://bkt/team1/*", Read))
	star := newIndex(give(t, 1, u1, "s3://bkt/team1*", Read))
	bucket := newIndex(give(t, 1, u1, "s3://bkt/*", Read))
	for _, c := range []struct {
		target              string
		slash, star, bucket bool
	}{
		{"s3://bkt/team1/x", true, true, true},
		{"s3://bkt/team1/", true, true, true},
		{"s3://bkt/team1/*", true, true, true},
		{"s3://bkt/team1", false, true, true},
		{"s3://bkt/team1*", false, true, true},
		{"s3://bkt/team10/x", false, true, true},
		{"s3://bkt/team1-secret/*", false, true, true},
		{"s3://bkt/team", false, false, true},
		{"s3://bkt/team*", false, false, true},
		{"s3://bkt/*", false, false, true},
		{"s3://bkt", false, false, true},
		{"s3://bkt-secret/team1/x", false, false, false},
		{"s3://bktx/*", false, false, false},
	} {
		r := ask(t, c.target, Read, u1)
		if got := slash.Decide(r).OK; got != c.slash {
			t.Errorf("team1/* and %s: %v", c.target, got)
		}
		if got := star.Decide(r).OK; got != c.star {
			t.Errorf("team1* and %s: %v", c.target, got)
		}
		if got := bucket.Decide(r).OK; got != c.bucket {
			t.Errorf("bkt/* and %s: %v", c.target, got)
		}
	}
	for _, s := range []string{"s3://bkt*", "s3://bk*/x", "s3://b*t/x"} {
		if _, err := ParseScope(s); err == nil {
			t.Errorf("scope %q was accepted", s)
		}
		if _, err := ParseLocationScope(s); err == nil {
			t.Errorf("location %q was accepted", s)
		}
	}
}

// TestAttack06_NoWildcardHidesInAName: a scope that would widen a policy made from it is refused when it is parsed.
func TestAttack06_NoWildcardHidesInAName(t *testing.T) {
	for _, s := range []string{
		"s3://bkt/a*b", "s3://bkt/a*b*", "s3://bkt/**", "s3://bkt/?", "s3://bkt/a?*", "s3://bkt/*/",
	} {
		if _, err := ParseScope(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
	s := scopeOf(t, "s3://bkt/a/*")
	if !s.ContainsKey("bkt", "a/*") || !s.ContainsKey("bkt", "a/?") || s.ContainsKey("bkt", "*") {
		t.Error("a request's key with an asterisk is not taken literally")
	}
}

// TestAttack26_AReCreatedPrincipalInheritsNothing: a principal with the same ARN and another unique id has no grants.
func TestAttack26_AReCreatedPrincipalInheritsNothing(t *testing.T) {
	g := give(t, 1, r1, "s3://bkt/*", Read)
	ix := newIndex(g)
	for name, id := range map[string]Identity{
		"a new role of that name":                {IAM, "AROANEW"},
		"the ARN itself":                         {IAM, g.Grantee.ID},
		"a directory user with the role's id":    {DirectoryUser, r1.Principal},
		"a directory group with the role's id":   {DirectoryGroup, r1.Principal},
		"the id in another case":                 {IAM, "aroar1"},
		"the id and more":                        {IAM, "AROAR1 "},
		"nobody":                                 {IAM, ""},
		"the id without a kind, as a forged one": {0, r1.Principal},
	} {
		if ix.Decide(ask(t, "s3://bkt/x", Read, id)).OK {
			t.Errorf("%s may read", name)
		}
	}
	if !ix.Decide(ask(t, "s3://bkt/x", Read, r1)).OK {
		t.Error("the role itself may not")
	}
}

// TestAttack35_EveryPartOfTheRequestCounts changes one part of a granted request at a time.
func TestAttack35_EveryPartOfTheRequestCounts(t *testing.T) {
	g := give(t, 1, u1, "s3://bkt/a/*", Read)
	g.ApplicationARN = "app"
	ix := newIndex(g)
	granted := *ask(t, "s3://bkt/a/x", Read, u1)
	granted.Application = "app"
	if !ix.Decide(&granted).OK {
		t.Fatal("the honest request is refused")
	}
	for name, change := range map[string]func(*Request){
		"account":     func(r *Request) { r.Account = "444455556666" },
		"region":      func(r *Request) { r.Region = "us-east-1" },
		"identity":    func(r *Request) { r.Identities = []Identity{u2} },
		"application": func(r *Request) { r.Application = "app2" },
		"target":      func(r *Request) { r.Target = scopeOf(t, "s3://bkt/b/x") },
		"bucket":      func(r *Request) { r.Target = scopeOf(t, "s3://bk2/a/x") },
		"permission":  func(r *Request) { r.Permission = Write },
		"no target":   func(r *Request) { r.Target = Scope{} },
	} {
		r := granted
		change(&r)
		if ix.Decide(&r).OK || ix.Explain(&r, 10).OK {
			t.Errorf("another %s is granted", name)
		}
	}
}
