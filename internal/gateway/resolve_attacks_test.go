package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// What follows are relatives of attacks on vended credentials, tried on grants that answer requests themselves.

// TestAttack05_PrefixesOfGrantsThatAnswer checks that a scope is its characters.
func TestAttack05_PrefixesOfGrantsThatAnswer(t *testing.T) {
	w, alice := resolving(t)
	for _, key := range []string{"team1/x", "team10/x", "bob", "bobby", "bo", "in/a*b", "in?/x"} {
		w.object("/lake/"+escape(key), "x")
	}
	w.grant("alice", "lake/team1/*", "READ", false)
	w.grant("alice", "lake/bob*", "READ", false)
	w.grant("alice", "lake/in/*", "READ", false)
	w.grant("alice", "lake/one", "READ", true)
	w.object("/lake/one", "x")
	w.object("/lake/one%00more", "x")
	for _, key := range []string{"team1/x", "bob", "bobby", "in/a*b", "one"} {
		served(t, key, w.get(alice, "/lake/"+escape(key)))
	}
	for _, key := range []string{"team10/x", "team1", "bo", "in?/x", "in", "one/", "one\x00more", "one\x00", "*", "team*",
		"team1/../secret/x", "../lake/secret"} {
		if key == "team1/../secret/x" { // keys are literal bytes: this one lies in the scope
			refused(t, key, w.get(alice, "/lake/"+escape(key)), 404, "NoSuchKey", "")
			continue
		}
		refused(t, key, w.get(alice, "/lake/"+escape(key)), 403, "AccessDenied", "")
	}
}

// TestAttack28_UploadsByGrantsThatAnswer begins, continues, lists and completes uploads in and out of the grants.
func TestAttack28_UploadsByGrantsThatAnswer(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/in/*", "WRITE", false)
	w.grant("alice", "lake/finance/*", "READ", false)
	foreign := w.upload(w.root, "/lake/secret/big")
	for name, got := range map[string]*answer{
		"begin outside":        w.do(alice, ask{method: "POST", path: "/lake/secret/new?uploads"}),
		"begin with READ":      w.do(alice, ask{method: "POST", path: "/lake/finance/new?uploads"}),
		"a part outside":       w.put(alice, "/lake/secret/big?partNumber=1&uploadId="+foreign, "x"),
		"the parts of another": w.get(alice, "/lake/secret/big?uploadId="+foreign),
		"complete outside": w.do(alice, ask{method: "POST", path: "/lake/secret/big?uploadId=" + foreign,
			body: complete(`"x"`)}),
		"abort outside":                  w.del(alice, "/lake/secret/big?uploadId="+foreign),
		"all uploads":                    w.get(alice, "/lake?uploads"),
		"all uploads above a READ grant": w.get(alice, "/lake?uploads&delimiter=/"),
	} {
		refused(t, name, got, 403, "AccessDenied", "")
	}
	id := w.upload(alice, "/lake/in/big")
	part := w.put(alice, "/lake/in/big?partNumber=1&uploadId="+id, "part")
	served(t, "a part", part)
	source := func(from string) *answer {
		return w.do(alice, ask{method: "PUT", path: "/lake/in/big?partNumber=2&uploadId=" + id, header: copyFrom(from)})
	}
	served(t, "a part that is copied from a READ grant", source("/lake/finance/q1.csv"))
	refused(t, "a part that is copied from outside", source("/lake/secret"), 403, "AccessDenied", "")
	refused(t, "a part that is copied from a WRITE grant", source("/lake/in/none"), 403, "AccessDenied", "")
	refused(t, "the parts with WRITE", w.get(alice, "/lake/in/big?uploadId="+id), 403, "AccessDenied", "")
	if got := w.put(alice, "/lake/in/other?partNumber=1&uploadId="+foreign, "x"); got.status < 400 {
		t.Errorf("a part of another key's upload: %v", got)
	}
	served(t, "complete", w.do(alice, ask{method: "POST", path: "/lake/in/big?uploadId=" + id,
		body: complete(part.header.Get("Etag"))}))
}

// TestAttack30_LevelsOfGrantsThatAnswer checks that READ writes nothing and WRITE reads nothing, in every disguise.
func TestAttack30_LevelsOfGrantsThatAnswer(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/finance/*", "READ", false)
	w.grant("alice", "lake/hr/*", "WRITE", false)
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, got := range map[string]*answer{
		"READ writes":            w.put(alice, "/lake/finance/q1.csv", "x"),
		"READ deletes":           w.del(alice, "/lake/finance/q1.csv"),
		"READ deletes a version": w.del(alice, "/lake/finance/q1.csv?versionId=1"),
		"WRITE reads":            w.get(alice, "/lake/hr/a"),
		"WRITE looks":            w.do(alice, ask{method: "HEAD", path: "/lake/hr/a"}),
		"WRITE looks at none":    w.do(alice, ask{method: "HEAD", path: "/lake/hr/none"}),
		"WRITE lists":            w.get(alice, "/lake?prefix=hr/"),
		"WRITE guesses an ETag": w.do(alice, ask{method: "PUT", path: "/lake/hr/a", body: "x",
			header: header("If-Match", `"00000000000000000000000000000000"`)}),
		"WRITE asks whether it is there": w.do(alice, ask{method: "DELETE", path: "/lake/hr/none",
			header: header("If-Match", "*")}),
		"WRITE tags": w.do(alice, ask{method: "PUT", path: "/lake/hr/a", body: "x", header: header("X-Amz-Tagging", "a=b")}),
		"WRITE locks": w.do(alice, ask{method: "PUT", path: "/lake/hr/a", body: "x",
			header: header("X-Amz-Object-Lock-Legal-Hold", "ON")}),
		"WRITE bypasses a lock": w.do(alice, ask{method: "DELETE", path: "/lake/hr/a?versionId=1",
			header: header("X-Amz-Bypass-Governance-Retention", "true")}),
	} {
		if got.status != 403 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if w.content("/lake/finance/q1.csv") != "content of finance/q1.csv" || w.content("/lake/hr/a") != "content of hr/a" {
		t.Error("something was written")
	}
	served(t, "READ reads", w.get(alice, "/lake/finance/q1.csv"))
	served(t, "WRITE writes", w.put(alice, "/lake/hr/b", "x"))
}

// TestAttack47_GrantsThatAnswerAreBounded checks that nothing of the caller's own, of the location's role or of the
// bucket is passed by a grant, that no grant reaches administration, and that a session that was vended has no
// grants itself.
func TestAttack47_GrantsThatAnswerAreBounded(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/*", "READWRITE", false)
	read := func() *answer { t.Helper(); return w.get(alice, "/lake/finance/q1.csv") }
	mayAsk := `{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`
	deny := func(resource string) string {
		return `{"Effect":"Deny","Action":"s3:GetObject","Resource":"` + resource + `"}`
	}
	served(t, "granted", read())
	for name, path := range map[string]string{
		"the policy": "/lake?policy", "the location": "/lake?location", "tags": "/lake/finance/q1.csv?tagging",
		"versioning": "/lake?versioning",
	} {
		if got := w.get(alice, path); got.status != 403 && got.status != 501 {
			t.Errorf("%s of the bucket: %v", name, got)
		}
	}
	refused(t, "a new policy", w.put(alice, "/lake?policy", denyAll), 403, "AccessDenied", "")
	refused(t, "a new bucket", w.put(alice, "/lake2", ""), 403, "AccessDenied", "")
	w.policy("alice", allow(mayAsk, deny("arn:aws:s3:::lake/finance/*")))
	refused(t, "a Deny of the caller's", read(), 403, "AccessDenied", "explicit deny in an identity-based policy")
	served(t, "beside the Deny", w.get(alice, "/lake/hr/a"))
	w.policy("alice", allow(mayAsk))
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: strings.Replace(denyAll, `"*"`,
		`{"AWS":"arn:aws:iam::`+accountA+`:user/alice"}`, 1)})
	refused(t, "a Deny of the bucket's for the caller", read(), 403, "AccessDenied", "resource-based policy")
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: strings.Replace(denyAll, `"*"`,
		`{"AWS":"arn:aws:iam::`+accountA+`:role/loc"}`, 1)})
	refused(t, "a Deny of the bucket's for the location's role", read(), 403, "AccessDenied", "")
	w.del(w.root, "/lake?policy")
	w.iam("CreatePolicy", "PolicyName", "bound", "PolicyDocument", allow(mayAsk,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/hr/*"}`))
	w.iam("PutUserPermissionsBoundary", "UserName", "alice", "PermissionsBoundary",
		"arn:aws:iam::"+accountA+":policy/bound")
	refused(t, "a boundary", read(), 403, "AccessDenied", "")
	served(t, "within the boundary", w.get(alice, "/lake/hr/a"))
	w.iam("DeleteUserPermissionsBoundary", "UserName", "alice")
	w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument",
		allow(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::lake/hr/*"}`))
	refused(t, "what the location's role may not", read(), 403, "AccessDenied", "")
	served(t, "what it may", w.get(alice, "/lake/hr/a"))
	w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", everything)
	w.iam("UpdateAssumeRolePolicy", "RoleName", "loc", "PolicyDocument",
		strings.Replace(trusting, "access-grants.s3.amazonaws.com", "ec2.amazonaws.com", 1))
	refused(t, "a role that does not trust the service", read(), 403, "AccessDenied", "")
	w.iam("UpdateAssumeRolePolicy", "RoleName", "loc", "PolicyDocument", trusting)
	w.policy("alice", allow(strings.Replace(mayAsk, "Allow", "Deny", 1)))
	refused(t, "who may not ask for data", read(), 403, "AccessDenied", "")
	w.policy("alice", allow(mayAsk))
	served(t, "in the end", read())
	t.Run("a session policy", func(t *testing.T) {
		w.iam("CreateRole", "RoleName", "worker", "AssumeRolePolicyDocument",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+accountA+
				`:user/alice"},"Action":"sts:AssumeRole"}]}`)
		w.iam("PutRolePolicy", "RoleName", "worker", "PolicyName", "p", "PolicyDocument", allow(mayAsk))
		w.grantRole("worker", "lake/finance/*", "READ")
		assume := func(more ...string) awsKeys {
			return w.temporary(w.query(alice, "sts", "AssumeRole", append([]string{"RoleArn",
				"arn:aws:iam::" + accountA + ":role/worker", "RoleSessionName", "ss"}, more...)...))
		}
		served(t, "a session of the role", w.get(assume(), "/lake/finance/q1.csv"))
		refused(t, "the role has its own grants only", w.get(assume(), "/lake/hr/a"), 403, "AccessDenied", "")
		refused(t, "a session policy without s3:GetObject", w.get(assume("Policy", allow(mayAsk)),
			"/lake/finance/q1.csv"), 403,
			"AccessDenied", "")
		refused(t, "a session policy without s3:GetDataAccess", w.get(assume("Policy", everythingBut),
			"/lake/finance/q1.csv"),
			403, "AccessDenied", "")
		served(t, "a session policy with both", w.get(assume("Policy", everything), "/lake/finance/q1.csv"))
	})
	t.Run("a vended session", func(t *testing.T) {
		w.grantRole("loc", "pond/*", "READWRITE")
		w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", everything)
		vended := w.vend(alice, "s3://lake/finance/*", "READ", "privilege", "Minimal")
		served(t, "in its scope", w.get(vended, "/lake/finance/q1.csv"))
		for _, path := range []string{"/pond/p", "/lake/hr/a", "/pond", "/lake", "/"} {
			refused(t, "the location's role is a grantee itself: "+path, w.get(vended, path), 403, "AccessDenied", "")
		}
	})
	t.Run("switched off", func(t *testing.T) {
		w.resolve(false)
		refused(t, "a read", read(), 403, "AccessDenied", "no identity-based policy")
		refused(t, "a list", w.get(alice, "/lake?delimiter=/"), 403, "AccessDenied", "no identity-based policy")
		refused(t, "the buckets", w.get(alice, "/"), 403, "AccessDenied", "")
		served(t, "a vended credential", w.get(w.vend(alice, "s3://lake/*", "READ"), "/lake/finance/q1.csv"))
		w.resolve(true)
		served(t, "switched on", read())
	})
}

const everythingBut = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`

// grantRole grants a role something below the default location.
func (w *world) grantRole(role, sub, permission string) {
	w.t.Helper()
	w.must(w.root, ask{method: http.MethodPost, path: control + "/grant",
		body: "<CreateAccessGrantRequest><AccessGrantsLocationId>default</AccessGrantsLocationId>" +
			"<AccessGrantsLocationConfiguration><S3SubPrefix>" + sub + "</S3SubPrefix></AccessGrantsLocationConfiguration>" +
			"<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::" + accountA + ":role/" + role +
			"</GranteeIdentifier></Grantee><Permission>" + permission + "</Permission></CreateAccessGrantRequest>"})
}

// resolve switches whether grants answer requests.
func (w *world) resolve(on bool) {
	w.t.Helper()
	w.must(w.root, ask{method: "POST", path: "/", service: "latchkey", body: `{"Enabled":` + map[bool]string{true: "true",
		false: "false"}[on] + `}`, header: http.Header{"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amz-Target": {"Latchkey.PutResolveGrants"}}})
}

// TestAttack46_AMisspeltDenyBoundsGrantsThatAnswer checks that a Deny on a condition key that nobody documents holds.
func TestAttack46_AMisspeltDenyBoundsGrantsThatAnswer(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/*", "READ", false)
	served(t, "without it", w.get(alice, "/lake/finance/q1.csv"))
	w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`,
		`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceIpp":"10.0.0.1"}}}`))
	refused(t, "with it", w.get(alice, "/lake/finance/q1.csv"), 403, "AccessDenied", "explicit deny")
	served(t, "another action", w.get(alice, "/lake?prefix=finance/"))
}

// TestAttack35_NoAnswerOfAGrantIsKept checks that the next request is decided anew, whatever was served before.
func TestAttack35_NoAnswerOfAGrantIsKept(t *testing.T) {
	w, alice := resolving(t)
	id := w.grant("alice", "lake/finance/*", "READ", false)
	served(t, "granted", w.get(alice, "/lake/finance/q1.csv"))
	bob := w.user("bob", mayAskOnly)
	refused(t, "somebody else, right after", w.get(bob, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
	w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*","Condition":{"StringLike":`+
		`{"aws:UserAgent":"good*"}}}`))
	agent := func(name string) *answer {
		return w.do(alice, ask{method: "GET", path: "/lake/finance/q1.csv", header: http.Header{"User-Agent": {name}}})
	}
	served(t, "a request with the fact", agent("good one"))
	refused(t, "a request without it", agent("bad one"), 403, "AccessDenied", "")
	served(t, "a request with the fact again", agent("good one"))
	w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + id})
	refused(t, "after the grant is deleted", agent("good one"), 403, "AccessDenied", "")
}

// TestAttack47_NoGrantRescuesATransfer begins a write that a policy allows, and takes the policy away before the last
// byte. The grant that has come meanwhile answers the next write, and not this one.
func TestAttack47_NoGrantRescuesATransfer(t *testing.T) {
	w, alice := resolving(t)
	w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`))
	x := w.expect(alice, ask{method: "PUT", path: "/lake/out/k", body: "content"})
	w.grant("alice", "lake/out/*", "WRITE", false)
	w.policy("alice", mayAskOnly)
	x.write("content")
	refused(t, "under way", x.answer(w, "PUT"), 403, "AccessDenied", "s3:PutObject")
	if got := w.get(w.root, "/lake/out/k"); got.status != 404 {
		t.Errorf("something was written: %v", got)
	}
	served(t, "the next write", w.put(alice, "/lake/out/k", "content"))
}
