package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// catalogCase is an AssumeRole as a catalog for tables sends it, and what its session may do. The files in
// testdata/catalogs have the cases. BUCKET, OTHER and ACCOUNT in them stand for the names of the test's own.
type catalogCase struct {
	Catalog, What   string
	Session         string
	ExternalID      string `json:"externalId"`
	Tags            map[string]string
	Transitive      bool // all tags
	Policy          json.RawMessage
	Allowed, Denied []string // see catalogWorld.does
	Refused         string   // the code with which STS refuses the request; empty: a session is made
	Because         string   // in the message of that refusal
}

// catalogWorld is a warehouse with tables, and a catalog with a role over all of it.
type catalogWorld struct {
	*account
	bucket, other string
	catalog       *actor // the keys that the catalog is configured with
	role          string
}

func newCatalogWorld(t *testing.T) *catalogWorld {
	t.Helper()
	a := newAccount(t)
	w := &catalogWorld{account: a, bucket: a.bucket(), other: a.bucket(), catalog: a.chief("catalog")}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.catalog.arn +
		`"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`
	w.role = a.role("warehouse", trust, mayAnything)
	a.root.puts(w.bucket, "wh/orders/data/a.parquet", "wh/orders/metadata/v1.json", "wh/items/b.parquet",
		"wh/orders2/secret", "archive/2024/c", "archive/2023/secret", "wh/a*b/q?/d${x}/part",
		"wh/aXXb/q?/d${x}/secret", "wh/a*b/qZ/d${x}/secret")
	a.root.puts(w.other, "wh/orders/data/a.parquet")
	return w
}

// fill puts the names of the test into a case.
func (w *catalogWorld) fill(text []byte) []byte {
	return []byte(strings.NewReplacer("BUCKET", w.bucket, "OTHER", w.other, "ACCOUNT", w.id).Replace(string(text)))
}

// assume sends a case's AssumeRole.
func (w *catalogWorld) assume(t *testing.T, c *catalogCase) (*sts.AssumeRoleOutput, error) {
	var policy bytes.Buffer
	if err := json.Compact(&policy, c.Policy); err != nil {
		t.Fatal(err)
	}
	in := &sts.AssumeRoleInput{RoleArn: &w.role, RoleSessionName: &c.Session, Policy: new(policy.String()),
		DurationSeconds: new(int32(3600))}
	if c.ExternalID != "" {
		in.ExternalId = &c.ExternalID
	}
	for k, v := range c.Tags {
		in.Tags = append(in.Tags, ststypes.Tag{Key: &k, Value: &v})
		if c.Transitive {
			in.TransitiveTagKeys = append(in.TransitiveTagKeys, k)
		}
	}
	return w.catalog.sts.AssumeRole(t.Context(), in)
}

// does is one action of a session, in words: a verb, and keys or a prefix.
func (w *catalogWorld) does(words string) (action, error) {
	verb, rest, _ := strings.Cut(words, " ")
	from, to, _ := strings.Cut(rest, " ")
	b := w.bucket
	call := func(do func(context.Context, *actor) error) (action, error) { return action{words, do}, nil }
	switch verb {
	case "read":
		return reading(b, rest), nil
	case "read-other":
		return reading(w.other, rest), nil
	case "head":
		return heading(b, rest), nil
	case "write":
		return writing(b, rest), nil
	case "delete":
		return deleting(b, rest), nil
	case "list":
		return listing(b, rest), nil
	case "list-all":
		return listingAll(b), nil
	case "upload":
		return uploadingInParts(b, rest), nil
	case "abort":
		return abortingAnUpload(b, rest), nil
	case "copy":
		return copying(b, from, to), nil
	case "uploads":
		return call(func(ctx context.Context, a *actor) error {
			_, err := a.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b})
			return err
		})
	case "parts":
		return call(func(ctx context.Context, a *actor) error { return listsParts(ctx, a, b, rest) })
	case "locate":
		return call(func(ctx context.Context, a *actor) error {
			_, err := a.s3.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &b})
			return err
		})
	case "policy":
		return call(func(ctx context.Context, a *actor) error {
			_, err := a.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b})
			return err
		})
	case "whoami":
		return call(func(ctx context.Context, a *actor) error {
			_, err := a.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		})
	case "tag": // a write with tags needs the right to tag
		return call(func(ctx context.Context, a *actor) error {
			_, err := a.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: &rest, Tagging: new("k=v")})
			return err
		})
	}
	return action{}, errors.New("an unknown verb: " + verb)
}

func listsParts(ctx context.Context, a *actor, bucket, key string) error {
	made, err := a.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	_, err = a.s3.ListParts(ctx, &s3.ListPartsInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId})
	_, failed := a.s3.AbortMultipartUpload(ctx,
		&s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId})
	return errors.Join(err, failed)
}

// catalogCases reads the cases.
func catalogCases(t *testing.T, w *catalogWorld) map[string]*catalogCase {
	t.Helper()
	files, err := filepath.Glob("testdata/catalogs/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	all := map[string]*catalogCase{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		from := json.NewDecoder(bytes.NewReader(w.fill(text)))
		from.DisallowUnknownFields()
		c := &catalogCase{}
		if err := from.Decode(c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".json")] = c
	}
	return all
}

// TestCatalogsVendThroughOurSTS sends what catalogs send to AWS's STS, and uses the sessions.
func TestCatalogsVendThroughOurSTS(t *testing.T) {
	w := newCatalogWorld(t)
	for name, c := range catalogCases(t, w) {
		t.Run(name, func(t *testing.T) {
			out, err := w.assume(t, c)
			if c.Refused != "" {
				refused(t, err, 400, c.Refused, c.Because)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			//lint:ignore SA1019 the deprecated member is there for clients that still read it
			if size := out.PackedPolicySize; size == nil || *size < 1 || *size > 100 {
				t.Errorf("PackedPolicySize is %v", size)
			}
			session := w.actor(c.Session, *out.AssumedRoleUser.Arn, keysOfSTS(out.Credentials))
			session.t = t
			for i, list := range [][]string{c.Allowed, c.Denied} {
				for _, words := range list {
					d, err := w.does(words)
					if err != nil {
						t.Fatal(err)
					}
					if i == 0 {
						session.may(d)
					} else {
						session.mayNot(d)
					}
				}
			}
			if c.Transitive {
				t.Run("a chain keeps the tags", func(t *testing.T) { w.keepsTags(t, session, c) })
			}
		})
	}
}

// keepsTags checks that the next role of a chain has the session's tags, and cannot replace one.
func (w *catalogWorld) keepsTags(t *testing.T, session *actor, c *catalogCase) {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.role +
		`"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`
	next := w.account.role("next", trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",`+
		`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/polaris:table":"orders"}}}]}`)
	free := w.catalog.assumesWith(w.role, "free", "")
	if _, err := session.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &next,
		RoleSessionName: new("denied")}); err == nil {
		t.Error("the session policy does not allow sts:AssumeRole, and it went through")
	}
	tagged := &sts.AssumeRoleInput{RoleArn: &w.role, RoleSessionName: new("tagged")}
	for k, v := range c.Tags {
		tagged.Tags = append(tagged.Tags, ststypes.Tag{Key: &k, Value: &v})
		tagged.TransitiveTagKeys = append(tagged.TransitiveTagKeys, k)
	}
	out, err := w.catalog.sts.AssumeRole(t.Context(), tagged)
	if err != nil {
		t.Fatal(err)
	}
	first := w.actor("tagged", "", keysOfSTS(out.Credentials))
	first.assumes(next, "second").may(reading(w.bucket, "wh/items/b.parquet"))
	free.assumes(next, "untagged").mayNot(reading(w.bucket, "wh/items/b.parquet"))
	_, err = first.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &next, RoleSessionName: new("other"),
		Tags: []ststypes.Tag{{Key: new("polaris:table"), Value: new("items")}}})
	refused(t, err, 400, "ValidationError", "conflicts with a transitive tag key")
}

// TestCatalogsWithManyPrefixes sends policies that grow until STS refuses them, as on AWS: with 2,048 characters.
func TestCatalogsWithManyPrefixes(t *testing.T) {
	w := newCatalogWorld(t)
	policyOf := func(n int) string {
		var prefixes, keys []string
		for i := range n {
			prefixes = append(prefixes, fmt.Sprintf("t%d/*", i))
			keys = append(keys, fmt.Sprintf("arn:aws:s3:::%s/t%d/*", w.bucket, i))
		}
		text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": keys},
			map[string]any{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::" + w.bucket,
				"Condition": map[string]any{"StringLike": map[string]any{"s3:prefix": prefixes}}},
		}})
		w.check(err)
		return string(text)
	}
	n := 1
	for len(policyOf(n+1)) <= 2048 {
		n++
	}
	last := fmt.Sprintf("t%d/x", n-1)
	w.root.puts(w.bucket, "t0/x", last, "t/x", fmt.Sprintf("t%d/x", n))
	full := w.catalog.assumesWith(w.role, "full", policyOf(n))
	full.may(reading(w.bucket, "t0/x"), reading(w.bucket, last), listing(w.bucket, "t0/"))
	full.mayNot(reading(w.bucket, "t/x"), reading(w.bucket, fmt.Sprintf("t%d/x", n)), listing(w.bucket, "t"))
	_, err := w.catalog.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &w.role,
		RoleSessionName: new("more"), Policy: new(policyOf(n + 1))})
	refused(t, err, 400, "PackedPolicyTooLarge")
	_, err = w.catalog.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &w.bucket})
	if _, ok := errors.AsType[*types.NoSuchBucket](err); ok || err == nil {
		t.Errorf("the catalog's own keys read the warehouse: %v", err)
	}
}
