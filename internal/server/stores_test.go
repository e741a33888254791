package server

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/audit"
	"latchkey/internal/broker"
	"latchkey/internal/store"
)

// records are the audit records of an event, oldest first.
func (w *walkWorld) records(name string) (all []audit.Event) {
	w.t.Helper()
	found, err := w.server.db.Events(w.t.Context(), store.AuditFilter{EventName: name})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range found {
		all = append(all, r.Event)
	}
	return all
}

func TestTheStoresOwnSTSMakesTheSession(t *testing.T) {
	var second *walkWorld
	f := newSTSFront(t, func(now func() time.Time) broker.Settings {
		w, settings := newSecond(t, now)
		second = w
		return settings
	})
	for _, key := range []string{"team/alice/x", "team/bob/x", "team/alicedonnelly/x", "other/x"} {
		second.must(put("/lake/"+key, "content of "+key))
	}
	if sealed := f.ask(f.alice, "alice/*", "READ"); strings.Contains(sealed.body, "storeAccessKeyId") ||
		second.send(keysOf(t, sealed), get("/lake/team/alice/x")).status < 400 {
		t.Error("before the mode is set, credentials are this server's own")
	}
	f.vendsAtStore()
	f.ahead.Store(int64(14 * time.Minute)) // boto3 has the real time, and may be 15 minutes off

	answer := f.ask(f.alice, "alice/*", "READ")
	k := keysOf(t, answer)
	if !strings.Contains(answer.body, "<MatchedGrantTarget>s3://lake/team/alice/*</MatchedGrantTarget>") {
		t.Error(answer.body)
	}
	t.Run("it reaches the prefix at the store, and nothing else", func(t *testing.T) {
		if a := second.send(k, get("/lake/team/alice/x")); a.body != "content of team/alice/x" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := second.send(k, get("/lake?list-type=2&prefix=team%2Falice%2F")); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		for _, q := range []request{
			get("/lake/team/bob/x"), get("/lake/team/alicedonnelly/x"), get("/lake/other/x"), put("/lake/team/alice/new", "x"),
			get("/lake?list-type=2&prefix=team%2F"), get("/lake?list-type=2"), del("/lake/team/alice/x"), get("/lake?policy"),
		} {
			if a := second.send(k, q); a.status != http.StatusForbidden {
				t.Errorf("%s %s: %d %s", q.method, q.path, a.status, a.body)
			}
		}
	})
	t.Run("with boto3 at the store", func(t *testing.T) { readsWithBoto3(t, second.url, k) })
	t.Run("it is recorded before it leaves, with what is left of the leash", func(t *testing.T) {
		all := f.records("GetDataAccess")
		added := all[len(all)-1].Latchkey
		if added == nil || added.Vending != "upstream-sts" || added.Leash != "expiry-only" || added.Upstream != "second" ||
			added.StoreAccessKeyID != k.AccessKeyID || !strings.HasPrefix(added.StoreSession, "alice-") ||
			added.Expires != k.Expires.UTC().Format(time.RFC3339) || added.GrantID != f.id("grant of alice") {
			t.Errorf("%+v", added)
		}
		text, err := all[len(all)-1].JSON()
		if err != nil || strings.Contains(string(text), k.SecretAccessKey) || strings.Contains(string(text), k.SessionToken) {
			t.Errorf("%v: %s", err, text)
		}
	})
	t.Run("the store's access key leads to who has it", func(t *testing.T) {
		a := f.own("QueryAudit", object{"AccessKeyId": k.AccessKeyID})
		var out struct{ Events []struct{ Event string } }
		var e audit.Event
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || len(out.Events) != 1 ||
			json.Unmarshal([]byte(out.Events[0].Event), &e) != nil || e.EventName != "AssumeRole" ||
			e.Latchkey.RequestedBy != iamARN+"user/alice" || e.Latchkey.StoreAccessKeyID != k.AccessKeyID {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("the store's own log says who it is", func(t *testing.T) {
		found := false
		for _, e := range second.records("AssumeRole") {
			name, _ := e.RequestParameters["roleSessionName"].(string)
			found = found || strings.HasPrefix(name, "alice-")
		}
		if !found {
			t.Error("no session at the store has alice's name")
		}
	})
	t.Run("the expiry is the store's", func(t *testing.T) {
		if left := k.Expires.Sub(f.now()); left < 59*time.Minute || left > 61*time.Minute {
			t.Errorf("it lasts %v", left)
		}
		a := f.ask(f.alice, "alice/*", "READ", "durationSeconds", "900")
		if left := keysOf(t, a).Expires.Sub(f.now()); left > 16*time.Minute {
			t.Errorf("it lasts %v", left)
		}
	})
	t.Run("nothing but the expiry ends it, and the list of sessions says so", func(t *testing.T) {
		f.must(del(grantsPath + "/grant/" + f.id("grant of alice")))
		if a := f.ask(f.alice, "alice/*", "READ"); a.status != http.StatusForbidden {
			t.Errorf("without a grant: %d %s", a.status, a.body)
		}
		if a := second.send(k, get("/lake/team/alice/x")); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		a := f.own("ListSessions", object{"AccessKeyId": f.alice.AccessKeyID})
		if !strings.Contains(a.body, k.AccessKeyID) || strings.Count(a.body, `"ENDED"`) != 1 { // the sealed one has ended
			t.Error(a.body)
		}
	})
}

const boto3Reads = `
import boto3, os
from botocore.exceptions import ClientError
s3 = boto3.client("s3", endpoint_url=os.environ["STORE"])
assert s3.get_object(Bucket="lake", Key="team/alice/x")["Body"].read() == b"content of team/alice/x"
assert [o["Key"] for o in s3.list_objects_v2(Bucket="lake", Prefix="team/alice/")["Contents"]] == ["team/alice/x"]
for refused in (lambda: s3.get_object(Bucket="lake", Key="other/x"), lambda: s3.list_objects_v2(Bucket="lake"),
                lambda: s3.put_object(Bucket="lake", Key="team/alice/new", Body=b"x")):
    try:
        refused()
        raise SystemExit("it was allowed")
    except ClientError as e:
        assert e.response["Error"]["Code"] == "AccessDenied", e
print("ok")
`

func readsWithBoto3(t *testing.T, store string, k aws.Credentials) {
	if out, err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("python3 with boto3 is not installed: %s", out)
	}
	c := exec.CommandContext(t.Context(), "python3", "-c", boto3Reads)
	c.Env = append(os.Environ(), "STORE="+store, "AWS_ACCESS_KEY_ID="+k.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+k.SecretAccessKey, "AWS_SESSION_TOKEN="+k.SessionToken, "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "NO_PROXY=127.0.0.1")
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "ok") {
		t.Errorf("%v\n%s", err, out)
	}
}
