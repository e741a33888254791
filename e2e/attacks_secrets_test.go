package e2e

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"latchkey/internal/server"
)

// witness is a proxy between the clients and a server. It learns every secret that passes, and keeps what else the
// server says: the bodies of its refusals.
type witness struct {
	next http.RoundTripper

	mu         sync.Mutex
	secrets    map[string]string // value: what it is
	signatures map[string]bool
	refusals   bytes.Buffer
}

var (
	secretElement = regexp.MustCompile(`<(SecretAccessKey|SessionToken)>([^<]+)<|"(SecretAccessKey)":"([^"]+)"`)
	signatureText = regexp.MustCompile(`Signature=([0-9a-f]{64})`)
)

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	for _, text := range []string{r.Header.Get("Authorization"), r.URL.RawQuery} {
		for _, m := range signatureText.FindAllStringSubmatch(text, -1) {
			w.signatures[m[1]] = true
		}
	}
	w.mu.Unlock()
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range secretElement.FindAllStringSubmatch(string(body), -1) {
		w.secrets[m[2]+m[4]] = m[1] + m[3]
	}
	if resp.StatusCode >= 400 {
		w.refusals.Write(body)
	}
	return resp, err
}

func TestAttack25_NoSecretIsTold(t *testing.T) {
	log := &transcript{}
	s := hosted(t,
		server.Config{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))})
	w := &witness{
		next:       s.http.Transport,
		secrets:    map[string]string{s.operator.SecretAccessKey: "the root secret"},
		signatures: map[string]bool{},
	}
	s.http.Transport = w

	// The steps of the guide, every operation that hands out secrets, and mistakes of every kind.
	l := lakeOf(s.first(t))
	other := s.newAccount(t)
	l.root.puts(l.bucket, "data/x", "private/x")
	grant := l.location.grants(l.alice, READWRITE, "data/*")
	c := l.alice.asks(l.at("data/*"), READWRITE)
	c.may(reading(l.bucket, "data/x"), writing(l.bucket, "data/y"), listing(l.bucket, "data/"),
		uploadingInParts(l.bucket, "data/big"))
	c.mayNot(reading(l.bucket, "private/x"), listing(l.bucket, ""))
	link := c.presigns(l.bucket, "data/x")
	is(t, "status of the link", c.follows(link).status, 200)
	session := l.chief("chief").assumes(l.role("worker", trustsAccount(l.account), mayAsk), "work")
	session.isRefusedAccess(l.at("data/*"), READ)
	_, err := l.alice.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	l.check(err)
	for _, broken := range []func(*aws.Credentials){
		func(k *aws.Credentials) { k.SecretAccessKey = "wrong" },
		func(k *aws.Credentials) { k.SessionToken = k.SessionToken[:len(k.SessionToken)-4] + "AAAA" },
		func(k *aws.Credentials) { k.SessionToken = session.keys.SessionToken },
		func(k *aws.Credentials) { k.SessionToken = "" },
		func(k *aws.Credentials) { k.AccessKeyID = "ASIA0000000000000000" },
	} {
		keys := c.keys
		broken(&keys)
		for _, r := range []request{
			{method: http.MethodGet, path: "/" + l.bucket + "/data/x"},
			{method: http.MethodPost, path: "/", service: "sts", body: []byte("Action=GetCallerIdentity&Version=2011-06-15"),
				header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			{
				method: http.MethodGet,
				path:   "/v20180820/accessgrantsinstance",
				header: map[string]string{"X-Amz-Account-Id": l.id},
			},
			{
				method:  http.MethodPost,
				path:    "/",
				service: "latchkey",
				body:    []byte("{}"),
				header:  map[string]string{"X-Amz-Target": "Latchkey.QueryAudit", "Content-Type": "application/x-amz-json-1.1"},
			},
		} {
			if got := s.send(t, keys, r); got.status < 400 {
				t.Errorf("%s %s with broken keys: status %d", r.method, r.path, got.status)
			}
		}
		for _, bad := range []string{link +
			"&x=1", strings.Replace(link, "data/x", "private/x", 1), strings.Replace(link, "Signature=", "Signature=0", 1)} {
			if got := c.follows(bad); got.status < 400 {
				t.Errorf("a changed link: status %d", got.status)
			}
		}
	}
	grant.isTakenBack()
	c.mayNot(reading(l.bucket, "data/x"))
	is(t, "status of the link after", c.follows(link).status, 403)

	if len(w.secrets) < 10 || len(w.signatures) < 20 {
		t.Fatalf("the witness saw only %d secrets and %d signatures", len(w.secrets), len(w.signatures))
	}
	_, metrics := s.page(t, "/metrics")
	_, audit := s.audited(t)
	var events struct{ Events []struct{ Event string } }
	s.own(t, other.root.keys, "QueryAudit", map[string]any{}, &events)
	for _, e := range events.Events {
		audit += e.Event
	}
	where := map[string]string{
		"the log":       log.String(),
		"the metrics":   metrics,
		"the audit log": audit,
		"a refusal":     w.refusals.String(),
	}
	for name, text := range where {
		if len(text) < 500 {
			t.Errorf("%s is nearly empty", name)
		}
		for secret, what := range w.secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a %s stands in %s", what, name)
			}
		}
		if name == "a refusal" {
			continue // SignatureDoesNotMatch shows the client its own signature, as on AWS
		}
		for signature := range w.signatures {
			if strings.Contains(text, signature) {
				t.Errorf("a signature stands in %s", name)
			}
		}
	}
}
