package gateway

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// vendedSet are the operations that AWS opens to vended credentials, of those that are served (S3 user guide, "Work
// with S3 Access Grants: supported S3 APIs"; DeleteObjects works with AWS, too).
var vendedSet = strings.Fields(`
	GetObject HeadObject ListParts PutObject CreateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload
	DeleteObject DeleteObjects AbortMultipartUpload HeadBucket ListObjects ListObjectsV2 ListMultipartUploads CopyObject
`)

// TestRowsAreMarked checks that each row says whether vended credentials reach its operation, and that they reach AWS's
// set.
func TestRowsAreMarked(t *testing.T) {
	for op, o := range operations {
		want := administrative
		if slices.Contains(vendedSet, op.Name) {
			want = dataReach
		}
		if o.reach != want {
			t.Errorf("%s is marked %d, want %d", op.Name, o.reach, want)
		}
	}
	forgotten := row(s3.GetObject, spec[s3.GetObjectRequest]{plane: data, answerer: byUpstream})
	if err := forgotten.checkReach(vended("s3://lake/*", "READ", false), "lake"); err == nil {
		t.Error("a row without a mark is open to vended credentials")
	}
}

// asked is a permission; the test below uses the name for a reason.
type asked = permission

func vended(scope, permission string, objectOnly bool) *caller.Caller {
	return &caller.Caller{Session: &credential.Session{
		Kind: credential.Vended, Scope: scope, Permission: permission, ObjectOnly: objectOnly,
	}}
}

// TestCeilings checks what lies within a ceiling, and the reason of each refusal.
func TestCeilings(t *testing.T) {
	const scope, permission, closed = fault.ScopeExceeded, fault.PermissionExceeded, fault.AdministrationClosed
	on := func(action, key string) asked { return asked{action: action, bucket: "lake", key: key} }
	get := func(key string) asked { return on("s3:GetObject", key) }
	put := func(key string) asked { return on("s3:PutObject", key) }
	list := func(prefix *string) asked {
		return asked{action: "s3:ListBucket", bucket: "lake", prefix: prefix}
	}
	below, all, one := vended("s3://lake/in/*", "READ", false), vended("s3://lake/*", "READ", false),
		vended("s3://lake/one", "READWRITE", false)
	other := &caller.Caller{Session: &credential.Session{Kind: credential.AssumedRole}}
	for name, c := range map[string]struct {
		who  *caller.Caller
		asks asked
		want fault.Reason
	}{
		"a key below":              {below, get("in/k"), ""},
		"the prefix itself":        {below, get("in/"), ""},
		"another prefix":           {below, get("out/k"), scope},
		"a shorter key":            {below, get("in"), scope},
		"another bucket":           {below, asked{action: "s3:GetObject", bucket: "lake2", key: "in/k"}, scope},
		"no key":                   {below, get(""), scope},
		"no key of a whole bucket": {all, get(""), scope},
		"READ writes":              {below, put("in/k"), permission},
		"WRITE reads":              {vended("s3://lake/in/*", "WRITE", false), get("in/k"), permission},
		"WRITE writes":             {vended("s3://lake/in/*", "WRITE", false), put("in/k"), ""},
		"WRITE lists":              {vended("s3://lake/in/*", "WRITE", false), list(new("in/")), permission},
		"lists the prefix":         {below, list(new("in/")), ""},
		"lists a longer prefix":    {below, list(new("in/a")), ""},
		"lists a shorter prefix":   {below, list(new("in")), scope},
		"lists without a prefix":   {below, list(nil), scope},
		"lists an empty prefix":    {below, list(new("")), scope},
		"lists a whole bucket":     {all, list(nil), ""},
		"lists another bucket":     {all, asked{action: "s3:ListBucket", bucket: "lake2"}, scope},
		"lists a key": {below, asked{action: "s3:ListBucket", bucket: "lake", key: "in/k",
			prefix: new("in/")}, scope},
		"one object":                 {one, get("one"), ""},
		"one object, longer":         {one, get("one/"), scope},
		"one object lists":           {one, list(new("one")), scope},
		"an object of type Object":   {vended("s3://lake/a*", "READ", true), list(new("a")), scope},
		"tags":                       {one, on("s3:PutObjectTagging", "one"), closed},
		"retention":                  {one, on("s3:BypassGovernanceRetention", "one"), closed},
		"the bucket's policy":        {all, asked{action: "s3:GetBucketPolicy", bucket: "lake"}, closed},
		"no scope":                   {vended("", "READ", false), get("in/k"), fault.SessionInvalid},
		"a scope that is none":       {vended("lake/in/*", "READ", false), get("in/k"), fault.SessionInvalid},
		"no permission":              {vended("s3://lake/*", "", false), get("in/k"), fault.SessionInvalid},
		"a permission that is none":  {vended("s3://lake/*", "read", false), get("in/k"), fault.SessionInvalid},
		"a role's session":           {other, get("k"), ""},
		"a long-term key":            {&caller.Caller{}, get("k"), ""},
		"an asterisk is a character": {vended("s3://lake/in/*", "READ", false), get("*"), scope},
	} {
		err := checkCeiling(c.who, &c.asks)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if f := fault.Of(err); f == nil || f.Kind != fault.Denied || f.Reason != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// TestOnePlaceAsks checks that no function of the gateway asks policies past the ceiling.
func TestOnePlaceAsks(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asks := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			for _, call := range []string{"buckets.May(", ".Authorize(", ".Decide("} {
				asks += strings.Count(string(text), call)
			}
		}
	}
	if asks != 1 {
		t.Errorf("the gateway asks policies in %d places; all but may pass the ceiling", asks)
	}
}
