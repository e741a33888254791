package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAttack27_CopiesByGrantsThatAnswerNeedBothEnds copies between what is granted and what is not.
func TestAttack27_CopiesByGrantsThatAnswerNeedBothEnds(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/finance/*", "READ", false)
	w.grant("alice", "pond/in/*", "WRITE", false)
	w.grant("alice", "lake/both/*", "READWRITE", false)
	cp := func(from, to string) *answer {
		return w.do(alice, ask{method: "PUT", path: to, header: copyFrom(from)})
	}
	served(t, "READ to WRITE, between buckets", cp("/lake/finance/q1.csv", "/pond/in/a"))
	served(t, "READ to READWRITE", cp("/lake/finance/q1.csv", "/lake/both/a"))
	served(t, "within READWRITE", cp("/lake/both/a", "/lake/both/b"))
	for name, ends := range map[string][2]string{
		"from outside":            {"/lake/secret", "/pond/in/b"},
		"from what is not there":  {"/lake/none", "/pond/in/b"},
		"from a version outside":  {"/lake/secret?versionId=1", "/pond/in/b"},
		"from an escaped outside": {"/lake/finance%2F..%2F..%2Fsecret%00", "/pond/in/b"},
		"from WRITE":              {"/pond/in/a", "/lake/both/c"},
		"to READ":                 {"/lake/both/a", "/lake/finance/new"},
		"to outside":              {"/lake/finance/q1.csv", "/lake/new"},
		"to another bucket":       {"/lake/finance/q1.csv", "/pond/new"},
	} {
		if got := cp(ends[0], ends[1]); got.status < 400 || got.status == 404 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if w.content("/pond/in/a") != "content of finance/q1.csv" || w.exists("/pond/in/b") || w.exists("/lake/new") {
		t.Error("other content than was to be copied")
	}
	t.Run("an end by a policy and an end by a grant", func(t *testing.T) {
		w.policy("alice", allow(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`,
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/hr/*"}`))
		served(t, "each is decided by itself", cp("/lake/hr/a", "/pond/in/hr"))
		refused(t, "one alone does not do", cp("/lake/hr/a", "/pond/hr"), 403, "AccessDenied", "s3:PutObject")
	})
}

// TestAttack29_SeveralKeysByGrantsThatAnswer deletes many keys in one request.
func TestAttack29_SeveralKeysByGrantsThatAnswer(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/finance/*", "WRITE", false)
	w.grant("alice", "lake/hr/*", "READ", false)
	got := w.do(alice, ask{method: "POST", path: "/lake?delete", body: deletion("finance/q1.csv", "hr/a", "secret",
		"finance10/x",
		"finance/none", "none")})
	if got.status != 200 || strings.Count(got.body, "<Deleted>") != 2 || strings.Count(got.body,
		"<Code>AccessDenied</Code>") != 4 {
		t.Errorf("got %v %s", got, got.body)
	}
	for path, there := range map[string]bool{
		"/lake/finance/q1.csv": false, "/lake/finance/q2.csv": true, "/lake/hr/a": true, "/lake/secret": true,
		"/lake/finance10/x": true,
	} {
		if w.exists(path) != there {
			t.Errorf("%s is there: %v", path, !there)
		}
	}
	got = w.do(alice, ask{method: "POST", path: "/lake?delete", body: deletion("hr/a", "secret")})
	if got.status != 200 || strings.Contains(got.body, "<Deleted>") || !w.exists("/lake/hr/a") {
		t.Errorf("nothing that may be deleted: %v %s", got, got.body)
	}
}

// TestAttack48_GrantsAnswerInTheRegionOfTheirBucket checks that the instance of the bucket's region decides, whatever
// region the request is signed for.
func TestAttack48_GrantsAnswerInTheRegionOfTheirBucket(t *testing.T) {
	w := start(t, anyRegion)
	w.bucket(w.root, "lake")
	w.must(w.root, ask{method: "PUT", path: "/far", region: "eu-west-1"})
	w.object("/lake/a", "x")
	w.must(w.root, ask{method: "PUT", path: "/far/a", region: "eu-west-1", body: "x"})
	w.grants()
	alice := w.user("alice", mayAskOnly)
	w.grant("alice", "lake/*", "READ", false)
	for _, signed := range []string{"us-east-1", "eu-west-1"} {
		served(t, "the bucket of the instance's region", w.do(alice, ask{method: "GET", path: "/lake/a", region: signed}))
		refused(t, "the bucket of another region", w.do(alice, ask{method: "GET", path: "/far/a", region: signed}), 403,
			"AccessDenied", "")
	}
}

// TestGrantsAnswerAcrossAccounts checks that another account's grants answer when that account's instance lets the
// caller ask, the caller's own account does, and the owner of the bucket has switched it on.
func TestGrantsAnswerAcrossAccounts(t *testing.T) {
	w, _ := resolving(t)
	other := w.other()
	user := func(policy string) awsKeys {
		w.query(other, "iam", "CreateUser", "UserName", "guest")
		w.query(other, "iam", "PutUserPolicy", "UserName", "guest", "PolicyName", "p", "PolicyDocument", policy)
		return w.key(other, "guest")
	}
	guest := user(mayAskOnly)
	w.must(w.root, ask{method: http.MethodPost, path: control + "/grant",
		body: "<CreateAccessGrantRequest><AccessGrantsLocationId>default</AccessGrantsLocationId>" +
			"<AccessGrantsLocationConfiguration><S3SubPrefix>lake/finance/*</S3SubPrefix></AccessGrantsLocationConfiguration>" +
			"<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::" + accountB + ":user/guest" +
			"</GranteeIdentifier></Grantee><Permission>READ</Permission></CreateAccessGrantRequest>"})
	refused(t, "without the instance's policy", w.get(guest, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
	w.must(w.root, ask{method: "PUT", path: control + "/resourcepolicy",
		body: "<PutAccessGrantsInstanceResourcePolicyRequest><Policy>" +
			escaped(allow(`{"Effect":"Allow","Principal":{"AWS":"`+
				accountB+`"},"Action":"s3:GetDataAccess","Resource":"arn:aws:s3:us-east-1:`+accountA+
				`:access-grants/default"}`)) + "</Policy></PutAccessGrantsInstanceResourcePolicyRequest>"})
	served(t, "with it", w.get(guest, "/lake/finance/q1.csv"))
	refused(t, "outside of the grant", w.get(guest, "/lake/hr/a"), 403, "AccessDenied", "")
	if got := w.get(guest, "/"); got.status != 200 || !strings.Contains(got.body, "<Name>lake</Name>") {
		t.Errorf("the buckets: %v %s", got, got.body)
	}
	w.query(other, "iam", "PutUserPolicy", "UserName", "guest", "PolicyName", "p", "PolicyDocument", everythingBut)
	refused(t, "whose own account does not let it ask", w.get(guest, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
	w.query(other, "iam", "PutUserPolicy", "UserName", "guest", "PolicyName", "p", "PolicyDocument", mayAskOnly)
	w.resolve(false)
	refused(t, "switched off by the owner", w.get(guest, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
}
