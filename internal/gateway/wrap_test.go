package gateway_test

import (
	"context"
	"html"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/objects"
	"latchkey/internal/upstream"
)

// overheard is a gateway in front of an embedded store, with the calls that reached the store.
func overheard(t *testing.T) (w *world, calls func() []upstream.Call) {
	t.Helper()
	store, err := objects.Open(t.Context(), filepath.Join(t.TempDir(), "objects"), objects.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	var mu sync.Mutex
	var heard []upstream.Call
	w = behind(t, true, func(ctx context.Context, c upstream.Call) (any, error) {
		mu.Lock()
		heard = append(heard, c)
		mu.Unlock()
		return store.Do(ctx, c)
	})
	return w, func() []upstream.Call {
		mu.Lock()
		defer mu.Unlock()
		all := heard
		heard = nil
		return all
	}
}

// between cuts out what stands between two texts.
func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

// TestAttack28_UploadIDsBelongToTheirKeys checks that no upload id that was not given out for this bucket and key
// reaches the store, in any operation, and that the store's own id reaches no client.
func TestAttack28_UploadIDsBelongToTheirKeys(t *testing.T) {
	w, calls := overheard(t)
	w.bucket(w.root, "lake", "pond")
	w.object("/lake/source", "x")
	id, foreign, elsewhere := w.upload(w.root, "/lake/k"), w.upload(w.root, "/lake/other"), w.upload(w.root, "/pond/k")
	served(t, "part", w.put(w.root, "/lake/k?partNumber=1&uploadId="+id, "content"))
	own := ""
	for _, c := range calls() {
		if in, ok := c.Input.(*s3.UploadPartRequest); ok {
			own = *in.UploadId
		}
	}
	if own == "" || own == id || strings.Contains(id, own) {
		t.Fatalf("the store's id is %q, the client's %q", own, id)
	}
	changed := "A" + id[1:]
	if id[0] == 'A' {
		changed = "B" + id[1:]
	}
	for what, bad := range map[string]string{
		"of another key": foreign, "of another bucket": elsewhere, "the store's own": own, "changed": changed,
		"cut": id[:len(id)-1], "longer": id + "A", "padded": id + "==", "nonsense": "%20", "short": "AAAA",
		"empty": "",
	} {
		for operation, a := range map[string]ask{
			"UploadPart": {method: "PUT", path: "/lake/k?partNumber=1&uploadId=" + bad, body: "x"},
			"UploadPartCopy": {method: "PUT", path: "/lake/k?partNumber=1&uploadId=" + bad,
				header: header("X-Amz-Copy-Source", "lake/source")},
			"CompleteMultipartUpload": {method: "POST", path: "/lake/k?uploadId=" + bad, body: complete("x")},
			"AbortMultipartUpload":    {method: "DELETE", path: "/lake/k?uploadId=" + bad},
			"ListParts":               {method: "GET", path: "/lake/k?uploadId=" + bad},
		} {
			got := w.do(w.root, a)
			if bad != "" && (got.status != 404 || got.code != "NoSuchUpload") || got.status < 400 {
				t.Errorf("%s with an id that is %s: %v", operation, what, got)
			}
			for _, c := range calls() {
				if c.Operation.Name != "HeadBucket" {
					t.Errorf("%s with an id that is %s reached the store as %s", operation, what, c.Operation.Name)
				}
			}
		}
	}
	parts := w.get(w.root, "/lake/k?uploadId="+id)
	if between(parts.body, "<UploadId>", "</UploadId>") != id || !strings.Contains(parts.body, "<PartNumber>1<") {
		t.Errorf("its parts: %v", parts)
	}
	etag := html.UnescapeString(between(parts.body, "<ETag>", "</ETag>"))
	served(t, "complete", w.do(w.root, ask{method: "POST", path: "/lake/k?uploadId=" + id, body: complete(etag)}))
	if got := w.get(w.root, "/lake/k"); got.body != "content" {
		t.Errorf("the object is %v", got)
	}
}

// TestUploadsAreListedUnderTheirWrappedIDs pages through uploads of one key and of several, also with names that are
// encoded: every id that a listing has can be used, and every marker continues.
func TestUploadsAreListedUnderTheirWrappedIDs(t *testing.T) {
	w, calls := overheard(t)
	w.bucket(w.root, "lake")
	want := map[string]string{}
	for _, key := range []string{"a b", "a b", "c+d", "é"} {
		want[w.upload(w.root, "/lake/"+escape(key))] = key
	}
	for _, encoding := range []string{"", "&encoding-type=url"} {
		seen, query := map[string]bool{}, ""
		for range 10 {
			page := w.get(w.root, "/lake?uploads&max-uploads=1"+encoding+query)
			served(t, "page", page)
			id := between(page.body, "<UploadId>", "</UploadId>")
			if _, ok := want[id]; !ok {
				t.Fatalf("%q is no id of ours: %s", id, page.body)
			}
			seen[id] = true
			if !strings.Contains(page.body, "<IsTruncated>true") {
				break
			}
			key := between(page.body, "<NextKeyMarker>", "</NextKeyMarker>")
			if encoding == "" {
				key = escape(key)
			}
			query = "&key-marker=" + key + "&upload-id-marker=" +
				between(page.body, "<NextUploadIdMarker>", "</NextUploadIdMarker>")
		}
		if len(seen) != len(want) {
			t.Errorf("%s: %d of %d uploads were listed", encoding, len(seen), len(want))
		}
	}
	for id, key := range want {
		calls()
		marker := "/lake?uploads&key-marker=elsewhere&upload-id-marker=" + id
		refused(t, "a marker of another key", w.get(w.root, marker), 400, "InvalidArgument", "uploadId marker")
		served(t, "a marker without a key says nothing", w.get(w.root, "/lake?uploads&upload-id-marker="+id))
		for _, c := range calls() {
			if in, ok := c.Input.(*s3.ListMultipartUploadsRequest); ok && in.UploadIdMarker != nil {
				t.Errorf("the store got the marker %q", *in.UploadIdMarker)
			}
		}
		if got := w.del(w.root, "/lake/"+escape(key)+"?uploadId="+id); got.status != 204 {
			t.Errorf("abort %q: %v", key, got)
		}
	}
}

// TestAttack07_TokensBelongToTheirListing checks that a continuation token goes on with its own listing alone.
func TestAttack07_TokensBelongToTheirListing(t *testing.T) {
	w, calls := overheard(t)
	w.bucket(w.root, "lake", "pond")
	for _, key := range []string{"in/a", "in/b", "in/c", "out/a", "out/b"} {
		w.object("/lake/"+key, "x")
		w.object("/pond/"+key, "x")
	}
	b := w.rootKey(accountB)
	served(t, "policy", w.do(w.root, ask{method: "PUT", path: "/lake?policy",
		body: allow(`{"Effect":"Allow","Principal":{"AWS":"` + accountB + `"},"Action":"s3:ListBucket",` +
			`"Resource":"arn:aws:s3:::lake"}`)}))
	first := w.get(w.root, "/lake?list-type=2&max-keys=1&prefix=in/")
	token := between(first.body, "<NextContinuationToken>", "</NextContinuationToken>")
	if token == "" || strings.Contains(token, "in") && strings.Contains(token, "/") {
		t.Fatalf("the token is %q", token)
	}
	second := w.get(w.root, "/lake?list-type=2&max-keys=1&prefix=in/&continuation-token="+token)
	if !strings.Contains(second.body, "<Key>in/b<") || strings.Contains(second.body, "<Key>in/a<") ||
		between(second.body, "<ContinuationToken>", "</ContinuationToken>") != token {
		t.Errorf("the second page: %v", second)
	}
	calls()
	for what, c := range map[string]struct {
		keys  awsKeys
		query string
	}{
		"another prefix":    {w.root, "/lake?list-type=2&prefix=out/&continuation-token=" + token},
		"no prefix":         {w.root, "/lake?list-type=2&continuation-token=" + token},
		"another delimiter": {w.root, "/lake?list-type=2&prefix=in/&delimiter=/&continuation-token=" + token},
		"another bucket":    {w.root, "/pond?list-type=2&prefix=in/&continuation-token=" + token},
		"another account":   {b, "/lake?list-type=2&prefix=in/&continuation-token=" + token},
		"a changed token":   {w.root, "/lake?list-type=2&prefix=in/&continuation-token=" + token[:len(token)-2] + "AA"},
		"a store's token":   {w.root, "/lake?list-type=2&prefix=in/&continuation-token=aW4vYQ"},
		"nonsense":          {w.root, "/lake?list-type=2&prefix=in/&continuation-token=%20"},
	} {
		refused(t, what, w.get(c.keys, c.query), 400, "InvalidArgument", "continuation token")
		for _, x := range calls() {
			if x.Operation == s3.ListObjectsV2.Operation {
				t.Errorf("%s reached the store", what)
			}
		}
	}
	served(t, "the other account's own listing", w.get(b, "/lake?list-type=2&prefix=in/"))
}

// TestTagsReachNoStore checks that tags, which conditions read, are not kept where conditions do not see them.
func TestTagsReachNoStore(t *testing.T) {
	w, calls := overheard(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "x")
	calls()
	for what, a := range map[string]ask{
		"put":    {method: "PUT", path: "/lake/t", header: header("X-Amz-Tagging", "a=b")},
		"upload": {method: "POST", path: "/lake/t?uploads", header: header("X-Amz-Tagging", "a=b")},
		"copy": {method: "PUT", path: "/lake/t",
			header: header("X-Amz-Tagging", "a=b", "X-Amz-Tagging-Directive", "REPLACE", "X-Amz-Copy-Source", "lake/k")},
	} {
		refused(t, what, w.do(w.root, a), 501, "NotImplemented", "")
		for _, c := range calls() {
			if c.Operation != s3.HeadBucket.Operation {
				t.Errorf("%s reached the store as %s", what, c.Operation.Name)
			}
		}
	}
}
