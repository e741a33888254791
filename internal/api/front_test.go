package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

const askPath = "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2Flake%2Fx%2Fk"

func (w *frontWorld) grantAlice() {
	w.t.Helper()
	if r := w.s3control(w.root, "POST", "/v20180820/accessgrantsinstance/grant",
		createGrant("arn:aws:iam::123456789012:user/alice", "lake/x/*", "READ")); r.Code != 200 {
		w.t.Fatal(r.Code, r.Body)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	w := newFrontWorld(t)
	t.Run("an operation that is not served", func(t *testing.T) {
		wantError(t, w.s3control(w.root, "GET", "/v20180820/accesspoint", ""), 501, "NotImplemented")
		wantError(t, w.s3control(w.root, "GET", "/v20180820/", ""), 501, "NotImplemented")
	})
	t.Run("a method that the path does not have", func(t *testing.T) {
		if r := w.s3control(w.root, "PATCH", "/v20180820/accessgrantsinstance", ""); r.Code != 405 && r.Code != 501 {
			t.Errorf("got %d %s", r.Code, r.Body)
		}
	})
	t.Run("120 no account id", func(t *testing.T) {
		r := w.request("GET", "/v20180820/accessgrantsinstance", "")
		r.Header.Del("X-Amz-Account-Id")
		wantError(t, w.serve(r, w.root, "s3", ""), 400, "InvalidRequest")
	})
	t.Run("120 an account id of eleven digits", func(t *testing.T) {
		r := w.request("GET", "/v20180820/accessgrantsinstance", "")
		r.Header.Set("X-Amz-Account-Id", "12345678901")
		wantError(t, w.serve(r, w.root, "s3", ""), 400, "InvalidRequest")
	})
	t.Run("120 another account in the host", func(t *testing.T) {
		r := w.request("GET", "/v20180820/accessgrantsinstance", "")
		r.Host = "210987654321.latchkey.test:4242"
		wantError(t, w.serve(r, w.root, "s3", ""), 400, "InvalidRequest")
	})
	t.Run("a host without an account is fine", func(t *testing.T) {
		for _, host := range []string{"latchkey.test", "127.0.0.1:4242", "123456789012", "lake.latchkey.test",
			"1234567890123.latchkey.test"} {
			r := w.request("GET", "/v20180820/accessgrantsinstance", "")
			r.Host = host
			if got := w.serve(r, w.root, "s3", ""); got.Code != 200 {
				t.Errorf("%s: %d %s", host, got.Code, got.Body)
			}
		}
	})
	t.Run("a signature for another service", func(t *testing.T) {
		for _, service := range []string{"iam", "sts", "latchkey", "s3-object-lambda"} {
			r := w.request("GET", "/v20180820/accessgrantsinstance", "")
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			if got := w.serve(r, w.root, service, ""); got.Code != 400 && got.Code != 403 {
				t.Errorf("%s: %d %s", service, got.Code, got.Body)
			}
		}
	})
	t.Run("no signature", func(t *testing.T) {
		wantError(t, w.answer(w.request("GET", "/v20180820/accessgrantsinstance", "")), 403, "AccessDenied")
	})
	t.Run("a body that is too long", func(t *testing.T) {
		long := "<x>" + strings.Repeat("y", int(resourcePolicy.Bytes)) + "</x>"
		wantError(t, w.s3control(w.root, "POST", "/v20180820/accessgrantsinstance/location", long), 400,
			"MaxMessageLengthExceeded")
	})
	t.Run("a version that is not served", func(t *testing.T) {
		for _, service := range []string{"iam", "sts"} {
			r := w.answer(w.Sign(t, w.root, service, "Action=GetCallerIdentity&Version=2001-01-01"))
			if r.Code != 400 || !strings.Contains(r.Body.String(), "<Code>InvalidAction</Code>") ||
				len(r.Header()["x-amzn-RequestId"]) != 1 {
				t.Errorf("%s: %d %s %v", service, r.Code, r.Body, r.Header())
			}
		}
	})
	t.Run("a target that is not known", func(t *testing.T) {
		r := httptest.NewRequest("POST", "http://latchkey.test/", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "Latchkey.Backdoor")
		got := w.serve(r, w.root, "latchkey", "{}")
		if got.Code != 400 || !strings.Contains(got.Body.String(), "UnknownOperationException") {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
	})
}

func TestWhatTheControlPlaneClaims(t *testing.T) {
	w := newFrontWorld(t)
	form := func(method, target string) *http.Request {
		r := httptest.NewRequest(method, target, strings.NewReader("Action=GetCallerIdentity"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	for name, c := range map[string]struct {
		r    *http.Request
		want bool
	}{
		"S3 Control's path":         {httptest.NewRequest("GET", "/v20180820/accessgrantsinstance", nil), true},
		"a form posted to the root": {form("POST", "/"), true},
		"a form in the query of a GET": {httptest.NewRequest("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", nil),
			false},
		"a form posted to a bucket": {form("POST", "/lake"), false},
		"a path below a base":       {httptest.NewRequest("GET", "/base/v20180820/accessgrantsinstance", nil), false},
		"a bucket with a like name": {httptest.NewRequest("GET", "/v20180820x/key", nil), false},
		"the path, encoded":         {httptest.NewRequest("GET", "/%7620180820/accessgrantsinstance", nil), false},
		"a form of a browser": {func() *http.Request {
			r := form("POST", "/")
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			return r
		}(), false},
		"the target of another json service": {func() *http.Request {
			r := form("PUT", "/lake/k")
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
			return r
		}(), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.front.Claims(c.r); got != c.want {
				t.Errorf("claimed: %v", got)
			}
		})
	}
}

func TestUnsignedWebIdentityIsRefusedForWhatItIs(t *testing.T) {
	w := newFrontWorld(t)
	form := "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/lake" +
		"&RoleSessionName=xyz&WebIdentityToken=abcd"
	r := httptest.NewRequest("POST", "http://latchkey.test/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := w.answer(r)
	if got.Code != 400 || !strings.Contains(got.Body.String(), "<Code>InvalidIdentityToken</Code>") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	r = httptest.NewRequest("POST", "http://latchkey.test/",
		strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.answer(r); got.Code != 403 ||
		!strings.Contains(got.Body.String(), "<Code>MissingAuthenticationToken</Code>") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}

func TestAttack36_NoRegionPassesForAnotherResource(t *testing.T) {
	w := newFrontWorld(t)
	for _, region := range []string{"us-east-1:123456789012:access-grants", "*", "us-east-?", "US-EAST-1", "us_east_1",
		strings.Repeat("a", 33)} {
		r := w.SignAny(w.request("GET", "/v20180820/accessgrantsinstances", ""), w.root, "s3", region, "")
		wantError(t, w.answer(r), 400, "AuthorizationHeaderMalformed")
	}
	r := w.SignAny(w.request("GET", "/v20180820/accessgrantsinstances", ""), w.root, "s3", "eu-central-1", "")
	if got := w.answer(r); got.Code != 200 {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}

// slowly does something before the first byte of a body arrives.
type slowly struct {
	io.Reader
	first func()
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.first != nil {
		s.first()
		s.first = nil
	}
	return s.Reader.Read(p)
}

func TestAttack40_ASlowBodyOutlivesNoKey(t *testing.T) {
	for name, take := range map[string]func(*frontWorld, *principals.Principals) error{
		"the key": func(w *frontWorld, p *principals.Principals) error {
			return p.UpdateAccessKey(w.t.Context(), w.Call(w.t, w.root, "iam", "SetUp"), "alice", w.alice.ID, iam.Inactive)
		},
		"the permission": func(w *frontWorld, p *principals.Principals) error {
			return p.PutInline(w.t.Context(), w.Call(w.t, w.root, "iam", "SetUp"), principals.UserNamed("alice"), "p", mayAsk)
		},
	} {
		t.Run(name+" is taken away while the body comes", func(t *testing.T) {
			w := newFrontWorld(t)
			all := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
			w.must(w.front.Principals.PutInline(t.Context(), w.Call(t, w.root, "iam", "SetUp"), principals.UserNamed("alice"),
				"p", all))
			body := createGrant("arn:aws:iam::123456789012:user/alice", "lake/*", "READWRITE")
			r := w.SignAny(w.request("POST", "/v20180820/accessgrantsinstance/grant", body), w.alice, "s3", controltest.Region,
				body)
			r.Body = io.NopCloser(&slowly{strings.NewReader(body), func() { w.must(take(w, w.front.Principals)) }})
			got := w.answer(r)
			if got.Code != 403 {
				t.Errorf("got %d %s", got.Code, got.Body)
			}
			if list := w.s3control(w.root, "GET", "/v20180820/accessgrantsinstance/grants",
				""); strings.Contains(list.Body.String(), "AccessGrantId") {
				t.Errorf("granted: %s", list.Body)
			}
		})
	}
}

func TestEndedSessionsAreRecorded(t *testing.T) {
	w := newFrontWorld(t)
	w.grantAlice()
	vended := w.s3control(w.alice, "GET", askPath, "")
	body := vended.Body.String()
	keys := controltest.Keys{
		ID:     element(t, body, "AccessKeyId"),
		Secret: element(t, body, "SecretAccessKey"),
		Token:  element(t, body, "SessionToken"),
	}
	w.must(w.front.Principals.DeleteAccessKey(t.Context(), w.Call(t, w.root, "iam", "SetUp"), "alice", w.alice.ID))
	wantError(t, w.s3control(keys, "GET", "/v20180820/accessgrantsinstance", ""), 403, "AccessDenied")
	records := w.Records(t)
	if last := records[len(records)-1]; last.EventName != "GetAccessGrantsInstance" || last.ErrorCode != "AccessDenied" ||
		last.UserIdentity.AccessKeyID != keys.ID {
		t.Errorf("recorded %+v", last)
	}
}

func TestAttack25_OneLogRecordARequestAndNoSecretInIt(t *testing.T) {
	w := newFrontWorld(t)
	w.grantAlice()
	w.log.Reset()
	var secrets []string
	send := []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return w.s3control(w.alice, "GET", askPath, "") },
		func() *httptest.ResponseRecorder {
			return w.s3control(w.alice, "GET", strings.Replace(askPath, "lake", "pond", 1), "")
		},
		func() *httptest.ResponseRecorder {
			return w.answer(w.Sign(t, w.alice, "sts", "Action=GetSessionToken&Version=2011-06-15"))
		},
		func() *httptest.ResponseRecorder {
			return w.answer(w.Sign(t, w.root, "iam", "Action=CreateAccessKey&UserName=alice&Version=2010-05-08"))
		},
		func() *httptest.ResponseRecorder {
			r := w.SignAny(w.request("GET", askPath, ""), w.alice, "s3", controltest.Region, "")
			r.Header.Set("Authorization", r.Header.Get("Authorization")+"0")
			return w.answer(r)
		},
		func() *httptest.ResponseRecorder {
			return w.s3control(controltest.Keys{ID: w.alice.ID, Secret: w.alice.Secret, Token: "not-a-token"}, "GET", askPath,
				"")
		},
	}
	for _, s := range send {
		body := s().Body.String()
		for _, name := range []string{"SecretAccessKey", "SessionToken"} {
			if strings.Contains(body, "<"+name+">") {
				secrets = append(secrets, element(t, body, name))
			}
		}
	}
	secrets = append(secrets, w.alice.Secret, w.root.Secret, "not-a-token", "Signature=")
	if len(secrets) != 4+2+2+1 {
		t.Errorf("%d secrets", len(secrets))
	}
	lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
	if len(lines) != len(send) {
		t.Errorf("%d log records of %d requests", len(lines), len(send))
	}
	for _, line := range lines {
		var record map[string]any
		w.must(json.Unmarshal([]byte(line), &record))
		if record["op"] == nil || record["status"] == nil || record["request"] == nil {
			t.Errorf("logged %s", line)
		}
	}
	audit := ""
	for _, e := range w.Records(t) {
		text, err := e.JSON()
		w.must(err)
		audit += string(text)
	}
	for _, secret := range secrets {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
		if strings.Contains(audit, secret) {
			t.Errorf("the audit log has %q", secret)
		}
	}
}
