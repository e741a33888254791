package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// last is the newest record of the data plane.
func (w *world) last() *audit.Event {
	w.t.Helper()
	all := w.data()
	if len(all) == 0 {
		w.t.Fatal("no record")
	}
	return &all[len(all)-1]
}

func TestARefusedDataRequestSaysWhy(t *testing.T) {
	w, alice, vended, grant := leashed(t)
	bob := w.user("bob", allow(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`))
	narrow := w.temporary(w.query(bob, "sts", "GetSessionToken"))
	w.must(w.root, ask{
		method: "PUT", path: "/lake?policy",
		body: onBucket("lake", "Deny", `{"AWS":"arn:aws:iam::`+accountA+`:user/bob"}`, "s3:GetObject"),
	})
	stranger := w.other()
	for name, x := range map[string]struct {
		keys           awsKeys
		a              ask
		reason, by     string
		who, key, code string
	}{
		"outside the scope": {
			vended, ask{method: "GET", path: "/lake/out/k"}, "scope_exceeded", "scope", "assumed-role/loc", "out/k",
			"AccessDenied",
		},
		"a policy of the user": {
			bob, ask{method: "PUT", path: "/lake/in/n", body: "x"}, "identity_policy", "role", "user/bob", "in/n",
			"AccessDenied",
		},
		"a bucket policy": {
			narrow, ask{method: "GET", path: "/lake/in/k"}, "resource_policy", "resource_policy", "user/bob", "in/k",
			"AccessDenied",
		},
		"another expected owner": {
			alice, ask{method: "GET", path: "/lake/in/k", header: header("X-Amz-Expected-Bucket-Owner", accountB)},
			"expected_owner", "resource_policy", "user/alice", "in/k", "AccessDenied",
		},
		"the source of a copy": {
			vended, ask{method: "PUT", path: "/lake/in/c", header: header("X-Amz-Copy-Source", "/lake/secret")},
			"scope_exceeded", "scope", "assumed-role/loc", "secret", "AccessDenied",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.advance(2 * time.Minute) // an interval of its own
			before := len(w.data())
			refused(t, name, w.do(x.keys, x.a), 403, x.code, "")
			all := w.data()
			e := all[len(all)-1]
			if len(all) != before+1 || e.Latchkey == nil || e.Latchkey.Reason != x.reason || e.Latchkey.RefusedBy != x.by {
				t.Fatalf("%d records: %+v %+v", len(all)-before, e, e.Latchkey)
			}
			if e.RequestParameters["bucketName"] != "lake" || e.RequestParameters["key"] != x.key ||
				!strings.Contains(e.UserIdentity.ARN, x.who) || string(e.ErrorCode) != x.code || e.ManagementEvent ||
				len(e.Resources) != 2 || e.Resources[1].ARN != "arn:aws:s3:::lake/"+x.key {
				t.Errorf("%+v", e)
			}
			if x.by == "scope" && (e.Latchkey.GrantID != grant || e.Latchkey.Session == "") {
				t.Errorf("which grant? %+v", e.Latchkey)
			}
		})
	}
	t.Run("a bucket of another account", func(t *testing.T) {
		w.advance(2 * time.Minute)
		before := len(w.data())
		session := w.temporary(w.query(stranger, "sts", "GetSessionToken"))
		refused(t, "get", w.get(session, "/lake/in/k"), 403, "AccessDenied", "")
		all := w.data()[before:]
		if len(all) != 2 || all[0].RecipientAccountID != accountB || all[1].RecipientAccountID != accountA ||
			all[0].SharedEventID == "" || all[0].SharedEventID != all[1].SharedEventID || all[0].EventID == all[1].EventID {
			t.Errorf("%+v", all)
		}
		if all[0].Latchkey.Expires == "" || all[1].Latchkey.Expires != "" || all[1].Latchkey.Reason == "" {
			t.Errorf("the owner of the bucket learns of the caller's session: %+v", all[1].Latchkey)
		}
	})
	t.Run("what is no refusal leaves no record", func(t *testing.T) {
		w.advance(2 * time.Minute)
		before := len(w.data())
		refused(t, "absent", w.get(w.root, "/lake/in/absent"), 404, "NoSuchKey", "")
		refused(t, "range", w.do(w.root, ask{method: "GET", path: "/lake/in/k", header: header("Range", "bytes=900-")}), 416,
			"InvalidRange", "")
		refused(t, "no bucket", w.get(w.root, "/nowhere/k"), 404, "NoSuchBucket", "")
		if n := len(w.data()) - before; n != 0 {
			t.Errorf("%d records", n)
		}
	})
}

func TestRefusalsAreCounted(t *testing.T) {
	w, _, vended, _ := leashed(t)
	for range 20 {
		refused(t, "get", w.get(vended, "/lake/out"), 403, "AccessDenied", "")
	}
	if n := len(w.data()); n != 1 {
		t.Fatalf("%d records at first", n)
	}
	w.advance(time.Minute)
	if e := w.last(); len(w.data()) != 2 || e.Latchkey.Refusals != 19 || e.Latchkey.Whose != "session" ||
		e.Latchkey.Reason != "scope_exceeded" {
		t.Errorf("%+v", e.Latchkey)
	}
	t.Run("each key of a DeleteObjects", func(t *testing.T) {
		got := w.do(vended, ask{method: "POST", path: "/lake?delete", body: deletion("out/1", "out/2", "in/none")})
		if got.status != http.StatusOK || strings.Count(got.body, "AccessDenied") != 2 {
			t.Fatalf("%v %s", got, got.body)
		}
		if e := w.last(); e.EventName != "DeleteObjects" || e.RequestParameters["key"] != "out/1" ||
			e.ErrorCode != "AccessDenied" || e.Latchkey.Reason != "scope_exceeded" {
			t.Errorf("%+v", e)
		}
		w.advance(time.Minute)
		if e := w.last(); e.Latchkey.Refusals != 1 {
			t.Errorf("%+v", e.Latchkey)
		}
	})
}

func TestRefusalsOfStrangers(t *testing.T) {
	w, _, vended, _ := leashed(t)
	send := func(path string) *answer {
		r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", strings.Repeat("u", 5000))
		return w.send(r)
	}
	for range 5 {
		refused(t, "unsigned", send("/lake/in/k"), 403, "AccessDenied", "")
	}
	forged := vended
	forged.SecretAccessKey = "guess"
	refused(t, "forged", w.get(forged, "/lake/in/k"), 403, "SignatureDoesNotMatch", "")
	send("/nowhere/k")
	all := w.data()
	if len(all) != 1 {
		t.Fatalf("%d records of one source", len(all))
	}
	e := all[0]
	if e.RecipientAccountID != accountA || e.SourceIPAddress != "127.0.0.1" || e.UserIdentity.ARN != "" ||
		e.UserIdentity.AccessKeyID != "" || e.Latchkey.Reason != "not_authenticated" ||
		e.Latchkey.RefusedBy != "signature" || e.RequestParameters["key"] != "in/k" || len(e.UserAgent) > 300 {
		t.Errorf("%+v", e)
	}
	w.advance(time.Minute)
	if e := w.last(); e.Latchkey.Refusals != 5 || e.Latchkey.Whose != "source" {
		t.Errorf("%+v", e.Latchkey)
	}
	refused(t, "forged", w.get(forged, "/lake/in/k"), 403, "SignatureDoesNotMatch", "")
	if e := w.last(); e.AdditionalEventData["claimedAccessKeyId"] != vended.AccessKeyID ||
		e.UserIdentity.AccessKeyID != "" {
		t.Errorf("%+v", e)
	}
}

// The records that wait when the server ends are written, with the counts of intervals that are not over.
func TestRefusalsAreWrittenAtShutdown(t *testing.T) {
	w, _, vended, _ := leashed(t)
	for range 3 {
		refused(t, "get", w.get(vended, "/lake/out"), 403, "AccessDenied", "")
	}
	w.stop()
	records, err := w.server.Control.DB.Events(t.Context(), store.AuditFilter{EventName: "GetObject"})
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 2 || records[1].Event.Latchkey.Refusals != 2 {
		t.Errorf("%+v", records)
	}
}
