package attack

import (
	"net/url"
	"regexp"
	"strings"
)

func unreadSources(t *trial) {
	t.honest()
	source := t.bucket + "/" + t.out + "x"
	t.copies(source, nil)
	t.copies("/"+source, map[string]string{"X-Amz-Metadata-Directive": "REPLACE"})
	t.copies(source+"?versionId=null", nil)
	t.copies(t.bucket+"/"+t.sibling+"x", nil)
	// The same in parts.
	to := t.in + "parts"
	t.keys = append(t.keys, to)
	if id := t.begins(t.scoped, to); id != "" {
		for _, r := range []map[string]string{{"X-Amz-Copy-Source": source}, {"X-Amz-Copy-Source": source,
			"X-Amz-Copy-Source-Range": "bytes=0-3"}} {
			a := t.send(t.ctx, t.scoped, ask{method: "PUT", path: t.path(to), query: "partNumber=1&uploadId=" + id, header: r})
			t.denied("a part that is copied from outside", a)
		}
		t.send(t.ctx, t.owner, ask{method: "DELETE", path: t.path(to), query: "uploadId=" + id})
	}
	// And out of the scope.
	for _, k := range []string{t.out + "planted", t.sibling + "planted"} {
		a := t.send(t.ctx, t.scoped, ask{method: "PUT", path: t.path(k),
			header: map[string]string{"X-Amz-Copy-Source": t.bucket + "/" + t.in + "x"}})
		t.denied("a copy to "+k, a)
		t.keys = append(t.keys, k)
	}
}

var uploadForm = regexp.MustCompile(`<UploadId>([^<]+)<`)

// begins begins an upload, and returns its escaped id.
func (t *trial) begins(who *actor, key string) string {
	a := t.send(t.ctx, who, ask{method: "POST", path: t.path(key), query: "uploads="})
	m := uploadForm.FindStringSubmatch(a.body)
	if !a.ok() || m == nil {
		return ""
	}
	return url.QueryEscape(strings.ReplaceAll(m[1], "&amp;", "&"))
}

func foreignUploads(t *trial) {
	t.honest()
	outside := t.out + "upload"
	t.keys = append(t.keys, outside, t.in+"upload")
	id := t.begins(t.owner, outside)
	if id == "" {
		t.lacks("the gateway begins no upload")
	}
	for _, k := range []string{outside, t.in + "upload"} {
		for what, q := range map[string]ask{
			"a part":   {method: "PUT", path: t.path(k), query: "partNumber=1&uploadId=" + id, body: "planted"},
			"its list": {path: t.path(k), query: "uploadId=" + id},
			"its end": {method: "POST", path: t.path(k), query: "uploadId=" + id,
				body: "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>" +
					"<ETag>x</ETag></Part></CompleteMultipartUpload>"},
		} {
			t.denied(what+" of the owner's upload, at "+k, t.send(t.ctx, t.scoped, q))
		}
	}
	t.tried++
	t.send(t.ctx, t.scoped, ask{method: "DELETE", path: t.path(outside), query: "uploadId=" + id})
	t.send(t.ctx, t.scoped, ask{method: "DELETE", path: t.path(t.in + "upload"), query: "uploadId=" + id})
	if a := t.send(t.ctx, t.owner, ask{path: t.path(outside), query: "uploadId=" + id}); a.status == 404 {
		t.breaks("the owner's upload was aborted")
	}
	t.denied("the list of all uploads", t.send(t.ctx, t.scoped, ask{path: "/" + t.bucket, query: "uploads="}))
	t.send(t.ctx, t.owner, ask{method: "DELETE", path: t.path(outside), query: "uploadId=" + id})
}

func batches(t *trial) {
	t.honest()
	t.put(t.ctx, t.owner, t.in+"doomed", inside)
	keys := []string{t.in + "doomed", t.out + "x", t.sibling + "x", t.in + "../../" + t.out + "x"}
	body := "<Delete>"
	for _, k := range keys {
		body += "<Object><Key>" + k + "</Key></Object>"
	}
	body += "</Delete>"
	t.tried++
	a := t.send(t.ctx, t.scoped, ask{method: "POST", path: "/" + t.bucket, query: "delete=", body: body,
		header: map[string]string{"Content-MD5": md5Of(body)}})
	t.intact("a batch of deletes")
	if t.get(t.ctx, t.owner, t.sibling+"x").status == 404 {
		t.breaks("a batch of deletes reached %s", t.sibling)
		t.put(t.ctx, t.owner, t.sibling+"x", t.secret)
	}
	if a.ok() && strings.Contains(a.body, "<Deleted><Key>"+t.out) {
		t.breaks("the answer says that a key outside was deleted")
	}
}

func versionsAndConditions(t *trial) {
	t.honest()
	path := t.path(t.out + "x")
	etag := strings.Trim(t.send(t.ctx, t.owner, ask{method: "HEAD", path: path}).header.Get("ETag"), `"`)
	for what, q := range map[string]ask{
		"a version":            {path: path, query: "versionId=null"},
		"a version of nothing": {path: path, query: "versionId="},
		"a part":               {path: path, query: "partNumber=1"},
		"attributes": {path: path, query: "attributes=",
			header: map[string]string{"X-Amz-Object-Attributes": "ETag"}},
		"a condition that holds": {path: path, header: map[string]string{"If-Match": `"` + etag + `"`}},
		"a condition that fails": {path: path, header: map[string]string{"If-None-Match": `"` + etag + `"`}},
		"a delete of a version":  {method: "DELETE", path: path, query: "versionId=null"},
		"a bypass": {method: "DELETE", path: path,
			header: map[string]string{"X-Amz-Bypass-Governance-Retention": "true"}},
		"tags":      {path: path, query: "tagging="},
		"an ACL":    {path: path, query: "acl="},
		"a torrent": {path: path, query: "torrent="},
		"a restore": {method: "POST", path: path, query: "restore="},
		"a select":  {method: "POST", path: path, query: "select=&select-type=2"},
	} {
		a := t.send(t.ctx, t.scoped, q)
		t.denied(what, a)
		if a.err == nil && (a.status == 304 || a.status == 412) {
			t.breaks("%s: the answer %d tells about an object outside", what, a.status)
		}
	}
	t.intact("one of them")
}

func subResources(t *trial) {
	t.honest()
	b := "/" + t.bucket
	for _, sub := range []string{"acl", "policy", "cors", "lifecycle", "versioning", "website", "logging", "tagging",
		"encryption",
		"replication", "notification", "object-lock", "publicAccessBlock", "ownershipControls", "policyStatus", "inventory",
		"nonsense", "x-id=GetBucketAcl"} {
		t.lists(sub)
		t.denied("PUT ?"+sub, t.send(t.ctx, t.scoped, ask{method: "PUT", path: b, query: sub, body: "<x/>"}))
		t.denied("DELETE ?"+sub, t.send(t.ctx, t.scoped, ask{method: "DELETE", path: b, query: sub}))
	}
	for _, sub := range []string{"nonsense", "acl", "uploads", "policy", "list-type=2"} {
		t.leaks("an object outside with ?"+sub, t.send(t.ctx, t.scoped, ask{path: t.path(t.out + "x"), query: sub}))
		if a := t.send(t.ctx, t.scoped, ask{path: t.path(t.in + "x"), query: sub}); strings.Contains(a.body, t.out) {
			t.breaks("an object with ?%s is answered with a listing", sub)
		}
	}
}

func lostDeny(t *trial) {
	all := "arn:aws:s3:::" + t.bucket
	deny := object{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": all + "/" + t.in + "y"}
	if !t.setPolicy(t.ctx, append(t.allowScope(), deny)) {
		t.lacks("a policy with a Deny is refused")
	}
	defer t.setPolicy(t.ctx, t.allowScope())
	if !t.get(t.ctx, t.other, t.in+"x").ok() {
		t.lacks("the honest request fails")
	}
	t.denied("what is denied to everybody", t.get(t.ctx, t.other, t.in+"y"))
	t.denied("a HEAD of it", t.send(t.ctx, t.other, ask{method: "HEAD", path: t.path(t.in + "y")}))
	t.tried++
	a := t.send(t.ctx, t.other, ask{method: "PUT", path: t.path(t.in + "z"),
		header: map[string]string{"X-Amz-Copy-Source": t.bucket + "/" + t.in + "y"}})
	t.keys = append(t.keys, t.in+"z")
	if a.ok() {
		t.breaks("a copy read what is denied to everybody")
	}
}

// posedConditions poses as somebody at another address.
func posedConditions(t *trial) {
	all := "arn:aws:s3:::" + t.bucket
	only := object{"Effect": "Allow", "Principal": object{"AWS": t.Principal}, "Action": "s3:GetObject",
		"Resource":  all + "/" + t.out + "*",
		"Condition": object{"IpAddress": object{"aws:SourceIp": "203.0.113.7/32"}}}
	if !t.setPolicy(t.ctx, append(t.allowScope(), only)) {
		t.lacks("a policy with a condition on the address is refused")
	}
	defer t.setPolicy(t.ctx, t.allowScope())
	if !t.get(t.ctx, t.other, t.in+"x").ok() {
		t.lacks("the honest request fails")
	}
	t.denied("another address", t.get(t.ctx, t.other, t.out+"x"))
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip",
		"Cf-Connecting-Ip",
		"Aws:SourceIp", "X-Amz-Source-Ip", "Sourceip"} {
		value := "203.0.113.7"
		if name == "Forwarded" {
			value = "for=203.0.113.7"
		}
		t.denied(name, t.send(t.ctx, t.other, ask{path: t.path(t.out + "x"), header: map[string]string{name: value}}))
	}
}

// cachedDecisions asks the same with one thing changed.
func cachedDecisions(t *trial) {
	for range 5 {
		if !t.get(t.ctx, t.other, t.in+"x").ok() {
			t.lacks("the honest request fails")
		}
		t.denied("the next key", t.get(t.ctx, t.other, t.out+"x"))
		t.denied("the next method", t.send(t.ctx, t.other, ask{method: "PUT", path: t.path(t.in + "x"), query: "acl="}))
		t.denied("nobody", t.send(t.ctx, nil, ask{path: t.path(t.in + "x"), anyone: true}))
	}
}

// misspeltKeys writes policies with conditions that no request can meet or miss.
func misspeltKeys(t *trial) {
	defer t.setPolicy(t.ctx, t.allowScope())
	all := "arn:aws:s3:::" + t.bucket
	for _, key := range []string{"aws:SourceIpp", "s3:prefx", "aws:SecureTransprt"} {
		deny := object{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": all + "/*",
			"Condition": object{"StringEquals": object{key: "x"}}}
		t.tried++
		if t.setPolicy(t.ctx, append(t.allowScope(), deny)) {
			t.breaks("a Deny on the key %s, which does not exist, was accepted", key)
		}
	}
	if !t.setPolicy(t.ctx, t.allowScope()) {
		t.lacks("the honest policy is refused")
	}
}

// widenedSession lets the bucket's policy allow everything to everybody of the account.
func widenedSession(t *trial) {
	t.honest()
	root := t.Role
	if i := strings.Index(root, ":role/"); i > 0 {
		root = root[:i] + ":root"
	}
	wide := object{"Effect": "Allow", "Principal": object{"AWS": root}, "Action": "s3:GetObject",
		"Resource": "arn:aws:s3:::" + t.bucket + "/*"}
	if !t.setPolicy(t.ctx, []object{wide}) {
		t.lacks("a bucket policy for the account is refused")
	}
	defer func() {
		if t.hasPolicies {
			t.setPolicy(t.ctx, t.allowScope())
		} else {
			t.send(t.ctx, t.owner, ask{method: "DELETE", path: "/" + t.bucket, query: "policy="})
		}
	}()
	t.denied("a session under a policy that allows everything to its account", t.get(t.ctx, t.scoped, t.out+"x"))
}
