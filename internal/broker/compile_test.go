package broker

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// compiled are the dialects that have session policies.
var compiled = []Dialect{AWS, RGW, MinIO, SeaweedFS, RustFS, Latchkey, Wasabi, B2}

func team(p access.Permission) Fence { return Fence{Bucket: "lake", Prefix: "team1/", Permission: p} }

func compile(t testing.TB, d Dialect, f Fence) string {
	t.Helper()
	text, err := Compile(d, true, f)
	if err != nil {
		t.Fatalf("%s: %v", d, err)
	}
	return text
}

var update = flag.Bool("update", false, "write testdata/policies.txt anew")

// TestCompiledPolicies shows what each store is sent.
func TestCompiledPolicies(t *testing.T) {
	var b strings.Builder
	for _, d := range compiled {
		for _, f := range []Fence{
			team(access.Read), team(access.Write), team(access.ReadWrite),
			{Bucket: "lake", Permission: access.Read},
			{Bucket: "lake", Prefix: "k.txt", Exact: true, Permission: access.Read},
			{Bucket: "lake", Prefix: "team1/", ObjectOnly: true, Permission: access.Read},
			{},
		} {
			fmt.Fprintf(&b, "%s %s %s\n", d, f.Permission, compile(t, d, f))
		}
	}
	if *update {
		if err := os.WriteFile("testdata/policies.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/policies.txt")
	if err != nil || b.String() != string(want) {
		t.Errorf("%v; got\n%s", err, b.String())
	}
}

// Whoever reads the policies as AWS does reaches the fence and nothing else.
func TestAPolicyAllowsNothingOutsideItsFence(t *testing.T) {
	name := rapid.StringMatching(`[abp/.$*?{}ü<&"\\ ]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		f := Fence{
			Bucket: "lake", Prefix: name.Draw(t, "prefix"), Exact: rapid.Bool().Draw(t, "exact"),
			ObjectOnly: rapid.Bool().Draw(t, "object only"),
			Permission: access.Permission(rapid.IntRange(0, 4).Draw(t, "permission")),
		}
		d := rapid.SampledFrom([]Dialect{AWS, Latchkey}).Draw(t, "dialect")
		text, err := Compile(d, true, f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := policy.Parse(text, policy.Session)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		scope := f.Prefix
		key := name.Draw(t, "key")
		if rapid.Bool().Draw(t, "inside") {
			key = scope + key
		}
		inside := f.Permission.Valid() && (!f.Exact && strings.HasPrefix(key, scope) || f.Exact && key == scope && key != "")
		for action, needs := range map[string]access.Permission{
			"s3:GetObject": access.Read, "s3:PutObject": access.Write, "s3:DeleteObject": access.Write,
			"s3:PutBucketPolicy": 0, "s3:PutObjectAcl": 0,
		} {
			resource := "arn:aws:s3:::lake/" + key
			want := inside && needs != 0 && f.Permission.Covers(needs) && !(f.Exact && f.Prefix == "")
			if got := allowed(doc, action, resource, ""); got != want {
				t.Fatalf("%s of %q in %+v: %v by %s", action, key, f, got, text)
			}
			if allowed(doc, action, "arn:aws:s3:::lake2/"+key, "") {
				t.Fatalf("%s in another bucket: %s", action, text)
			}
		}
		want := inside && f.lists() && !f.nothing()
		if got := allowed(doc, "s3:ListBucket", "arn:aws:s3:::lake", key); got != want {
			t.Fatalf("a listing of %q in %+v: %v by %s", key, f, got, text)
		}
	})
}

func allowed(doc *policy.Document, action, resource, prefix string) bool {
	anything, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		policy.Identity)
	if err != nil {
		panic(err)
	}
	var v policy.Values
	v.Set("s3:prefix", prefix)
	return policy.Evaluate(policy.Request{
		Principal: policy.Principal{Kind: policy.User, Account: "111122223333"}, Action: action, Resource: resource,
		ResourceAccount: "111122223333", Context: v,
	}, policy.Policies{
		Identity: []*policy.Document{anything}, Session: []*policy.Document{doc}, HasSession: true,
	}).Allowed
}

func TestIdentityCase092_AWordThatTheStoreDoesNotKnowIsNeverSent(t *testing.T) {
	for name, s := range map[string]statement{
		"an operator": {actions: []string{"s3:ListBucket"}, resource: "arn:aws:s3:::lake",
			conditions: []condition{{"ArnEquals", "s3:prefix", "x"}}},
		"an operator with IfExists": {actions: []string{"s3:ListBucket"}, resource: "arn:aws:s3:::lake",
			conditions: []condition{{"StringLikeIfExists", "s3:prefix", "x"}}},
		"a key": {actions: []string{"s3:ListBucket"}, resource: "arn:aws:s3:::lake",
			conditions: []condition{{"StringLike", "s3:AccessGrantsInstanceArn", "x"}}},
		"a key beside an action without it": {actions: []string{"s3:ListBucket", "s3:GetObject"}, resource: "arn:aws:s3:::l",
			conditions: []condition{{"StringLike", "s3:prefix", "x"}}},
		"an action":                  {actions: []string{"s3:GetObjectAcl"}, resource: "arn:aws:s3:::lake/*"},
		"a statement of no action":   {resource: "arn:aws:s3:::lake/*"},
		"a statement of no resource": {actions: []string{"s3:GetObject"}},
	} {
		for _, d := range []Dialect{MinIO, SeaweedFS, RustFS} {
			traits := allTraits[d]
			if text, err := traits.write(document{s}); err == nil || text != "" {
				t.Errorf("%s for %s: %s", name, d, text)
			}
		}
	}
	aws, minio := allTraits[AWS], allTraits[MinIO]
	if _, err := aws.write(document{{resource: "arn:aws:s3:::lake/*"}}); err == nil {
		t.Error("a statement without an action is written for AWS")
	}
	for _, p := range []access.Permission{access.Read, access.Write, access.ReadWrite} {
		f := team(p)
		if _, err := minio.write(minio.full(&f)); err != nil { // the honest one beside it
			t.Error(err)
		}
	}
}

func TestIdentityCase093_ANameThatTheStoreCannotFenceIsRefused(t *testing.T) {
	for _, prefix := range []string{"a*b/", "a?b/", "a$b/", "${aws:username}/", "\xff/"} {
		f := Fence{Bucket: "lake", Prefix: prefix, Permission: access.Read}
		for _, d := range []Dialect{MinIO, SeaweedFS, RustFS} {
			text, err := Compile(d, true, f)
			if told := fault.Of(err); text != "" || told == nil || told.Kind != fault.Invalid ||
				told.Reason != fault.PrefixNotFenced || !strings.Contains(told.Message(), "cannot fence") {
				t.Errorf("%s, %q: %q, %v", d, prefix, text, err)
			}
		}
		for _, d := range []Dialect{AWS, RGW, Latchkey} { // unless the probe has seen that the store reads escapes
			if text, err := Compile(d, false, f); text != "" || fault.Of(err).Reason != fault.PrefixNotFenced {
				t.Errorf("%s, %q, without escapes: %q, %v", d, prefix, text, err)
			}
		}
	}
	if text := compile(t, AWS, Fence{Bucket: "lake", Prefix: "a*?$/", Permission: access.Write}); !strings.Contains(text,
		`"arn:aws:s3:::lake/a${*}${?}${$}/*"`) {
		t.Error(text)
	}
}

func TestIdentityCase097_NothingIsADenyNeverAnEmptyPolicy(t *testing.T) {
	for _, f := range []Fence{
		{}, {Bucket: "lake"}, {Permission: access.Read}, {Bucket: "lake", Permission: 4},
		{Bucket: "lake", Exact: true, Permission: access.Read},
	} {
		for _, d := range compiled {
			text := compile(t, d, f)
			var doc struct {
				Statement []struct {
					Effect           string
					Action, Resource []string
				}
			}
			if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc.Statement) != 1 ||
				doc.Statement[0].Effect != "Deny" || !strings.HasSuffix(doc.Statement[0].Action[0], "*") ||
				!strings.HasSuffix(doc.Statement[0].Resource[0], "*") {
				t.Errorf("%s: %+v gives %s (%v)", d, f, text, err)
			}
		}
	}
}

func TestAPolicyIsShortenedAndNeverWidened(t *testing.T) {
	long := func(n int) Fence {
		return Fence{Bucket: "lake", Prefix: strings.Repeat("p", n), Permission: access.ReadWrite}
	}
	for _, d := range compiled {
		short, refused := 0, 0
		for n := 100; n < 1100; n += 10 {
			text, err := Compile(d, true, long(n))
			switch {
			case err != nil:
				if !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
					t.Fatal(err)
				}
				refused++
			case utf8.RuneCountInString(text) > MaxPolicy:
				t.Fatalf("%s, %d characters of prefix: %d", d, n, len(text))
			case !strings.Contains(text, "s3:AbortMultipartUpload"):
				short++
			}
			if err == nil && (!strings.Contains(text, `"s3:prefix":["`+strings.Repeat("p", n)+`*"]`) ||
				!strings.Contains(text, `"arn:aws:s3:::lake/`+strings.Repeat("p", n)+`*"`)) {
				t.Fatalf("%s lost its fence: %s", d, text)
			}
		}
		if short == 0 || refused == 0 {
			t.Errorf("%s: %d shortened, %d refused", d, short, refused)
		}
	}
	// MinIO measures what Go's encoding/json makes of it.
	f := Fence{Bucket: "lake", Prefix: strings.Repeat("&", 400), Permission: access.Read}
	if _, err := Compile(MinIO, false, f); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Errorf("a policy that grows beyond the limit at the store: %v", err)
	}
	if _, err := Compile(AWS, false, f); err != nil {
		t.Error(err)
	}
}

func TestAPolicyIsASCII(t *testing.T) {
	text := compile(t, MinIO, Fence{Bucket: "lake", Prefix: "ü水😀\"\\/", Permission: access.Read})
	if strings.IndexFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
		t.Errorf("%q", text)
	}
	var doc struct{ Statement []struct{ Resource []string } }
	if err := json.Unmarshal([]byte(text), &doc); err != nil ||
		doc.Statement[0].Resource[0] != "arn:aws:s3:::lake/ü水😀\"\\/*" {
		t.Errorf("%v: %s", err, text)
	}
}

func TestObjectsAndBucketsHaveStatementsOfTheirOwn(t *testing.T) {
	for _, d := range compiled {
		for _, p := range []access.Permission{access.Read, access.Write, access.ReadWrite} {
			var doc struct {
				Statement []struct{ Action, Resource []string }
			}
			if err := json.Unmarshal([]byte(compile(t, d, team(p))), &doc); err != nil {
				t.Fatal(err)
			}
			for _, s := range doc.Statement {
				for _, action := range s.Action {
					bucket := strings.HasPrefix(action, "s3:ListBucket") || action == "s3:GetBucketLocation"
					if len(s.Resource) != 1 || bucket == strings.Contains(s.Resource[0], "/") {
						t.Errorf("%s: %s on %q", d, action, s.Resource)
					}
				}
			}
		}
	}
}

func TestSessionNamesSayWho(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	for who, want := range map[string]string{
		"alice@example.org":       "alice@example.org-01234567",
		"Jürgen Müller":           "J_rgen_M_ller-01234567",
		"":                        "latchkey-01234567",
		"a\r\nb:c/d":              "a__b_c_d-01234567",
		strings.Repeat("x", 1000): strings.Repeat("x", 55) + "-01234567",
	} {
		if got := SessionName(who, id); got != want || len(got) > 64 {
			t.Errorf("%q is called %q", who, got)
		}
	}
}
