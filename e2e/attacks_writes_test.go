package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestAttack30_LevelsOfAccess(t *testing.T) {
	g := newGuarded(t)
	b := g.bucket
	t.Run("a version is a right of its own", func(t *testing.T) {
		plain := g.userWho("plain",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)
		plain.may(reading(b, "public/x"))
		got := plain.sends(request{
			method: http.MethodGet,
			path:   "/" + b + "/public/x",
			query:  url.Values{"versionId": {"null"}},
		})
		got.mustBe(t, 403, "AccessDenied")
		got.leaksNothing(t, "a version")
		deleter := g.userWho("deleter",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:DeleteObject"],"Resource":"*"}]}`)
		deleter.sends(request{
			method: http.MethodDelete,
			path:   "/" + b + "/public/x",
			query:  url.Values{"versionId": {"null"}},
		}).mustBe(t, 403, "AccessDenied")
		deleter.may(deleting(b, "public/none"))
	})
	t.Run("WRITE learns nothing of what is there", func(t *testing.T) {
		w := g.alice.asks(g.at("public/*"), WRITE)
		head, err := g.root.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: new("public/x")})
		g.check(err)
		w.mayNot(heading(b, "public/x"), reading(b, "public/x"))
		for _, etag := range []string{*head.ETag, `"00000000000000000000000000000000"`} {
			got := w.sends(request{
				method: http.MethodPut,
				path:   "/" + b + "/public/x",
				body:   []byte("x"),
				header: map[string]string{"If-Match": etag},
			})
			got.mustBe(t, 403, "AccessDenied") // the same answer whether the ETag matches or not
		}
		w.may(writing(b, "public/x"))
	})
	t.Run("READ writes no list, no tag, no lock", func(t *testing.T) {
		for _, sub := range []string{"acl", "tagging", "retention", "legal-hold", "torrent"} {
			got := g.reader.sends(request{
				method: http.MethodPut,
				path:   "/" + b + "/public/x",
				query:  url.Values{sub: {""}},
				body:   []byte("<x/>"),
			})
			if got.status != 403 && got.status != 501 {
				t.Errorf("?%s: status %d", sub, got.status)
			}
		}
		got := g.writer.sends(request{
			method: http.MethodPut,
			path:   "/" + b + "/public/tagged",
			body:   []byte("x"),
			header: map[string]string{"X-Amz-Tagging": "k=v"},
		})
		if got.status < 400 {
			t.Errorf("x-amz-tagging: status %d", got.status)
		}
		got = g.writer.sends(request{
			method: http.MethodPut,
			path:   "/" + b + "/public/open",
			body:   []byte("x"),
			header: map[string]string{"X-Amz-Acl": "public-read"},
		})
		if got.status < 400 {
			is(t, "status for everybody", g.site.plain(t, http.MethodGet, "/"+b+"/public/open").status, 403)
		}
		got = g.writer.sends(request{
			method: http.MethodDelete,
			path:   "/" + b + "/public/a/b",
			header: map[string]string{"X-Amz-Bypass-Governance-Retention": "true"},
		})
		got.leaksNothing(t, "bypass")
	})
	g.reader.may(reading(b, "public/x"))
}

func TestAttack31_UnknownParametersNameNoKnownOperation(t *testing.T) {
	g := newGuarded(t)
	b := "/" + g.bucket
	subs := []string{"acl", "policy", "policyStatus", "versioning", "website", "cors", "lifecycle", "encryption",
		"logging", "notification", "replication", "tagging",
		"requestPayment", "object-lock", "ownershipControls", "publicAccessBlock", "accelerate", "analytics", "inventory",
		"metrics", "intelligent-tiering", "torrent",
		"attributes", "legal-hold", "retention", "select", "restore", "session", "events", "metadata", "unknown",
		"response-unknown", "x-amz-unknown", "ACL", "Uploads"}
	for _, sub := range subs {
		for _, path := range []string{b, b + "/public/x", b + "/private/x"} {
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPost} {
				if path == b && sub == "policy" && method != http.MethodPost {
					continue // served, below
				}
				got := g.root.sends(request{method: method, path: path, query: url.Values{sub: {""}}, body: []byte("")})
				got.leaksNothing(t, method+" "+path+"?"+sub)
				if got.status < 400 || bytes.Contains(got.body, []byte("<ListBucketResult")) || string(got.body) == "public/x" {
					t.Errorf("%s %s?%s: status %d: %s", method, path, sub, got.status, got.body)
				}
			}
		}
	}
	is(t, "the objects", strings.Join(g.root.lists(g.bucket, "p"), " "), "private.txt private/x public/a/b public/x")
	for method, body := range map[string]string{http.MethodGet: "", http.MethodPut: mayAnything, http.MethodDelete: ""} {
		g.writer.sends(request{method: method, path: b, query: url.Values{"policy": {""}}, body: []byte(body)}).mustBe(t, 403,
			"AccessDenied")
	}
	// Parameters that an operation knows do not change which operation it is.
	got := g.reader.sends(request{
		method: http.MethodGet,
		path:   b + "/public/x",
		query:  url.Values{"response-content-type": {"text/x"}, "x-id": {"GetObject"}},
	})
	got.mustBe(t, 200, "")
	is(t, "content type", got.header.Get("Content-Type"), "text/x")
	for _, method := range []string{"PATCH", "LINK", "COPY", "MOVE", "PROPFIND", "TRACE", "get"} {
		if got := g.root.sends(request{method: method, path: b + "/public/x"}); got.status < 400 {
			t.Errorf("%s: status %d", method, got.status)
		}
	}
}
