package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// everybody are bucket policies on lake that admit a session beyond its session policy by AWS's logic.
func everybody(session string) map[string]string {
	resources := `"Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]`
	return map[string]string{
		"for everybody": onBucket("lake", "Allow", `"*"`, "s3:*"),
		"for the role, by ArnLike": allow(`{"Effect":"Allow","Principal":"*","Action":"s3:*",` + resources +
			`,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + accountA + `:role/lo*"}}}`),
		"for the session":  onBucket("lake", "Allow", `{"AWS":"`+session+`"}`, "s3:*"),
		"for the role":     onBucket("lake", "Allow", `{"AWS":"arn:aws:iam::`+accountA+`:role/loc"}`, "s3:*"),
		"for everybody, *": onBucket("lake", "Allow", `{"AWS":"*"}`, "*"),
	}
}

// beyond are requests that go beyond a READWRITE credential on lake/in/*.
func beyond(upload string) map[string]ask {
	source, inside := header("X-Amz-Copy-Source", "lake/out/k"), header("X-Amz-Copy-Source", "lake/in/k")
	other := header("X-Amz-Copy-Source", "other/in/k")
	part := "/lake/out/m?uploadId=" + upload
	return map[string]ask{
		"read":                       {method: "GET", path: "/lake/out/k"},
		"head":                       {method: "HEAD", path: "/lake/out/k"},
		"an absent key":              {method: "GET", path: "/lake/out/absent"},
		"a longer name":              {method: "GET", path: "/lake/inn/k"},
		"the folder's name":          {method: "GET", path: "/lake/in"},
		"write":                      {method: "PUT", path: "/lake/out/k", body: "x"},
		"delete":                     {method: "DELETE", path: "/lake/out/k"},
		"copy from outside":          {method: "PUT", path: "/lake/in/copy", header: source},
		"copy to outside":            {method: "PUT", path: "/lake/out/copy", header: inside},
		"begin an upload":            {method: "POST", path: "/lake/out/m?uploads"},
		"a part":                     {method: "PUT", path: part + "&partNumber=1", body: "x"},
		"a part copied to outside":   {method: "PUT", path: part + "&partNumber=1", header: inside},
		"the parts":                  {method: "GET", path: part},
		"complete an upload":         {method: "POST", path: part, body: complete(`"x"`)},
		"abort an upload":            {method: "DELETE", path: part},
		"list all":                   {method: "GET", path: "/lake"},
		"list all, version 2":        {method: "GET", path: "/lake?list-type=2"},
		"list another prefix":        {method: "GET", path: "/lake?list-type=2&prefix=out/"},
		"list a shorter prefix":      {method: "GET", path: "/lake?prefix=in"},
		"list an empty prefix":       {method: "GET", path: "/lake?prefix="},
		"list uploads":               {method: "GET", path: "/lake?uploads"},
		"list uploads elsewhere":     {method: "GET", path: "/lake?uploads&prefix=out/"},
		"the bucket":                 {method: "HEAD", path: "/lake"},
		"tags of a write":            {method: "PUT", path: "/lake/in/k", body: "x", header: header("X-Amz-Tagging", "a=b")},
		"its location":               {method: "GET", path: "/lake?location"},
		"its policy":                 {method: "GET", path: "/lake?policy"},
		"a new policy":               {method: "PUT", path: "/lake?policy", body: onBucket("lake", "Allow", `"*"`, "s3:*")},
		"no policy":                  {method: "DELETE", path: "/lake?policy"},
		"delete the bucket":          {method: "DELETE", path: "/lake"},
		"all buckets":                {method: "GET", path: "/"},
		"a new bucket":               {method: "PUT", path: "/made"},
		"another bucket's object":    {method: "GET", path: "/other/in/k"},
		"copy from another bucket":   {method: "PUT", path: "/lake/in/copy", header: other},
		"a part from another bucket": {method: "PUT", path: "/other/in/m?uploadId=x&partNumber=1", body: "x"},
	}
}

// TestAttack47_NoBucketPolicyWidensAVendedCredential asks, under bucket policies that admit everybody, for everything
// that lies beyond a credential's scope, by headers and presigned, and for what lies within.
func TestAttack47_NoBucketPolicyWidensAVendedCredential(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake", "other")
	for _, key := range []string{"/lake/in/k", "/lake/out/k", "/lake/inn/k", "/lake/in", "/other/in/k"} {
		w.object(key, "old")
	}
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/in/*", "READWRITE")
	var me struct {
		ARN string `xml:"GetCallerIdentityResult>Arn"`
	}
	w.parse(w.query(vended, "sts", "GetCallerIdentity"), &me)
	upload := w.upload(w.root, "/lake/out/m")
	for what, policy := range everybody(me.ARN) {
		t.Run(what, func(t *testing.T) {
			w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: policy})
			w.must(w.root, ask{method: "PUT", path: "/other?policy", body: strings.ReplaceAll(policy, "lake", "other")})
			for name, a := range beyond(upload) {
				refused(t, name, w.do(vended, a), 403, codeOf(a), "")
				if a.body == "" {
					refused(t, name+", presigned", w.send(w.presign(vended, a.method, a.path, time.Minute, a.header)), 403,
						codeOf(a), "")
				}
			}
			got := w.do(vended, ask{method: "POST", path: "/lake?delete", body: deletion("out/k", "inn/k", "in")})
			if got.status != 200 || strings.Count(got.body, "<Code>AccessDenied</Code>") != 3 {
				t.Errorf("DeleteObjects: %v %s", got, got.body)
			}
			for _, key := range []string{"/lake/in/k", "/lake/out/k", "/lake/inn/k", "/lake/in", "/other/in/k"} {
				if w.content(key) != "old" {
					t.Errorf("%s was changed", key)
				}
			}
			if w.exists("/lake/in/copy") || w.exists("/lake/out/copy") || w.get(w.root, "/made").status != 404 {
				t.Error("something was made")
			}
			within(t, w, vended)
		})
	}
}

// codeOf is the code of a refusal, which an answer to HEAD does not have.
func codeOf(a ask) string {
	if a.method == "HEAD" {
		return ""
	}
	return "AccessDenied"
}

// within checks that a READWRITE credential on lake/in/* has what its scope gives.
func within(t *testing.T, w *world, k awsKeys) {
	t.Helper()
	served(t, "read", w.get(k, "/lake/in/k"))
	served(t, "write", w.put(k, "/lake/in/new", "x"))
	served(t, "list", w.get(k, "/lake?list-type=2&prefix=in/"))
	served(t, "list uploads", w.get(k, "/lake?uploads&prefix=in/"))
	served(t, "copy", w.do(k, ask{method: "PUT", path: "/lake/in/new", header: header("X-Amz-Copy-Source", "lake/in/k")}))
	path := "/lake/in/m?uploadId=" + w.upload(k, "/lake/in/m")
	served(t, "a part", w.put(k, path+"&partNumber=1", "x"))
	served(t, "the parts", w.get(k, path))
	served(t, "abort", w.del(k, path))
	got := w.do(k, ask{method: "POST", path: "/lake?delete", body: deletion("in/new", "out/k")})
	if strings.Count(got.body, "<Deleted>") != 1 || strings.Count(got.body, "<Error>") != 1 || !w.exists("/lake/out/k") {
		t.Errorf("DeleteObjects: %v %s", got, got.body)
	}
	refused(t, "an absent key", w.get(k, "/lake/in/absent"), 404, "NoSuchKey", "")
}

// TestAttack47_NoBucketPolicyAddsAPermission asks for what READ, WRITE and the credential of one object do not have,
// under a bucket policy that admits everybody.
func TestAttack47_NoBucketPolicyAddsAPermission(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "old")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READ", false)
	w.grant("alice", "lake/in/*", "WRITE", false)
	w.grant("alice", "lake/one", "READ", true)
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: onBucket("lake", "Allow", `"*"`, "s3:*")})
	read, write := w.vend(alice, "s3://lake/in/*", "READ"), w.vend(alice, "s3://lake/in/*", "WRITE")
	one := w.vend(alice, "s3://lake/one", "READ", "targetType", "Object")
	upload := w.upload(w.root, "/lake/in/m")
	part := "/lake/in/m?uploadId=" + upload
	for what, a := range map[string]ask{
		"write": {method: "PUT", path: "/lake/in/k", body: "x"}, "delete": {method: "DELETE", path: "/lake/in/k"},
		"copy":  {method: "PUT", path: "/lake/in/copy", header: header("X-Amz-Copy-Source", "lake/in/k")},
		"begin": {method: "POST", path: "/lake/in/m?uploads"},
		"part":  {method: "PUT", path: part + "&partNumber=1", body: "x"},
		"abort": {method: "DELETE", path: part}, "complete": {method: "POST", path: part, body: complete(`"x"`)},
	} {
		refused(t, "READ: "+what, w.do(read, a), 403, "AccessDenied", "")
	}
	for what, a := range map[string]ask{
		"read": {method: "GET", path: "/lake/in/k"}, "list": {method: "GET", path: "/lake?prefix=in/"},
		"parts": {method: "GET", path: part}, "uploads": {method: "GET", path: "/lake?uploads&prefix=in/"},
		"condition": {method: "PUT", path: "/lake/in/k", body: "x", header: header("If-Match", `"x"`)},
	} {
		refused(t, "WRITE: "+what, w.do(write, a), 403, "AccessDenied", "")
	}
	got := w.do(read, ask{method: "POST", path: "/lake?delete", body: deletion("in/k")})
	if !strings.Contains(got.body, "<Code>AccessDenied</Code>") || !w.exists("/lake/in/k") {
		t.Errorf("READ: DeleteObjects: %v %s", got, got.body)
	}
	refused(t, "one object: that it does not exist", w.get(one, "/lake/one"), 403, "AccessDenied", "")
	refused(t, "one object: list", w.get(one, "/lake?prefix=one"), 403, "AccessDenied", "")
	refused(t, "one object: a longer key", w.get(one, "/lake/one/more"), 403, "AccessDenied", "")
	w.object("/lake/one", "1")
	served(t, "one object", w.get(one, "/lake/one"))
	served(t, "READ", w.get(read, "/lake/in/k"))
	served(t, "WRITE", w.put(write, "/lake/in/k", "x"))
}

// TestAttack47_AdministrationIsRecorded checks that a vended credential that tries to administer leaves a record with
// the reason.
func TestAttack47_AdministrationIsRecorded(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/*", "READWRITE", false)
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: onBucket("lake", "Allow", `"*"`, "s3:*")})
	vended := w.vend(alice, "s3://lake/*", "READWRITE")
	served(t, "HeadBucket of a whole bucket", w.do(vended, ask{method: "HEAD", path: "/lake"}))
	refused(t, "PutBucketPolicy",
		w.do(vended, ask{method: "PUT", path: "/lake?policy", body: "{}"}), http.StatusForbidden, "AccessDenied",
		"s3:PutBucketPolicy on resource: \"arn:aws:s3:::lake\" because no session policy allows")
	records, err := w.server.Control.DB.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		e := r.Event
		if e.EventName == "PutBucketPolicy" && e.UserIdentity.Type == "AssumedRole" && e.Latchkey != nil &&
			e.Latchkey.Reason == string(fault.AdministrationClosed) && e.ErrorCode == "AccessDenied" {
			return
		}
	}
	t.Errorf("no record of the refusal among %d", len(records))
}

// TestAttack47_NoResourcePolicyOpensAnotherService uses a vended credential for services whose resource policies admit
// everybody: Access Grants, and a role.
func TestAttack47_NoResourcePolicyOpensAnotherService(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/*", "READWRITE", false)
	instance := "arn:aws:s3:" + region + ":" + accountA + ":access-grants/default"
	all := allow(`{"Effect":"Allow","Principal":"*","Action":["s3:GetDataAccess","s3:ListCallerAccessGrants",` +
		`"s3:ListAccessGrants","s3:ListAccessGrantsLocations","s3:GetAccessGrantsInstanceForPrefix"],"Resource":"` +
		instance + `"}`)
	body := "<PutAccessGrantsInstanceResourcePolicyRequest><Policy>" + escaped(all) +
		"</Policy></PutAccessGrantsInstanceResourcePolicyRequest>"
	w.must(w.root, ask{method: "PUT", path: control + "/resourcepolicy", body: body})
	w.iam("CreateRole", "RoleName", "open", "AssumeRolePolicyDocument",
		allow(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`))
	vended := w.vend(alice, "s3://lake/*", "READWRITE")
	for _, a := range []ask{
		{method: "GET", path: control}, {method: "GET", path: control + "s"}, {method: "GET", path: control + "/grants"},
		{method: "GET", path: control + "/locations"}, {method: "GET", path: control + "/resourcepolicy"},
		{method: "GET", path: control + "/caller/grants"}, {method: "DELETE", path: control + "/resourcepolicy"},
		{method: "GET", path: control + "/dataaccess?permission=READ&target=s3%3A%2F%2Flake%2F%2A"},
		{method: "GET", path: control + "/prefix?s3prefix=s3%3A%2F%2Flake%2F%2A"}, {method: "DELETE", path: control},
	} {
		refused(t, a.method+" "+a.path, w.do(vended, a), 403, "AccessDenied", "")
		if a.method == "GET" && strings.HasPrefix(a.path, control+"/caller") {
			served(t, "alice: "+a.path, w.do(alice, a))
		}
	}
	form := "Action=AssumeRole&Version=2011-06-15&RoleSessionName=session&RoleArn=arn:aws:iam::" + accountA + ":role/open"
	assume := ask{method: "POST", path: "/", service: "sts", body: form,
		header: header("Content-Type", "application/x-www-form-urlencoded")}
	refused(t, "AssumeRole", w.do(vended, assume), 403, "AccessDenied", "sts:AssumeRole")
	served(t, "AssumeRole by a user", w.do(alice, assume))
	w.query(vended, "sts", "GetCallerIdentity") // answers, as on AWS
}
