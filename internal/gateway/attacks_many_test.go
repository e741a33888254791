package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAttack27_CopiesNeedTheirSource tries to copy objects that the caller may not read.
func TestAttack27_CopiesNeedTheirSource(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "vault")
	w.object("/lake/in/k", "mine")
	w.object("/lake/out/k", "secret")
	w.object("/vault/k", "secret")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READWRITE", false)
	w.grant("alice", "lake/in/*", "WRITE", false)
	both, write := w.vend(alice, "s3://lake/in/*", "READWRITE"), w.vend(alice, "s3://lake/in/*", "WRITE")
	copies := func(k awsKeys, source string) *answer {
		return w.do(k, ask{method: "PUT", path: "/lake/in/copy", header: header("X-Amz-Copy-Source", source)})
	}
	part := func(k awsKeys, source string) *answer {
		id := w.upload(w.root, "/lake/in/m")
		return w.do(k, ask{
			method: "PUT",
			path:   "/lake/in/m?partNumber=1&uploadId=" + id,
			header: header("X-Amz-Copy-Source", source, "X-Amz-Copy-Source-Range", "bytes=0-0"),
		})
	}
	for _, source := range []string{"lake/out/k", "/lake/out/k", "vault/k", "lake/out%2Fk", "lake%2Fout%2Fk",
		"%6Cake/out/k", "lake/out/k?versionId=null", "lake/in/../out/k",
		"/lake/in/..%2Fout%2Fk", "lake/in%2F..%2Fout/k", "//lake/in/k",
		"arn:aws:s3:us-east-1:123456789012:accesspoint/x/object/lake/out/k", "lake", "lake/", "/", "lake/out/k?x=1",
		"lake/in/k?versionId=null&y=lake/out/k"} {
		for what, got := range map[string]*answer{"copy": copies(both, source), "part": part(both, source)} {
			if got.status < 400 || w.exists("/lake/in/copy") {
				t.Errorf("%s of %s: %v", what, source, got)
			}
		}
	}
	refused(t, "WRITE alone", copies(write, "lake/in/k"), 403, "AccessDenied", "s3:GetObject")
	refused(t, "WRITE alone", part(write, "lake/in/k"), 403, "AccessDenied", "s3:GetObject")
	refused(t, "out of the scope",
		w.do(both, ask{method: "PUT", path: "/lake/out/copy", header: header("X-Amz-Copy-Source", "lake/in/k")}), 403,
		"AccessDenied", "s3:PutObject")
	served(t, "within", copies(both, "/lake/in/k"))
	served(t, "within, every slash encoded, as the Go CDK writes it", copies(both, "lake%2Fin%2Fk"))
	served(t, "a part within", part(both, "lake/in/k"))
	refused(t, "condition on a source that may not be read",
		w.do(write, ask{
			method: "PUT",
			path:   "/lake/in/copy",
			header: header("X-Amz-Copy-Source", "lake/in/k", "X-Amz-Copy-Source-If-Match", "x"),
		}), 403, "AccessDenied", "")
	t.Run("presigned, with the source in the query", func(t *testing.T) {
		r := w.presign(both, "PUT", "/lake/in/q?x-amz-copy-source="+"lake%2Fout%2Fk", time.Minute, nil)
		refused(t, "presigned", w.send(r), 403, "AccessDenied", "s3:GetObject")
		if w.exists("/lake/in/q") {
			t.Error("something was written")
		}
		served(t, "presigned within",
			w.send(w.presign(both, "PUT", "/lake/in/q?x-amz-copy-source="+"lake%2Fin%2Fk", time.Minute, nil)))
		if got := w.content("/lake/in/q"); got != "mine" {
			t.Errorf("copied %q", got)
		}
	})
}

// TestAttack28_UploadsBelongToTheirKey uses an upload under another key, bucket or caller.
func TestAttack28_UploadsBelongToTheirKey(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "other")
	w.object("/lake/out/k", "old")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/in/*", "READWRITE")
	foreign, own := w.upload(w.root, "/lake/out/k"), w.upload(vended, "/lake/in/k")
	etag := w.must(w.root, ask{
		method: "PUT",
		path:   "/lake/out/k?partNumber=1&uploadId=" + foreign,
		body:   "new",
	}).header.Get("ETag")
	for _, x := range []struct {
		method, path, body string
		want               int
	}{
		{"PUT", "/lake/out/k?partNumber=1&uploadId=" + own, "x", 403},
		{"POST", "/lake/out/k?uploadId=" + own, complete(etag), 403},
		{"DELETE", "/lake/out/k?uploadId=" + own, "", 403},
		{"GET", "/lake/out/k?uploadId=" + own, "", 403},
		{"POST", "/lake/out/new?uploads", "", 403},
		{"PUT", "/lake/in/k?partNumber=1&uploadId=" + foreign, "x", 404}, // an upload of another key does not exist here
		{"POST", "/lake/in/k?uploadId=" + foreign, complete(etag), 404},
		{"DELETE", "/lake/in/k?uploadId=" + foreign, "", 404},
		{"GET", "/lake/in/k?uploadId=" + foreign, "", 404},
		{"GET", "/lake/in/other?uploadId=" + own, "", 404},
		{"PUT", "/other/in/k?partNumber=1&uploadId=" + own, "x", 403},
		{"PUT", "/lake/in/k?partNumber=1&uploadId=" + own + "&uploadId=" + foreign, "x", 400},
		{"PUT", "/lake/in/k?partNumber=0&uploadId=" + own, "x", 400},
		{"PUT", "/lake/in/k?partNumber=10001&uploadId=" + own, "x", 400},
		{"PUT", "/lake/in/k?uploadId=" + own, "x", 501},
		{"PUT", "/lake/in/k?partNumber=1", "x", 501},
		{"POST", "/lake/in/k", complete(etag), 400},
	} {
		if got := w.do(vended, ask{method: x.method, path: x.path, body: x.body}); got.status != x.want {
			t.Errorf("%s %s: %v, want %d", x.method, x.path, got, x.want)
		}
	}
	if w.content("/lake/out/k") != "old" || w.exists("/lake/in/k") {
		t.Error("something was written")
	}
	served(t, "own part", w.put(vended, "/lake/in/k?partNumber=1&uploadId="+own, "x"))
	if got := w.root; w.do(got,
		ask{method: "POST", path: "/lake/out/k?uploadId=" + foreign, body: complete(etag)}).status != 200 {
		t.Error("the other's upload was harmed")
	}
}

// TestAttack29_DeleteObjectsIsManyDeletes checks every key by itself.
func TestAttack29_DeleteObjectsIsManyDeletes(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "other")
	for _, k := range []string{"/lake/in/1", "/lake/in/2", "/lake/in/3", "/lake/out/1", "/lake/in2/1", "/other/in/1"} {
		w.object(k, "x")
	}
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "WRITE", false)
	vended := w.vend(alice, "s3://lake/in/*", "WRITE")
	type result struct {
		Deleted []string                              `xml:"Deleted>Key"`
		Errors  []struct{ Key, Code, Message string } `xml:"Error"`
	}
	remove := func(k awsKeys, body string) (r result) {
		t.Helper()
		w.parse(w.must(k, ask{method: "POST", path: "/lake?delete", body: body}), &r)
		return r
	}
	got := remove(vended, deletion("in/1", "out/1", "in/1", "in2/1", "in/none", "/lake/in/2", "../other/in/1"))
	if fmt.Sprint(got.Deleted) != "[in/1 in/1 in/none]" || len(got.Errors) != 4 {
		t.Errorf("got %+v", got)
	}
	for _, e := range got.Errors {
		if e.Code != "AccessDenied" || !strings.Contains(e.Message, "s3:DeleteObject on resource") {
			t.Errorf("got %+v", e)
		}
	}
	if w.exists("/lake/in/1") || !w.exists("/lake/out/1") || !w.exists("/lake/in2/1") || !w.exists("/other/in/1") {
		t.Error("the wrong keys are gone")
	}
	if got := remove(vended,
		strings.Replace(deletion("in/2", "out/1"), "<Delete>", "<Delete><Quiet>true</Quiet>", 1)); len(got.Deleted) != 0 ||
		len(got.Errors) != 1 {
		t.Errorf("quiet: %+v", got)
	}
	if got := remove(vended,
		`<Delete><Object><Key>in/3</Key><VersionId>null</VersionId></Object>`+
			`<Object><Key>out/1</Key><VersionId>null</VersionId></Object></Delete>`); len(got.Deleted) != 1 ||
		len(got.Errors) != 1 || !strings.Contains(got.Errors[0].Message, "s3:DeleteObjectVersion") {
		t.Errorf("versions: %+v", got)
	}
	w.object("/lake/in/3", "x")
	if got := remove(vended, `<Delete><Object><Key>in/3</Key><ETag>x</ETag></Object></Delete>`); len(got.Errors) != 1 ||
		!strings.Contains(got.Errors[0].Message, "s3:GetObject") {
		t.Errorf("an ETag is a right to read: %+v", got)
	}
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprintf("in/%d", i)
	}
	refusals := map[string]string{
		"1001 keys":         deletion(many...),
		"no keys":           "<Delete></Delete>",
		"no document":       "",
		"two documents":     deletion("in/3") + deletion("in/3"),
		"an entity":         `<!DOCTYPE x [<!ENTITY e "in/3">]><Delete><Object><Key>&e;</Key></Object></Delete>`,
		"an unknown member": "<Delete><Object><Key>in/3</Key><Bucket>other</Bucket></Object></Delete>",
		"another document":  "<Wipe><Object><Key>in/3</Key></Object></Wipe>",
		"a key twice":       "<Delete><Object><Key>in/2</Key><Key>in/3</Key></Object></Delete>",
	}
	for what, body := range refusals {
		if got := w.do(vended, ask{method: "POST", path: "/lake?delete", body: body}); got.status != 400 {
			t.Errorf("%s: %v", what, got)
		}
	}
	if r := w.do(vended, ask{method: "POST", path: "/lake?delete", body: deletion("", "in/3")}); r.status == 200 {
		var got result
		w.parse(r, &got)
		if len(got.Errors) != 1 || len(got.Deleted) != 1 {
			t.Errorf("an empty key: %+v", got)
		}
	} else if r.status != 400 {
		t.Errorf("an empty key: %v", r)
	}
	if got := remove(vended, deletion(many[:1000]...)); len(got.Deleted) != 1000 {
		t.Errorf("1000 keys: %d deleted, %+v", len(got.Deleted), got.Errors[:min(1, len(got.Errors))])
	}
	w.bucket(w.root, "third")
	refused(t, "no checksum and no signed hash",
		w.do(vended, ask{method: "POST", path: "/lake?delete", body: deletion("in/3"), hash: "UNSIGNED-PAYLOAD"}), 400,
		"InvalidRequest", "Content-MD5")
}

// TestAttack10_FormUploadsAreNothing sends what browsers post with a policy. The gateway does not serve it.
func TestAttack10_FormUploadsAreNothing(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	const form = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\npwned\r\n--x\r\nContent-Disposition: " +
		"form-data; name=\"policy\"\r\n\r\ne30=\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncontent\r\n--x--\r\n"
	for _, path := range []string{"/lake", "/lake/", "/lake/pwned", "/"} {
		for what, k := range map[string]awsKeys{"unsigned": {}, "signed": w.root} {
			var got *answer
			if k.AccessKeyID == "" {
				r, _ := http.NewRequestWithContext(t.Context(), "POST", w.url+path, strings.NewReader(form))
				r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
				got = w.send(r)
				if got.status != 403 {
					t.Errorf("%s %s: %v", what, path, got)
				}
			} else if got = w.do(k, ask{
				method: "POST",
				path:   path,
				body:   form,
				header: header("Content-Type", "multipart/form-data; boundary=x"),
			}); got.status < 400 {
				t.Errorf("%s %s: %v", what, path, got)
			}
		}
	}
	if w.exists("/lake/pwned") {
		t.Error("it was written")
	}
}
