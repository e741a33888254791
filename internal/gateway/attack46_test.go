package gateway_test

import (
	"strings"
	"testing"
)

// TestWire08_PoliciesThatCannotMatch are refused over the wire, with S3's code and sentence, and what it is about.
func TestWire08_PoliciesThatCannotMatch(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	put := func(action, resource, condition string) *answer {
		return w.do(w.root, ask{method: "PUT", path: "/lake?policy", body: allow(
			`{"Effect":"Deny","Principal":"*","Action":"` + action + `","Resource":"` + resource + `"` + condition + `}`)})
	}
	nokey := `,"Condition":{"StringEquals":{"s3:nokey":"x"}}`
	prefix := `,"Condition":{"StringEquals":{"s3:prefix":"x"}}`
	for _, x := range []struct{ action, resource, condition, message, detail string }{
		{"s3:PutObject", "arn:aws:s3:::lake", "", "Action does not apply to any resource(s) in statement", "s3:PutObject"},
		{"s3:ListObjects", "arn:aws:s3:::lake", "", "Policy has invalid action", "s3:ListObjects"},
		{"kms:Decrypt", "arn:aws:s3:::lake/*", "", "Policy has invalid action", "kms:Decrypt"},
		{"s3:GetObject", "arn:aws:s3:::lake/*", nokey, "Policy has an invalid condition key", "s3:nokey"},
		{"s3:GetObject", "arn:aws:s3:::lake/*", prefix,
			"Conditions do not apply to combination of actions and resources in statement", "s3:prefix"},
		{"s3:GetObject", "arn:aws:s3:::other/*", "", "Policy has invalid resource", "arn:aws:s3:::other/*"},
	} {
		got := put(x.action, x.resource, x.condition)
		if got.status != 400 || got.code != "MalformedPolicy" || got.message != x.message ||
			!strings.Contains(got.body, "<Detail>"+x.detail+"</Detail>") {
			t.Errorf("%s on %s%s: %v\n%s", x.action, x.resource, x.condition, got, got.body)
		}
	}
	ghost := onBucket("lake", "Allow", `{"AWS":"arn:aws:iam::`+accountA+`:user/ghost"}`, "s3:*")
	got := w.do(w.root, ask{method: "PUT", path: "/lake?policy", body: ghost})
	if got.code != "MalformedPolicy" || got.message != "Invalid principal in policy" ||
		!strings.Contains(got.body, "ghost") {
		t.Errorf("a principal that does not exist: %v", got)
	}
	refused(t, "nothing was stored", w.get(w.root, "/lake?policy"), 404, "NoSuchBucketPolicy", "")
	served(t, "with an action that applies", put("s3:ListBucket", "arn:aws:s3:::lake", prefix))
}

// TestAttack46_ConditionalWritesAreDemanded tries AWS's policy that demands If-None-Match and exempts the calls of a
// multipart upload before its completion (S3 user guide, "Enforce conditional writes on Amazon S3 buckets").
func TestAttack46_ConditionalWritesAreDemanded(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/source", "content")
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: allow(`{"Effect":"Deny","Principal":"*",
		"Action":"s3:PutObject","Resource":"arn:aws:s3:::lake/*",
		"Condition":{"Null":{"s3:if-none-match":"true"},"Bool":{"s3:ObjectCreationOperation":"true"}}}`)})
	absent, alice := header("If-None-Match", "*"), w.user("alice", everything)
	refused(t, "an unconditional write", w.put(alice, "/lake/a", "x"), 403, "AccessDenied", "explicit deny")
	served(t, "a conditional one", w.do(alice, ask{method: "PUT", path: "/lake/a", body: "x", header: absent}))
	refused(t, "an unconditional copy", w.do(alice, ask{
		method: "PUT", path: "/lake/b", header: header("X-Amz-Copy-Source", "lake/source"),
	}), 403, "AccessDenied", "explicit deny")
	path := "/lake/m?uploadId=" + w.upload(alice, "/lake/m")
	part := w.do(alice, ask{method: "PUT", path: path + "&partNumber=1", body: "x"})
	served(t, "a part", part)
	copied := w.do(alice, ask{
		method: "PUT", path: path + "&partNumber=2", header: header("X-Amz-Copy-Source", "lake/source"),
	})
	served(t, "a copied part", copied)
	done := complete(part.header.Get("ETag"))
	refused(t, "an unconditional completion", w.do(alice, ask{method: "POST", path: path, body: done}), 403,
		"AccessDenied", "explicit deny")
	served(t, "a conditional completion", w.do(alice, ask{method: "POST", path: path, body: done, header: absent}))
}
