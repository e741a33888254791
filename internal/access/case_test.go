package access

import (
	"testing"
)

// These tests are the numbered cases of the conformance list that are about scopes, grants and decisions. The bucket
// b of the list is called bkt here, because S3 requires three characters.

// joined makes a grant at a location, or returns the error that says why the grant may not exist.
func joined(t *testing.T, location, sub string, object bool) (Grant, error) {
	t.Helper()
	return NewGrant(GrantSpec{
		ID: numbered(1), Now: epoch, Location: locationOf(t, location), SubPrefix: sub, Object: object,
		Grantee: granteeOf(u1), Principal: u1.Principal, Permission: Read,
	})
}

func TestCasesOfGrantScopes(t *testing.T) {
	for _, c := range []struct {
		name, location, sub string
		object              bool
		want                string // empty: refused
	}{
		{"031 a slash is put between bucket and sub prefix", "s3://bkt", "PrefixA/*", false, "s3://bkt/PrefixA/*"},
		{"032 the location's own slash is enough", "s3://bkt/", "grp/*", false, "s3://bkt/grp/*"},
		{"033 the default location takes the bucket from the sub prefix", "s3://", "bkt/p*", false, "s3://bkt/p*"},
		{"034 the default location without sub prefix is refused", "s3://", "", false, ""},
		{"035 a prefix location without sub prefix is the scope", "s3://bkt/prefixA*", "", false, "s3://bkt/prefixA*"},
		{"036 the default location refuses what cannot be a bucket", "s3://", "No_Bucket/*", false, ""},
		{"037 the prefix need not exist", "s3://bkt", "not/yet/existing/*", false, "s3://bkt/not/yet/existing/*"},
		{"045 an object", "s3://bkt", "k.txt", true, "s3://bkt/k.txt"},
		{"045 an object with a leading slash", "s3://bkt", "/k.txt", true, "s3://bkt/k.txt"},
		{"046 an object with a wildcard is refused", "s3://bkt", "p*", true, ""},
		{"046 an object that ends in a slash is refused", "s3://bkt", "p/", true, ""},
		{"046 a bucket is no object", "s3://bkt", "", true, ""},
		{"046 a bucket named in the sub prefix is no object", "s3://", "bkt", true, ""},
		{"bucket location, no slash, no sub prefix: the whole bucket", "s3://bkt", "", false, "s3://bkt/*"},
		{"bucket location, slash, no sub prefix: the whole bucket", "s3://bkt/", "", false, "s3://bkt/*"},
		{"bucket location, asterisk, no sub prefix: the whole bucket", "s3://bkt/*", "", false, "s3://bkt/*"},
		{"bucket location, asterisk, sub prefix", "s3://bkt/*", "users*", false, "s3://bkt/users*"},
		{"bucket location, one slash however many bring one", "s3://bkt/", "/users*", false, "s3://bkt/users*"},
		{"default location, bucket only: the whole bucket", "s3://", "bkt", false, "s3://bkt/*"},
		{"default location, bucket and slash: the whole bucket", "s3://", "bkt/", false, "s3://bkt/*"},
		{"default location, bucket wildcard is refused", "s3://", "bkt*", false, ""},
		{"default location, asterisk alone is refused", "s3://", "*", false, ""},
		{"default location, leading slash is refused", "s3://", "/bkt/*", false, ""},
		{"directory location", "s3://bkt/dir/", "shared/*", false, "s3://bkt/dir/shared/*"},
		{"prefix location: the location's asterisk is dropped",
			"s3://bkt/prefixA*", "prefixB*", false, "s3://bkt/prefixAprefixB*"},
		{"prefix location: never two asterisks", "s3://bkt/prefixA*", "*", false, "s3://bkt/prefixA*"},
		{"prefix location with an object", "s3://bkt/prefixA*", "/k", true, "s3://bkt/prefixA/k"},
		{"prefix location without asterisk: exactly that key", "s3://bkt/prefix/", "", false, "s3://bkt/prefix/"},
		{"an asterisk inside is refused", "s3://bkt", "a*b/*", false, ""},
		{"a question mark is refused", "s3://bkt", "a?/*", false, ""},
		{"a wildcard over relative segments is refused", "s3://bkt", "a/../*", false, ""},
		{"a key with relative segments is a key", "s3://bkt", "a/../k", true, "s3://bkt/a/../k"},
		{"a newline is refused", "s3://bkt", "a\n*", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := joined(t, c.location, c.sub, c.object)
			if g.Scope.String() != c.want || (err == nil) != (c.want != "") {
				t.Fatalf("got %q, %v; want %q", g.Scope, err, c.want)
			}
			if err == nil && g.SubPrefix != c.sub {
				t.Errorf("SubPrefix = %q, want it as given: %q", g.SubPrefix, c.sub)
			}
		})
	}
}

func TestCase034_TheRefusalNamesTheRemedy(t *testing.T) {
	_, err := joined(t, "s3://", "", false)
	if err == nil || err.Error() != "S3SubPrefix must name a bucket when the location is the default location s3://" {
		t.Errorf("got %v", err)
	}
}

func TestCasesOfGrantKeys(t *testing.T) {
	first := give(t, 1, u1, "s3://bkt/p/*", Read)
	t.Run("042 the same again has the same key", func(t *testing.T) {
		if give(t, 2, u1, "s3://bkt/p/*", Read).Key() != first.Key() {
			t.Error("keys differ")
		}
	})
	for name, other := range map[string]Grant{
		"043 another permission":         give(t, 2, u1, "s3://bkt/p/*", Write),
		"044 another grantee":            give(t, 2, r1, "s3://bkt/p/*", Read),
		"another scope":                  give(t, 2, u1, "s3://bkt/p*", Read),
		"another kind of the same name":  give(t, 2, Identity{DirectoryUser, u1.Principal}, "s3://bkt/p/*", Read),
		"a re-created user of that name": func() Grant { g := first; g.Principal = "AIDANEW"; return g }(),
		"another application":            func() Grant { g := first; g.ApplicationARN = "app"; return g }(),
		"another region":                 func() Grant { g := first; g.Region = "eu-west-1"; return g }(),
		"another account":                func() Grant { g := first; g.Account = "444455556666"; return g }(),
	} {
		t.Run(name+" has another key", func(t *testing.T) {
			if other.Key() == first.Key() {
				t.Error("keys are equal")
			}
		})
	}
}

func TestCasesOfDecisions(t *testing.T) {
	bob := func(t *testing.T) []Grant { return []Grant{give(t, 1, u1, "s3://bkt/bob/*", Read)} }
	wide := func(t *testing.T) []Grant {
		return []Grant{give(t, 1, u1, "s3://bkt/p/*", ReadWrite), give(t, 2, u1, "s3://bkt/p/q/*", Read)}
	}
	allowed := func(t *testing.T) []Grant { return []Grant{give(t, 1, u1, "s3://bkt/allowed/*", Read)} }
	one := func(id Identity, scope string, p Permission) func(*testing.T) []Grant {
		return func(t *testing.T) []Grant { return []Grant{give(t, 1, id, scope, p)} }
	}
	two := func(a Identity, sa string, pa Permission, b Identity, sb string, pb Permission) func(*testing.T) []Grant {
		return func(t *testing.T) []Grant { return []Grant{give(t, 1, a, sa, pa), give(t, 2, b, sb, pb)} }
	}
	for _, c := range []struct {
		name       string
		grants     func(*testing.T) []Grant
		target     string
		permission Permission
		privilege  Privilege
		object     bool
		as         []Identity
		matched    string // empty: denied
		grantee    Identity
	}{
		{"055 the scope itself", bob, "s3://bkt/bob/*", Read, Default, false, []Identity{u1}, "s3://bkt/bob/*", u1},
		{"056 an object below, default",
			bob, "s3://bkt/bob/reports/f.txt", Read, Default, false, []Identity{u1}, "s3://bkt/bob/*", u1},
		{"057 an object below, minimal",
			bob, "s3://bkt/bob/reports/f.txt", Read, Minimal, true, []Identity{u1}, "s3://bkt/bob/reports/f.txt", u1},
		{"058 the directory's name, minimal",
			bob, "s3://bkt/bob/", Read, Minimal, false, []Identity{u1}, "s3://bkt/bob/", u1},
		{"059 the directory's name, default",
			bob, "s3://bkt/bob/", Read, Default, false, []Identity{u1}, "s3://bkt/bob/*", u1},
		{"060 a prefix below, minimal",
			bob, "s3://bkt/bob/images/*", Read, Minimal, false, []Identity{u1}, "s3://bkt/bob/images/*", u1},
		{"061 a longer name beside the slash", bob, "s3://bkt/bobby/x", Read, Default, false, []Identity{u1}, "", u1},
		{"062 a longer name without the slash",
			one(u1, "s3://bkt/bob*", Read), "s3://bkt/bobby/x", Read, Default, false, []Identity{u1}, "s3://bkt/bob*", u1},
		{"063 wider than the grant", bob, "s3://bkt/*", Read, Default, false, []Identity{u1}, "", u1},
		{"064 more than the permission", bob, "s3://bkt/bob/*", ReadWrite, Default, false, []Identity{u1}, "", u1},
		{"065 READ of READWRITE",
			one(u1, "s3://bkt/p/*", ReadWrite), "s3://bkt/p/*", Read, Default, false, []Identity{u1}, "s3://bkt/p/*", u1},
		{"065 WRITE of READWRITE",
			one(u1, "s3://bkt/p/*", ReadWrite), "s3://bkt/p/*", Write, Default, false, []Identity{u1}, "s3://bkt/p/*", u1},
		{"066 READ and WRITE do not add up",
			two(u1, "s3://bkt/p/*", Read, u1, "s3://bkt/p/*", Write),
			"s3://bkt/p/*", ReadWrite, Default, false, []Identity{u1}, "", u1},
		{"067 the narrower scope wins", wide, "s3://bkt/p/q/x", Read, Default, false, []Identity{u1}, "s3://bkt/p/q/*", u1},
		{"068 the narrower scope without the permission does not",
			wide, "s3://bkt/p/q/x", Write, Default, false, []Identity{u1}, "s3://bkt/p/*", u1},
		{"069 every session of a role is the role",
			one(r1, "s3://bkt/*", Read), "s3://bkt/x", Read, Default, false, []Identity{r1}, "s3://bkt/*", r1},
		{"070 a role with a path",
			one(r1, "s3://bkt/*", Read), "s3://bkt/x", Read, Default, false, []Identity{r1}, "s3://bkt/*", r1},
		{"071 somebody else", one(u1, "s3://bkt/*", Read), "s3://bkt/x", Read, Default, false, []Identity{u2}, "", u1},
		{"071 nobody", one(u1, "s3://bkt/*", Read), "s3://bkt/x", Read, Default, false, nil, "", u1},
		{"078 a key that looks like a traversal is a key",
			allowed, "s3://bkt/allowed/../denied/x", Read, Minimal, false, []Identity{u1}, "s3://bkt/allowed/../denied/x", u1},
		{"080 an encoded slash is no slash", allowed, "s3://bkt/allowed%2Fx", Read, Default, false, []Identity{u1}, "", u1},
		{"080 a backslash is no slash", allowed, `s3://bkt/allowed\x`, Read, Default, false, []Identity{u1}, "", u1},
		{"092 the narrower scope is the user's",
			two(d1, "s3://bkt/bob/images/*", Read, r1, "s3://bkt/bob/*", Read), "s3://bkt/bob/images/i.jpg", Read, Default,
			false, []Identity{r1, d1}, "s3://bkt/bob/images/*", d1},
		{"093 the narrower scope is the role's",
			two(d1, "s3://bkt/bob/*", Read, r1, "s3://bkt/bob/images/*", Read), "s3://bkt/bob/images/i.jpg", Read, Default,
			false, []Identity{r1, d1}, "s3://bkt/bob/images/*", r1},
		{"094 a member of the group",
			one(g1, "s3://bkt/*", Read), "s3://bkt/x", Read, Default, false, []Identity{r1, d1, g1}, "s3://bkt/*", g1},
		{"094 no member of the group",
			one(g1, "s3://bkt/*", Read), "s3://bkt/x", Read, Default, false, []Identity{r1, d2}, "", g1},
		{"124 a bucket whose name begins alike",
			one(u1, "s3://bkt/*", Read), "s3://bkt-secret/x", Read, Default, false, []Identity{u1}, "", u1},
		{"the bucket as a target is its root",
			one(u1, "s3://bkt/*", Read), "s3://bkt", Read, Default, false, []Identity{u1}, "s3://bkt/*", u1},
		{"the bucket as a target is not below a prefix", bob, "s3://bkt", Read, Default, false, []Identity{u1}, "", u1},
		{"an exact object before any wildcard",
			two(u1, "s3://bkt/p/k*", Read, u1, "s3://bkt/p/k", Read),
			"s3://bkt/p/k", Read, Default, false, []Identity{u1}, "s3://bkt/p/k", u1},
		{"an exact object covers no other key",
			one(u1, "s3://bkt/p/k", Read), "s3://bkt/p/k2", Read, Default, false, []Identity{u1}, "", u1},
		{"an exact object covers no wildcard",
			one(u1, "s3://bkt/p/k", Read), "s3://bkt/p/k*", Read, Default, false, []Identity{u1}, "", u1},
		{"tie: READ suffices before READWRITE",
			two(u1, "s3://bkt/*", ReadWrite, g1, "s3://bkt/*", Read),
			"s3://bkt/x", Read, Default, false, []Identity{u1, g1}, "s3://bkt/*", g1},
		{"tie: user before group",
			two(g1, "s3://bkt/*", Read, d1, "s3://bkt/*", Read), "s3://bkt/x",
			Read, Default, false, []Identity{r1, d1, g1}, "s3://bkt/*", d1},
		{"tie: group before IAM",
			two(r1, "s3://bkt/*", Read, g1, "s3://bkt/*", Read), "s3://bkt/x",
			Read, Default, false, []Identity{r1, d1, g1}, "s3://bkt/*", g1},
		{"targetType Object with a wildcard is refused", bob, "s3://bkt/bob/*", Read, Default, true, []Identity{u1}, "", u1},
		{"targetType Object with a slash at the end is refused",
			bob, "s3://bkt/bob/", Read, Minimal, true, []Identity{u1}, "", u1},
		{"targetType Object with a bucket is refused",
			one(u1, "s3://bkt/*", Read), "s3://bkt", Read, Minimal, true, []Identity{u1}, "", u1},
		{"no permission asked for is refused", bob, "s3://bkt/bob/*", 0, Default, false, []Identity{u1}, "", u1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, c.target, c.permission, c.as...)
			r.Privilege, r.Object = c.privilege, c.object
			d := newIndex(c.grants(t)...).Decide(r).Decision(r)
			if d.Matched() != c.matched || d.OK != (c.matched != "") {
				t.Fatalf("matched %q, %v; want %q", d.Matched(), d.OK, c.matched)
			}
			if !d.OK {
				if d.Grant != (Grant{}) || d.Permission != 0 || !d.Scope.IsZero() {
					t.Errorf("a refusal tells %+v", d)
				}
				return
			}
			if d.Grant.Grantee != granteeOf(c.grantee) {
				t.Errorf("grantee %+v, want %+v", d.Grant.Grantee, granteeOf(c.grantee))
			}
			if d.Permission != c.permission {
				t.Errorf("the credential may %v, asked was %v", d.Permission, c.permission)
			}
			if d.Object != (c.object || d.Scope.String()[len(d.Scope.String())-1] != '*') {
				t.Errorf("Object = %v", d.Object)
			}
		})
	}
}

func TestCasesOfRefusals(t *testing.T) {
	t.Run("061 the text echoes permission and target", func(t *testing.T) {
		const want = "You do not have READ permissions to the requested S3 Prefix: s3://bkt/bobby/x"
		if got := ask(t, "s3://bkt/bobby/x", Read, u1).DeniedText(); got != want {
			t.Errorf("got %q", got)
		}
	})
	t.Run("064 the text names READWRITE", func(t *testing.T) {
		const want = "You do not have READWRITE permissions to the requested S3 Prefix: s3://bkt/bob/*"
		if got := ask(t, "s3://bkt/bob/*", ReadWrite, u1).DeniedText(); got != want {
			t.Errorf("got %q", got)
		}
	})
	t.Run("079 a wildcard over relative segments is no target", func(t *testing.T) {
		for _, s := range []string{
			"s3://bkt/allowed/../denied/*", "s3://bkt/../*", "s3://bkt/a/./*", "s3://bkt/./*", "s3://bkt/a/..*",
		} {
			if _, err := ParseTarget(s); err == nil {
				t.Errorf("%q was accepted", s)
			}
		}
	})
	t.Run("038 039 what is no grantee", func(t *testing.T) {
		for _, c := range []Grantee{
			{IAM, "arn:aws:iam::111122223333:group/g"}, {IAM, "arn:aws:iam::111122223333:root"}, {IAM, "*"}, {IAM, ""},
			{IAM, "arn:aws:sts::111122223333:assumed-role/r/s"}, {IAM, "arn:aws:iam::111122223333:role/*"},
			{IAM, "arn:aws:iam::11112222333:role/r"}, {IAM, "arn:aws:iam::111122223333:role/"},
			{IAM, "arn:aws:iam::111122223333:role/a/"},
			{IAM, "arn:aws:sts::111122223333:role/r"}, {IAM, "arn:aws:iam:eu:111122223333:role/r"},
			{IAM, "arn:aws:iam::111122223333:role/a b"},
			{IAM, "83d43802-00b1-7054-db02-f1d683aacba5"},
			{DirectoryUser, "arn:aws:iam::111122223333:user/u"}, {DirectoryGroup, ""},
			{0, "83d43802-00b1-7054-db02-f1d683aacba5"},
		} {
			_, err := ParseGrantee(c.Type, c.ID)
			if err == nil || err.Error() != "Invalid Grantee in the request" || err.(*Error).Problem != BadGrantee {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
	t.Run("047 what is no permission", func(t *testing.T) {
		for _, s := range []string{"", "FOO", "read", "READ ", "WRITEREAD"} {
			if _, err := ParsePermission(s); err == nil {
				t.Errorf("%q was accepted", s)
			}
		}
	})
}
