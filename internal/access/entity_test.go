package access

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPermissionsCover(t *testing.T) {
	for _, c := range []struct {
		have, want Permission
		covers     bool
	}{
		{ReadWrite, Read, true}, {ReadWrite, Write, true},
		{ReadWrite, ReadWrite, true}, {Read, Read, true}, {Write, Write, true},
		{Read, Write, false}, {Read, ReadWrite, false}, {Write, Read, false}, {Write, ReadWrite, false},
		{0, Read, false}, {Read, 0, false}, {ReadWrite, 0, false}, {0, 0, false}, {7, Read, false}, {ReadWrite, 4, false},
	} {
		if got := c.have.Covers(c.want); got != c.covers {
			t.Errorf("%d covers %d: %v", c.have, c.want, got)
		}
	}
	for _, p := range []Permission{Read, Write, ReadWrite} {
		if got, err := ParsePermission(p.String()); err != nil || got != p {
			t.Errorf("%v: %v, %v", p, got, err)
		}
	}
}

func TestPrivilegesAndGranteeTypesAndAccounts(t *testing.T) {
	for s, want := range map[string]Privilege{"": Default, "Default": Default, "Minimal": Minimal} {
		if got, err := ParsePrivilege(s); err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	if got, err := ParsePrivilege("default"); err == nil || got != Minimal {
		t.Error("a privilege in another case is accepted, or a refused one is wide")
	}
	for _, k := range []GranteeType{IAM, DirectoryUser, DirectoryGroup} {
		if got, err := ParseGranteeType(k.String()); err != nil || got != k {
			t.Errorf("%v: %v, %v", k, got, err)
		}
	}
	if _, err := ParseGranteeType("iam"); err == nil {
		t.Error("a grantee type in another case is accepted")
	}
	for s, ok := range map[string]bool{
		"111122223333": true, "000000000000": true, "": false, "11112222333": false, "1111222233334": false,
		"11112222333a": false, "\u0661\u0661\u0661\u0661": false,
	} {
		if _, err := ParseAccountID(s); (err == nil) != ok {
			t.Errorf("account %q: %v", s, err)
		}
	}
}

func TestTagsAreRefusedWithDistinctProblems(t *testing.T) {
	many := make([]Tag, MaxTags+1)
	for i := range many {
		many[i].Key = numbered(int64(i)).String()
	}
	if err := CheckTags(many[:MaxTags]); err != nil {
		t.Errorf("%d tags: %v", MaxTags, err)
	}
	for _, c := range []struct {
		name string
		tags []Tag
		want Problem
	}{
		{"004 the same key twice", []Tag{{"a", "1"}, {"a", "2"}}, BadTag},
		{"005 a reserved key", []Tag{{"aws:x", ""}}, ReservedTag},
		{"005 a reserved key in capitals", []Tag{{"AWS:x", ""}}, ReservedTag},
		{"006 too many", many, TooManyTags},
		{"007 a character in the key", []Tag{{"a<b", ""}}, BadTag},
		{"007 a character in the value", []Tag{{"a", "b\n"}}, BadTag},
		{"no key", []Tag{{"", "v"}}, BadTag},
		{"a long key", []Tag{{strings.Repeat("k", 129), ""}}, BadTag},
		{"a long value", []Tag{{"k", strings.Repeat("v", 257)}}, BadTag},
		{"no UTF-8", []Tag{{"k", "\xff"}}, BadTag},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused, ok := errors.AsType[*Error](CheckTags(c.tags))
			if !ok || refused.Problem != c.want {
				t.Errorf("got %v", refused)
			}
		})
	}
	if err := CheckTags([]Tag{
		{strings.Repeat("k", 128), strings.Repeat("\u00e9", 256)}, {"A", ""}, {"a", "_.:/=+-@ \u4e16"}, {"awsx", ""},
	}); err != nil {
		t.Errorf("honest tags: %v", err)
	}
}

func TestTagsAreMerged(t *testing.T) {
	have := []Tag{{"a", "1"}, {"b", "2"}}
	got, err := MergeTags(have, []Tag{{"b", "3"}, {"c", "4"}})
	if err != nil || len(got) != 3 || got[1] != (Tag{"b", "3"}) || got[2] != (Tag{"c", "4"}) || have[1].Value != "2" {
		t.Errorf("got %v, %v; the old ones %v", got, err, have)
	}
	many := make([]Tag, MaxTags)
	for i := range many {
		many[i].Key = numbered(int64(i)).String()
	}
	refused, ok := errors.AsType[*Error](func() error { _, err := MergeTags(many, []Tag{{"x", ""}}); return err }())
	if !ok || refused.Problem != TooManyTags {
		t.Errorf("one more than %d: %v", MaxTags, refused)
	}
}

func TestARNs(t *testing.T) {
	g, l := give(t, 1, u1, "s3://bkt/*", Read), locationOf(t, "s3://bkt")
	const instanceARN = "arn:aws:s3:eu-central-1:111122223333:access-grants/default"
	for got, want := range map[string]string{
		Instance{Account: owner, Region: region}.ARN(): instanceARN,
		g.ARN():                         instanceARN + "/grant/00000000-0000-4000-0000-000000000001",
		l.ARN():                         instanceARN + "/location/f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		locationOf(t, "s3://").ARN():    instanceARN + "/location/default",
		InstanceARN(owner, "eu-west-1"): "arn:aws:s3:eu-west-1:111122223333:access-grants/default",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for arn, want := range map[string]Resource{
		instanceARN: {Account: owner, Region: region},
		g.ARN():     {Account: owner, Region: region, GrantID: g.ID},
		l.ARN():     {Account: owner, Region: region, LocationID: l.ID},
	} {
		if got, err := ParseResourceARN(arn); err != nil || got != want {
			t.Errorf("%s: %+v, %v", arn, got, err)
		}
	}
	for _, s := range []string{
		"", "arn:aws:s3:::bkt", instanceARN + "x", instanceARN + "/",
		instanceARN + "/grant/", instanceARN + "/grant/x", instanceARN + "/location/",
		instanceARN + "/location/a/b", "arn:aws:s3:eu-central-1:1111:access-grants/default",
		"arn:aws:iam:eu-central-1:111122223333:access-grants/default",
		"arn:aws:s3::111122223333:access-grants/default", "arn:aws-cn:s3:eu-central-1:111122223333:access-grants/default",
	} {
		if r, err := ParseResourceARN(s); err == nil {
			t.Errorf("%q was read as %+v", s, r)
		}
	}
}

func TestGrantIDs(t *testing.T) {
	const good = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
	if id, err := ParseGrantID(good); err != nil || id.String() != good || id.IsZero() {
		t.Errorf("%v, %v", id, err)
	}
	for _, s := range []string{
		"", "default", strings.ToUpper(good), good + "0", good[1:], strings.ReplaceAll(good, "-", ""),
		"g81d4fae-7dec-11d0-a765-00a0c91e6bf6", "{" + good + "}",
	} {
		if _, err := ParseGrantID(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestGrantsThatMayNotExist(t *testing.T) {
	good := GrantSpec{
		ID: numbered(1), Now: epoch.Add(123), Location: locationOf(t, "s3://bkt"), SubPrefix: "a/*", Grantee: granteeOf(u1),
		Principal: u1.Principal, Permission: Read, ApplicationARN: "arn:aws:sso::123456789012:application/ssoins-x/apl-y",
	}
	g, err := NewGrant(good)
	if err != nil || !g.CreatedAt.Equal(epoch) || g.Account != owner || g.LocationID != good.Location.ID {
		t.Fatalf("the honest grant: %+v, %v", g, err)
	}
	for name, c := range map[string]struct {
		spoil func(*GrantSpec)
		want  Problem
	}{
		"no grantee":            {func(s *GrantSpec) { s.Grantee = Grantee{} }, BadGrantee},
		"no principal":          {func(s *GrantSpec) { s.Principal = "" }, BadGrantee},
		"no permission":         {func(s *GrantSpec) { s.Permission = 0 }, BadPermission},
		"permission of no kind": {func(s *GrantSpec) { s.Permission = 4 }, BadPermission},
		"no application ARN": {
			func(s *GrantSpec) { s.ApplicationARN = "arn:aws:sso:::application/x" }, BadApplication,
		},
		"instance as an application": {
			func(s *GrantSpec) { s.ApplicationARN = "arn:aws:sso::123456789012:instance/x" }, BadApplication,
		},
		"no id":           {func(s *GrantSpec) { s.ID = GrantID{} }, BadGrant},
		"no location":     {func(s *GrantSpec) { s.Location = Location{} }, BadGrant},
		"bad sub prefix":  {func(s *GrantSpec) { s.SubPrefix = "a*b" }, BadGrant},
		"long sub prefix": {func(s *GrantSpec) { s.SubPrefix = strings.Repeat("a", MaxScope-4) }, BadGrant},
	} {
		t.Run(name, func(t *testing.T) {
			spec := good
			c.spoil(&spec)
			_, err := NewGrant(spec)
			if refused, ok := errors.AsType[*Error](err); !ok || refused.Problem != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	scope, _ := ParseLocationScope("s3://bkt/p*")
	good := Location{
		ID:        "x",
		Account:   owner,
		Region:    region,
		Scope:     scope,
		RoleARN:   "arn:aws:iam::111122223333:role/a/b",
		RoleID:    "AROA",
		CreatedAt: time.Now(),
	}
	if _, err := NewLocation(good); err != nil {
		t.Errorf("the honest location: %v", err)
	}
	if l := locationOf(t, "s3://"); l.ID != DefaultLocationID {
		t.Errorf("the default location's id is %q", l.ID)
	}
	for name, spoil := range map[string]func(*Location){
		"no scope":             func(l *Location) { l.Scope = LocationScope{} },
		"no id":                func(l *Location) { l.ID = "" },
		"the default's id":     func(l *Location) { l.ID = DefaultLocationID },
		"no role":              func(l *Location) { l.RoleARN = "" },
		"a user for a role":    func(l *Location) { l.RoleARN = "arn:aws:iam::111122223333:user/u" },
		"a session for a role": func(l *Location) { l.RoleARN = "arn:aws:sts::111122223333:assumed-role/r/s" },
	} {
		l := good
		spoil(&l)
		if _, err := NewLocation(l); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestExplainTellsWhy(t *testing.T) {
	app := give(t, 7, u1, "s3://bkt/a/b/c*", Read)
	app.ApplicationARN = "app"
	ix := newIndex(
		give(t, 1, u1, "s3://bkt/a/b/*", Read), give(t, 2, u1, "s3://bkt/a/*", Read),
		give(t, 3, g1, "s3://bkt/a/b/*", ReadWrite),
		give(t, 4, u2, "s3://bkt/a/b/*", Read), give(t, 5, u1, "s3://bkt/z/*", Read),
		give(t, 6, u1, "s3://bkt/a/b/c", Write), app,
		give(t, 8, u2, "s3://bkt/elsewhere/*", Read),
	)
	r := ask(t, "s3://bkt/a/b/c", Read, u1, g1)
	d := ix.Explain(r, 100)
	want := map[int64]Outcome{
		1: Chosen, 2: LessSpecific, 3: LostTie, 4: WrongGrantee, 5: OutOfScope, 6: WrongPermission, 7: WrongApplication,
	}
	if !d.OK || d.Reason != Granted || d.Truncated || len(d.Considered) != len(want) || d.Considered[0].Grant.Seq != 1 {
		t.Errorf("%+v", d)
	}
	for _, c := range d.Considered {
		if c.Outcome != want[c.Grant.Seq] {
			t.Errorf("grant %d: %v, want %v", c.Grant.Seq, c.Outcome, want[c.Grant.Seq])
		}
	}
	if d := ix.Explain(r, 2); len(d.Considered) != 2 || !d.Truncated || d.Considered[0].Outcome != Chosen {
		t.Errorf("two of them: %+v", d)
	}
	for _, c := range []struct {
		r    *Request
		want Reason
	}{
		{ask(t, "s3://bkt/a/x", Read, d2), NoGrant},
		{ask(t, "s3://bkt/q", Read, u1), NoScope},
		{ask(t, "s3://bkt/a/x", Write, u1), NoPermission},
		{ask(t, "s3://bkt/a/x", 0, u1), InvalidRequest},
	} {
		if d := ix.Explain(c.r, 10); d.OK || d.Reason != c.want || d.Grant != (Grant{}) {
			t.Errorf("%+v: %v, want %v", c.r, d.Reason, c.want)
		}
	}
}
