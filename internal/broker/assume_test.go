package broker

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

var own = aws.Credentials{
	AccessKeyID: "AKIAOWNOWNOWNOWNOWNO", SecretAccessKey: "ownsecretownsecretownsecretownsecret1234",
}

// fakeSTS is what others run: it answers each AssumeRole as a test says.
type fakeSTS struct {
	*httptest.Server
	asked []url.Values
	last  *http.Request
}

// newFake answers with a status and a body.
func newFake(t *testing.T, answer func(form url.Values) (int, string)) *fakeSTS {
	f := &fakeSTS{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		f.asked, f.last = append(f.asked, r.PostForm), r
		status, body := answer(r.PostForm)
		if status == http.StatusTemporaryRedirect {
			w.Header().Set("Location", "http://elsewhere.invalid/")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeSTS) store(t *testing.T, change func(*Settings)) *Store {
	t.Helper()
	at, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{Name: "ceph", Dialect: MinIO, S3Endpoint: at, Credentials: Static(own), Timeout: 5 * time.Second}
	if change != nil {
		change(&s)
	}
	store, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func answer(id, secret, token string, expires time.Time) string {
	return fmt.Sprintf(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>`+
		`<AssumedRoleUser><Arn></Arn><AssumeRoleId></AssumeRoleId></AssumedRoleUser><Credentials>`+
		`<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken>`+
		`<Expiration>%s</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId>`+
		`</ResponseMetadata></AssumeRoleResponse>`, id, secret, token, expires.UTC().Format(time.RFC3339))
}

func ask(d time.Duration) Ask {
	return Ask{Fence: team(access.Read), Name: "alice-01234567", Duration: d}
}

const key, secret, token = "STOREKEY0123456789AB", "storesecret", "storetoken"

func TestAStoreIsAskedForASessionWithThePolicy(t *testing.T) {
	for _, d := range []Dialect{AWS, MinIO, Latchkey} {
		f := newFake(t, func(url.Values) (int, string) {
			return 200, answer(key, secret, token, time.Now().Add(time.Hour))
		})
		s := f.store(t, func(s *Settings) {
			s.Dialect, s.RoleARN, s.Region = d, "arn:aws:iam::123456789012:role/data", "eu-west-1"
		})
		c, err := s.Assume(t.Context(), ask(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := f.asked[0]
		if f.last.Method != http.MethodPost || f.last.URL.Path != "/" || got.Get("Action") != "AssumeRole" ||
			got.Get("Version") != "2011-06-15" || got.Get("DurationSeconds") != "3600" ||
			got.Get("RoleArn") != s.RoleARN || got.Get("RoleSessionName") != "alice-01234567" ||
			got.Get("Policy") != compile(t, d, team(access.Read)) {
			t.Errorf("%s: %s %v", d, f.last.URL, got)
		}
		if by := f.last.Header.Get("Authorization"); !strings.Contains(by, own.AccessKeyID+"/") ||
			!strings.Contains(by, "/eu-west-1/sts/aws4_request") {
			t.Errorf("it is signed %q", by)
		}
		if c.AccessKeyID != key || c.Secret.Reveal() != secret || c.SessionToken.Reveal() != token {
			t.Errorf("%s: %+v", d, c)
		}
		if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, secret) || strings.Contains(text, token) {
			t.Errorf("it prints %s", text)
		}
	}
}

func TestIdentityCase094_TheExpiryIsTheStores(t *testing.T) {
	ends := time.Now().Add(12 * time.Hour).UTC().Truncate(time.Second)
	f := newFake(t, func(url.Values) (int, string) { return 200, answer(key, secret, token, ends) })
	s := f.store(t, func(s *Settings) { s.Dialect, s.MaxDuration = RustFS, 48*time.Hour })
	c, err := s.Assume(t.Context(), ask(24*time.Hour)) // which the store shortens without a word
	if err != nil || !c.Expires.Equal(ends) || f.asked[0].Get("DurationSeconds") != "86400" {
		t.Errorf("it ends at %v (%v), the store said %v", c.Expires, err, ends)
	}
	s = f.store(t, func(s *Settings) { s.Dialect = RustFS })
	if c, err = s.Assume(t.Context(), ask(24*time.Hour)); err != nil || !c.Expires.Equal(ends) ||
		f.asked[1].Get("DurationSeconds") != "43200" {
		t.Errorf("the store is asked for %v (%v)", f.asked[1], err)
	}
	// A store that gives more than it is asked for would outlive what was decided: MINIO_STS_DURATION does that.
	if c, err = s.Assume(t.Context(), ask(time.Hour)); fault.KindOf(err) != fault.Unavailable || c.AccessKeyID != "" {
		t.Errorf("it ends at %v, %v", c.Expires, err)
	}
	// A session that must end earlier than any of the store's is refused, and the store is not asked.
	asked := len(f.asked)
	if _, err = s.Assume(t.Context(), ask(10*time.Minute)); fault.Of(err).Reason != fault.SessionTooShort ||
		fault.KindOf(err) != fault.Invalid || len(f.asked) != asked {
		t.Errorf("%v after %d requests", err, len(f.asked)-asked)
	}
}

// What a store says about the server's own keys is no denial of whoever asks, and a client must not hear of it.
func TestAStoresFailureIsNotTheCallersDenial(t *testing.T) {
	refusal := func(status int, code string) func(url.Values) (int, string) {
		return func(url.Values) (int, string) {
			return status, `<ErrorResponse><Error><Code>` + code + `</Code><Message>secret words of ` + own.AccessKeyID +
				`</Message></Error></ErrorResponse>`
		}
	}
	for name, c := range map[string]struct {
		answer func(url.Values) (int, string)
		kind   fault.Kind
		reason fault.Reason
	}{
		"denied":           {refusal(403, "AccessDenied"), fault.Unavailable, fault.StoreSTSRefused},
		"unknown key":      {refusal(403, "InvalidClientTokenId"), fault.Unavailable, fault.StoreSTSRefused},
		"expired":          {refusal(400, "ExpiredToken"), fault.Unavailable, fault.StoreSTSRefused},
		"malformed policy": {refusal(400, "MalformedPolicyDocument"), fault.Unavailable, fault.StoreSTSRefused},
		"no STS":           {refusal(501, "NotImplemented"), fault.Unavailable, fault.StoreSTSRefused},
		"busy":             {refusal(400, "Throttling"), fault.Throttled, fault.StoreSTSUnavailable},
		"slow down":        {refusal(503, "SlowDown"), fault.Throttled, fault.StoreSTSUnavailable},
		"failing":          {refusal(500, "InternalError"), fault.Unavailable, fault.StoreSTSUnavailable},
		"a page of a proxy": {func(url.Values) (int, string) { return 200, "<html>welcome</html>" },
			fault.Unavailable, fault.StoreSTSUnavailable},
		"a redirect": {func(url.Values) (int, string) { return 307, "" }, fault.Unavailable, fault.StoreSTSRefused},
		"an answer without end": {func(url.Values) (int, string) { return 200, "<a>" + strings.Repeat("x", maxAnswer) },
			fault.Unavailable, fault.StoreSTSUnavailable},
	} {
		f := newFake(t, c.answer)
		_, err := f.store(t, nil).Assume(t.Context(), ask(time.Hour))
		told := fault.Of(err)
		if told == nil || told.Kind != c.kind || told.Reason != c.reason {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := told.Message(); strings.Contains(text, "secret words") || strings.Contains(text, own.AccessKeyID) ||
			strings.Contains(strings.ToLower(text), "denied") || told.Foreign != nil {
			t.Errorf("%s: the client reads %q", name, text)
		}
		if len(f.asked) != 1 {
			t.Errorf("%s: it was asked %d times", name, len(f.asked))
		}
	}
	f := newFake(t, refusal(200, ""))
	f.Close()
	if _, err := f.store(t, nil).Assume(t.Context(), ask(time.Hour)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a store that is away: %v", err)
	}
	broken := f.store(t, func(s *Settings) { s.Credentials = failing{} })
	if _, err := broken.Assume(t.Context(), ask(time.Hour)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("credentials that cannot be had: %v", err)
	}
}

type failing struct{}

func (failing) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, fmt.Errorf("no credentials")
}

func TestAStoreThatDoesNotAnswerIsNotWaitedForLong(t *testing.T) {
	stop := make(chan struct{})
	f := newFake(t, func(url.Values) (int, string) { <-stop; return 200, "" })
	defer close(stop)
	s := f.store(t, func(s *Settings) { s.Timeout = 50 * time.Millisecond })
	if _, err := s.Assume(t.Context(), ask(time.Hour)); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

func TestCredentialsThatAreNoSessionAreNotHandedOut(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for name, body := range map[string]string{
		"no key":                answer("", secret, token, later),
		"a long key":            answer(strings.Repeat("K", 129), secret, token, later),
		"a key of two lines":    answer("A\nB", secret, token, later),
		"no secret":             answer(key, "", token, later),
		"no token":              answer(key, secret, "", later),
		"a long token":          answer(key, secret, strings.Repeat("t", maxToken+1), later),
		"a token of two words":  answer(key, secret, "a b", later),
		"expired already":       answer(key, secret, token, time.Now().Add(-time.Second)),
		"longer than asked":     answer(key, secret, token, time.Now().Add(2*time.Hour)),
		"no expiry":             strings.Replace(answer(key, secret, token, later), "Expiration", "Unknown", 2),
		"nothing":               `<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>`,
		"the server's own keys": answer(own.AccessKeyID, secret, token, later),
		"its own secret":        answer(key, own.SecretAccessKey, token, later),
	} {
		f := newFake(t, func(url.Values) (int, string) { return 200, body })
		c, err := f.store(t, nil).Assume(t.Context(), ask(time.Hour))
		if fault.KindOf(err) != fault.Unavailable || c.AccessKeyID != "" {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	at := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	for name, s := range map[string]Settings{
		"no dialect":     {S3Endpoint: at, Credentials: Static(own)},
		"no endpoint":    {Dialect: MinIO, Credentials: Static(own)},
		"no credentials": {Dialect: MinIO, S3Endpoint: at},
		"no role":        {Dialect: RGW, S3Endpoint: at, Credentials: Static(own)},
		"durations": {
			Dialect: MinIO, S3Endpoint: at, Credentials: Static(own), MinDuration: 2 * time.Hour, MaxDuration: time.Hour,
		},
	} {
		if _, err := New(s); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
