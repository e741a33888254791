package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// leashed starts a world with a vended credential that still has its grounds.
func leashed(t *testing.T, more ...func(*world)) (w *world, alice, vended awsKeys, grant string) {
	w = start(t)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "content")
	alice = w.user("alice", everything)
	grant = w.grant("alice", "lake/in/*", "READWRITE", false)
	vended = w.vend(alice, "s3://lake/in/*", "READWRITE")
	served(t, "before", w.get(vended, "/lake/in/k"))
	return w, alice, vended, grant
}

// TestACredentialEndsWithItsGrounds takes away, one at a time, the grounds of a vended credential.
func TestACredentialEndsWithItsGrounds(t *testing.T) {
	gone := func(w *world, path string) { w.must(w.root, ask{method: "DELETE", path: control + path}) }
	noRole := func(w *world) {
		w.iam("DeleteRolePolicy", "RoleName", "loc", "PolicyName", "all")
		w.iam("DeleteRole", "RoleName", "loc")
	}
	for name, x := range map[string]struct {
		take   func(w *world, alice awsKeys, grant string)
		reason string
	}{
		"grant": {func(w *world, _ awsKeys, id string) {
			gone(w, "/grant/"+id)
		}, "the grant behind this credential is deleted"},
		"location": {func(w *world, _ awsKeys, id string) {
			gone(w, "/grant/"+id)
			gone(w, "/location/default")
		}, "the location behind this credential is deleted"},
		"instance": {func(w *world, _ awsKeys, id string) {
			gone(w, "/grant/"+id)
			gone(w, "/location/default")
			gone(w, "")
		}, "the Access Grants instance behind this credential is deleted"},
		"role": {func(w *world, _ awsKeys, _ string) { noRole(w) }, "the role of this session is deleted"},
		"inactive key": {func(w *world, k awsKeys, _ string) {
			w.iam("UpdateAccessKey", "UserName", "alice", "AccessKeyId", k.AccessKeyID, "Status", "Inactive")
		}, "the access key that this session was made with is deleted or inactive"},
		"deleted key": {func(w *world, k awsKeys, _ string) {
			w.iam("DeleteAccessKey", "UserName", "alice", "AccessKeyId", k.AccessKeyID)
		},
			"the access key that this session was made with is deleted or inactive"},
		"user": {func(w *world, k awsKeys, _ string) {
			w.iam("DeleteAccessKey", "UserName", "alice", "AccessKeyId", k.AccessKeyID)
			w.iam("DeleteUserPolicy", "UserName", "alice", "PolicyName", "p")
			w.iam("DeleteUser", "UserName", "alice")
			w.user("alice", everything) // another one of this name
		}, "deleted"},
		"role made anew": {func(w *world, _ awsKeys, _ string) {
			noRole(w)
			w.iam("CreateRole", "RoleName", "loc", "AssumeRolePolicyDocument", trusting)
			w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", everything)
		}, "the role of this session is deleted"},
		"role policy": {func(w *world, _ awsKeys, _ string) {
			w.iam("DeleteRolePolicy", "RoleName", "loc", "PolicyName", "all")
		}, "no identity-based policy allows"},
	} {
		t.Run(name, func(t *testing.T) {
			w, alice, vended, grant := leashed(t)
			x.take(w, alice, grant)
			refused(t, "get", w.get(vended, "/lake/in/k"), 403, "AccessDenied", x.reason)
			refused(t, "put", w.put(vended, "/lake/in/new", "x"), 403, "AccessDenied", x.reason)
			if got := w.do(vended, ask{method: "HEAD", path: "/lake/in/k"}); got.status != 403 {
				t.Errorf("head: %v", got)
			}
			if w.exists("/lake/in/new") {
				t.Error("it was written")
			}
		})
	}
	t.Run("another grant's end does not matter", func(t *testing.T) {
		w, alice, vended, _ := leashed(t)
		other := w.grant("alice", "lake/other/*", "READ", false)
		w.vend(alice, "s3://lake/other/*", "READ")
		gone(w, "/grant/"+other)
		served(t, "get", w.get(vended, "/lake/in/k"))
	})
	t.Run("who has not the secret learns no reason", func(t *testing.T) {
		w, _, vended, grant := leashed(t)
		gone(w, "/grant/"+grant)
		vended.SecretAccessKey = "guess"
		refused(t, "get", w.get(vended, "/lake/in/k"), 403, "SignatureDoesNotMatch", "")
	})
}

// TestCase090_AtExpiryIsWhatAWSDoes checks the setting at-expiry: a credential outlives its grant, but not its expiry.
func TestCase090_AtExpiryIsWhatAWSDoes(t *testing.T) {
	w := start(t, atExpiry)
	w.grants()
	w.bucket(w.root, "lake")
	w.object("/lake/in/k", "content")
	alice := w.user("alice", everything)
	id := w.grant("alice", "lake/in/*", "READ", false)
	vended := w.vend(alice, "s3://lake/in/*", "READ")
	w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + id})
	w.iam("UpdateAccessKey", "UserName", "alice", "AccessKeyId", alice.AccessKeyID, "Status", "Inactive")
	served(t, "after the grant was deleted", w.get(vended, "/lake/in/k"))
	refused(t, "still only its scope", w.get(vended, "/lake/out/k"), 403, "AccessDenied", "")
	t.Run("the role it runs as must stand", func(t *testing.T) {
		w.iam("DeleteRolePolicy", "RoleName", "loc", "PolicyName", "all")
		refused(t, "role policy", w.get(vended, "/lake/in/k"), 403, "AccessDenied", "no identity-based policy")
		w.iam("DeleteRole", "RoleName", "loc")
		refused(t, "role", w.get(vended, "/lake/in/k"), 403, "AccessDenied", "the principal of this session is deleted")
	})
	w.advance(2 * time.Hour)
	refused(t, "expired", w.get(vended, "/lake/in/k"), 400, "ExpiredToken", "")
}

func TestCase091_ExpiredCredential(t *testing.T) {
	w, _, vended, _ := leashed(t)
	w.advance(59 * time.Minute)
	served(t, "a minute before", w.get(vended, "/lake/in/k"))
	w.advance(time.Minute + time.Second)
	refused(t, "after", w.get(vended, "/lake/in/k"), 400, "ExpiredToken", "The provided token has expired.")
}

// TestRevocationReachesBodiesOnTheirWay begins requests, takes the grounds away before their bodies have come, and
// finishes them.
func TestRevocationReachesBodiesOnTheirWay(t *testing.T) {
	w, _, vended, grant := leashed(t)
	id := w.upload(w.root, "/lake/in/m")
	etag := w.must(w.root, ask{
		method: "PUT",
		path:   "/lake/in/m?partNumber=1&uploadId=" + id,
		body:   "x",
	}).header.Get("ETag")
	asks := map[string]ask{
		"put":              {method: "PUT", path: "/lake/in/k", body: "other"},
		"put unsigned":     {method: "PUT", path: "/lake/in/k", body: "other", hash: "UNSIGNED-PAYLOAD"},
		"put large":        {method: "PUT", path: "/lake/in/k", body: strings.Repeat("x", 300<<10)},
		"part":             {method: "PUT", path: "/lake/in/m?partNumber=2&uploadId=" + id, body: "part"},
		"complete":         {method: "POST", path: "/lake/in/m?uploadId=" + id, body: complete(etag)},
		"delete many":      {method: "POST", path: "/lake?delete", body: deletion("in/k")},
		"put if it is not": {method: "PUT", path: "/lake/in/new", body: "other", header: header("If-None-Match", "*")},
	}
	begun := map[string]*exchange{}
	for what, a := range asks {
		begun[what] = w.expect(vended, a)
	}
	w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + grant})
	for what, x := range begun {
		x.write(asks[what].body)
		refused(t, what, x.answer(w, asks[what].method), 403, "AccessDenied", "the grant behind this credential is deleted")
	}
	if w.content("/lake/in/k") != "content" || w.exists("/lake/in/new") || w.exists("/lake/in/m") {
		t.Error("something was written after the grant was deleted")
	}
	if got := w.must(w.root, ask{method: "GET", path: "/lake/in/m?uploadId=" + id}); strings.Contains(got.body,
		"<PartNumber>2<") {
		t.Error("a part was stored after the grant was deleted")
	}

	t.Run("policies and keys too", func(t *testing.T) {
		user := w.user("bob", everything)
		a := ask{method: "PUT", path: "/lake/in/k", body: "other"}
		x := w.expect(user, a)
		w.policy("bob", allow(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`))
		x.write(a.body)
		refused(t, "policy", x.answer(w, "PUT"), 403, "AccessDenied", "s3:PutObject")
		w.policy("bob", everything)
		x = w.expect(user, a)
		w.iam("UpdateAccessKey", "UserName", "bob", "AccessKeyId", user.AccessKeyID, "Status", "Inactive")
		x.write(a.body)
		refused(t, "key", x.answer(w, "PUT"), 403, "InvalidAccessKeyId", "")
	})
	t.Run("what does not concern the caller does not hurt it", func(t *testing.T) {
		a := ask{method: "PUT", path: "/lake/in/k", body: "other"}
		x := w.expect(w.root, a)
		w.user("carol", everything)
		x.write(a.body)
		served(t, "put", x.answer(w, "PUT"))
	})
}

// TestABucketsNextOwnerIsSafeFromItsLast checks that a request that was authorised while the caller owned the bucket
// does not touch another account's bucket of the same name.
func TestABucketsNextOwnerIsSafeFromItsLast(t *testing.T) {
	w := start(t)
	b := w.other()
	w.bucket(w.root, "lake")
	asks := map[string]ask{
		"policy": {method: "PUT", path: "/lake?policy", body: onBucket("lake", "Allow", `{"AWS":"`+accountA+`"}`, "s3:*")},
		"put":    {method: "PUT", path: "/lake/k", body: "mine"},
		"delete": {method: "POST", path: "/lake?delete", body: deletion("k")},
	}
	begun := map[string]*exchange{}
	for what, a := range asks {
		begun[what] = w.expect(w.root, a)
	}
	served(t, "delete", w.del(w.root, "/lake"))
	w.bucket(b, "lake")
	w.must(b, ask{method: "PUT", path: "/lake/k", body: "theirs"})
	for what, x := range begun {
		x.write(asks[what].body)
		if got := x.answer(w, asks[what].method); got.status < 400 && !strings.Contains(got.body, "AccessDenied") {
			t.Errorf("%s: %v %s", what, got, got.body)
		}
	}
	if got := w.get(b, "/lake/k"); got.body != "theirs" {
		t.Errorf("the new owner's object: %v", got)
	}
	refused(t, "the new owner's policy", w.get(b, "/lake?policy"), 404, "NoSuchBucketPolicy", "")
	refused(t, "the old owner", w.get(w.root, "/lake/k"), 403, "AccessDenied", "")
}

// data are the audit records of the data plane.
func (w *world) data() (all []audit.Event) {
	w.t.Helper()
	if err := w.server.Gateway.FlushRefusals(w.t.Context(), false); err != nil {
		w.t.Fatal(err)
	}
	records, err := w.server.Control.DB.Events(w.t.Context(), store.AuditFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range records {
		if r.Event.EventCategory == "Data" {
			all = append(all, r.Event)
		}
	}
	return all
}

// TestEndedSessionsAreRecorded checks that the audit log has one record of a credential that was used after its end.
func TestEndedSessionsAreRecorded(t *testing.T) {
	w, alice, vended, grant := leashed(t)
	second := w.vend(alice, "s3://lake/in/*", "READ")
	refused(t, "out of scope", w.get(vended, "/lake/out"), 403, "AccessDenied", "")
	if before := w.data(); len(before) != 1 || before[0].Latchkey.Reason != "scope_exceeded" {
		t.Fatalf("of a living session: %+v", before)
	}
	w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + grant})
	for range 20 {
		refused(t, "get", w.get(vended, "/lake/in/k"), 403, "AccessDenied", "")
	}
	bad := vended
	bad.SecretAccessKey = "guess"
	refused(t, "forged", w.get(bad, "/lake/in/k"), 403, "SignatureDoesNotMatch", "")
	records := w.data()
	if len(records) != 3 || records[2].Latchkey.Reason != "not_authenticated" {
		t.Fatalf("%d records, want 3", len(records))
	}
	e := records[1]
	if e.ErrorCode != "AccessDenied" || e.ErrorMessage != "Access Denied: the grant behind this credential is deleted" ||
		e.EventName != "GetObject" || e.ManagementEvent ||
		e.Latchkey == nil || e.Latchkey.GrantID != grant || !strings.HasPrefix(e.Latchkey.Session, "access-grants-") ||
		e.Latchkey.Reason != "grant_deleted" ||
		!strings.Contains(e.UserIdentity.ARN, e.Latchkey.Session) || e.UserIdentity.AccessKeyID != vended.AccessKeyID ||
		e.RecipientAccountID != accountA {
		t.Errorf("got %+v %+v", e, e.Latchkey)
	}
	if text, _ := e.JSON(); strings.Contains(string(text), vended.SessionToken) ||
		strings.Contains(string(text), vended.SecretAccessKey) {
		t.Error("the record holds a secret")
	}
	refused(t, "put of another session", w.put(second, "/lake/in/k", "x"), 403, "AccessDenied", "")
	if records = w.data(); len(records) != 4 || records[3].EventName != "PutObject" {
		t.Errorf("got %+v", records)
	}
	t.Run("of a role that is deleted, too", func(t *testing.T) {
		w, _, vended, _ := leashed(t)
		w.iam("DeleteRolePolicy", "RoleName", "loc", "PolicyName", "all")
		w.iam("DeleteRole", "RoleName", "loc")
		refused(t, "get", w.do(vended, ask{method: http.MethodGet, path: "/lake/in/k?acl"}), 403, "AccessDenied",
			"the role of this session is deleted")
		if records := w.data(); len(records) != 1 || !strings.HasPrefix(records[0].UserIdentity.PrincipalID, "AROA") {
			t.Errorf("got %+v", records)
		}
	})
}
