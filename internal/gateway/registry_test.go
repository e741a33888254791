package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// TestListBucketsPages pages through the buckets of an account.
func TestListBucketsPages(t *testing.T) {
	w := start(t)
	b := w.other()
	w.bucket(w.root, "a-1", "a-2", "a-3", "b-1", "b-2")
	w.bucket(b, "a-2-of-b", "c-of-b")
	type list struct {
		Names []string `xml:"Buckets>Bucket>Name"`
		Next  string   `xml:"ContinuationToken"`
		Owner string   `xml:"Owner>ID"`
	}
	page := func(k awsKeys, query string) (l list) {
		t.Helper()
		w.parse(w.must(k, ask{method: "GET", path: "/?" + query}), &l)
		return l
	}
	if got := page(w.root, ""); fmt.Sprint(got.Names) != "[a-1 a-2 a-3 b-1 b-2]" || got.Next != "" ||
		len(got.Owner) != 64 {
		t.Errorf("all: %+v", got)
	}
	if got := page(b, ""); fmt.Sprint(got.Names) != "[a-2-of-b c-of-b]" {
		t.Errorf("the other account's: %+v", got)
	}
	var all []string
	for query := "max-buckets=2"; ; {
		got := page(w.root, query)
		all = append(all, got.Names...)
		if got.Next == "" {
			break
		}
		if len(got.Names) != 2 {
			t.Fatalf("a page of %d", len(got.Names))
		}
		query = "max-buckets=2&continuation-token=" + url.QueryEscape(got.Next)
	}
	if fmt.Sprint(all) != "[a-1 a-2 a-3 b-1 b-2]" {
		t.Errorf("pages: %v", all)
	}
	first := page(w.root, "max-buckets=1&prefix=a-")
	if got := page(w.root, "prefix=a-&continuation-token="+
		url.QueryEscape(first.Next)); fmt.Sprint(got.Names) != "[a-2 a-3]" {
		t.Errorf("with a prefix: %+v", got)
	}
	if got := page(w.root, "bucket-region="+region); len(got.Names) != 5 {
		t.Errorf("of the region: %+v", got)
	}
	if got := page(w.root, "bucket-region=eu-west-1"); len(got.Names) != 0 {
		t.Errorf("of another region: %+v", got)
	}
	for what, x := range map[string]struct {
		keys  awsKeys
		query string
	}{
		"another list":    {w.root, "continuation-token=" + url.QueryEscape(first.Next)},
		"another account": {b, "prefix=a-&continuation-token=" + url.QueryEscape(first.Next)},
		"garbage":         {w.root, "continuation-token=x"},
		"a changed token": {w.root, "prefix=a-&continuation-token=" + url.QueryEscape("A"+first.Next)},
		"none":            {w.root, "max-buckets=0"},
		"too many":        {w.root, "max-buckets=10001"},
		"less than none":  {w.root, "max-buckets=-1"},
		"no number":       {w.root, "max-buckets=x"},
	} {
		if got := w.get(x.keys, "/?"+x.query); got.status != http.StatusBadRequest {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// TestCreateBucket: names, regions and owners.
func TestCreateBucket(t *testing.T) {
	w := start(t)
	b := w.other()
	constraint := func(region string) string {
		return "<CreateBucketConfiguration><LocationConstraint>" + region +
			"</LocationConstraint></CreateBucketConfiguration>"
	}
	for name, x := range map[string]struct {
		path, body string
		status     int
		code       string
	}{
		"plain":             {"/plain", "", 200, ""},
		"another region":    {"/another", constraint("eu-west-1"), 400, "IllegalLocationConstraintException"},
		"EU from elsewhere": {"/eu", constraint("EU"), 400, "IllegalLocationConstraintException"},
		"no XML":            {"/noxml", "x", 400, "MalformedXML"},
		"upper case":        {"/Upper", "", 400, "InvalidBucketName"},
		"short":             {"/ab", "", 400, "InvalidBucketName"},
		"an address":        {"/10.0.0.1", "", 400, "InvalidBucketName"},
		"dots":              {"/a..b", "", 400, "InvalidBucketName"},
		"a slash":           {"/a%2Fb", "", 400, "InvalidBucketName"},
		"long":              {"/" + strings.Repeat("x", 64), "", 400, "InvalidBucketName"},
		"too large a body":  {"/large", constraint(strings.Repeat("x", 70<<10)), 400, "MaxMessageLengthExceeded"},
	} {
		got := w.put(w.root, x.path, x.body)
		if got.status != x.status || got.code != x.code {
			t.Errorf("%s: %v, want %d %s", name, got, x.status, x.code)
		}
		if x.status != 200 && len(x.path) < 60 && w.do(w.root, ask{method: "HEAD", path: x.path}).status == 200 {
			t.Errorf("%s: it was created", name)
		}
	}
	for _, name := range []string{"eu-west-1", "EU"} {
		w.must(w.root, ask{method: "PUT", path: "/same", body: constraint(name), region: "eu-west-1"})
		if got := w.get(w.root, "/same?location"); !strings.Contains(got.body, ">eu-west-1<") {
			t.Errorf("%s: %s", name, got.body)
		}
		served(t, "delete", w.do(w.root, ask{method: "DELETE", path: "/same", region: "eu-west-1"}))
	}
	w.bucket(w.root, "same")
	refused(t, "again", w.put(w.root, "/plain", ""), 409, "BucketAlreadyOwnedByYou", "")
	refused(t, "another's", w.put(b, "/plain", ""), 409, "BucketAlreadyExists", "")
	for _, h := range []http.Header{header("X-Amz-Acl", "public-read"), header("X-Amz-Grant-Read", "id=1"),
		header("X-Amz-Bucket-Object-Lock-Enabled", "true"), header("X-Amz-Object-Ownership", "ObjectWriter")} {
		if got := w.do(w.root, ask{method: "PUT", path: "/wish", header: h}); got.status != 501 {
			t.Errorf("%v: %v", h, got)
		}
	}
	if got := w.get(w.root, "/wish"); got.status != 404 {
		t.Errorf("a refused wish made the bucket: %v", got)
	}
	w.object("/plain/k", "x")
	refused(t, "not empty", w.del(w.root, "/plain"), 409, "BucketNotEmpty", "")
	refused(t, "not its owner", w.del(b, "/plain"), 403, "AccessDenied", "")
	served(t, "empty", w.del(w.root, "/same"))
	refused(t, "gone", w.del(w.root, "/same"), 404, "NoSuchBucket", "")
}

// TestBucketsTellTheirRegion checks the header in which SDKs find a bucket's region. Failures have it too.
func TestBucketsTellTheirRegion(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	nobody := w.user("nobody", "")
	for what, got := range map[string]*answer{
		"head":         w.do(w.root, ask{method: "HEAD", path: "/lake"}),
		"head refused": w.do(nobody, ask{method: "HEAD", path: "/lake"}),
		"get":          w.get(w.root, "/lake"),
		"get refused":  w.get(nobody, "/lake/k"),
		"no key":       w.get(w.root, "/lake/k"),
		"another owner": w.do(w.root,
			ask{method: "HEAD", path: "/lake", header: header("X-Amz-Expected-Bucket-Owner", accountB)}),
	} {
		if v := got.header.Get("X-Amz-Bucket-Region"); v != region {
			t.Errorf("%s: region %q", what, v)
		}
		if strings.HasPrefix(what, "head") && got.body != "" {
			t.Errorf("%s: a body", what)
		}
	}
	if got := w.do(w.root, ask{method: "HEAD", path: "/none"}); got.status != 404 ||
		got.header.Get("X-Amz-Bucket-Region") != "" {
		t.Errorf("no bucket: %v %v", got, got.header)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "HEAD", w.url+"/lake", nil)
	if got := w.send(r); got.status != 403 || got.header.Get("X-Amz-Bucket-Region") != "" {
		t.Errorf("unsigned: %v %v", got, got.header)
	}
}

// TestBucketsHaveOneOwner lets two accounts create and delete one name at once. An account that was told that it owns
// the bucket must be able to use it.
func TestBucketsHaveOneOwner(t *testing.T) {
	w := start(t)
	b := w.other()
	var wg sync.WaitGroup
	for _, k := range []awsKeys{w.root, b} {
		wg.Go(func() {
			for range 30 {
				if w.put(k, "/shared", "").status == 200 {
					if got := w.put(k, "/shared/k", "x"); got.status != 200 {
						t.Errorf("put into an own bucket: %v", got)
					}
					if got := w.del(k, "/shared/k"); got.status != 204 {
						t.Errorf("delete in an own bucket: %v", got)
					}
				}
				if got := w.del(k, "/shared"); got.status != 204 && got.status != 403 && got.status != 404 {
					t.Errorf("delete: %v", got)
				}
			}
		})
	}
	wg.Wait()
}
