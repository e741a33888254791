package gateway_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestAttack43_StrangersDoNotFillTheSinks: requests that nobody signed, or signed wrongly, are sampled and counted.
func TestAttack43_StrangersDoNotFillTheSinks(t *testing.T) {
	w := record(t)
	w.bucket(w.root, "lake")
	forged := w.root
	forged.SecretAccessKey = "guess"
	for i := range 40 {
		r, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/lake/%d%s", w.url, i, strings.Repeat("k", 900)), nil)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, "unsigned", w.send(r), 403, "AccessDenied", "")
		refused(t, "forged", w.get(forged, fmt.Sprintf("/lake/%d", i)), 403, "SignatureDoesNotMatch", "")
		refused(t, "unknown bucket", w.get(forged, fmt.Sprintf("/b%d/k", i)), 403, "SignatureDoesNotMatch", "")
	}
	var counted int64
	all := w.events()
	for _, e := range all[1:] {
		if e.Latchkey.Decision != "deny" || e.UserIdentity.AccountID != "ANONYMOUS_PRINCIPAL" {
			t.Errorf("%+v %+v", e.UserIdentity, e.Latchkey)
		}
		counted += 1 + e.Latchkey.Refusals
	}
	if len(all) > 5 || counted < 80 {
		t.Errorf("%d records count %d refusals", len(all)-1, counted)
	}
}

// TestAttack44_NoSecretIsRecorded: neither keys, tokens and signatures, nor the keys of customers' encryption.
func TestAttack44_NoSecretIsRecorded(t *testing.T) {
	w := record(t)
	w.grants()
	w.bucket(w.root, "lake")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/*", "READWRITE")
	w.must(vended, ask{method: "PUT", path: "/lake/k", body: "the content"})
	link := w.presign(vended, http.MethodGet, "/lake/k", time.Minute, nil)
	served(t, "presigned", w.send(link))
	w.do(vended, ask{method: "PUT", path: "/lake/k2", body: "x", header: header(
		"X-Amz-Server-Side-Encryption-Customer-Key", "c2VjcmV0LWN1c3RvbWVyLWtleQ==")})
	w.get(vended, "/lake?list-type=2&continuation-token=secret-continuation")
	w.events()
	text, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	signature := link.URL.Query().Get("X-Amz-Signature")
	if len(signature) != 64 {
		t.Fatalf("no signature in %s", link.URL)
	}
	for what, secret := range map[string]string{
		"the secret": vended.SecretAccessKey, "the token": vended.SessionToken, "the owner's secret": alice.SecretAccessKey,
		"a signature": signature, "a signed query": "X-Amz-", "a customer's key": "c2VjcmV0LWN1c3RvbWVyLWtleQ",
		"the content": "the content", "a token of a listing": "secret-continuation",
	} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is in the records", what)
		}
	}
	if !strings.Contains(string(text), `"AuthenticationMethod":"QueryString"`) {
		t.Error("the presigned request has no record")
	}
}
