package policy

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// levelOfAction has every action of the user guide's table, with the permission that includes the action.
var levelOfAction = map[string]string{
	"s3:GetObject":                "READ",
	"s3:GetObjectVersion":         "READ",
	"s3:GetObjectAcl":             "READ",
	"s3:GetObjectVersionAcl":      "READ",
	"s3:ListMultipartUploadParts": "READ",
	"s3:PutObject":                "WRITE",
	"s3:PutObjectAcl":             "WRITE",
	"s3:PutObjectVersionAcl":      "WRITE",
	"s3:DeleteObject":             "WRITE",
	"s3:DeleteObjectVersion":      "WRITE",
	"s3:AbortMultipartUpload":     "WRITE",
}

var bucketActions = []string{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"}

func TestDataAccessHasTheActionsOfItsPermission(t *testing.T) {
	for _, permission := range []string{"READ", "WRITE", "READWRITE"} {
		t.Run(permission, func(t *testing.T) {
			p := within(t, DataAccess("lake", "p/", false, permission, false))
			for action, level := range levelOfAction {
				got, want := Evaluate(objectRequest(action, "p/x"), p).Allowed, strings.Contains(permission, level)
				if got != want {
					t.Errorf("%s inside: allowed %v, want %v", action, got, want)
				}
				if Evaluate(objectRequest(action, "q/x"), p).Allowed {
					t.Errorf("%s outside: allowed", action)
				}
				other := objectRequest(action, "p/x")
				other.Resource = "arn:aws:s3:::lake-other/p/x"
				if Evaluate(other, p).Allowed {
					t.Errorf("%s in another bucket: allowed", action)
				}
			}
			for _, action := range bucketActions {
				read := strings.Contains(permission, "READ")
				for prefix, want := range map[string]bool{"p/": read, "p/x": read, "p": false, "": false, "q/": false} {
					if got := Evaluate(listRequest(action, prefix), p).Allowed; got != want {
						t.Errorf("%s of %q: allowed %v, want %v", action, prefix, got, want)
					}
				}
				if Evaluate(listRequest(action), p).Allowed {
					t.Errorf("%s without prefix: allowed", action)
				}
			}
		})
	}
}

func TestDataAccessToAWholeBucketListsWithoutPrefix(t *testing.T) {
	p := within(t, DataAccess("lake", "", false, "READ", false))
	for _, r := range []Request{
		listRequest("s3:ListBucket"), listRequest("s3:ListBucket", "any"), objectRequest("s3:GetObject", "any"),
	} {
		if got := Evaluate(r, p); !got.Allowed {
			t.Errorf("%s %s: %s", r.Action, r.Resource, got.Explain())
		}
	}
}

func TestDataAccessToAllBuckets(t *testing.T) {
	p := within(t, DataAccess("", "", false, "READ", false))
	for _, r := range []Request{listRequest("s3:ListBucket"), objectRequest("s3:GetObject", "any")} {
		if got := Evaluate(r, p); !got.Allowed {
			t.Errorf("%s %s: %s", r.Action, r.Resource, got.Explain())
		}
	}
	if Evaluate(objectRequest("s3:PutObject", "any"), p).Allowed {
		t.Error("READ of all buckets writes")
	}
}

func TestDataAccessToObjectsListsNothing(t *testing.T) {
	for name, d := range map[string]*Document{
		"exact key":           DataAccess("lake", "p/x", true, "READ", false),
		"exact object":        DataAccess("lake", "p/x", true, "READ", true),
		"prefix, object only": DataAccess("lake", "p/", false, "READ", true),
	} {
		t.Run(name, func(t *testing.T) {
			p := within(t, d)
			if got := Evaluate(objectRequest("s3:GetObject", "p/x"), p); !got.Allowed {
				t.Errorf("read: %s", got.Explain())
			}
			for _, action := range bucketActions {
				if Evaluate(listRequest(action, "p/x"), p).Allowed {
					t.Errorf("%s: allowed", action)
				}
			}
		})
	}
}

func TestDataAccessDeniesWhatItCannotSay(t *testing.T) {
	for name, d := range map[string]*Document{
		"an unknown permission":         DataAccess("lake", "p/", false, "read", false),
		"no permission":                 DataAccess("lake", "p/", false, "", false),
		"a prefix without a bucket":     DataAccess("", "p/", false, "READ", false),
		"an exact key that is empty":    DataAccess("lake", "", true, "READ", false),
		"an exact key without a bucket": DataAccess("", "p", true, "READ", false),
	} {
		t.Run("denied for "+name, func(t *testing.T) {
			for _, r := range []Request{objectRequest("s3:GetObject", "p/"), listRequest("s3:ListBucket", "p/")} {
				if got := Evaluate(r, within(t, d)); got.Effect != ExplicitDeny {
					t.Errorf("got %s", got.Explain())
				}
			}
		})
	}
}

func TestDataAccessPrintsAsASessionPolicy(t *testing.T) {
	var b strings.Builder
	for _, d := range []*Document{
		DataAccess("lake", "fin*ance/", false, "READWRITE", false), DataAccess("lake", "", false, "READ", false),
		DataAccess("lake", "k.txt", true, "WRITE", true),
		DataAccess("", "", false, "READ", false), DataAccess("lake", "", true, "READ", false),
	} {
		b.WriteString(d.String() + "\n")
		again := parse(t, Session, d.String())
		if again.String() != d.String() || again.Size() != d.Size() {
			t.Errorf("parsed again it is %s", again)
		}
	}
	want, err := os.ReadFile("testdata/data-access.txt")
	if err != nil || b.String() != string(want) {
		t.Errorf("%v; got\n%s", err, b.String())
	}
}

func TestManagedPolicies(t *testing.T) {
	list, err := loadManaged()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(list, func(a, b ManagedPolicy) int { return strings.Compare(a.Name, b.Name) }) ||
		len(list) != len(managed()) {
		t.Errorf("managed policies %+v", managed())
	}
	ids := map[string]bool{}
	for _, m := range list {
		if len(m.ID) != 21 || !strings.HasPrefix(m.ID, "ANPA") || ids[m.ID] || m.CreateDate.IsZero() ||
			m.UpdateDate.Before(m.CreateDate) || m.VersionID == "" || m.Description == "" {
			t.Errorf("%+v", m)
		}
		ids[m.ID] = true
		d, ok := Managed(m.ARN)
		if !ok || d.String() != m.Text || d.Name() != m.ARN || d.Kind() != Identity || d.Size() > 6144 {
			t.Errorf("%s is not found as itself", m.ARN)
		}
	}
	if _, ok := Managed(ManagedPrefix + "NoSuchPolicy"); ok {
		t.Error("a policy that does not exist is found")
	}
	if d, ok := Managed("arn:aws:iam::aws:policy/AdministratorAccess"); !ok ||
		!Evaluate(objectRequest("s3:GetObject", "x"), Policies{Identity: []*Document{d}}).Allowed {
		t.Error("an administrator may not read")
	}
}

// A session with an identity context may ask for access and do nothing else with S3.
func TestTheAllowListOfIdentityContexts(t *testing.T) {
	guard, ok := Managed(IdentityContextAllowList)
	if !ok {
		t.Fatal("it is missing")
	}
	p := Policies{Identity: []*Document{allowAll(t)}, Guard: []*Document{guard}}
	for action, want := range map[string]bool{
		"s3:GetDataAccess": true, "s3:ListCallerAccessGrants": true,
		"s3:GetAccessGrantsInstanceForPrefix": true, "sts:SetContext": true,
		"s3:GetObject": false, "s3:CreateAccessGrant": false, "iam:ListUsers": false, "sts:AssumeRole": false,
	} {
		got := Evaluate(Request{Principal: reader, Action: action, Resource: "*", ResourceAccount: reader.Account}, p)
		if got.Allowed != want || !want && (got.Effect != ExplicitDeny || got.Layer != LayerGuard) {
			t.Errorf("%s: %s", action, got.Explain())
		}
	}
}
