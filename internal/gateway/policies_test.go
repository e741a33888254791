package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/store"
)

// TestBucketPolicies: allow and deny, in the account and across accounts.
func TestBucketPolicies(t *testing.T) {
	w := start(t)
	b := w.other()
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	nobody := w.user("nobody", "")
	all := w.user("all", everything)
	policy := func(text string) {
		t.Helper()
		w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: text})
	}
	ofB := `{"AWS":"arn:aws:iam::` + accountB + `:root"}`
	t.Run("nobody gets in without one", func(t *testing.T) {
		refused(t, "user", w.get(nobody, "/lake/k"), 403, "AccessDenied",
			"no identity-based policy allows the s3:GetObject action")
		refused(t, "other account", w.get(b, "/lake/k"), 403, "AccessDenied",
			"no resource-based policy allows the s3:GetObject action")
		for _, sub := range []string{"?policy", "?location", ""} {
			refused(t, sub, w.get(b, "/lake"+sub), 403, "AccessDenied", "")
		}
	})
	t.Run("an allow lets in whom it names", func(t *testing.T) {
		policy(onBucket("lake", "Allow", `{"AWS":"arn:aws:iam::`+accountA+`:user/nobody"}`, "s3:GetObject"))
		served(t, "user", w.get(nobody, "/lake/k"))
		refused(t, "another action", w.put(nobody, "/lake/k", "x"), 403, "AccessDenied", "")
		refused(t, "other account", w.get(b, "/lake/k"), 403, "AccessDenied", "")
		policy(onBucket("lake", "Allow", ofB, "s3:*"))
		served(t, "other account", w.get(b, "/lake/k"))
		served(t, "other account writes", w.put(b, "/lake/b", "x"))
		refused(t, "user", w.get(nobody, "/lake/k"), 403, "AccessDenied", "")
	})
	t.Run("another account never gets at the policy", func(t *testing.T) {
		policy(onBucket("lake", "Allow", ofB, "s3:*"))
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			refused(t, method, w.do(b,
				ask{
					method: method,
					path:   "/lake?policy",
					body:   map[string]string{"PUT": onBucket("lake", "Allow", `"*"`, "s3:*")}[method],
				}), 403, "AccessDenied", "")
		}
	})
	t.Run("a user of another account needs both", func(t *testing.T) {
		w.query(b, "iam", "CreateUser", "UserName", "bob")
		bob := w.key(b, "bob")
		policy(onBucket("lake", "Allow", ofB, "s3:*"))
		refused(t, "without its own policy", w.get(bob, "/lake/k"), 403, "AccessDenied", "no identity-based policy")
		w.query(b, "iam", "PutUserPolicy", "UserName", "bob", "PolicyName", "p", "PolicyDocument", everything)
		served(t, "with both", w.get(bob, "/lake/k"))
		w.must(w.root, ask{method: "DELETE", path: "/lake?policy"})
		refused(t, "without the bucket's", w.get(bob, "/lake/k"), 403, "AccessDenied", "no resource-based policy")
	})
	t.Run("a deny is stronger than all, and does not lock the root out of the policy", func(t *testing.T) {
		policy(onBucket("lake", "Deny", `"*"`, "s3:*"))
		for what, k := range map[string]awsKeys{"user": all, "root": w.root} {
			refused(t, what, w.get(k, "/lake/k"), 403, "AccessDenied", "with an explicit deny in a resource-based policy")
		}
		refused(t, "a user at the policy", w.del(all, "/lake?policy"), 403, "AccessDenied", "explicit deny")
		served(t, "the root at the policy", w.get(w.root, "/lake?policy"))
		served(t, "the root takes it away", w.del(w.root, "/lake?policy"))
		served(t, "and reads", w.get(w.root, "/lake/k"))
	})
	t.Run("what is no policy of this bucket is refused", func(t *testing.T) {
		for what, text := range map[string]string{
			"no JSON":           "{",
			"nothing":           "",
			"XML":               "<Policy/>",
			"no principal":      everything,
			"another bucket":    onBucket("other", "Allow", `"*"`, "s3:GetObject"),
			"a longer name":     onBucket("lake-other", "Allow", `"*"`, "s3:GetObject"),
			"too long":          onBucket("lake", "Allow", `"*"`, "s3:Get"+strings.Repeat("x", 21<<10)),
			"unknown principal": onBucket("lake", "Allow", `{"AWS":"arn:aws:iam::`+accountA+`:user/ghost"}`, "s3:GetObject"),
			"huge":              onBucket("lake", "Allow", `"*"`, "s3:Get"+strings.Repeat("x", 100<<10)),
		} {
			if got := w.do(w.root, ask{method: "PUT", path: "/lake?policy", body: text}); got.status != 400 {
				t.Errorf("%s: %v", what, got)
			}
		}
		refused(t, "and the old one stays", w.get(w.root, "/lake?policy"), 404, "NoSuchBucketPolicy", "")
	})
	t.Run("a session policy narrows what the bucket allows", func(t *testing.T) {
		w.grants()
		w.object("/lake/in/k", "x")
		w.grant("all", "lake/in/*", "READ", false)
		vended := w.vend(all, "s3://lake/in/*", "READ")
		policy(onBucket("lake", "Allow", `{"AWS":"arn:aws:iam::`+accountA+`:role/loc"}`, "s3:*"))
		refused(t, "out of scope", w.get(vended, "/lake/k"), 403, "AccessDenied", "")
		refused(t, "write", w.put(vended, "/lake/in/k", "x"), 403, "AccessDenied", "")
		policy(onBucket("lake", "Deny", `{"AWS":"arn:aws:iam::`+accountA+`:role/loc"}`, "s3:GetObject"))
		refused(t, "denied", w.get(vended, "/lake/in/k"), 403, "AccessDenied", "explicit deny in a resource-based policy")
	})
}

// TestCase088_ConditionKeys tries the keys that a request brings.
func TestCase088_ConditionKeys(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "content")
	alice := w.user("alice", everything)
	with := func(operator, key, value string) string {
		return allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"` + operator + `":{"` + key + `":"` +
			value + `"}}}`)
	}
	etag := w.etagOf("/lake/in/k")
	for _, x := range []struct {
		operator, key, value string
		yes, no              ask
	}{
		{"StringEquals", "s3:prefix", "in/", ask{path: "/lake?prefix=in/"}, ask{path: "/lake?prefix=in"}},
		{"StringLike", "s3:prefix", "in/*", ask{path: "/lake?list-type=2&prefix=in/k"}, ask{path: "/lake"}},
		{"StringEquals", "s3:delimiter", "/", ask{path: "/lake?delimiter=/"}, ask{path: "/lake?delimiter=x"}},
		{"NumericLessThanEquals", "s3:max-keys", "10", ask{path: "/lake?max-keys=10"}, ask{path: "/lake?max-keys=11"}},
		{"StringEquals", "s3:x-amz-acl", "bucket-owner-full-control",
			ask{method: "PUT", path: "/lake/a", header: header("X-Amz-Acl", "bucket-owner-full-control")},
			ask{method: "PUT", path: "/lake/a", header: header("X-Amz-Acl", "private")}},
		{"StringEquals", "s3:x-amz-storage-class", "STANDARD",
			ask{method: "PUT", path: "/lake/a", header: header("X-Amz-Storage-Class", "STANDARD")},
			ask{method: "PUT", path: "/lake/a"}},
		{"Null", "s3:if-none-match", "false", ask{method: "PUT", path: "/lake/once", header: header("If-None-Match", "*")},
			ask{method: "PUT", path: "/lake/once"}},
		{"StringEquals", "s3:if-match", strings.ReplaceAll(etag, `"`, `\"`),
			ask{method: "PUT", path: "/lake/in/k", body: "content", header: header("If-Match", etag)},
			ask{method: "PUT", path: "/lake/in/k"}},
		{"StringEquals", "s3:VersionId", "null", ask{path: "/lake/in/k?versionId=null"}, ask{path: "/lake/in/k"}},
		{"StringEquals", "s3:authType", "REST-HEADER", ask{path: "/lake/in/k"}, ask{}},
		{"StringEquals", "s3:ResourceAccount", accountA, ask{path: "/lake/in/k"}, ask{}},
		{"StringEquals", "aws:RequestedRegion", region, ask{path: "/lake/in/k"}, ask{}},
		{"Bool", "aws:SecureTransport", "false", ask{path: "/lake/in/k"}, ask{}},
		{"StringLike", "aws:UserAgent", "tester/*", ask{path: "/lake/in/k", header: header("User-Agent", "tester/1")},
			ask{path: "/lake/in/k"}},
		{"DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", ask{path: "/lake/in/k"}, ask{}},
		{"StringEquals", "aws:PrincipalArn", "arn:aws:iam::" + accountA + ":user/alice", ask{path: "/lake/in/k"}, ask{}},
	} {
		t.Run(x.key+" "+x.operator, func(t *testing.T) {
			w.policy("alice", with(x.operator, x.key, x.value))
			for _, a := range []*ask{&x.yes, &x.no} {
				a.method = or(a.method, "GET")
			}
			served(t, "holds", w.do(alice, x.yes))
			if x.no.path != "" {
				refused(t, "does not hold", w.do(alice, x.no), 403, "AccessDenied", "")
			}
		})
	}
	t.Run("s3:x-amz-copy-source", func(t *testing.T) {
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`,
			`{"Effect":"Allow","Action":"s3:PutObject","Resource":"*",`+
				`"Condition":{"StringLike":{"s3:x-amz-copy-source":"lake/in/*"}}}`))
		served(t, "holds", w.do(alice,
			ask{method: "PUT", path: "/lake/c", header: header("X-Amz-Copy-Source", "/lake/in%2Fk")}))
		refused(t, "another source",
			w.do(alice, ask{method: "PUT", path: "/lake/c", header: header("X-Amz-Copy-Source", "lake/c")}), 403, "AccessDenied",
			"")
		refused(t, "no source", w.put(alice, "/lake/c", "x"), 403, "AccessDenied", "")
	})
	t.Run("s3:signatureAge", func(t *testing.T) {
		w.policy("alice", with("NumericLessThan", "s3:signatureAge", "600000"))
		r := w.presign(alice, "GET", "/lake/in/k", time.Hour, nil)
		served(t, "young", w.send(r))
		w.advance(11 * time.Minute)
		again, _ := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
		again.URL, again.Header = r.URL, r.Header
		refused(t, "old", w.send(again), 403, "AccessDenied", "")
	})
	t.Run("s3:AccessGrantsInstanceArn", func(t *testing.T) {
		w.policy("alice", everything)
		w.grant("alice", "lake/in/*", "READ", false)
		w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument",
			with("ArnEquals", "s3:AccessGrantsInstanceArn", "arn:aws:s3:us-east-1:"+accountA+":access-grants/default"))
		served(t, "vended", w.get(w.vend(alice, "s3://lake/in/*", "READ"), "/lake/in/k"))
		w.iam("UpdateAssumeRolePolicy", "RoleName", "loc", "PolicyDocument",
			allow(`{"Effect":"Allow","Principal":{"AWS":"`+accountA+
				`","Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}`))
		w.policy("alice", allow(`{"Effect":"Allow","Action":"*","Resource":"*"}`))
		direct := w.temporary(w.query(alice, "sts", "AssumeRole", "RoleArn", "arn:aws:iam::"+accountA+":role/loc",
			"RoleSessionName", "direct"))
		refused(t, "assumed directly", w.get(direct, "/lake/in/k"), 403, "AccessDenied", "no identity-based policy")
	})
}

// TestExpectedBucketOwner checks x-amz-expected-bucket-owner and x-amz-source-expected-bucket-owner.
func TestExpectedBucketOwner(t *testing.T) {
	w := start(t)
	w.ruled()
	for _, op := range operations {
		if op.ask == nil || op.name == "ListBuckets" || op.name == "CreateBucket" {
			continue
		}
		a := op.ask(w)
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("X-Amz-Expected-Bucket-Owner", accountB)
		if got := w.do(w.root, a); got.status != 403 {
			t.Errorf("%s with another owner: %v", op.name, got)
		}
		a = op.ask(w)
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("X-Amz-Expected-Bucket-Owner", accountA)
		if got := w.do(w.root, a); got.status >= 300 && got.status != 501 {
			t.Errorf("%s with the owner: %v", op.name, got)
		}
	}
	refused(t, "another source owner",
		w.do(w.root, ask{
			method: "PUT",
			path:   "/lake/c",
			header: header("X-Amz-Copy-Source", "lake/k", "X-Amz-Source-Expected-Bucket-Owner", accountB),
		}), 403, "AccessDenied", "")
	served(t, "the source owner",
		w.do(w.root, ask{
			method: "PUT",
			path:   "/lake/c",
			header: header("X-Amz-Copy-Source", "lake/k", "X-Amz-Source-Expected-Bucket-Owner", accountA),
		}))
	refused(t, "delete many",
		w.do(w.root, ask{
			method: "POST",
			path:   "/lake?delete",
			body:   deletion("k"),
			header: header("X-Amz-Expected-Bucket-Owner", accountB),
		}), 403, "AccessDenied", "")
	w.content("/lake/k")
}

// TestAbsenceIsHidden checks that only a caller who may list a key learns that the key does not exist.
func TestAbsenceIsHidden(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "x")
	reader := w.user("reader", allow(`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}`))
	lister := w.user("lister", allow(`{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}`))
	folder := w.user("folder",
		allow(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`,
			`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"in/*"}}}`))
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READ", false)
	w.grant("alice", "lake/in/gone", "READ", true)
	vended := w.vend(alice, "s3://lake/in/*", "READ")
	exact := w.vend(alice, "s3://lake/in/gone", "READ", "privilege", "Minimal", "targetType", "Object")
	for _, x := range []struct {
		what string
		keys awsKeys
		path string
		want int
	}{
		{"lister", lister, "/lake/none", 404}, {"reader", reader, "/lake/none", 403},
		{"folder inside", folder, "/lake/in/none", 404}, {"folder outside", folder, "/lake/none", 403},
		{"vended", vended, "/lake/in/none", 404}, {"exact", exact, "/lake/in/gone", 403},
	} {
		code := map[int]string{403: "AccessDenied", 404: "NoSuchKey"}[x.want]
		refused(t, x.what, w.get(x.keys, x.path), x.want, code, "")
		if got := w.do(x.keys, ask{method: "HEAD", path: x.path}); got.status != x.want {
			t.Errorf("%s, head: %v", x.what, got)
		}
	}
	refused(t, "copy of nothing, reader",
		w.do(reader, ask{method: "PUT", path: "/lake/c", header: header("X-Amz-Copy-Source", "lake/none")}), 403,
		"AccessDenied", "s3:ListBucket")
	refused(t, "copy of nothing, root",
		w.do(w.root, ask{method: "PUT", path: "/lake/c", header: header("X-Amz-Copy-Source", "lake/none")}), 404, "NoSuchKey",
		"")
	refused(t, "put if it matches nothing",
		w.do(reader, ask{method: "PUT", path: "/lake/none", header: header("If-Match", "x")}), 403, "AccessDenied", "")
	refused(t, "no bucket", w.get(reader, "/none/k"), 404, "NoSuchBucket", "")
	t.Run("errors say nothing of others", func(t *testing.T) {
		b := w.other()
		w.bucket(b, "theirs")
		w.must(b, ask{method: "PUT", path: "/theirs/k", body: "x"})
		w.must(b, ask{
			method: "PUT",
			path:   "/theirs?policy",
			body:   onBucket("theirs", "Deny", `{"AWS":"`+accountA+`"}`, "s3:ListBucket"),
		})
		if have, not := w.get(reader, "/theirs/k"),
			w.get(reader, "/theirs/n"); have.status != 403 || strings.ReplaceAll(have.message, "/k", "/n") != not.message {
			t.Errorf("a key that is there: %v\none that is not: %v", have, not)
		}
		for _, got := range []*answer{w.get(reader, "/theirs/k"), w.get(reader, "/theirs"), w.get(reader, "/theirs?policy"),
			w.put(reader, "/theirs", "")} {
			if strings.Contains(got.body, accountB) {
				t.Errorf("it names the owner: %s", got.body)
			}
		}
	})
}

// TestTheRegistryRecords checks that operations on buckets are in the audit log, and that a body cannot flood the log.
func TestTheRegistryRecords(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	nobody := w.user("nobody", "")
	w.put(nobody, "/lake?policy", onBucket("lake", "Allow", `"*"`, "s3:Get"+strings.Repeat("x", 100<<10)))
	refused(t, "delete", w.del(nobody, "/lake"), 403, "AccessDenied", "")
	records, err := w.server.Control.DB.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range records {
		text, _ := r.Event.JSON()
		if len(text) > 70<<10 {
			t.Errorf("a record of %d bytes", len(text))
		}
		if r.Event.EventSource == "s3.amazonaws.com" {
			names = append(names, r.Event.EventName+" "+string(r.Event.ErrorCode))
		}
	}
	got := strings.Join(names, ",")
	for _, want := range []string{
		"CreateBucket ", "PutBucketPolicy MaxMessageLengthExceeded", "DeleteBucket AccessDenied",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s: %s", want, got)
		}
	}
}
