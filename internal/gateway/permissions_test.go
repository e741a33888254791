package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/gateway"
)

// operation is a request and all the actions that the request needs.
type operation struct {
	name    string
	actions []string
	ask     func(w *world) ask
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// etagOf is the entity tag of an object.
func (w *world) etagOf(path string) string {
	w.t.Helper()
	return w.must(w.root, ask{method: http.MethodHead, path: path}).header.Get("ETag")
}

// operations lists everything that the gateway serves. Each try makes its ask anew.
var operations = []operation{
	{"GetObject", []string{"s3:GetObject"}, func(*world) ask { return ask{method: "GET", path: "/lake/k"} }},
	{"GetObject of a version", []string{"s3:GetObjectVersion"}, func(*world) ask {
		return ask{method: "GET", path: "/lake/k?versionId=null"}
	}},
	{"HeadObject", []string{"s3:GetObject"}, func(*world) ask { return ask{method: "HEAD", path: "/lake/k"} }},
	{"HeadObject of a version", []string{"s3:GetObjectVersion"}, func(*world) ask {
		return ask{method: "HEAD", path: "/lake/k?versionId=null"}
	}},
	{"PutObject", []string{"s3:PutObject"}, func(*world) ask { return ask{method: "PUT", path: "/lake/new", body: "x"} }},
	{"PutObject if it matches", []string{"s3:PutObject", "s3:GetObject"}, func(w *world) ask {
		return ask{method: "PUT", path: "/lake/k", body: "content", header: header("If-Match", w.etagOf("/lake/k"))}
	}},
	{"PutObject with an ACL", []string{"s3:PutObject", "s3:PutObjectAcl"}, func(*world) ask {
		return ask{method: "PUT", path: "/lake/new", header: header("X-Amz-Acl", "private")}
	}},
	{"DeleteObject", []string{"s3:DeleteObject"}, func(*world) ask { return ask{method: "DELETE", path: "/lake/none"} }},
	{"DeleteObject of a version", []string{"s3:DeleteObjectVersion"}, nil},
	{"DeleteObject if it matches", []string{"s3:DeleteObject", "s3:GetObject"}, func(w *world) ask {
		w.object("/lake/doomed", "x")
		return ask{method: "DELETE", path: "/lake/doomed", header: header("If-Match", w.etagOf("/lake/doomed"))}
	}},
	{"CopyObject", []string{"s3:PutObject", "s3:GetObject"}, func(*world) ask {
		return ask{method: "PUT", path: "/lake/copy", header: header("X-Amz-Copy-Source", "lake/k")}
	}},
	{"CopyObject of a version", []string{"s3:PutObject", "s3:GetObjectVersion"}, func(*world) ask {
		return ask{method: "PUT", path: "/lake/copy", header: header("X-Amz-Copy-Source", "lake/k?versionId=null")}
	}},
	{"CreateMultipartUpload", []string{"s3:PutObject"}, func(*world) ask {
		return ask{method: "POST", path: "/lake/m?uploads"}
	}},
	{"UploadPart", []string{"s3:PutObject"}, func(w *world) ask {
		return ask{method: "PUT", path: "/lake/m?partNumber=1&uploadId=" + w.upload(w.root, "/lake/m"), body: "x"}
	}},
	{"UploadPartCopy", []string{"s3:PutObject", "s3:GetObject"}, func(w *world) ask {
		return ask{
			method: "PUT",
			path:   "/lake/m?partNumber=1&uploadId=" + w.upload(w.root, "/lake/m"),
			header: header("X-Amz-Copy-Source", "lake/k"),
		}
	}},
	{"CompleteMultipartUpload", []string{"s3:PutObject"}, func(w *world) ask {
		p := "/lake/m?uploadId=" + w.upload(w.root, "/lake/m")
		etag := w.must(w.root, ask{method: "PUT", path: p + "&partNumber=1", body: "x"}).header.Get("ETag")
		return ask{method: "POST", path: p, body: complete(etag)}
	}},
	{"AbortMultipartUpload", []string{"s3:AbortMultipartUpload"}, func(w *world) ask {
		return ask{method: "DELETE", path: "/lake/m?uploadId=" + w.upload(w.root, "/lake/m")}
	}},
	{"ListParts", []string{"s3:ListMultipartUploadParts"}, func(w *world) ask {
		return ask{method: "GET", path: "/lake/m?uploadId=" + w.upload(w.root, "/lake/m")}
	}},
	{"ListMultipartUploads", []string{"s3:ListBucketMultipartUploads"}, func(*world) ask {
		return ask{method: "GET", path: "/lake?uploads"}
	}},
	{"ListObjects", []string{"s3:ListBucket"}, func(*world) ask { return ask{method: "GET", path: "/lake"} }},
	{"ListObjectsV2", []string{"s3:ListBucket"}, func(*world) ask {
		return ask{method: "GET", path: "/lake?list-type=2"}
	}},
	{"HeadBucket", []string{"s3:ListBucket"}, func(*world) ask { return ask{method: "HEAD", path: "/lake"} }},
	{"ListBuckets", []string{"s3:ListAllMyBuckets"}, func(*world) ask { return ask{method: "GET", path: "/"} }},
	{"CreateBucket", []string{"s3:CreateBucket"}, func(w *world) ask {
		w.do(w.root, ask{method: "DELETE", path: "/made"})
		return ask{method: "PUT", path: "/made"}
	}},
	{"DeleteBucket", []string{"s3:DeleteBucket"}, func(w *world) ask {
		w.do(w.root, ask{method: "PUT", path: "/made"})
		return ask{method: "DELETE", path: "/made"}
	}},
	{"GetBucketLocation", []string{"s3:GetBucketLocation"}, func(*world) ask {
		return ask{method: "GET", path: "/lake?location"}
	}},
	{"GetBucketPolicy", []string{"s3:GetBucketPolicy"}, func(*world) ask {
		return ask{method: "GET", path: "/ruled?policy"}
	}},
	{"PutBucketPolicy", []string{"s3:PutBucketPolicy"}, func(*world) ask {
		return ask{method: "PUT", path: "/ruled?policy", body: onBucket("ruled", "Deny", `"*"`, "s3:GetObjectAcl")}
	}},
	{"DeleteBucketPolicy", []string{"s3:DeleteBucketPolicy"}, func(w *world) ask {
		w.put(w.root, "/made-policy", "")
		w.must(w.root, ask{
			method: "PUT",
			path:   "/made-policy?policy",
			body:   onBucket("made-policy", "Deny", `"*"`, "s3:GetObjectAcl"),
		})
		return ask{method: "DELETE", path: "/made-policy?policy"}
	}},
	// Permissions for requests that the embedded store then refuses.
	{"PutObject with tags", []string{"s3:PutObject", "s3:PutObjectTagging"}, func(*world) ask {
		return ask{method: "PUT", path: "/lake/new", header: header("X-Amz-Tagging", "a=b")}
	}},
	{"PutObject with a grant", []string{"s3:PutObject", "s3:PutObjectAcl"}, func(*world) ask {
		return ask{method: "PUT", path: "/lake/new", header: header("X-Amz-Grant-Read", "id=1")}
	}},
	{"PutObject with a retention", []string{"s3:PutObject", "s3:PutObjectRetention"}, func(*world) ask {
		return ask{
			method: "PUT",
			path:   "/lake/new",
			header: header("X-Amz-Object-Lock-Mode", "GOVERNANCE", "X-Amz-Object-Lock-Retain-Until-Date",
				"2040-01-01T00:00:00Z"),
		}
	}},
	{"PutObject with a legal hold", []string{"s3:PutObject", "s3:PutObjectLegalHold"}, func(*world) ask {
		return ask{method: "PUT", path: "/lake/new", header: header("X-Amz-Object-Lock-Legal-Hold", "ON")}
	}},
	{"CopyObject with tags", []string{"s3:PutObject", "s3:GetObject", "s3:PutObjectTagging"}, func(*world) ask {
		return ask{
			method: "PUT",
			path:   "/lake/copy",
			header: header("X-Amz-Copy-Source", "lake/k", "X-Amz-Tagging", "a=b", "X-Amz-Tagging-Directive", "REPLACE"),
		}
	}},
	{"CreateMultipartUpload with an ACL", []string{"s3:PutObject", "s3:PutObjectAcl"}, func(*world) ask {
		return ask{method: "POST", path: "/lake/m?uploads", header: header("X-Amz-Acl", "private")}
	}},
	{"DeleteObject around a retention", []string{"s3:DeleteObject", "s3:BypassGovernanceRetention"}, func(*world) ask {
		return ask{method: "DELETE", path: "/lake/none", header: header("X-Amz-Bypass-Governance-Retention", "true")}
	}},
}

// ruled makes the buckets that the operations work on.
func (w *world) ruled() {
	w.t.Helper()
	w.bucket(w.root, "lake", "ruled")
	w.object("/lake/k", "content")
	w.must(w.root, ask{method: "PUT", path: "/ruled?policy", body: onBucket("ruled", "Deny", `"*"`, "s3:GetObjectAcl")})
}

// TestEveryOperationNeedsItsActions takes one action after the other from a user who may do everything.
func TestEveryOperationNeedsItsActions(t *testing.T) {
	w := start(t)
	w.ruled()
	user := w.user("alice", everything)
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			if op.ask == nil {
				op.ask = func(*world) ask { return ask{method: "DELETE", path: "/lake/none?versionId=null"} }
			}
			w := &world{t: t, server: w.server, url: w.url, host: w.host, http: w.http, root: w.root}
			for _, action := range op.actions {
				w.policy("alice", allow(`{"Effect":"Allow","Action":"*","Resource":"*"}`,
					`{"Effect":"Deny","Action":"`+action+`","Resource":"*"}`))
				got := w.do(user, op.ask(w))
				if got.status != http.StatusForbidden {
					t.Errorf("without %s: %v", action, got)
				} else if got.body != "" { // but for HEAD
					refused(t, "without "+action, got, 403, "AccessDenied", "is not authorized to perform: "+action+" on resource")
				}
			}
			w.policy("alice", allow(`{"Effect":"Allow","Action":["`+strings.Join(op.actions, `","`)+`"],"Resource":"*"}`))
			if got := w.do(user, op.ask(w)); got.status >= 300 && got.status != http.StatusNotImplemented {
				t.Errorf("with %v alone: %v", op.actions, got)
			}
			w.policy("alice", allow(`{"Effect":"Deny","Action":"s3:x","Resource":"*"}`))
			if got := w.do(user, op.ask(w)); got.status != http.StatusForbidden {
				t.Errorf("with nothing: %v", got)
			}
		})
	}
}

// TestVendedCredentials is the table of what each permission of a grant can do (S3 user guide, "Access Grants:
// supported S3 APIs"): every operation, in the scope and beside it.
func TestVendedCredentials(t *testing.T) {
	w := start(t)
	w.grants()
	w.ruled()
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READWRITE", false)
	w.grant("alice", "lake/in/*", "READ", false)
	w.grant("alice", "lake/in/*", "WRITE", false)
	for _, k := range []string{"/lake/in/k", "/lake/in2/k", "/lake/out/k", "/ruled/k"} {
		w.object(k, "content")
	}
	type row struct {
		ask  func(w *world, p string) ask // p: /lake/in/ or where it must not reach
		with string                       // READ, WRITE, READWRITE, or nothing
	}
	on := func(method, suffix string, h ...string) func(*world, string) ask {
		return func(_ *world, p string) ask { return ask{method: method, path: p + suffix, header: header(h...)} }
	}
	list := func(query string) func(*world, string) ask {
		return func(_ *world, p string) ask {
			return ask{method: "GET", path: "/lake?" + query + "prefix=" + strings.TrimPrefix(p, "/lake/")}
		}
	}
	begun := func(method, query, body string) func(*world, string) ask {
		return func(w *world, p string) ask {
			return ask{method: method, path: p + "m?" + query + "uploadId=" + w.upload(w.root, p+"m"), body: body}
		}
	}
	rows := map[string]row{
		"GetObject":              {on("GET", "k"), "READ"},
		"GetObject?versionId":    {on("GET", "k?versionId=null"), "READ"},
		"HeadObject":             {on("HEAD", "k"), "READ"},
		"ListParts":              {begun("GET", "", ""), "READ"},
		"ListObjects":            {list(""), "READ"},
		"ListObjectsV2":          {list("list-type=2&"), "READ"},
		"ListMultipartUploads":   {list("uploads&"), "READ"},
		"PutObject":              {on("PUT", "new"), "WRITE"},
		"PutObject with an ACL":  {on("PUT", "new", "X-Amz-Acl", "private"), "WRITE"},
		"DeleteObject":           {on("DELETE", "none"), "WRITE"},
		"DeleteObject?versionId": {on("DELETE", "none?versionId=null"), "WRITE"},
		"CreateMultipartUpload":  {on("POST", "m?uploads"), "WRITE"},
		"UploadPart":             {begun("PUT", "partNumber=1&", "x"), "WRITE"},
		"AbortMultipartUpload":   {begun("DELETE", "", ""), "WRITE"},
		"CompleteMultipartUpload": {func(w *world, p string) ask {
			u := p + "m?uploadId=" + w.upload(w.root, p+"m")
			etag := w.must(w.root, ask{method: "PUT", path: u + "&partNumber=1", body: "x"}).header.Get("ETag")
			return ask{method: "POST", path: u, body: complete(etag)}
		}, "WRITE"},
		"CopyObject": {func(_ *world, p string) ask {
			return ask{method: "PUT", path: p + "copy", header: header("X-Amz-Copy-Source", p+"k")}
		}, "READWRITE"},
		"UploadPartCopy": {func(w *world, p string) ask {
			return ask{
				method: "PUT",
				path:   p + "m?partNumber=1&uploadId=" + w.upload(w.root, p+"m"),
				header: header("X-Amz-Copy-Source", p+"k"),
			}
		}, "READWRITE"},
		"PutObject if it matches": {func(w *world, p string) ask {
			return ask{method: "PUT", path: p + "k", body: "content", header: header("If-Match", w.etagOf(p+"k"))}
		}, "READWRITE"},
		"PutObject with tags":   {on("PUT", "new", "X-Amz-Tagging", "a=b"), ""},
		"PutObject with a hold": {on("PUT", "new", "X-Amz-Object-Lock-Legal-Hold", "ON"), ""},
		"GetObjectTagging":      {on("GET", "k?tagging"), "-"},
		"PutObjectTagging":      {on("PUT", "k?tagging"), "-"},
		"DeleteObjectTagging":   {on("DELETE", "k?tagging"), "-"},
		"GetObjectAcl":          {on("GET", "k?acl"), "-"},
		"PutObjectAcl":          {on("PUT", "k?acl"), "-"},
		"GetObjectAttributes":   {on("GET", "k?attributes"), "-"},
		"GetObjectRetention":    {on("GET", "k?retention"), "-"},
		"RestoreObject":         {on("POST", "k?restore"), "-"},
		"SelectObjectContent":   {on("POST", "k?select&select-type=2"), "-"},
		"GetObjectTorrent":      {on("GET", "k?torrent"), "-"},
		"ListObjectVersions":    {list("versions&"), "-"},
		"ListBuckets":           {func(*world, string) ask { return ask{method: "GET", path: "/"} }, ""},
		"CreateBucket":          {func(*world, string) ask { return ask{method: "PUT", path: "/mine"} }, ""},
		"DeleteBucket":          {func(*world, string) ask { return ask{method: "DELETE", path: "/lake"} }, ""},
		"HeadBucket":            {func(*world, string) ask { return ask{method: "HEAD", path: "/lake"} }, ""},
		"GetBucketLocation":     {func(*world, string) ask { return ask{method: "GET", path: "/lake?location"} }, ""},
		"GetBucketPolicy":       {func(*world, string) ask { return ask{method: "GET", path: "/ruled?policy"} }, ""},
		"PutBucketPolicy": {func(*world, string) ask {
			return ask{method: "PUT", path: "/lake?policy", body: onBucket("lake", "Allow", `"*"`, "s3:*")}
		}, ""},
		"DeleteBucketPolicy":    {func(*world, string) ask { return ask{method: "DELETE", path: "/ruled?policy"} }, ""},
		"GetBucketAcl":          {func(*world, string) ask { return ask{method: "GET", path: "/lake?acl"} }, "-"},
		"list without a prefix": {func(*world, string) ask { return ask{method: "GET", path: "/lake?list-type=2"} }, ""},
		"list with an empty prefix": {func(*world, string) ask {
			return ask{method: "GET", path: "/lake?list-type=2&prefix="}
		}, ""},
		"list a shorter prefix": {func(*world, string) ask {
			return ask{method: "GET", path: "/lake?list-type=2&prefix=in"}
		}, ""},
	}
	for _, permission := range []string{"READ", "WRITE", "READWRITE"} {
		keys := w.vend(alice, "s3://lake/in/*", permission)
		for name, r := range rows {
			t.Run(permission+" "+name, func(t *testing.T) {
				w := &world{t: t, server: w.server, url: w.url, host: w.host, http: w.http, root: w.root}
				got := w.do(keys, r.ask(w, "/lake/in/"))
				allowed := r.with != "" && r.with != "-" && (permission == r.with || permission == "READWRITE")
				switch {
				case allowed:
					served(t, "inside", got)
				case r.with == "-":
					refused(t, "inside", got, http.StatusNotImplemented, "NotImplemented", "")
				case got.status != http.StatusForbidden:
					t.Errorf("inside: %v", got)
				case got.body != "" && !strings.HasPrefix(name, "PutBucketPolicy") &&
					!strings.HasPrefix(name, "DeleteBucketPolicy"):
					refused(t, "inside", got, 403, "AccessDenied", "because no session policy allows the s3:")
				}
				for _, beside := range []string{"/lake/in2/", "/lake/out/", "/lake/", "/ruled/"} {
					if got := w.do(keys, r.ask(w, beside)); got.status != http.StatusForbidden &&
						got.status != http.StatusNotImplemented {
						t.Errorf("beside, in %s: %v", beside, got)
					}
				}
			})
		}
	}
}

// TestEveryRouteIsInTheTable checks that the table of permissions has every operation that is served.
func TestEveryRouteIsInTheTable(t *testing.T) {
	var tried []string
	for _, op := range operations {
		name, _, _ := strings.Cut(op.name, " ")
		tried = append(tried, name)
	}
	tried = append(tried, "DeleteObjects") // tried key by key
	declared := map[string][]string{}
	for _, o := range gateway.Served() {
		for _, r := range o.Actions {
			action, _, _ := strings.Cut(r, ": ")
			declared[o.Name] = append(declared[o.Name], action)
		}
	}
	for _, op := range operations {
		name, _, _ := strings.Cut(op.name, " ")
		for _, action := range op.actions {
			if !slices.Contains(declared[name], action) {
				t.Errorf("%s needs %s, which its row does not have", op.name, action)
			}
		}
	}
	for _, op := range served3() {
		if !slices.Contains(tried, op) {
			t.Errorf("%s is served and its rights are not tried", op)
		}
	}
}
