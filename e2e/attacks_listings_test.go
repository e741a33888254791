package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestAttack07_Listings(t *testing.T) {
	g := newGuarded(t)
	g.root.puts(g.bucket, "public/c", "public/d", "zebra/x")
	list := func(query url.Values) *answer {
		return g.reader.sends(request{method: "GET", path: "/" + g.bucket, query: query})
	}
	for name, query := range map[string]url.Values{
		"no prefix":                 {"list-type": {"2"}},
		"no prefix, version 1":      {},
		"empty prefix":              {"list-type": {"2"}, "prefix": {""}},
		"shorter prefix":            {"list-type": {"2"}, "prefix": {"pub"}},
		"prefix without its slash":  {"list-type": {"2"}, "prefix": {"public"}},
		"shorter by delimiter":      {"list-type": {"2"}, "delimiter": {"/"}},
		"prefix twice":              {"list-type": {"2"}, "prefix": {"public/", "private/"}},
		"prefix encoded twice":      {"list-type": {"2"}, "prefix": {"%70ublic/"}},
		"prefix with url encoding":  {"list-type": {"2"}, "prefix": {"p"}, "encoding-type": {"url"}},
		"other prefix and start":    {"list-type": {"2"}, "prefix": {"private/"}, "start-after": {"public/"}},
		"marker outside, version 1": {"marker": {"o"}},
		"versions":                  {"versions": {""}, "prefix": {""}},
		"versions below":            {"versions": {""}, "prefix": {"private/"}},
		"uploads without prefix":    {"uploads": {""}},
		"uploads outside":           {"uploads": {""}, "prefix": {"private/"}},
		"unknown list type":         {"list-type": {"3"}, "prefix": {"private/"}},
	} {
		got := list(query)
		got.leaksNothing(t, name)
		if got.status < 400 || strings.Contains(string(got.body), "private") &&
			strings.Contains(string(got.body), "<Contents>") {
			t.Errorf("%s: status %d: %s", name, got.status, got.body)
		}
	}
	t.Run("what starts outside the prefix stays inside it", func(t *testing.T) {
		for _, query := range []url.Values{
			{"list-type": {"2"}, "prefix": {"public/"}, "start-after": {"a"}}, {"prefix": {"public/"}, "marker": {"private/"}},
			{"list-type": {"2"}, "prefix": {"public/"}, "delimiter": {"u"}},
			{"list-type": {"2"}, "prefix": {"public/"}, "start-after": {"q"}},
		} {
			got := list(query)
			got.mustBe(t, 200, "")
			for _, k := range []string{"private", "zebra"} {
				if strings.Contains(strings.ReplaceAll(string(got.body), ">private/<", ""), k) {
					t.Errorf("%v lists %s: %s", query, k, got.body)
				}
			}
		}
	})
	t.Run("a token leads on in its own listing only", func(t *testing.T) {
		page := func(who *actor, prefix, token string) (*s3.ListObjectsV2Output, error) {
			in := &s3.ListObjectsV2Input{Bucket: &g.bucket, Prefix: &prefix, MaxKeys: new(int32(2))}
			if token != "" {
				in.ContinuationToken = &token
			}
			return who.s3.ListObjectsV2(t.Context(), in)
		}
		all, err := page(g.root, "", "")
		g.check(err)
		_, err = page(g.reader.actor, "public/", *all.NextContinuationToken)
		if _, status := codeOf(err); status != 400 {
			t.Errorf("the token of another listing: %v", err)
		}
		first, err := page(g.reader.actor, "public/", "")
		g.check(err)
		token := []byte(*first.NextContinuationToken)
		token[len(token)/2] ^= 1
		if _, err = page(g.reader.actor, "public/", string(token)); err == nil {
			t.Error("a changed token was accepted")
		}
		next, err := page(g.reader.actor, "public/", *first.NextContinuationToken)
		g.check(err)
		is(t, "next key", *next.Contents[0].Key, "public/d")
	})
	t.Run("uploads and parts are listed within the grant only", func(t *testing.T) {
		mine, err := g.writer.s3.CreateMultipartUpload(t.Context(),
			&s3.CreateMultipartUploadInput{Bucket: &g.bucket, Key: new("public/up")})
		g.check(err)
		theirs, err := g.root.s3.CreateMultipartUpload(t.Context(),
			&s3.CreateMultipartUploadInput{Bucket: &g.bucket, Key: new("private/up")})
		g.check(err)
		out, err := g.reader.s3.ListMultipartUploads(t.Context(),
			&s3.ListMultipartUploadsInput{Bucket: &g.bucket, Prefix: new("public/")})
		g.check(err)
		is(t, "uploads", len(out.Uploads), 1)
		_, err = g.reader.s3.ListParts(t.Context(),
			&s3.ListPartsInput{Bucket: &g.bucket, Key: new("public/up"), UploadId: mine.UploadId})
		g.check(err)
		_, err = g.reader.s3.ListParts(t.Context(),
			&s3.ListPartsInput{Bucket: &g.bucket, Key: new("private/up"), UploadId: theirs.UploadId})
		refused(t, err, 403, "AccessDenied")
		_, err = g.reader.s3.ListParts(t.Context(),
			&s3.ListPartsInput{Bucket: &g.bucket, Key: new("public/up"), UploadId: theirs.UploadId})
		refused(t, err, 404, "NoSuchUpload")
	})
}

// only keeps the keys that are in the list.
func only(keys, list []string) (kept []string) {
	wanted := map[string]bool{}
	for _, k := range list {
		wanted[k] = true
	}
	for _, k := range keys {
		if wanted[k] {
			kept = append(kept, k)
		}
	}
	return kept
}

// sorted is the order in which S3 lists keys.
func sorted(keys []string) []string { return slices.Sorted(slices.Values(keys)) }
